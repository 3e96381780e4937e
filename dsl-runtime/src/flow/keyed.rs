//! Keyed operators: the traits of their two halves, and what every one of them needs.

use std::any::Any;
use std::mem;
use std::rc::Rc;

use super::blame::Blame;
use super::late::{LateCounts, LateRows};
use super::rows::{Batch, Row};
use crate::key::{Key, KeyGroup, key_group, key_hash};
use crate::place::{Place, Position};
use crate::state::StateTable;
use crate::time::Timestamp;

/// The key of a row, as the user's closure gives it.
pub(crate) type KeyOf<T, K> = Rc<dyn Fn(&T) -> K>;

/// What a [`Router`] passes to an [`Owner`] for the key groups of one worker.
pub(crate) type Packet = Box<dyn Any + Send>;

/// What a worker's [`Router`] is made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RouterSetup {
    pub(crate) workers: usize,
    /// Somebody reads the operator's late port: late rows are not only counted.
    pub(crate) late_wanted: bool,
}

/// What a worker's [`Owner`] is made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnerSetup {
    /// What stands for the operator in the places of the rows it makes: the same in every run.
    pub(crate) maker: u32,
}

/// The half of one input of a keyed operator that stands before the exchange.
///
/// # Contract
/// The driver calls `rows` for every batch of an epoch, then `flush` for that epoch when a source's end of the epoch comes
/// by, possibly more than once. What is not flushed by the last of these is lost, so `flush` leaves nothing behind.
pub(crate) trait Router {
    /// Takes a batch of the epoch.
    fn rows(&mut self, epoch: u64, rows: Batch);
    /// Passes on what the epoch's rows have come to, as (worker, packet).
    fn flush(&mut self, epoch: u64, out: &mut Vec<(usize, Packet)>);
    /// Rows dropped as late in the epochs flushed since the last call.
    fn take_late(&mut self) -> LateRows;
    /// A digest of the rows that entered the epochs flushed since the last call, late ones not counted: with
    /// [`RowsDigest`](super::RowsDigest), a wrapping sum, which neither the order of the rows nor how they are spread over
    /// batches and workers changes.
    fn take_digest(&mut self) -> u64;
}

/// The half of a keyed operator that owns state. It is one, however many inputs there are.
///
/// # Contract
/// The driver applies epochs one after the other: all packets of an epoch, in no particular order of inputs and workers,
/// then `end_epoch`. State between two epochs is thus exactly "all epochs so far". What an operator keeps between epochs is in
/// its tables: the driver saves and recovers these, and nothing else.
///
/// `end_epoch` is called for every epoch, whether rows came or not, so what is due at an instant of event time is due in the
/// epoch that brings the watermark there. What is due at an instant of the clock says so by `asks`.
///
/// Of its output an owner states three things: the event time of each row and the watermark before it, beside the row, and how
/// far it holds the watermark of its output back, by `asks`. No row may leave with an event time at or before the watermark
/// that its readers have been told, unless it says by its own `watermark_before` that it is never late. Rows that keep the places of
/// records, and leave in another order than that of the logs, leave in batches that say so, [`Batch::passed_on`].
pub(crate) trait Owner {
    /// Takes a packet of the epoch at hand, from the router of the input of this number.
    fn packet(&mut self, input: usize, packet: Packet) -> Result<(), Blame>;
    /// All packets of the epoch are in, and this is what the epoch says of time: emits what is due, or puts it aside for
    /// [`emit`](Owner::emit) where it may be much.
    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame>;
    /// Emits the next of what `end_epoch` has put aside, at most about [`DUE_ROWS`] rows; `true` if there is more. What stands
    /// behind takes these before the next are made, so that much that falls due at once is never all there as rows. It touches
    /// no state: a checkpoint of the epoch may be under way, and packets of the next epoch may have come.
    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        let _ = out;
        Ok(false)
    }
    /// What the operator waits for, as of the last epoch. It is a function of the state, so it is the same after a recovery.
    fn asks(&self) -> Asks {
        Asks::default()
    }
    /// What it keeps, always in the same order: a table's state is saved under its place in it.
    fn tables(&mut self) -> Vec<&mut dyn StateTable>;
}

