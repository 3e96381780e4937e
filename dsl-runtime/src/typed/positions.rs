//! Where a reader of a topic stands.

/// Of each partition of a topic the offset that is read next: where a reader stands, or is to begin.
///
/// A program that keeps what it makes of the rows keeps these with it, and goes on there when it is started again.
///
/// ```
/// use waterwheel::prelude::*;
/// use waterwheel::Positions;
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct Payment { card: u64, amount: i64 }
/// # topics! { Payments("payments"): Payment { key: card } }
/// # fn main() -> waterwheel::Result<()> {
/// # let dir = tempfile::tempdir().unwrap();
/// # let store = Store::open(dir.path())?;
/// let payments = TypedTopic::open(&store, Payments)?;
/// payments.append(&Payment { card: 4000, amount: 1 })?;
/// let end = payments.end();
/// payments.append(&Payment { card: 4000, amount: 2 })?;
///
/// let kept: Vec<u64> = end.into(); // into a file, or a row of a database
/// let rows = payments.rows().seek_to(&Positions::from(kept));
/// assert_eq!(rows.collect::<Result<Vec<_>, _>>()?, [Payment { card: 4000, amount: 2 }]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Positions {
    offsets: Vec<u64>,
}

impl Positions {
    /// The offsets, by the number of the partition.
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }
}

/// The offsets, by the number of the partition.
impl From<Vec<u64>> for Positions {
    fn from(offsets: Vec<u64>) -> Positions {
        Positions { offsets }
    }
}

impl From<Positions> for Vec<u64> {
    fn from(positions: Positions) -> Vec<u64> {
        positions.offsets
    }
}

impl FromIterator<u64> for Positions {
    fn from_iter<I: IntoIterator<Item = u64>>(offsets: I) -> Positions {
        Positions { offsets: offsets.into_iter().collect() }
    }
}
