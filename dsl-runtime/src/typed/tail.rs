//! Following a topic: its rows as they are committed.

use std::time::{Duration, Instant};

use log_store::{Store, Topic as LogTopic};

use super::Positions;
use super::commits::Commits;
use super::records::Records;
use super::rows::next_with_meta;
use crate::error::{Error, Result};
use crate::handles::Topic;
#[cfg(not(feature = "tokio"))]
use crate::not_there::not_there;
use crate::operators::WithMeta;
use crate::record::TopicDecoder;
use crate::time::Timestamp;

/// A topic's rows as they are committed, each once: an iterator whose [`next`](Iterator::next) blocks until there is one.
///
/// # Contract
/// It goes from commit to commit: what it gives between two of them is all that was committed to the topic meanwhile, partition after
/// partition, in the order of offsets. Of a commit, such as an epoch of a pipeline, it never waits for a part. Rows of an aborted load, and heartbeats,
/// are passed over.
///
/// It reads from the log, so a slow reader holds nobody up and any number of tails follow one topic. Each holds some 256 KiB of it in memory,
/// 4 MiB at most over all partitions, and no thread; dropping it ends it. It keeps no record from being deleted: if the next one was, that is an
/// [error](Error::RowsGone).
///
/// A row that cannot be read, the log's failure, or the deletion of the topic is the last item, behind the rows before it. If the store is closed,
/// the tail ends without an error; [`Tail::positions`] tells where, and what was committed and not given by then is there for the next one.
///
/// In async code, `tail.stream()` follows without blocking, with the feature `tokio`.
pub struct Tail<P: Topic> {
    decoder: TopicDecoder<P::Row>,
    records: Records,
    commits: Commits,
    over: bool,
}

impl<P: Topic> Tail<P> {
    pub(super) fn of(store: &Store, topic: &LogTopic, decoder: TopicDecoder<P::Row>) -> Self {
        // In this order, so that no commit falls between.
        let commits = Commits::of(store, topic);
        Tail { decoder, records: Records::behind(topic), commits, over: false }
    }

