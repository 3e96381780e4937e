//! What timely sees: a few concrete types, whatever the rows are.
//!
//! Within one process nothing is encoded: batches move as pointers. Timely asks for serde all the same, for clusters of
//! processes; these impls say so instead of pretending.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::binding::Binding;
use crate::flow::{Batch, LateRows, Packet, Watermark};
use crate::place::Position;
use crate::time::Timestamp;

/// A bound epoch on its way to one worker.
pub(crate) struct Bound {
    pub(crate) to: usize,
    pub(crate) binding: Arc<Binding>,
}

impl Clone for Bound {
    fn clone(&self) -> Self {
        Bound { to: self.to, binding: self.binding.clone() }
    }
}

/// Rows between operators of one worker. A clone for another reader shares them.
#[derive(Clone)]
pub(crate) enum Flow {
    Rows(Batch),
    /// The producer has no more rows of this epoch for this consumer.
    End(Arc<EpochEnd>),
}

/// What crosses from the halves of keyed operators before the exchange to those after it.
pub(crate) struct Routed {
    pub(crate) to: usize,
    /// Which of the operator's inputs it comes from.
    pub(crate) input: usize,
    pub(crate) load: Load,
}

/// What a [`Routed`] carries.
pub(crate) enum Load {
    Packet(Packet),
    /// Rows that were dropped before the exchange: they stay on their worker.
    Late(LateRows),
    End(Arc<EpochEnd>),
}

/// What an operator tells of a record of a source. Those of one record stand together, in the order of the operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LateReport {
    /// Of the record, whichever of its rows it is about.
    pub(crate) position: Position,
    /// Which input of the sink it comes by.
    pub(crate) operator: u16,
    /// A row of the record was kept; or else dropped.
    pub(crate) kept: bool,
    /// The watermark of the record's partition before it.
    pub(crate) watermark_before: Timestamp,
}

impl LateReport {
    /// The partition that the record is in.
    pub(crate) fn partition(&self) -> u16 {
        self.position.in_topic().0
    }
}

/// The end of an epoch's rows from one producer, with the watermark that holds for its rows from here on.
pub(crate) struct EpochEnd {
    pub(crate) binding: Arc<Binding>,
    pub(crate) watermark: Watermark,
}

macro_rules! never_encoded {
    ($($name:ident)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(ser::Error::custom(concat!(stringify!($name), " stays within one process")))
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
                Err(de::Error::custom(concat!(stringify!($name), " stays within one process")))
            }
        }
    )*};
}
never_encoded!(Bound Routed LateReport);
