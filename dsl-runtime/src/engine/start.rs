//! What the engine adds to a pipeline: starting it, and starting over.

use log_store::Store;

use super::{Job, RunOptions, reset};
use crate::error::Result;
use crate::pipeline::Pipeline;

impl Pipeline {
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
    /// after a `close`, [`Error::Log`] if this pipeline already runs. What goes wrong later is an error of the [`Job`].
    #[must_use = "a run stops at once when its `Job` is dropped, also by `let _ = ..`: end it by `.wait()?` or `.stop()?`, or keep it by `let job = ..`"]
    pub fn start(&self, store: &Store, options: RunOptions) -> Result<Job> {
        Job::start(self, store, options)
    }

    /// Drops the pipeline's state, epoch entries and output topics; the inputs stay, and the next run computes everything
    /// anew. Gives the names of the output topics. It asks nobody: the command line's `reset` does.
    ///
    /// One that is cut short is finished by the next reset or run.
    ///
    /// # Errors
    /// The log's; also if the pipeline runs.
    pub fn reset(&self, store: &Store) -> Result<Vec<String>> {
        reset(store, &self.plan()?)
    }
}
