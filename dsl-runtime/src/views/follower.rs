//! What a view knows, and how it goes on from commit to commit.

use log_store::{Offset, Partition};

use super::table::{Table, ViewAt};
use crate::error::{Error, Result};
use crate::handles::Topic;
use crate::key::Key;
use crate::typed::{RowsWithMeta, TypedTopic};

/// A table as of a commit, and the reader that brings the rows of later ones.
pub(super) struct Follower<P: Topic, K: Key> {
    rows: RowsWithMeta<P>,
    table: Table<K, P::Row>,
    /// Why it does not go on. The table is then as of no commit, and nobody is given it.
    failed: Option<Failure>,
}

enum Failure {
    /// The code of a row or of its key panicked. So it is while rows are taken in, and stays if that does not come to its end.
    Panic,
    Error(String),
}

impl<P: Topic, K: Key> Follower<P, K> {
    /// From the topic's first row on.
    pub(super) fn of(topic: &TypedTopic<P>) -> Self {
        Follower { rows: topic.rows().with_meta(), table: Table::new(), failed: None }
    }

    /// Goes on to the last commit.
    pub(super) fn catch_up(&mut self) -> Result<()> {
        self.check()?;
        let extended = self.rows.extend();
        self.take_in(extended.map(drop))
    }

    /// Goes on to a commit that is not before the one at which it stands; `ends` are its ends of the partitions.
    pub(super) fn catch_up_to(&mut self, ends: &[Offset]) -> Result<()> {
        self.rows.extend_to(ends);
        self.take_in(Ok(()))
    }

    /// Fails if it does not go on: also if the store was closed, or the topic deleted.
    pub(super) fn check(&self) -> Result<()> {
        match &self.failed {
            Some(Failure::Error(text)) => Err(Error::Usage(text.clone())),
            Some(Failure::Panic) => Err(Error::Usage(format!(
                "a view of topic `{}` does not go on: the code of a row or of its key panicked while rows of a commit were taken in. Make \
                 another view of the topic, which reads it again",
                P::NAME
            ))),
            None => self.rows.check(),
        }
    }

    /// The partitions that its topic has by now.
    pub(super) fn partitions(&self) -> impl Iterator<Item = Partition> {
        self.rows.partitions()
    }

    pub(super) fn table(&self) -> &Table<K, P::Row> {
        &self.table
    }

    pub(super) fn now(&self) -> ViewAt<K, P::Row> {
        self.table.at(self.rows.positions())
    }

    /// Takes in the rows that are new, unless going on to them has failed.
    fn take_in(&mut self, gone_on: Result<()>) -> Result<()> {
        self.failed = Some(Failure::Panic);
        let table = &mut self.table;
        let taken = gone_on.and_then(|()| self.rows.try_for_each(|row| table.put::<P>(row?).map(drop)));
        self.failed = taken.as_ref().err().map(|error| Failure::Error(error.to_string()));
        taken
    }
}
