//! Pieces of a checkpoint: entries of one key group as bytes.
//!
//! The bytes are laid out in `docs/formats/engine.md`. Keys of neighbours are often alike, so each entry says how many bytes
//! it shares with the one before it.

use std::mem;

use postcard::ser_flavors::Flavor;
use serde::{Serialize, de::DeserializeOwned};

use crate::key::Key;
use crate::record::varint;

/// About how many bytes a piece has at most: more only if its last entry is large.
pub(super) const PIECE_BYTES: usize = 16 << 10;

/// Some entries of one key group on their way into the log. Whoever collects them knows the operator and the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The key group, 0 to 255.
    pub(crate) group: u8,
    /// The entries, encoded.
    pub(crate) entries: Vec<u8>,
}

/// Entries that are put one behind the other.
#[derive(Debug, Default)]
pub(super) struct PieceBuilder {
    bytes: Vec<u8>,
    key: Part,
    sub_key: Part,
    value: Vec<u8>,
}

/// A part of an entry that may begin as the same part of the entry before it does.
#[derive(Debug, Default)]
struct Part {
    last: Vec<u8>,
    room: Vec<u8>,
}

impl PieceBuilder {
    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds an entry; `None` says that it is gone.
    pub(super) fn push<K: Key, S: Key, V: Serialize>(&mut self, key: &K, sub_key: &S, value: Option<&V>) {
        self.key.put(key, &mut self.bytes);
        self.sub_key.put(sub_key, &mut self.bytes);
        let Some(value) = value else {
            self.bytes.push(0);
            return;
        };
        self.value.clear();
        postcard::serialize_with_flavor(value, Append(&mut self.value))
            .expect("state is plain data, and writing it to memory cannot fail");
        varint::put(self.value.len() as u64 + 1, &mut self.bytes);
        self.bytes.extend_from_slice(&self.value);
    }

    /// The entries so far, of which there are some; what comes next begins another piece.
    pub(super) fn take(&mut self, group: u8) -> Option<Piece> {
        self.key.last.clear();
        self.sub_key.last.clear();
        let entries = mem::take(&mut self.bytes);
        (!entries.is_empty()).then_some(Piece { group, entries })
    }
}

impl Part {
    fn put<K: Key>(&mut self, key: &K, out: &mut Vec<u8>) {
        self.room.clear();
        key.encode_key(&mut self.room);
        let shared = self.room.iter().zip(&self.last).take_while(|(left, right)| left == right).count();
        varint::put(shared as u64, out);
        varint::put((self.room.len() - shared) as u64, out);
        out.extend_from_slice(&self.room[shared..]);
        mem::swap(&mut self.room, &mut self.last);
    }

    fn take<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let (shared, bytes) = varint::take(bytes)?;
        let (length, bytes) = varint::take(bytes)?;
        let (rest, bytes) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
        let shared = usize::try_from(shared).ok().filter(|shared| *shared <= self.last.len())?;
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
        Some(bytes)
    }
}

/// Appends what postcard writes, whole slices at a time.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// An entry of a piece: key, sub-key, and the value, unless it is gone.
pub(super) type Entry<K, S, V> = (K, S, Option<V>);

/// The entries of a piece, one after the other.
pub(super) struct Entries<'a> {
    rest: &'a [u8],
    key: Part,
    sub_key: Part,
}

