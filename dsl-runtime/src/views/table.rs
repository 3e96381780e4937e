//! The table of a view, of which any number of states can be kept.

use std::borrow::Borrow;
use std::fmt::{self, Debug, Formatter};
use std::ops::RangeBounds;
use std::sync::Arc;

use immutable_chunkmap::map::MapM;

use crate::error::{Error, Result};
use crate::handles::Topic;
use crate::key::Key;
use crate::operators::WithMeta;
use crate::typed::Positions;

use super::key;

/// A key that is looked up by a `&Q`: by a reference to a key, and a `String` by a `&str`, too.
#[diagnostic::on_unimplemented(
    message = "the keys of this view are of type `{Self}`, and this is a `{Q}`",
    label = "no key of the view",
    note = "a view is asked by a reference to a key, `view.get(&key)?`, and a `String` by a text, `view.get(\"Ada\")?`; several fields are a tuple, `view.get(&(a, b))?`"
)]
pub trait LookedUpBy<Q: ?Sized>: Borrow<Q> {}

#[diagnostic::do_not_recommend]
impl<Q: ?Sized, K: Borrow<Q>> LookedUpBy<Q> for K {}

/// The latest row of each key. A clone shares what it has with the original, and costs little.
pub(super) struct Table<K: Ord + Clone, R> {
    rows: MapM<K, Latest<R>>,
    scratch: Vec<u8>,
}

struct Latest<R> {
    row: Arc<R>,
    partition: u32,
}

impl<R> Clone for Latest<R> {
    fn clone(&self) -> Self {
        Latest { row: self.row.clone(), partition: self.partition }
    }
}

impl<K: Key, R> Table<K, R> {
    pub(super) fn new() -> Self {
        Table { rows: MapM::new(), scratch: Vec::new() }
    }

    /// Takes in a row, and gives its key, the row, and the one that it takes the place of.
    pub(super) fn put<P: Topic<Row = R>>(&mut self, row: WithMeta<R>) -> Result<(K, Arc<R>, Option<Arc<R>>)> {
        let WithMeta { row, meta } = row;
        let key: K = key::of_row::<P, K>(&row, &mut self.scratch)?;
        let row = Arc::new(row);
        let latest = Latest { row: row.clone(), partition: meta.partition };
        let before = self.rows.insert_cow(key.clone(), latest);
        match before {
            Some(before) if before.partition != meta.partition => Err(Error::Usage(format!(
                "topic `{}` has rows of key {key:?} in its partitions {} and {}, where nobody can tell which is the latest: a view needs all \
                 rows of a key in one partition, as `append` puts them",
                P::NAME,
                before.partition,
                meta.partition
            ))),
            before => Ok((key, row, before.map(|before| before.row))),
        }
    }

    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&Arc<R>>
    where
        K: LookedUpBy<Q>,
    {
        self.rows.get(key).map(|latest| &latest.row)
    }

    /// The table as it is, and will be for whoever is given this.
    pub(super) fn at(&self, positions: Positions) -> ViewAt<K, R> {
        ViewAt { rows: self.rows.clone(), positions }
    }
}

impl<K: Key, R> Clone for Table<K, R> {
    fn clone(&self) -> Self {
        Table { rows: self.rows.clone(), scratch: Vec::new() }
    }
}

/// A [`View`](super::View) as of a commit: it does not change. A clone costs little.
pub struct ViewAt<K: Ord + Clone, R> {
    rows: MapM<K, Latest<R>>,
    positions: Positions,
}

impl<K: Key, R> ViewAt<K, R> {
    /// The latest row of a key, if it has any.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&R>
    where
        K: LookedUpBy<Q>,
    {
        self.rows.get(key).map(|latest| &*latest.row)
    }

    /// Each key with its latest row, in the order of keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &R)> {
        self.rows.into_iter().map(|(key, latest)| (key, &*latest.row))
    }

    /// The keys of a range with their latest rows, in the order of keys: `range(from..to)`, `range(from..)`.
    pub fn range<'t>(
        &'t self,
        keys: impl RangeBounds<K> + 't,
    ) -> impl DoubleEndedIterator<Item = (&'t K, &'t R)> {
        self.rows.range(keys).map(|(key, latest)| (key, &*latest.row))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 0
    }

    /// Up to where it has the topic's rows: a reader that begins there is given those that came later.
    pub fn positions(&self) -> &Positions {
        &self.positions
    }
}

impl<K: Key, R> Clone for ViewAt<K, R> {
    fn clone(&self) -> Self {
        ViewAt { rows: self.rows.clone(), positions: self.positions.clone() }
    }
}

impl<K: Key, R: Debug> Debug for ViewAt<K, R> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Two that have the same rows, whatever else was committed.
impl<K: Key, R: PartialEq> PartialEq for ViewAt<K, R> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}
