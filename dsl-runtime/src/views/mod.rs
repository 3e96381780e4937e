//! Views: the latest row of each key of a topic, in memory, as of a commit.

mod changes;
mod follower;
mod key;
mod table;
mod together;

use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use log_store::Store;

#[cfg(feature = "tokio")]
pub use changes::ChangeStream;
pub use changes::{Change, Changes};
pub use table::{LookedUpBy, ViewAt};
pub use together::{SharesCommit, views};

use crate::error::Result;
use crate::handles::{Keyed, Topic};
use crate::key::Key;
use crate::typed::TypedTopic;
use follower::Follower;

/// The latest row of each key of a topic, in memory: what Kafka Streams calls interactive queries. [`Views::view`] makes one.
///
/// # Contract
/// What it gives is the fold of the topic's committed rows up to one commit: of each key the row with the greatest offset. Rows of a commit, such as
/// a pipeline's epoch, are all in it or none. It is never behind: each question first takes in what was committed until then, on the thread
/// that asks, so what was committed before it was asked is in the answer. [`views`](crate::views) asks several views as of one commit.
///
/// All rows of a key are in one partition, as they are unless someone appended them elsewhere by [`append_to`](TypedTopic::append_to): then there is no latest row,
/// and the view says so. Keys do not leave: a topic has no row that deletes another.
///
/// In memory it has each key with its latest row, decoded; and nothing of the log between two questions. It has no thread. A clone is the same view.
pub struct View<P: Topic, K: Key> {
    shared: Arc<Shared<P, K>>,
}

struct Shared<P: Topic, K: Key> {
    topic: TypedTopic<P>,
    follower: Mutex<Follower<P, K>>,
}

/// Views of topics by their names.
pub trait Views: Topic {
    /// The latest row of each key of this topic, in memory; it reads the topic from its start. `K` is the type of the topic's key: a field's, or a tuple of
    /// the fields' in their order.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Balance { account: String, cents: i64 }
    /// topics! { Balances("balances"): Balance { key: account } }
    ///
    /// # fn main() -> waterwheel::Result<()> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let store = Store::open(dir.path())?;
    /// # let balance = |account: &str, cents| Balance { account: account.to_owned(), cents };
    /// # let topic = TypedTopic::open(&store, Balances)?;
    /// # topic.append([balance("Ada", 100), balance("Bob", 50), balance("Ada", 75)])?;
    /// let balances = Balances.view::<String>(&store)?;
    /// assert_eq!(balances.get("Ada")?.unwrap().cents, 75);
    ///
    /// let now = balances.now()?; // as of a commit, however long it is kept
    /// # topic.append(balance("Cid", 5))?;
    /// assert_eq!(now.iter().map(|(account, row)| (account.as_str(), row.cents)).collect::<Vec<_>>(), [("Ada", 75), ("Bob", 50)]);
    /// assert_eq!(now.range("B".to_owned()..).count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`TypedTopic::open`] has them, and as [`View::now`]; [`Error::Usage`](crate::Error::Usage) if the topic's key is of another type than `TypeOfItsKey`.
    fn view<TypeOfItsKey: Key>(self, store: &Store) -> Result<View<Self, TypeOfItsKey>>
    where
        Self: Keyed,
    {
        TypedTopic::open(store, self)?.view()
    }
}

impl<P: Topic> Views for P {}

impl<P: Topic + Keyed> TypedTopic<P> {
    /// The latest row of each key of this topic, in memory; see [`Views::view`], which opens the topic, too.
    ///
    /// # Errors
    /// As [`View::now`]; [`Error::Usage`](crate::Error::Usage) if the topic's key is of another type than `TypeOfItsKey`.
    pub fn view<TypeOfItsKey: Key>(&self) -> Result<View<P, TypeOfItsKey>> {
        key::check::<P, TypeOfItsKey>()?;
        let follower = Mutex::new(Follower::of(self));
        let view = View { shared: Arc::new(Shared { topic: self.clone(), follower }) };
        view.now()?;
        Ok(view)
    }
}

impl<P: Topic, K: Key> View<P, K> {
    /// The view as of the last commit. It does not change any more, and holds nobody up: it can be kept, sent to other threads, and held across an `.await`.
    /// Making one costs little, however many keys there are; as long as it lives, rows that are replaced stay in memory.
    ///
    /// # Errors
    /// [`Error::Row`](crate::Error::Row) if a row cannot be read, [`Error::RowsGone`](crate::Error::RowsGone) if rows were deleted before they were read,
    /// [`Error::Usage`](crate::Error::Usage) if a key's rows lie in several partitions; the log's, also if the store was closed. After one, and after a panic
    /// in the code of a row or its key, all further questions have the same answer.
    pub fn now(&self) -> Result<ViewAt<K, P::Row>> {
        let mut follower = self.follower();
        follower.catch_up()?;
        Ok(follower.now())
    }

    /// The latest row of a key as of the last commit, if it has any. Of several keys, ask [`View::now`].
    ///
    /// # Errors
    /// As [`View::now`].
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Option<Arc<P::Row>>>
    where
        K: LookedUpBy<Q>,
    {
        let mut follower = self.follower();
        follower.catch_up()?;
        Ok(follower.table().get(key).cloned())
    }

    /// What changes from now on: every row that is committed, with the one that it replaces. [`Changes::before`] is the view that they begin from.
    ///
    /// # Errors
    /// As [`View::now`].
    pub fn subscribe(&self) -> Result<Changes<P, K>> {
        let mut follower = self.follower();
        follower.catch_up()?;
        let before = follower.now();
        let tail = self.shared.topic.tail().seek_to(before.positions());
        Ok(Changes::new(tail, before, follower.table().clone()))
    }

    /// The topic whose rows it has.
    pub fn topic(&self) -> &TypedTopic<P> {
        &self.shared.topic
    }

    fn follower(&self) -> MutexGuard<'_, Follower<P, K>> {
        // After a panic in the code of a row or its key the follower does not go on.
        self.shared.follower.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Topic, K: Key> Clone for View<P, K> {
    fn clone(&self) -> Self {
        View { shared: self.shared.clone() }
    }
}

impl<P: Topic, K: Key> Debug for View<P, K> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("topic", &P::NAME).finish_non_exhaustive()
    }
}
