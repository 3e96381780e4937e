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
    failed: Option<String>,
}

impl<P: Topic, K: Key> Follower<P, K> {
    /// From the topic's first row on.
    pub(super) fn of(topic: &TypedTopic<P>) -> Self {
        Follower { rows: topic.rows().with_meta(), table: Table::new(), failed: None }
    }

    /// Goes on to the last commit.
    pub(super) fn catch_up(&mut self) -> Result<()> {
        self.check()?;
        let caught_up = self.rows.extend().and_then(|_| self.take_in());
        self.remember(caught_up)
    }

    /// Goes on to a commit that is not before the one at which it stands; `ends` are its ends of the partitions.
    pub(super) fn catch_up_to(&mut self, ends: &[Offset]) -> Result<()> {
        self.rows.extend_to(ends);
        let caught_up = self.take_in();
        self.remember(caught_up)
    }

    /// Fails if it does not go on: also if the store was closed, or the topic deleted.
    pub(super) fn check(&self) -> Result<()> {
        match &self.failed {
            Some(text) => Err(Error::Usage(text.clone())),
            None => self.rows.check(),
        }
    }

    /// The partitions of its topic.
    pub(super) fn partitions(&self) -> impl Iterator<Item = &Partition> {
        self.rows.partitions()
    }

    pub(super) fn table(&self) -> &Table<K, P::Row> {
        &self.table
    }

    pub(super) fn now(&self) -> ViewAt<K, P::Row> {
        self.table.at(self.rows.positions())
    }

    fn take_in(&mut self) -> Result<()> {
        for row in &mut self.rows {
            self.table.put::<P>(row?)?;
        }
        Ok(())
    }

    fn remember(&mut self, result: Result<()>) -> Result<()> {
        if let Err(error) = &result {
            self.failed = Some(error.to_string());
        }
        result
    }
}
