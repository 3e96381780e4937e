//! The entries of one key group: in slots that stay where they are, with what a checkpoint must know of each in a few bits.

use std::mem;

use serde::Serialize;

use super::index::Names;
use super::piece::{PIECE_BYTES, Piece, PieceBuilder};
use crate::key::Key;

/// Slots to a chunk.
const CHUNK: usize = 256;

/// What a checkpoint must know of 64 slots: a bit of each number for a slot. They stand together, so that a change touches one
/// line of the cache.
#[derive(Debug, Clone, Copy, Default)]
struct Bits {
    used: u64,
    /// Changed since the last checkpoint began.
    changed: u64,
    /// The checkpoint under way has yet to write it.
    due: u64,
    /// Some checkpoint, complete or not, holds it: its end needs a tombstone.
    written: u64,
}

/// The entry in a slot.
#[derive(Debug)]
pub(super) struct Kept<K, S, V> {
    pub(super) key: K,
    pub(super) sub_key: S,
    pub(super) value: V,
}

/// Some slots.
#[derive(Debug)]
struct Chunk<K, S, V> {
    bits: [Bits; CHUNK / 64],
    slots: Vec<Option<Kept<K, S, V>>>,
}

impl<K, S, V> Default for Chunk<K, S, V> {
    fn default() -> Self {
        Chunk { bits: Default::default(), slots: Vec::new() }
    }
}

/// What is cut of a checkpoint at a time.
pub(super) struct Cut<'a> {
    pub(super) pieces: &'a mut Vec<Piece>,
    /// For so many bytes.
    pub(super) left: usize,
}

impl Cut<'_> {
    fn push(&mut self, piece: Piece) {
        self.left = self.left.saturating_sub(piece.entries.len());
        self.pieces.push(piece);
    }
}

/// Pieces that are cut before their turn has come.
#[derive(Debug, Default)]
struct Waiting {
    pieces: Vec<Piece>,
    open: PieceBuilder,
}

/// The slots of one key group.
///
/// # Contract
/// A checkpoint writes, in this order: tombstones, what was put aside, what is due. As an entry that is there again after it
/// was gone is among the latter two, whoever reads the pieces in their order has it.
#[derive(Debug)]
pub(super) struct Slots<K, S, V> {
    chunks: Vec<Chunk<K, S, V>>,
    free: Vec<u32>,
    used: usize,
    /// How many checkpoints had begun when the bits were last brought up to date.
    begun: u64,
    /// Tombstones that the next checkpoint writes.
    removed: Waiting,
    /// Tombstones that the checkpoint under way writes.
    tombstones: Waiting,
    /// Entries as they were when the checkpoint under way began, which have changed since.
    aside: Waiting,
    /// The chunk that the checkpoint under way has come to.
    cursor: usize,
}

impl Waiting {
    fn push<K: Key, S: Key, V: Serialize>(&mut self, group: u8, key: &K, sub_key: &S, value: Option<&V>) {
        self.open.push(key, sub_key, value);
        self.cut_if_full(group);
    }

    fn cut_if_full(&mut self, group: u8) {
        if self.open.len() >= PIECE_BYTES {
            self.pieces.extend(self.open.take(group));
        }
    }

    fn next(&mut self, group: u8) -> Option<Piece> {
        self.pieces.pop().or_else(|| self.open.take(group))
    }
}

impl<K, S, V> Default for Slots<K, S, V> {
    fn default() -> Self {
        Slots {
            chunks: Vec::new(),
            free: Vec::new(),
            used: 0,
            begun: 0,
            removed: Waiting::default(),
            tombstones: Waiting::default(),
            aside: Waiting::default(),
            cursor: 0,
        }
    }
}

impl<K: Key, S: Key, V: Serialize> Slots<K, S, V> {
    /// Brings the bits up to date with the checkpoint that began last, the number `begun`. It is called before anything is
    /// changed, so that beginning a checkpoint itself need not come by here.
    pub(super) fn catch_up(&mut self, begun: u64, full: bool) {
        if self.begun == begun {
            return;
        }
        (self.begun, self.cursor) = (begun, 0);
        let removed = mem::take(&mut self.removed);
        self.tombstones = if full { Waiting::default() } else { removed };
        for bits in self.chunks.iter_mut().flat_map(|chunk| &mut chunk.bits) {
            let changed = mem::take(&mut bits.changed);
            bits.due = if full { bits.used } else { changed };
        }
    }

