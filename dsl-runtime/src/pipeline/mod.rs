//! A compiled pipeline: what a `#[pipeline]` function returns.

mod exit_code;
mod signature;

use std::sync::Arc;

use log_store::Store;
use serde::Serialize;

pub use exit_code::{IsResult, NoResult};
pub use signature::{Declared, Signature, Values};

use crate::engine::{Job, RunOptions, reset};
use crate::error::Result;
use crate::not_there::nowhere;
use crate::plan::registry::Text;
use crate::plan::{Picture, Plan, Program, explain};

/// A pipeline with its parameters, ready to run. It opens nothing and holds no rows; a clone is the same pipeline.
#[derive(Clone)]
pub struct Pipeline {
    program: Program,
}

/// What a pipeline does not have, with its topics in its type and without.
macro_rules! not_of_a_pipeline {
    ($generics:tt $of:ty) => {
        $crate::not_there::not_there! {
            $generics $of, whatever is given:
            CalledOtherwise: run launch spawn run_async block_on serve execute submit execute_async run_with run_until_end follow deploy;
            IsDriver: close restart late skipped explain_rows waits_for rows try_rows advance_clock set_clock epoch_rows push push_all heartbeat;
            IsSeveral: pipeline and with_pipeline add_pipeline;
        }
    };
}
pub(crate) use not_of_a_pipeline;

not_of_a_pipeline! { [] Pipeline }

/// What would make the pipeline its driver: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a pipeline is tested by its driver, which `.test()` gives",
    label = "there is no such method",
    note = "write `let mut t = pipeline().test();`, and then `t.push(Payments, row)`, `t.close()` and `t.rows(Totals)`",
    note = "in a program, rows are appended to a topic and read from it by `TypedTopic::open(&store, Payments)?`"
)]
pub trait IsDriver<'given> {}

/// What would make several pipelines of one: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "several pipelines of one program are an `App`",
    label = "there is no such method",
    note = "`App::new().pipeline(large).pipeline(totals).main()`, with `use waterwheel::cli::App;`: each by the name of its function, or with \
            its parameters"
)]
pub trait IsSeveral<'given> {}

/// What would make it one: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a pipeline is run by `.main()` or by `.start(..)`",
    label = "there is no such method",
    note = "`.main()` gives the program its command line, `fn main() -> std::process::ExitCode {{ pipeline().main() }}`, of which `run` is a command",
    note = "`.start(&store, RunOptions::new())?` runs it beside the program's own work, and `.start(&store, RunOptions::new().until_end())?.wait()?` to \
            the end of what is in the log; in a test `.test()` gives its driver"
)]
pub trait CalledOtherwise<'given> {}

/// What the methods of a pipeline would give, asked of a function's nothing.
#[doc(hidden)]
pub struct Asked<T>(std::marker::PhantomData<T>);

/// What would make a function a pipeline: nothing but the attribute does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this function is no pipeline, as `#[pipeline]` does not stand above it",
    label = "it gives nothing that could be run",
    note = "write `#[pipeline]` in the line before its `fn`; calling it then gives the pipeline"
)]
pub trait IsPipeline {
    /// What is asked for.
    type Made;
}

/// The methods of a pipeline, where there is none.
#[doc(hidden)]
#[allow(missing_docs)]
pub trait WithoutPipeline: Sized {
    fn main(self) -> <Asked<Self> as IsPipeline>::Made
    where
        Asked<Self>: IsPipeline,
    {
        nowhere()
    }

    fn test(self) -> <Asked<Self> as IsPipeline>::Made
    where
        Asked<Self>: IsPipeline,
    {
        nowhere()
    }

    fn cli(self) -> <Asked<Self> as IsPipeline>::Made
    where
        Asked<Self>: IsPipeline,
    {
        nowhere()
    }

    fn explain(self) -> <Asked<Self> as IsPipeline>::Made
    where
        Asked<Self>: IsPipeline,
    {
        nowhere()
    }

    fn start<S, O>(self, _: S, _: O) -> <Asked<Self> as IsPipeline>::Made
    where
        Asked<Self>: IsPipeline,
    {
        nowhere()
    }
}

impl WithoutPipeline for () {}

/// What would take a command line's settings without one: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "commands belong to the command line, which is asked for by `.cli()`",
    label = "there is no command line here yet",
    note = "put it before: `pipeline().cli().command(..).main()`"
)]
pub trait HasCommands<C> {}

