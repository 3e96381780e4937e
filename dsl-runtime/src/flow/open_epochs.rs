//! What has come of the epochs that are not flushed yet, in the half of a keyed operator before the exchange.

use super::keyed::{RouterSetup, RowsDigest};
use super::late::LateRows;

/// The epochs of a [`Router`](super::Router) that are not flushed yet, each with what the operator makes of its rows, an `E`.
///
/// # Contract
/// Two sources can be an epoch apart. So the late rows and the digest of each epoch are apart, too: they are committed with it, and
/// counted again when it is replayed.
pub(crate) struct OpenEpochs<E> {
    // Few are in flight, and mostly one has rows here.
    open: Vec<OpenEpoch<E>>,
    late_wanted: bool,
    /// Of the epochs that are flushed.
    late: LateRows,
    digest: RowsDigest,
}

/// An epoch that is not flushed yet.
pub(crate) struct OpenEpoch<E> {
    epoch: u64,
    pub(crate) made: E,
    pub(crate) late: LateRows,
    pub(crate) digest: RowsDigest,
}

impl<E> OpenEpochs<E> {
    pub(crate) fn new(setup: RouterSetup) -> Self {
        let late = LateRows::new(setup.late_wanted);
        OpenEpochs { open: Vec::new(), late_wanted: setup.late_wanted, late, digest: RowsDigest::default() }
    }

    /// The epoch, which begins with what `begin` gives.
    pub(crate) fn of(&mut self, epoch: u64, begin: impl FnOnce() -> E) -> &mut OpenEpoch<E> {
        let at = match self.open.iter().position(|open| open.epoch == epoch) {
            Some(at) => at,
            None => {
                let (late, digest) = (LateRows::new(self.late_wanted), RowsDigest::default());
                self.open.push(OpenEpoch { epoch, made: begin(), late, digest });
                self.open.len() - 1
            }
        };
        &mut self.open[at]
    }

    /// Ends an epoch, and gives what was made of it; `None` if none of its rows has come here. What of its digest is not there yet,
    /// `finish` adds.
    pub(crate) fn flush<M>(&mut self, epoch: u64, finish: impl FnOnce(E, &mut RowsDigest) -> M) -> Option<M> {
        let at = self.open.iter().position(|open| open.epoch == epoch)?;
        let OpenEpoch { made, late, mut digest, .. } = self.open.swap_remove(at);
        let made = finish(made, &mut digest);
        self.late.append(late);
        self.digest.add_rows(digest);
        Some(made)
    }

    /// As [`Router::take_late`](super::Router::take_late).
    pub(crate) fn take_late(&mut self) -> LateRows {
        self.late.take()
    }

    /// As [`Router::take_digest`](super::Router::take_digest).
    pub(crate) fn take_digest(&mut self) -> u64 {
        self.digest.take()
    }
}
