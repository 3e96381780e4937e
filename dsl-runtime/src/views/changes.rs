//! What changes in a view: each row that is committed, with the one that it replaces.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "tokio")]
pub use stream::ChangeStream;

use super::table::{Table, ViewAt};
use crate::error::Result;
use crate::handles::Topic;
use crate::key::Key;
use crate::operators::{RecordMeta, WithMeta};
use crate::typed::Tail;

/// A change of a view.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Change<K, R> {
    /// Whose latest row has changed.
    pub key: K,
    /// The latest row until then; `None` if the key had none.
    pub before: Option<Arc<R>>,
    /// The latest row now.
    pub after: Arc<R>,
    /// What the log knows of its record.
    pub meta: RecordMeta,
}

/// The changes of a [`View`](super::View) since it was subscribed to, in the order of the topic's [`Tail`]: an iterator that blocks until
/// there is one, and ends when the store is closed. Nothing between [`Changes::before`] and the first change is left out.
///
/// It has the view's table beside the view, of which both share what has not changed since.
///
/// ```
/// use waterwheel::prelude::*;
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct Balance { card: u64, cents: i64 }
/// # topics! { Balances("balances"): Balance { key: card } }
/// # fn main() -> waterwheel::Result<()> {
/// # let dir = tempfile::tempdir().unwrap();
/// # let store = Store::open(dir.path())?;
/// let balances = TypedTopic::open(&store, Balances)?;
/// balances.append(Balance { card: 7, cents: 100 })?;
///
/// let mut changes = Balances.view::<u64>(&store)?.subscribe()?;
/// balances.append(Balance { card: 7, cents: 150 })?;
/// let change = changes.next().unwrap()?; // blocks until there is one
/// assert_eq!((change.key, change.before.unwrap().cents, change.after.cents), (7, 100, 150));
/// assert_eq!(changes.before().get(&7).unwrap().cents, 100);
/// assert!(changes.try_next()?.is_none());
/// # Ok(())
/// # }
/// ```
pub struct Changes<P: Topic, K: Key> {
    tail: Tail<P>,
    before: ViewAt<K, P::Row>,
    table: Table<K, P::Row>,
}

impl<P: Topic, K: Key> Changes<P, K> {
    pub(super) fn new(tail: Tail<P>, before: ViewAt<K, P::Row>, table: Table<K, P::Row>) -> Self {
        Changes { tail, before, table }
    }

    /// The view before the first change.
    pub fn before(&self) -> &ViewAt<K, P::Row> {
        &self.before
    }

    /// The same changes for async code. It needs the feature `tokio`, and runs on any executor, as [`Tail::stream`] does.
    #[cfg(feature = "tokio")]
    pub fn stream(self) -> ChangeStream<P, K> {
        let Changes { tail, before, table } = self;
        ChangeStream { rows: tail.stream(), before, table, over: false }
    }

    /// The next change, if it is committed already: it does not wait.
    ///
    /// # Errors
    /// As [`View::now`](super::View::now).
    pub fn try_next(&mut self) -> Result<Option<Change<K, P::Row>>> {
        let row = self.tail.try_next()?;
        row.map(|row| self.change(row)).transpose()
    }

    /// The next change, waiting for one at most as long as given. `None` if the time is over, or the store is closed.
    ///
    /// # Errors
    /// As [`View::now`](super::View::now).
    pub fn next_within(&mut self, timeout: Duration) -> Result<Option<Change<K, P::Row>>> {
        let row = self.tail.next_within(timeout)?;
        row.map(|row| self.change(row)).transpose()
    }

    fn change(&mut self, row: WithMeta<P::Row>) -> Result<Change<K, P::Row>> {
        let change = change::<P, K>(&mut self.table, row);
        if change.is_err() {
            self.tail.end();
        }
        change
    }
}

fn change<P: Topic, K: Key>(
    table: &mut Table<K, P::Row>,
    row: WithMeta<P::Row>,
) -> Result<Change<K, P::Row>> {
    let meta = row.meta.clone();
    let (key, after, before) = table.put::<P>(row)?;
    Ok(Change { key, before, after, meta })
}

impl<P: Topic, K: Key> Iterator for Changes<P, K> {
    type Item = Result<Change<K, P::Row>>;

    /// Blocks until there is one; `None` once the store is closed, and behind an error.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_within(Duration::MAX).transpose()
    }
}

#[cfg(feature = "tokio")]
mod stream {
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use futures_core::Stream;

    use super::super::table::{Table, ViewAt};
    use super::{Change, change};
    use crate::error::Result;
    use crate::handles::Topic;
    use crate::key::Key;
    use crate::typed::TailStream;

    type ChangeOf<P, K> = Result<Change<K, <P as Topic>::Row>>;

    /// The changes of a view in async code: what [`Changes::stream`](super::Changes::stream) gives.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Balance { card: u64, cents: i64 }
    /// # topics! { Balances("balances"): Balance { key: card } }
    /// async fn first(view: View<Balances, u64>) -> waterwheel::Result<Option<i64>> {
    ///     let mut changes = view.subscribe()?.stream();
    ///     # view.topic().append(Balance { card: 7, cents: 150 })?;
    ///     Ok(match changes.next().await {
    ///         Some(change) => Some(change?.after.cents),
    ///         None => None, // the store was closed
    ///     })
    /// }
    /// # use waterwheel::View;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let view = Balances.view::<u64>(&Store::open(dir.path())?)?;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # assert_eq!(runtime.block_on(first(view))?, Some(150));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "a stream does nothing until its changes are asked for, by `.next().await`"]
    pub struct ChangeStream<P: Topic, K: Key> {
        pub(super) rows: TailStream<P>,
        pub(super) before: ViewAt<K, P::Row>,
        pub(super) table: Table<K, P::Row>,
        pub(super) over: bool,
    }

    impl<P: Topic, K: Key> ChangeStream<P, K> {
        /// The next change; `None` once the store is closed, and behind an error.
        pub async fn next(&mut self) -> Option<Result<Change<K, P::Row>>> {
            poll_fn(|context| self.poll_change(context)).await
        }

        /// The view before the first change.
        pub fn before(&self) -> &ViewAt<K, P::Row> {
            &self.before
        }

        fn poll_change(&mut self, context: &mut Context<'_>) -> Poll<Option<ChangeOf<P, K>>> {
            if self.over {
                return Poll::Ready(None);
            }
            let row = ready!(self.rows.poll_row(context));
            let change = row.map(|row| row.and_then(|row| change::<P, K>(&mut self.table, row)));
            self.over = !matches!(change, Some(Ok(_)));
            Poll::Ready(change)
        }
    }

    impl<P: Topic, K: Key> Unpin for ChangeStream<P, K> {}

    impl<P: Topic, K: Key> Stream for ChangeStream<P, K> {
        type Item = Result<Change<K, P::Row>>;

        fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.get_mut().poll_change(context)
        }
    }
}
