//! What `App::pipeline` takes: a `#[pipeline]` function, whose parameters become flags, or a pipeline that has them.

use super::entry::{Entry, Mistake};
use super::flags::{Flags, Given};
use crate::pipeline::{Pipeline, Signature, Values};
use crate::testing::PipelineOf;

/// A pipeline, or a function that gives one: what [`App::pipeline`](super::App::pipeline) takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no pipeline, and no `#[pipeline]` function",
    label = "no pipeline",
    note = "`.pipeline(large)` names a function with `#[pipeline]` above it, whose parameters become flags of the command line; \
            `.pipeline(large(500))` gives one whose parameters the program says"
)]
pub trait GivesPipeline<Parameters> {
    #[doc(hidden)]
    fn into_entry<Ways>(self) -> Entry
    where
        Parameters: Flags<Ways>;
}

/// The parameters of a pipeline that has their values.
#[doc(hidden)]
pub enum Said {}

impl Values for Said {
    type Declared = ();
}

#[diagnostic::do_not_recommend]
impl GivesPipeline<Said> for Pipeline {
    fn into_entry<Ways>(self) -> Entry
    where
        Said: Flags<Ways>,
    {
        Entry { name: self.name(), flags: Vec::new(), make: Box::new(move |_| Ok(self.clone())) }
    }
}

#[diagnostic::do_not_recommend]
impl<Topics: ?Sized + 'static> GivesPipeline<Said> for PipelineOf<Topics> {
    fn into_entry<Ways>(self) -> Entry
    where
        Said: Flags<Ways>,
    {
        Pipeline::from(self).into_entry()
    }
}

#[diagnostic::do_not_recommend]
impl<Topics: ?Sized + 'static, F: Fn() -> PipelineOf<Topics>> GivesPipeline<()> for F {
    fn into_entry<Ways>(self) -> Entry
    where
        (): Flags<Ways>,
    {
        self().into_entry()
    }
}

macro_rules! gives_pipeline {
    ($($($parameter:ident)+;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($parameter: 'static,)+ Topics, F> GivesPipeline<($($parameter,)+)> for F
        where
            Topics: ?Sized + Signature<Values = ($($parameter,)+)> + 'static,
            F: Fn($($parameter),+) -> PipelineOf<Topics> + 'static,
        {
            #[allow(non_snake_case)]
            fn into_entry<Ways>(self) -> Entry
            where
                ($($parameter,)+): Flags<Ways>,
            {
                let make = move |given: &Given| -> Result<Pipeline, Mistake> {
                    let ($($parameter,)+) = <($($parameter,)+)>::values(Topics::declared(), given)?;
                    Ok(self($($parameter),+).into())
                };
                let flags = <($($parameter,)+)>::flags(Topics::declared());
                Entry { name: Topics::NAME, flags, make: Box::new(make) }
            }
        }
    )*};
}
gives_pipeline! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E G;
    A B C D E G H;
    A B C D E G H I;
}
