//! Keyed state: what operators keep between epochs, how changes are found, and how it is cut into checkpoint pieces.
//!
//! State is a set of entries (operator, key group, key, sub-key) with a value. A checkpoint of an epoch holds every entry
//! as of that epoch. It is written as [`Piece`]s over as many later epochs as its size asks for; an entry that changes
//! before its piece was written is written first (copy on write).

mod timed;

pub(crate) use timed::TimedState;

/// One entry of a checkpoint: its new value, or that it is gone. The operator's name is added where it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The key group, 0 to 255.
    pub(crate) group: u8,
    /// The encoded key.
    pub(crate) key: Vec<u8>,
    /// The encoded sub-key: a window's start, for instance.
    pub(crate) sub_key: Vec<u8>,
    /// The encoded value; `None` is a tombstone.
    pub(crate) value: Option<Vec<u8>>,
}

impl Piece {
    /// How many bytes the entry takes, about.
    pub(crate) fn len(&self) -> usize {
        8 + self.key.len() + self.sub_key.len() + self.value.as_ref().map_or(0, Vec::len)
    }
}