impl<'a> Entries<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Entries { rest: bytes, key: Part::default(), sub_key: Part::default() }
    }

    /// The next entry.
    ///
    /// # Errors
    /// What makes no sense about it.
    pub(super) fn next<K: Key, S: Key, V: DeserializeOwned>(
        &mut self,
    ) -> Result<Option<Entry<K, S, V>>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let value = self.next_value().ok_or("it is cut off, or its lengths make no sense")?;
        let part = |what: &str, reason: String| format!("its {what} cannot be decoded: {reason}");
        let key = K::decode_key(&self.key.last).map_err(|error| part("key", error.to_string()))?;
        let sub_key =
            S::decode_key(&self.sub_key.last).map_err(|error| part("sub-key", error.to_string()))?;
        let Some(value) = value else { return Ok(Some((key, sub_key, None))) };
        match postcard::take_from_bytes(value) {
            Ok((value, [])) => Ok(Some((key, sub_key, Some(value)))),
            Ok((_, rest)) => Err(part("value", format!("{} bytes are left over", rest.len()))),
            Err(error) => Err(part("value", error.to_string())),
        }
    }

    /// Takes the parts of the next entry; gives the bytes of its value, if it has one.
    fn next_value(&mut self) -> Option<Option<&'a [u8]>> {
        let rest = self.key.take(self.rest)?;
        let rest = self.sub_key.take(rest)?;
        let (length, rest) = varint::take(rest)?;
        let Some(length) = length.checked_sub(1) else {
            self.rest = rest;
            return Some(None);
        };
        let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    type WindowEntry = Entry<u64, Timestamp, (u8, u16)>;

    fn piece(entries: &[WindowEntry]) -> Vec<u8> {
        let mut builder = PieceBuilder::default();
        entries.iter().for_each(|(key, sub_key, value)| builder.push(key, sub_key, value.as_ref()));
        builder.take(9).map_or_else(Vec::new, |piece| piece.entries)
    }

    fn read(bytes: &[u8]) -> Result<Vec<WindowEntry>, String> {
        let mut entries = Entries::of(bytes);
        std::iter::from_fn(|| entries.next().transpose()).collect()
    }

    const AT: Timestamp = Timestamp::from_millis(0x018b_cfe5_6800);

    #[test]
    fn pieces_have_these_bytes() {
        let entries =
            [(0x1234, AT, Some((7, 300))), (0x1235, AT, Some((9, 512))), (0x1235, Timestamp::MIN, None)];
        let bytes = piece(&entries);
        let golden = "0008000000000000 1234 0008 0000018bcfe56800 04 07ac02 \
                      0701 35 0800 04 098004 \
                      0800 0008 8000000000000000 00";
        let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hexadecimal, golden.replace(' ', ""));
        assert_eq!(read(&bytes).unwrap(), entries);
    }

    #[test]
    fn what_a_piece_begins_with_shares_nothing_with_the_one_before_it() {
        let mut builder = PieceBuilder::default();
        let pieces = [0, 1].map(|_| {
            builder.push(&7_u64, &AT, Some(&(1_u8, 2_u16)));
            builder.take(9).unwrap()
        });
        assert_eq!(pieces[0], pieces[1]);
        assert_eq!(builder.take(9), None);
    }

    #[test]
    fn entries_that_cannot_be_read_say_why() {
        let whole = piece(&[(7, AT, Some((1, 2)))]);
        for end in 1..whole.len() {
            assert_eq!(read(&whole[..end]).unwrap_err(), "it is cut off, or its lengths make no sense");
        }
        let key = |bytes: &[u8]| [&[0, bytes.len() as u8][..], bytes].concat();
        let (seven, at) = (7_u64.to_be_bytes(), AT.millis().to_be_bytes());
        let why = |parts: &[&[u8]]| read(&parts.concat()).unwrap_err();
        assert!(why(&[&key(&seven[1..]), &key(&at), &[0]]).starts_with("its key cannot be decoded: "));
        assert!(why(&[&key(&seven), &key(&at[1..]), &[0]]).starts_with("its sub-key cannot be decoded: "));
        assert!(why(&[&key(&seven), &key(&at), &[2, 1]]).starts_with("its value cannot be decoded: "));
        assert_eq!(
            why(&[&key(&seven), &key(&at), &[4, 1, 2, 3]]),
            "its value cannot be decoded: 1 bytes are left over"
        );
        assert_eq!(
            why(&[&[1, 0]]),
            "it is cut off, or its lengths make no sense",
            "nothing is shared with no entry"
        );
    }
}