    pub(super) fn get(&self, slot: u32) -> Option<&Kept<K, S, V>> {
        let (chunk, at) = place(slot);
        self.chunks.get(chunk)?.slots.get(at)?.as_ref()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Kept<K, S, V>> {
        self.chunks.iter().flat_map(|chunk| chunk.slots.iter().flatten())
    }

    /// Puts a new entry into a free slot.
    pub(super) fn insert(&mut self, entry: Kept<K, S, V>) -> u32 {
        let (slot, chunk, at) = self.free_slot();
        chunk.slots[at] = Some(entry);
        let (bits, bit) = bits_of(&mut chunk.bits, at);
        bits.used |= bit;
        bits.changed |= bit;
        self.used += 1;
        slot
    }

    /// As [`Slots::insert`], for an entry that a checkpoint holds.
    pub(super) fn load(&mut self, entry: Kept<K, S, V>) -> u32 {
        let slot = self.insert(entry);
        self.loaded(slot);
        slot
    }

    /// The entry in a slot is as some checkpoint holds it.
    pub(super) fn loaded(&mut self, slot: u32) {
        let (chunk, at) = place(slot);
        let (bits, bit) = bits_of(&mut self.chunks[chunk].bits, at);
        bits.changed &= !bit;
        bits.written |= bit;
    }

    /// No checkpoint that counts holds the entry in a slot any more.
    pub(super) fn unloaded(&mut self, slot: u32) {
        let (chunk, at) = place(slot);
        let (bits, bit) = bits_of(&mut self.chunks[chunk].bits, at);
        bits.written &= !bit;
    }

    /// The entry in a slot, its value to be changed; if the checkpoint under way has yet to write it, it is put aside as it is.
    #[inline]
    pub(super) fn change(&mut self, group: u8, slot: u32) -> Option<(&K, &S, &mut V)> {
        let (chunk, at) = place(slot);
        let Chunk { bits, slots } = self.chunks.get_mut(chunk)?;
        let entry = slots.get_mut(at)?.as_mut()?;
        let (bits, bit) = bits_of(bits, at);
        if bits.due & bit != 0 {
            self.aside.push(group, &entry.key, &entry.sub_key, Some(&entry.value));
            bits.due &= !bit;
            bits.written |= bit;
        }
        bits.changed |= bit;
        Some((&entry.key, &entry.sub_key, &mut entry.value))
    }

    /// Takes the entry out of a slot, which is free from then on.
    pub(super) fn remove(&mut self, group: u8, slot: u32) -> Option<Kept<K, S, V>> {
        let (chunk, at) = place(slot);
        let Chunk { bits, slots } = self.chunks.get_mut(chunk)?;
        let entry = slots.get_mut(at)?.take()?;
        let (bits, bit) = bits_of(bits, at);
        if bits.due & bit != 0 {
            self.aside.push(group, &entry.key, &entry.sub_key, Some(&entry.value));
        }
        if (bits.due | bits.written) & bit != 0 {
            self.removed.push(group, &entry.key, &entry.sub_key, None::<&V>);
        }
        *bits = Bits {
            used: bits.used & !bit,
            changed: bits.changed & !bit,
            due: bits.due & !bit,
            written: bits.written & !bit,
        };
        self.used -= 1;
        self.free.push(slot);
        if self.used == 0 {
            (self.chunks, self.free) = (Vec::new(), Vec::new());
        } else if is_empty(&self.chunks[chunk].bits) {
            // Its slots stay free ones; their memory comes back with the first entry that takes one.
            self.chunks[chunk].slots = Vec::new();
        }
        Some(entry)
    }

    /// Cuts pieces of the checkpoint under way until no bytes are left for them; `true` when none of it is left here.
    pub(super) fn pieces(&mut self, group: u8, builder: &mut PieceBuilder, cut: &mut Cut<'_>) -> bool {
        while let Some(piece) = self.tombstones.next(group).or_else(|| self.aside.next(group)) {
            cut.push(piece);
            if cut.left == 0 {
                return false;
            }
        }
        while let Some(entry) = next_due(&mut self.chunks, &mut self.cursor) {
            builder.push(&entry.key, &entry.sub_key, Some(&entry.value));
            if builder.len() >= PIECE_BYTES.min(cut.left) {
                builder.take(group).into_iter().for_each(|piece| cut.push(piece));
                if cut.left == 0 {
                    return false;
                }
            }
        }
        builder.take(group).into_iter().for_each(|piece| cut.push(piece));
        true
    }

    fn free_slot(&mut self) -> (u32, &mut Chunk<K, S, V>, usize) {
        let slot = self.free.pop().unwrap_or_else(|| {
            if self.chunks.last().is_none_or(|last| last.slots.len() == CHUNK) {
                self.chunks.push(Chunk::default());
            }
            let before = (self.chunks.len() - 1) * CHUNK;
            let last = self.chunks.last_mut().expect("one was pushed if there was none");
            last.slots.push(None);
            u32::try_from(before + last.slots.len() - 1)
                .expect("memory ends before 4,294,967,296 entries of a key group")
        });
        let (chunk, at) = place(slot);
        let chunk = &mut self.chunks[chunk];
        if chunk.slots.len() <= at {
            chunk.slots.resize_with(at + 1, || None);
        }
        (slot, chunk, at)
    }
}

impl<K, S, V> Names<K, S> for Slots<K, S, V> {
    #[inline]
    fn names(&self, slot: u32) -> (&K, &S) {
        let (chunk, at) = place(slot);
        let entry = self.chunks[chunk].slots[at].as_ref().expect("an index knows no free slot");
        (&entry.key, &entry.sub_key)
    }
}

/// The chunk of a slot, and its place there.
#[inline]
fn place(slot: u32) -> (usize, usize) {
    (slot as usize / CHUNK, slot as usize % CHUNK)
}

/// What is known of a slot of a chunk, and its bit there.
#[inline]
fn bits_of(bits: &mut [Bits; CHUNK / 64], at: usize) -> (&mut Bits, u64) {
    (&mut bits[at / 64], 1 << (at % 64))
}

/// The next entry that the checkpoint under way has to write; it counts as written.
fn next_due<'a, K, S, V>(chunks: &'a mut [Chunk<K, S, V>], cursor: &mut usize) -> Option<&'a Kept<K, S, V>> {
    while chunks.get(*cursor)?.bits.iter().all(|bits| bits.due == 0) {
        *cursor += 1;
    }
    let Chunk { bits, slots } = &mut chunks[*cursor];
    let word = bits.iter().position(|bits| bits.due != 0)?;
    let at = word * 64 + bits[word].due.trailing_zeros() as usize;
    let (bits, bit) = bits_of(bits, at);
    bits.due &= !bit;
    bits.written |= bit;
    slots[at].as_ref()
}

/// Whether no slot of a chunk is used.
fn is_empty(bits: &[Bits; CHUNK / 64]) -> bool {
    bits.iter().all(|bits| bits.used == 0)
}
