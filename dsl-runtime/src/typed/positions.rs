//! Where a reader of a topic stands.

/// Of each partition of a topic the offset that is read next: where a reader stands, or is to begin.
///
/// A program that keeps what it makes of the rows keeps these with it, and goes on there when it is started again.
///
/// ```
/// use waterwheel::prelude::*;
/// use waterwheel::Positions;
/// # use waterwheel_samples::*;
/// # fn main() -> waterwheel::Result<()> {
/// # let store = store();
/// let payments = TypedTopic::open(&store, Payments)?;
/// payments.append(&payment(4000, 1, 0))?;
/// let end = payments.end();
/// payments.append(&payment(4000, 2, 0))?;
///
/// let kept: Vec<u64> = end.into(); // into a file, or a row of a database
/// let rows = payments.rows().seek_to(&Positions::from(kept));
/// assert_eq!(rows.collect::<Result<Vec<_>, _>>()?, [payment(4000, 2, 0)]);
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