/// A type that can be a pipeline's parameter: its value is part of what the pipeline is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a pipeline",
    label = "not a parameter type",
    note = "every worker gets a clone, and the value is kept with the pipeline's state: a parameter is `Clone + Send + Sync + serde::Serialize`, such as a number, a string, or a type with `#[derive(Clone, Record)]`"
)]
pub trait Param: Clone + Send + Sync + Serialize + 'static {}

#[diagnostic::do_not_recommend]
impl<P: Clone + Send + Sync + Serialize + 'static> Param for P {}

/// A parameter with its value. It asks nothing of the type any more: what there was to ask was asked when it was made.
#[doc(hidden)]
pub struct Given<P> {
    clone: Arc<dyn Fn() -> P + Send + Sync>,
    text: fn(&P) -> std::result::Result<String, String>,
}

impl<P> Given<P> {
    /// A clone of the value.
    #[doc(hidden)]
    pub fn value(&self) -> P {
        (self.clone)()
    }

    /// The value as JSON, or why it cannot be.
    fn text(&self) -> std::result::Result<String, String> {
        (self.text)(&self.value())
    }
}

/// A parameter of a pipeline. The code of `#[pipeline]` names it where the parameter is declared and where it is used, and both say
/// the same of a type that cannot be one.
#[doc(hidden)]
pub fn pipeline_parameter<P: Param>(parameter: &P) -> Given<P> {
    let parameter = parameter.clone();
    Given {
        clone: Arc::new(move || parameter.clone()),
        text: |parameter| serde_json::to_string(parameter).map_err(|error| error.to_string()),
    }
}

/// The parameters of a pipeline together, as a tuple of up to eight.
#[diagnostic::on_unimplemented(
    message = "a pipeline has at most eight parameters",
    label = "these are more",
    note = "put those that belong together into a struct with `#[derive(Clone, Record)]`, and take that as one parameter"
)]
pub trait Params: Send + Sync + 'static {
    /// Their values.
    type Values;
    /// Clones them.
    fn values(&self) -> Self::Values;
    /// Each of them as JSON.
    ///
    /// # Errors
    /// Why one of them cannot be.
    fn texts(&self) -> std::result::Result<Vec<String>, String>;
}

macro_rules! params {
    ($($($parameter:ident)*;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($parameter: 'static),*> Params for ($(Given<$parameter>,)*) {
            type Values = ($($parameter,)*);
            #[allow(non_snake_case, clippy::unused_unit)]
            fn values(&self) -> ($($parameter,)*) {
                let ($($parameter,)*) = self;
                ($($parameter.value(),)*)
            }
            #[allow(non_snake_case)]
            fn texts(&self) -> std::result::Result<Vec<String>, String> {
                let ($($parameter,)*) = self;
                Ok(vec![$($parameter.text()?,)*])
            }
        }
    )*};
}
params! {
    ;
    A;
    A B;
    A B C;
    A B C D;
    A B C D F;
    A B C D F G;
    A B C D F G H;
    A B C D F G H I;
}

impl Pipeline {
    /// Called by the code that `#[pipeline]` emits. The body registers the pipeline's plan, on every worker anew.
    #[doc(hidden)]
    pub fn new<P: Params>(name: &'static str, parameters: P, body: fn(P::Values)) -> Pipeline {
        // As serde writes a tuple.
        let text = parameters.texts().map(|texts| match texts.as_slice() {
            [] => "null".to_owned(),
            texts => format!("[{}]", texts.join(",")),
        });
        Pipeline { program: Program::new(name, text, move || body(parameters.values())) }
    }

    /// Called by the code that `#[pipeline]` emits: what the user wrote in the body.
    #[doc(hidden)]
    pub fn texts(self, texts: fn() -> Vec<Vec<Text>>) -> Pipeline {
        Pipeline { program: self.program.with_texts(texts) }
    }

