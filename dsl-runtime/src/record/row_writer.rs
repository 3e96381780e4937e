//! Writes the parts of a row in their order.
//!
//! ```text
//! flags │ fixed-width fields │ offset table │ strings, lists, nested records
//! ```

use super::field::Field;
use super::schema::{self, RowShape};

/// A row being written: every field's [`RowWriter::head`], then every field's [`RowWriter::tail`], by ascending id.
pub struct RowWriter<'a> {
    out: &'a mut Vec<u8>,
    flags_at: usize,
    table_at: usize,
    data_at: usize,
    variables: usize,
    next_null_bit: usize,
    next_variable: usize,
    offset_width: OffsetWidth,
}

/// Bytes of an entry of the offset table; its number is the lowest two bits of the flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OffsetWidth {
    One = 0,
    Two = 1,
    Four = 2,
}

impl<'a> RowWriter<'a> {
    /// Begins a row of this shape at the end of `out`.
    #[inline]
    pub fn begin(shape: RowShape, out: &'a mut Vec<u8>) -> RowWriter<'a> {
        let flags_at = out.len();
        let table_at = flags_at + shape.flag_bytes + shape.fixed_bytes;
        out.reserve(shape.flag_bytes + shape.fixed_bytes + shape.variables);
        out.resize(flags_at + shape.flag_bytes, 0);
        RowWriter {
            out,
            flags_at,
            table_at,
            data_at: table_at + shape.variables,
            variables: shape.variables,
            next_null_bit: schema::first_null_bit(shape.variables),
            next_variable: 0,
            offset_width: OffsetWidth::One,
        }
    }

    /// Writes the part of a field that lies before the offset table: its null bit, and its bytes if they are of fixed width.
    #[inline]
    pub fn head<F: Field>(&mut self, value: &F) {
        if const { F::KIND.is_option() } {
            if value.is_null() {
                self.out[self.flags_at + self.next_null_bit / 8] |= 1 << (self.next_null_bit % 8);
            }
            self.next_null_bit += 1;
        }
        if const { F::KIND.width().is_some() } {
            value.put(self.out);
        }
    }

    /// Makes room for the offset table. To be called between the last [`RowWriter::head`] and the first [`RowWriter::tail`].
    #[inline]
    pub fn table(&mut self) {
        debug_assert_eq!(self.out.len(), self.table_at, "a field wrote more or less than its width");
        self.out.resize(self.data_at, 0);
    }

    /// Writes the part of a field that lies behind the offset table: its bytes, unless they are of fixed width.
    #[inline]
    pub fn tail<F: Field>(&mut self, value: &F) {
        if const { F::KIND.width().is_some() } {
            return;
        }
        value.put(self.out);
        let end = self.out.len() - self.data_at;
        if end > self.offset_width.greatest() {
            self.widen(OffsetWidth::least_for(end));
        }
        self.set_end(self.next_variable, end);
        self.next_variable += 1;
    }

    /// Makes the entries of the offset table wider, and moves what was written behind it. Entries begin with one byte, since
    /// most rows are short, and how long a row becomes is known at its end only. So a row is moved once when it has more
    /// than 255 bytes of strings and lists, and again when it has more than 65,535.
    #[cold]
    fn widen(&mut self, width: OffsetWidth) {
        let known: Vec<usize> = (0..self.next_variable).map(|index| self.end(index)).collect();
        let old_table = self.data_at - self.table_at;
        let more = self.variables * width.bytes() - old_table;
        self.out.splice(self.data_at..self.data_at, std::iter::repeat_n(0, more));
        self.data_at += more;
        self.offset_width = width;
        self.out[self.flags_at] |= width as u8;
        if width == OffsetWidth::Four {
            self.out[self.flags_at] &= !(OffsetWidth::Two as u8);
        }
        for (index, end) in known.into_iter().enumerate() {
            self.set_end(index, end);
        }
    }

    fn end(&self, index: usize) -> usize {
        let bytes = self.offset_width.bytes();
        offset(&self.out[self.table_at + index * bytes..][..bytes])
    }

    #[inline]
    fn set_end(&mut self, index: usize, end: usize) {
        match self.offset_width {
            OffsetWidth::One => self.out[self.table_at + index] = end as u8,
            OffsetWidth::Two => {
                self.out[self.table_at + 2 * index..][..2].copy_from_slice(&(end as u16).to_le_bytes());
            }
            OffsetWidth::Four => {
                self.out[self.table_at + 4 * index..][..4].copy_from_slice(&(end as u32).to_le_bytes());
            }
        }
    }
}

impl OffsetWidth {
    /// The width that is written in the lowest two bits of the flags' first byte; `None` for 3, which has no meaning.
    #[inline]
    pub(super) fn of_flags(flags: u8) -> Option<OffsetWidth> {
        match flags & 3 {
            0 => Some(OffsetWidth::One),
            1 => Some(OffsetWidth::Two),
            2 => Some(OffsetWidth::Four),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn bytes(self) -> usize {
        1 << self as usize
    }

    #[inline]
    fn greatest(self) -> usize {
        match self {
            OffsetWidth::One => 0xff,
            OffsetWidth::Two => 0xffff,
            OffsetWidth::Four => 0xffff_ffff,
        }
    }

    fn least_for(end: usize) -> OffsetWidth {
        match end {
            0..=0xff => OffsetWidth::One,
            0x100..=0xffff => OffsetWidth::Two,
            _ => {
                assert!(
                    end <= OffsetWidth::Four.greatest(),
                    "a row holds less than 4 GiB of strings and lists"
                );
                OffsetWidth::Four
            }
        }
    }
}

/// An entry of the offset table.
#[inline]
pub(super) fn offset(bytes: &[u8]) -> usize {
    match *bytes {
        [a] => usize::from(a),
        [a, b] => usize::from(u16::from_le_bytes([a, b])),
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]) as usize,
        _ => 0,
    }
}
