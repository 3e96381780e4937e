//! What timely sees: a few concrete types, whatever the rows are.
//!
//! Within one process nothing is encoded: batches move as pointers. Timely asks for serde all the same, for clusters of
//! processes; these impls say so instead of pretending.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::binding::Binding;
use crate::flow::{Batch, LateRows, Packet, Watermark};

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
never_encoded!(Bound Routed);