    /// The pipeline's name: that of its function.
    pub fn name(&self) -> &'static str {
        self.program.name()
    }

    /// The plan in words: operator by operator, with what each keeps in state and for how long.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Payment { card: u64, cents: i64 }
    /// # topics! {
    /// #     Payments("payments"): Payment { key: card }
    /// #     Large("large"): Payment { key: card }
    /// # }
    /// #[pipeline]
    /// fn large(least: i64) {
    ///     source(Payments).filter(|p| p.cents >= least).sink(Large);
    /// }
    ///
    /// let text = large(1_000).explain()?;
    /// assert!(text.starts_with("pipeline large"));
    /// assert!(text.contains("topic payments, format native, 1 partition(s)"));
    /// # Ok::<(), waterwheel::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Plan`](crate::Error::Plan) if the pipeline makes no sense as a whole.
    pub fn explain(&self) -> Result<String> {
        Ok(explain(&self.plan()?))
    }

    /// The plan as JSON, for programs that look at it: an object with the `pipeline` and its `operators`, each with its `number`, `kind` and `name`, its `topic`
    /// if it is a source or a sink, its `inputs` (the number of the operator, the port, the type of the rows), the `lines` that say how it runs, and what it `keeps`.
    ///
    /// # Errors
    /// [`Error::Plan`](crate::Error::Plan) if the pipeline makes no sense as a whole.
    pub fn explain_json(&self) -> Result<String> {
        Ok(self.picture()?.to_json())
    }

    /// The plan as a flowchart in Mermaid's language, which GitHub, GitLab and many editors draw: the operators by their names, with their rules of time and
    /// state, and the types of the rows at the edges.
    ///
    /// # Errors
    /// [`Error::Plan`](crate::Error::Plan) if the pipeline makes no sense as a whole.
    pub fn mermaid(&self) -> Result<String> {
        Ok(self.picture()?.to_mermaid())
    }

    /// The plan as an SVG, with what [`Pipeline::mermaid`] shows. It has attributes alone and no empty line, so that it can stand inside of a page: kept in a file
    /// beside the code, it is shown in the pipeline's documentation by `#[doc = include_str!("large.svg")]`.
    ///
    /// # Errors
    /// [`Error::Plan`](crate::Error::Plan) if the pipeline makes no sense as a whole.
    #[cfg(feature = "svg")]
    pub fn svg(&self) -> Result<String> {
        Ok(self.picture()?.to_svg())
    }

    /// Starts the pipeline in threads of its own: it goes on where its last run was committed.
    ///
    /// ```no_run
    /// use waterwheel::prelude::*;
    /// use waterwheel::{Pipeline, Result};
    /// # fn run(pipeline: Pipeline) -> Result<()> {
    /// let store = Store::open("data")?;
    /// let job = pipeline.start(&store, RunOptions::new())?;
    /// job.wait_until_caught_up()?;
    /// let summary = job.stop()?;
    /// println!("{} rows read, {} written", summary.rows_read, summary.rows_written);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Before anything is read: [`Error::TopicDiffers`] and [`Error::Schema`] for a topic that is not as declared,
    /// [`Error::PipelineDiffers`] for a pipeline that is not the one that left its state, [`Error::Closed`] for newer records
    /// after a `close`, [`Error::ChangedReplay`] for code that has changed since a crash left epochs to be computed again,
    /// [`Error::Log`] if this pipeline already runs. What goes wrong later is an error of the [`Job`].
    ///
    /// [`Error::ChangedReplay`]: crate::Error::ChangedReplay
    /// [`Error::Closed`]: crate::Error::Closed
    /// [`Error::Log`]: crate::Error::Log
    /// [`Error::PipelineDiffers`]: crate::Error::PipelineDiffers
    /// [`Error::Schema`]: crate::Error::Schema
    /// [`Error::TopicDiffers`]: crate::Error::TopicDiffers
    #[must_use = "a run stops at once when its `Job` is dropped, also by `let _ = ..`: end it by `.wait()?` or `.stop()?`, or keep it by `let job = ..`"]
    pub fn start(&self, store: &Store, options: RunOptions) -> Result<Job> {
        Job::start(&self.program, store, options)
    }

    /// Drops the pipeline's state, epoch entries and output topics; the inputs stay, and the next run computes everything
    /// anew. Gives the names of the output topics. It asks nobody: the command line's `reset` does.
    ///
    /// One that is cut short is finished by the next reset or run.
    ///
    /// # Errors
    /// The log's; also if the pipeline runs. [`Error::TopicDiffers`] and [`Error::Schema`] if it could not run afterwards either, as
    /// it cannot read its inputs; [`Error::OutputIsRead`] and [`Error::OutputIsWritten`] if another pipeline reads or writes an
    /// output. Nothing was dropped then.
    ///
    /// [`Error::OutputIsRead`]: crate::Error::OutputIsRead
    /// [`Error::OutputIsWritten`]: crate::Error::OutputIsWritten
    /// [`Error::Schema`]: crate::Error::Schema
    /// [`Error::TopicDiffers`]: crate::Error::TopicDiffers
    pub fn reset(&self, store: &Store) -> Result<Vec<String>> {
        reset(store, &self.plan()?)
    }

    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    pub(crate) fn picture(&self) -> Result<Picture> {
        Ok(Picture::of(&self.plan()?))
    }

    pub(crate) fn plan(&self) -> Result<Plan> {
        self.program.plan()
    }
}