/// How many rows an operator emits in one go: enough that the turns cost nothing beside the rows, and few enough that they
/// stay in the cache until they are encoded.
pub(crate) const DUE_ROWS: usize = 1024;

/// What an epoch says of time, to an operator at its end. It is the same on all workers, and on replay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now<'a> {
    /// The epoch's reading of the clock.
    pub(crate) clock: Timestamp,
    /// The watermark of each input, over the partitions that its rows come from, none of which goes back.
    pub(crate) inputs: &'a [Timestamp],
    /// Those before this epoch. A row at or before that of its input that says otherwise of itself was not waited for: its
    /// partition was idle, or it was made of such rows.
    pub(crate) inputs_before: &'a [Timestamp],
    /// That of all of them together, which does not go back either: the least of those that are not idle.
    pub(crate) combined: Timestamp,
    /// The combined one before this epoch. What comes behind it comes too late, whatever it says of itself: it was made of
    /// rows that were not waited for.
    pub(crate) combined_before: Timestamp,
    /// Event time closes with this epoch: no row will follow.
    pub(crate) closes: bool,
}

/// What an operator waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Asks {
    /// The instant of the clock at which it has something to do: an epoch is bound then, if need be one without rows.
    pub(crate) wake_at: Option<Timestamp>,
    /// Its readers' watermark stays at or before this instant: the event time of the earliest row that it may still emit, less
    /// one millisecond. `None` if what it emits never comes behind its own watermark.
    pub(crate) hold_at: Option<Timestamp>,
}

/// Where the rows of an operator leave it, of an epoch.
pub(crate) struct Ports {
    /// By the number of the port; `None` for one that nobody reads.
    ports: Vec<Option<Vec<Batch>>>,
    late: LateRows,
}

/// What has left an operator.
pub(crate) struct Emitted {
    /// By the number of the port.
    pub(crate) batches: Vec<Vec<Batch>>,
    /// How many rows were dropped as late.
    pub(crate) late: LateCounts,
    /// The digest of those among them that the routers had counted.
    pub(crate) late_digest: u64,
}

impl Ports {
    /// The port of an operator's results.
    pub(crate) const MAIN: u16 = 0;
    /// The port of the rows that it dropped as late, as [`LateRow`](super::LateRow)s.
    pub(crate) const LATE: u16 = 1;

    /// Empty, with these ports being read.
    pub(crate) fn new(read: &[bool]) -> Self {
        let late_wanted = read.get(usize::from(Ports::LATE)).is_some_and(|read| *read);
        let ports = read.iter().map(|read| read.then(Vec::new)).collect();
        Ports { ports, late: LateRows::new(late_wanted) }
    }

    /// Whether somebody reads a port. What leaves by another goes nowhere, and need not be made.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "no operator has a second output that a pipeline can name yet")
    )]
    pub(crate) fn is_read(&self, port: u16) -> bool {
        self.ports.get(usize::from(port)).is_some_and(Option::is_some)
    }

    /// Emits a batch by a port.
    pub(crate) fn give(&mut self, port: u16, rows: Batch) {
        if let Some(Some(batches)) = self.ports.get_mut(usize::from(port)) {
            batches.push(rows);
        }
    }

    /// The rows that the owner drops as late, where its routers cannot tell.
    pub(crate) fn late(&mut self) -> &mut LateRows {
        &mut self.late
    }

    /// What was emitted, by the number of the port, late rows included.
    pub(crate) fn take(&mut self) -> Emitted {
        let late = self.late.take();
        let (counts, digest) = (late.counts(), late.digest());
        if let Some(batch) = late.into_batch() {
            self.give(Ports::LATE, batch);
        }
        let taken = |port: &mut Option<Vec<Batch>>| port.as_mut().map(mem::take).unwrap_or_default();
        Emitted { batches: self.ports.iter_mut().map(taken).collect(), late: counts, late_digest: digest }
    }
}

/// A digest of rows, of place and key of each. What rows of one key come to is added up first, so that a row costs a few
/// multiplications, and a key is encoded once for all of its rows of an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RowsDigest(u64);