    /// Begins with the first row that there is.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// payments.append([1, 2].map(|cents| payment(4000, cents, 0)))?;
    /// let mut tail = payments.tail().seek_to_start();
    /// assert_eq!(tail.try_next()?.map(|row| row.cents), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn seek_to_start(mut self) -> Self {
        self.records.seek_to_start();
        self
    }

    /// Begins a partition at an offset; the others begin where they did. A row that was deleted is an [error](Error::RowsGone), and so is an
    /// offset beyond the end.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// payments.append([1, 2, 3].map(|cents| payment(4000, cents, 0)))?;
    /// let mut tail = payments.tail().seek(0, 1);
    /// assert_eq!(tail.try_next()?.map(|row| (row.cents, row.meta.offset)), Some((2, 1)));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn seek(mut self, partition: u32, offset: u64) -> Self {
        self.records.seek(partition, offset);
        self
    }

    /// Begins where a reader of the topic stood, such as a tail of an earlier run of the program.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// let mut tail = payments.tail();
    /// payments.append([1, 2].map(|cents| payment(4000, cents, 0)))?;
    /// assert_eq!(tail.next().unwrap()?.cents, 1);
    /// let stood = tail.positions(); // to be kept with what was made of the rows
    ///
    /// let mut tail = payments.tail().seek_to(&stood);
    /// assert_eq!(tail.next().unwrap()?.cents, 2);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn seek_to(mut self, positions: &Positions) -> Self {
        self.records.seek_to(positions);
        self
    }

    /// Begins each partition at the first row that was appended at that time or later: by the time at which its record was
    /// appended, not by its event time. Rows behind it are given whatever their time.
    ///
    /// The log is read from its start to find it, at the speed of a read.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// payments.append(payment(4000, 1, 0))?;
    /// let an_hour_ago = Timestamp::now() - Duration::from_hours(1);
    /// let mut tail = payments.tail().seek_to_time(an_hour_ago);
    /// assert_eq!(tail.try_next()?.map(|row| row.cents), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn seek_to_time(mut self, time: Timestamp) -> Self {
        self.records.seek_to_time(time);
        self
    }

    /// Where it stands: a tail that begins there is given the rows that this one did not give.
    pub fn positions(&self) -> Positions {
        self.records.positions()
    }

    /// The next row, if one is committed already: it does not wait. `None` also once the store is closed.
    ///
    /// # Errors
    /// [`Error::RowsGone`] if the next row was deleted, [`Error::Row`] if it cannot be read; the log's. After one it gives nothing any more.
    pub fn try_next(&mut self) -> Result<Option<WithMeta<P::Row>>> {
        while !self.over {
            if let Some(row) = next_with_meta(&mut self.records, &mut self.decoder) {
                return self.ending(row.map(Some));
            }
            let extended = self.extend();
            if !self.ending(extended)? {
                break;
            }
        }
        Ok(None)
    }

    /// The next row, waiting for one at most as long as given. `None` if the time is over, or the store is closed.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let mut tail = TypedTopic::open(&store, Payments)?.tail();
    /// assert_eq!(tail.next_within(Duration::from_millis(10))?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Tail::try_next`].
    pub fn next_within(&mut self, timeout: Duration) -> Result<Option<WithMeta<P::Row>>> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let news = self.commits.news();
            let row = self.try_next()?;
            if row.is_some() || self.over {
                return Ok(row);
            }
            let left = deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if !self.commits.wait(news, left) {
                return Ok(None);
            }
        }
    }

    /// Whether no row will come any more: the store was closed, or an error was given.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Gives nothing any more: what is made of its rows has failed.
    pub(crate) fn end(&mut self) {
        self.over = true;
    }

    /// Tells of commits to the topic.
    #[cfg(feature = "tokio")]
    pub(super) fn commits(&self) -> &Commits {
        &self.commits
    }

    /// Goes on to the last commit.
    fn extend(&mut self) -> Result<bool> {
        let extended = self.records.extend();
        self.commits.know(self.records.ends());
        extended
    }

    /// Ends with an error; that of a closed store is none.
    fn ending<T: Default>(&mut self, result: Result<T>) -> Result<T> {
        self.over |= result.is_err();
        match result {
            Err(Error::Log(log_store::Error::Closed)) => Ok(T::default()),
            result => result,
        }
    }
}

impl<P: Topic> Iterator for Tail<P> {
    type Item = Result<WithMeta<P::Row>>;

    /// Blocks until a row is committed; `None` once the store is closed, and behind an error.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_within(Duration::MAX).transpose()
    }
}

/// A stream of rows without the feature that has it: none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "topics are followed and appended to in async code with the feature `tokio`",
    label = "Waterwheel is built without it",
    note = "write `waterwheel = {{ version = \"..\", features = [\"tokio\"] }}` into `Cargo.toml`; then `let mut rows = topic.tail().stream();` has `rows.next().await`, and there is `topic.append_async(rows).await?`",
    note = "without it, `for row in topic.tail()` blocks its thread between rows, and `topic.append(&rows)?` until they are on the disk"
)]
pub trait HasStreams {}

/// What would give rows.
#[cfg(not(feature = "tokio"))]
#[doc(hidden)]
pub struct NoStream<P>(std::marker::PhantomData<P>);

#[cfg(not(feature = "tokio"))]
#[allow(missing_docs)]
impl<P: Topic> NoStream<P> {
    pub async fn next(&mut self) -> Option<Result<WithMeta<P::Row>>> {
        None
    }
}

#[cfg(not(feature = "tokio"))]
not_there! {
    [P: Topic] Tail<P>:
    [(self) -> NoStream<P>] where [Self: HasStreams]: stream into_stream;
}
