//! Appending in async code.

use super::TypedTopic;
use crate::error::{Error, Result};
use crate::handles::Topic;

impl<P: Topic> TypedTopic<P> {
    /// As [`TypedTopic::append`], without blocking the task's thread: a thread of tokio's for blocking work waits for the disk. It needs the feature
    /// `tokio`, and one of its runtimes.
    ///
    /// What several tasks append at a time becomes durable together: the log syncs once for all of them. If the future is dropped before it is
    /// ready, the rows may be appended all the same.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// async fn pay(payments: &TypedTopic<Payments>, payment: Payment) -> waterwheel::Result<()> {
    ///     payments.append_async([payment]).await
    /// }
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// # let payments = TypedTopic::open(&store, Payments)?;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(pay(&payments, payment(4000, 1, 0)))?;
    /// # assert_eq!(payments.rows().count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`TypedTopic::append`]; [`Error::Usage`] if the runtime is shut down before it was done.
    ///
    /// # Panics
    /// When it is called outside of a tokio runtime.
    pub async fn append_async(&self, rows: impl IntoIterator<Item = P::Row>) -> Result<()> {
        let (topic, rows) = (self.clone(), rows.into_iter().collect::<Vec<_>>());
        match tokio::task::spawn_blocking(move || topic.append(&rows)).await {
            Ok(appended) => appended,
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            Err(_) => Err(Error::Usage(format!(
                "tokio's runtime was shut down before rows were appended to topic `{}`: none of them is there; let such tasks end before the runtime",
                P::NAME
            ))),
        }
    }
}
