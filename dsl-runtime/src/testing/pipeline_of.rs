//! What calling a `#[pipeline]` function gives: a pipeline that has its topics in its type.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::driver::{Reads, TestDriver, Writes};
use crate::handles::Topic;
use crate::pipeline::{CalledOtherwise, IsDriver, IsSeveral, Pipeline, not_of_a_pipeline};

/// A [`Pipeline`] that has the topics it reads and writes in its type, for its test's [driver](TestDriver): what calling a `#[pipeline]`
/// function gives.
///
/// `Topics` is `dyn` of a trait that `#[pipeline]` declares beside the function, `dyn PerMinutePipeline` for `fn per_minute`. Where a
/// function gives or takes pipelines of any topics, it says [`Pipeline`], which `.into()` makes of this.
pub struct PipelineOf<Topics: ?Sized> {
    pipeline: Pipeline,
    /// Of these topics and no others, `fn(&mut _)` says to rustc: only then has a method that a pipeline lacks [words of ours](crate::not_there).
    marker: PhantomData<fn(&mut Topics)>,
}

impl<Topics: ?Sized> PipelineOf<Topics> {
    /// Called by the code that `#[pipeline]` emits.
    #[doc(hidden)]
    pub fn new(pipeline: Pipeline) -> Self {
        PipelineOf { pipeline, marker: PhantomData }
    }

    /// A driver for unit tests, typed by the topics that this pipeline reads and writes.
    #[track_caller]
    pub fn test(self) -> TestDriver<Self> {
        TestDriver::new(self)
    }
}

/// A pipeline's function that is asked what only the pipeline is asked.
#[doc(hidden)]
#[derive(Debug)]
pub struct NotYet<F>(PhantomData<F>);

/// What would make a function the pipeline that it gives: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this is the function that makes the pipeline, and not yet the pipeline",
    label = "call the function before",
    note = "write `large().main()`, `large().test()`, with the values of its parameters between the parentheses; `App::new().pipeline(large)` alone takes the function by its name"
)]
pub trait IsMade {
    /// What is asked for.
    type Made;
}

/// The methods of a pipeline, asked of a function that gives one.
#[doc(hidden)]
#[allow(missing_docs)]
pub trait NotCalled<Given>: Sized {
    fn main(self) -> <NotYet<Self> as IsMade>::Made
    where
        NotYet<Self>: IsMade,
    {
        unreachable!("nothing meets the bound of this method")
    }

    fn test(self) -> <NotYet<Self> as IsMade>::Made
    where
        NotYet<Self>: IsMade,
    {
        unreachable!("nothing meets the bound of this method")
    }

    fn cli(self) -> <NotYet<Self> as IsMade>::Made
    where
        NotYet<Self>: IsMade,
    {
        unreachable!("nothing meets the bound of this method")
    }
}

#[diagnostic::do_not_recommend]
impl<F: FnOnce() -> PipelineOf<Topics>, Topics: ?Sized> NotCalled<()> for F {}
#[diagnostic::do_not_recommend]
impl<F: FnOnce(A) -> PipelineOf<Topics>, Topics: ?Sized, A> NotCalled<(A,)> for F {}
#[diagnostic::do_not_recommend]
impl<F: FnOnce(A, B) -> PipelineOf<Topics>, Topics: ?Sized, A, B> NotCalled<(A, B)> for F {}

not_of_a_pipeline! { [Topics: ?Sized] PipelineOf<Topics> }

impl<Topics: ?Sized> Clone for PipelineOf<Topics> {
    fn clone(&self) -> Self {
        Self::new(self.pipeline.clone())
    }
}

impl<Topics: ?Sized> fmt::Debug for PipelineOf<Topics> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PipelineOf").field(&self.name()).finish()
    }
}

impl<Topics: ?Sized> Deref for PipelineOf<Topics> {
    type Target = Pipeline;
    fn deref(&self) -> &Pipeline {
        &self.pipeline
    }
}

impl<Topics: ?Sized> From<PipelineOf<Topics>> for Pipeline {
    fn from(pipeline: PipelineOf<Topics>) -> Pipeline {
        pipeline.pipeline
    }
}

#[diagnostic::do_not_recommend]
impl<P: Topic, Topics: Reads<P> + ?Sized> Reads<P> for PipelineOf<Topics> {}
#[diagnostic::do_not_recommend]
impl<P: Topic, Topics: Writes<P> + ?Sized> Writes<P> for PipelineOf<Topics> {}

/// A topic that every pipeline reads and writes, and nobody can name a row of. With a second one beside them, no topic is the only one
/// that a driver can mean, and a wrong one is called by its name.
#[doc(hidden)]
#[derive(Debug)]
pub enum NoTopic {}

#[diagnostic::do_not_recommend]
impl<Topics: ?Sized> Reads<NoTopic> for PipelineOf<Topics> {}
#[diagnostic::do_not_recommend]
impl<Topics: ?Sized> Writes<NoTopic> for PipelineOf<Topics> {}
