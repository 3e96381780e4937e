//! Pipelines and topics as public, private and documented as their declarations say; attributes go along.

use waterwheel::prelude::*;

mod inner {
    use waterwheel::prelude::*;

    use crate::sample::*;

    topics! {
        /// Copies of payments.
        pub(crate) Copies("copies"): Payment { key: (card, shop), time: |p| p.at };
        #[cfg(any())]
        pub Nothing("nothing"): DoesNotExist {}
    }

    /// Copies payments.
    #[pipeline]
    pub(crate) fn copy_all() {
        source(Payments).sink(Copies);
    }

    #[cfg(any())]
    #[pipeline]
    fn left_out() {
        source(Nothing).sink(Nothing);
    }
}

use inner::{CopyAllPipeline, copy_all};

fn made() -> waterwheel::PipelineOf<dyn CopyAllPipeline> {
    copy_all()
}

#[test]
fn a_pipeline_has_its_topics_in_its_type() {
    let pipeline: waterwheel::Pipeline = made().into();
    assert_eq!(pipeline.name(), "copy_all");

    #[pipeline]
    fn inside_a_function() {
        source(inner::Copies).sink(crate::sample::LargePayments);
    }
    assert_eq!(inside_a_function().name(), "inside_a_function");
}
