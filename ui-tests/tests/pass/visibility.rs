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

/// Topics of the same rows that are seen from further away than one above them.
mod seen_from_further_away {
    use crate::sample::*;
    use waterwheel::prelude::*;

    topics! {
        Near("near"): Payment { key: card }
        pub(super) Further("further"): Payment { key: card }
        pub(crate) Far("far"): Payment { key: card }
    }

    #[pipeline]
    pub(crate) fn from_near() {
        let near = source(Near);
        near.sink(Further);
        near.sink(Far);
    }
}

#[test]
fn topics_of_the_same_rows_are_seen_from_where_they_say() {
    use seen_from_further_away::{Far, Further, from_near};
    let mut t = from_near().test();
    assert_eq!((t.rows(Far), t.rows(Further)), (vec![], vec![]));
}