impl RowsDigest {
    /// Adds a row of the key at hand.
    #[inline]
    pub(crate) fn add(&mut self, place: Place) {
        let Position { maker, first, rest: (high, low), sub_index } = place.position;
        let origin = u64::from(maker) << 32 | u64::from(sub_index);
        let mixed = low.wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ high.wrapping_mul(0xC2B2_AE3D_27D4_EB4F)
            ^ first.wrapping_mul(0x1656_67B1_9E37_79F9);
        let mixed = (mixed ^ origin).wrapping_mul(0xD6E8_FEB8_6659_FD93)
            ^ (place.time.millis() as u64).wrapping_mul(0xA24B_AED4_963E_E407);
        self.0 = self.0.wrapping_add((mixed ^ mixed >> 32).wrapping_mul(0x9FB2_1C65_1E98_DF25));
    }

    /// Adds all rows of a key, given the key's encoding.
    pub(crate) fn add_key(&mut self, key: &[u8], rows: RowsDigest) {
        // Odd, so that no two sums of rows come to the same.
        self.0 = self.0.wrapping_add(rows.0.wrapping_mul(key_hash(key) | 1));
    }

    /// Adds rows whose keys have been added to their digest.
    pub(crate) fn add_rows(&mut self, rows: RowsDigest) {
        self.0 = self.0.wrapping_add(rows.0);
    }

    /// The digest, which is 0 from here on.
    pub(crate) fn take(&mut self) -> u64 {
        mem::take(&mut self.0)
    }
}

/// The key group of a key; `bytes` is room to encode it in.
pub(crate) fn group_of<K: Key>(key: &K, bytes: &mut Vec<u8>) -> KeyGroup {
    bytes.clear();
    key.encode_key(bytes);
    key_group(bytes)
}

/// The worker that owns a key group. Contiguous ranges, so that a changed number of workers moves whole ranges.
pub(crate) fn owner(group: KeyGroup, workers: usize) -> usize {
    usize::from(group.0) * workers / 256
}

/// Passes on what each worker is to get, by its number, where there is something.
pub(crate) fn send<T: Send + 'static>(by_worker: Vec<Vec<T>>, out: &mut Vec<(usize, Packet)>) {
    let some = by_worker.into_iter().enumerate().filter(|(_, packet)| !packet.is_empty());
    out.extend(some.map(|(worker, packet)| (worker, Box::new(packet) as Packet)));
}

/// Emits the rows by a port, unless there are none.
pub(crate) fn emit<R: 'static>(made: Vec<Row<R>>, port: u16, out: &mut Ports) {
    if !made.is_empty() {
        out.give(port, Batch::of(made));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Position;

    #[test]
    fn digests_see_places_and_keys_and_no_order() {
        let place = |offset, at| Place {
            time: Timestamp::from_millis(at),
            position: Position::of_record(0, 1, offset),
        };
        let digest = |keys: &[(&str, &[Place])]| {
            let mut digest = RowsDigest::default();
            for (key, places) in keys {
                let mut rows = RowsDigest::default();
                places.iter().for_each(|place| rows.add(*place));
                digest.add_key(key.as_bytes(), rows);
            }
            digest.take()
        };
        let (one, two, three) = (place(1, 10), place(2, 20), place(3, 30));
        let whole = digest(&[("a", &[one, two]), ("b", &[three])]);
        assert_eq!(whole, digest(&[("b", &[three]), ("a", &[two]), ("a", &[one])]));
        for other in [
            digest(&[("a", &[one, two])]),
            digest(&[("a", &[one]), ("b", &[two, three])]),
            digest(&[("a", &[one, three]), ("b", &[two])]),
            digest(&[("a", &[one, place(2, 21)]), ("b", &[three])]),
            digest(&[("a", &[one, two, two]), ("b", &[three])]),
        ] {
            assert_ne!(whole, other);
        }
    }

    #[test]
    fn owners_hold_contiguous_key_groups_and_every_worker_some() {
        for workers in 1..=256 {
            let owners: Vec<usize> = (0..=255).map(|group| owner(KeyGroup(group), workers)).collect();
            assert!(owners.is_sorted() && owners[0] == 0 && owners[255] == workers - 1, "{workers} workers");
        }
    }
}
