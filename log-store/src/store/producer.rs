//! Producers: who writes transactions.

use crate::ids::{ProducerEpoch, ProducerId};

/// An opened producer; see [`crate::Store::producer`].
#[derive(Clone, Debug)]
pub struct Producer {
    pub(super) name: String,
    pub(super) id: ProducerId,
    pub(super) epoch: ProducerEpoch,
}

impl Producer {
    /// Its transactional id.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its producer id, the same for ever.
    #[must_use]
    pub fn id(&self) -> ProducerId {
        self.id
    }

    /// The epoch of this opening.
    #[must_use]
    pub fn epoch(&self) -> ProducerEpoch {
        self.epoch
    }
}
