//! A row's bytes, read field by field without decoding the others.

use super::error::{DecodeError, Fault};
use super::field::{self, Field};
use super::layout::{Extent, RowLayout, Shape, Slot};
use super::mask::FieldMask;
use super::row_writer::{OffsetWidth, offset};

/// One row, borrowed: its fields can be read in any order, and strings and bytes without a copy.
///
/// Fields are named by their place in the reader's [`Schema::fields`](super::Schema::fields); see
/// [`Schema::field_index`](super::Schema::field_index).
#[derive(Debug, Clone, Copy)]
pub struct RowRef<'a> {
    layout: &'a RowLayout,
    row: &'a [u8],
    offset_width: usize,
    table_at: usize,
    data_at: usize,
}

impl<'a> RowRef<'a> {
    /// The row in `row`, without its schema number; `layout` must be that of the schema it was written with.
    #[inline]
    pub(super) fn new(layout: &'a RowLayout, row: &'a [u8]) -> Result<RowRef<'a>, DecodeError> {
        let table_at = layout.shape.flag_bytes + layout.shape.fixed_bytes;
        if layout.shape.variables == 0 {
            return if row.len() == table_at
                || matches!(layout.slots[..], [Slot { extent: Extent::Whole, .. }])
            {
                Ok(RowRef { layout, row, offset_width: 0, table_at, data_at: table_at })
            } else if row.len() < table_at {
                Err(too_short(layout, table_at, row))
            } else {
                Err(wrong_length(layout, 0, row.len() - table_at))
            };
        }
        let Some(flags) = row.first() else {
            return Err(too_short(layout, table_at + layout.shape.variables, row));
        };
        let Some(width) = OffsetWidth::of_flags(*flags) else {
            return Err(DecodeError::OffsetWidth { record: layout.record.clone() });
        };
        let offset_width = width.bytes();
        let data_at = table_at + layout.shape.variables * offset_width;
        if row.len() < data_at {
            return Err(too_short(layout, data_at, row));
        }
        let end = offset(&row[data_at - offset_width..data_at]);
        if end != row.len() - data_at {
            return Err(wrong_length(layout, end, row.len() - data_at));
        }
        Ok(RowRef { layout, row, offset_width, table_at, data_at })
    }

    /// The value of a field, decoded. A field that the row was written without is `None`.
    ///
    /// # Errors
    /// [`DecodeError::Field`] if there is no such field, or its bytes are no value of type `F`.
    pub fn get<F: Field>(&self, index: usize) -> Result<Option<F>, DecodeError> {
        self.slot(index).and_then(|slot| self.decode(slot)).map_err(|fault| self.error(index, fault))
    }

    /// The bytes of a `String` or `Vec<u8>` field, not copied; `None` if it is null or the row was written without it.
    ///
    /// # Errors
    /// [`DecodeError::Field`] if the field is of another type, or its bytes lie outside of the row.
    pub fn bytes(&self, index: usize) -> Result<Option<&'a [u8]>, DecodeError> {
        self.plain(index).map_err(|fault| self.error(index, fault))
    }

    /// The text of a `String` field, not copied; `None` if it is null or the row was written without it.
    ///
    /// # Errors
    /// As [`RowRef::bytes`], and if it is not UTF-8.
    pub fn str(&self, index: usize) -> Result<Option<&'a str>, DecodeError> {
        let text = self.plain(index).and_then(|value| value.map(field::text).transpose());
        text.map_err(|fault| self.error(index, fault))
    }

    /// The field's value if the mask has it, else some value of its type. Only for fields without a default.
    #[doc(hidden)]
    #[inline(always)]
    pub fn field<F: Field>(&self, index: usize, mask: FieldMask) -> Result<F, DecodeError> {
        // Inlined, so that fields outside of a mask cost a bit test and no call.
        if mask.has(index) { self.read(index) } else { Ok(F::not_decoded()) }
    }

    /// As [`RowRef::field`], for a field with a default, which is also the value of rows written without the field.
    #[doc(hidden)]
    #[inline(always)]
    pub fn field_or<F: Field>(
        &self,
        index: usize,
        mask: FieldMask,
        default: impl FnOnce() -> F,
    ) -> Result<F, DecodeError> {
        if !mask.has(index) {
            return Ok(F::not_decoded());
        }
        match self.slot(index) {
            Ok(Slot { extent: Extent::Absent, .. }) => Ok(default()),
            _ => self.read(index),
        }
    }

    #[inline]
    fn read<F: Field>(&self, index: usize) -> Result<F, DecodeError> {
        let value = match self.slot(index).and_then(|slot| self.decode(slot)) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => F::null().ok_or(Fault::Null),
            Err(fault) => Err(fault),
        };
        value.map_err(|fault| self.error(index, fault))
    }

    #[inline]
    fn decode<F: Field>(&self, slot: &'a Slot) -> Result<Option<F>, Fault> {
        if self.is_null(slot) {
            return Ok(None);
        }
        match self.value(slot) {
            Some(value) => F::take(value, &slot.shape).map(Some),
            None => Err(self.misplaced(slot)),
        }
    }

    fn plain(&self, index: usize) -> Result<Option<&'a [u8]>, Fault> {
        let slot = self.slot(index)?;
        match self.value(slot) {
            _ if self.is_null(slot) => Ok(None),
            Some(value) if matches!(slot.shape, Shape::Plain) => Ok(Some(value)),
            _ => Err(self.misplaced(slot)),
        }
    }

    #[inline]
    fn slot(&self, index: usize) -> Result<&'a Slot, Fault> {
        self.layout.slots.get(index).ok_or(Fault::Shape)
    }

    /// Whether there is no value: it is null, or the row was written without the field.
    #[inline]
    fn is_null(&self, slot: &Slot) -> bool {
        match slot.null_bit {
            Some(bit) => self.row.get((bit / 8) as usize).is_some_and(|flags| flags >> (bit % 8) & 1 != 0),
            None => matches!(slot.extent, Extent::Absent),
        }
    }

    /// The value's bytes; `None` if they would lie outside of the row. The reason is not part of the result, since a result that
    /// fits into two registers is faster; [`RowRef::misplaced`] finds it out in the rare case that it is needed.
    #[inline]
    fn value(&self, slot: &Slot) -> Option<&'a [u8]> {
        match slot.extent {
            Extent::Fixed { start, width } => self.row.get(start as usize..start as usize + width as usize),
            Extent::Variable { index } => {
                let (start, end) = self.range(index as usize)?;
                self.row.get(start..end)
            }
            Extent::Whole => Some(self.row),
            Extent::Absent => None,
        }
    }

    /// Where a variable field begins and ends in the row, as the offset table has it. Nothing has checked yet that this lies
    /// within the row, or that the end comes behind the beginning.
    #[inline]
    fn range(&self, index: usize) -> Option<(usize, usize)> {
        let at = self.table_at + index * self.offset_width;
        let end = offset(self.row.get(at..at + self.offset_width)?);
        let start = match index {
            0 => 0,
            _ => offset(self.row.get(at - self.offset_width..at)?),
        };
        Some((self.data_at + start, self.data_at + end))
    }

    #[cold]
    fn misplaced(&self, slot: &Slot) -> Fault {
        let Extent::Variable { index } = slot.extent else { return Fault::Shape };
        match self.range(index as usize) {
            Some((start, end)) => Fault::Range { start, end, available: self.row.len() },
            None => Fault::Shape,
        }
    }

    #[cold]
    fn error(&self, index: usize, fault: Fault) -> DecodeError {
        let field = self.layout.slots.get(index).map_or("?", |slot| &slot.field).to_owned();
        DecodeError::Field { record: self.layout.record.clone(), field, fault }
    }
}

/// Which variant of an enum a value is, and the row of its fields; for the code that `derive(Record)` writes.
pub fn variant<'a>(value: &'a [u8], shape: &'a Shape) -> Result<(usize, RowRef<'a>), Fault> {
    let Shape::Enum(layout) = shape else { return Err(Fault::Shape) };
    let (id, fields) = value.split_first_chunk().ok_or(Fault::Width { expected: 2, found: value.len() })?;
    let id = u16::from_le_bytes(*id);
    match layout.variants.binary_search_by_key(&id, |variant| variant.id) {
        Ok(at) => {
            let variant = &layout.variants[at];
            Ok((variant.index, RowRef::new(&variant.layout, fields)?))
        }
        Err(_) => Err(Fault::Variant { name: layout.name.clone(), id }),
    }
}

/// The row of a nested record; for the code that `derive(Record)` writes.
#[inline]
pub fn nested<'a>(value: &'a [u8], shape: &'a Shape) -> Result<RowRef<'a>, Fault> {
    match shape {
        Shape::Record(layout) => Ok(RowRef::new(layout, value)?),
        _ => Err(Fault::Shape),
    }
}

#[cold]
fn too_short(layout: &RowLayout, needed: usize, row: &[u8]) -> DecodeError {
    DecodeError::TooShort { record: layout.record.clone(), needed, found: row.len() }
}

#[cold]
fn wrong_length(layout: &RowLayout, expected: usize, found: usize) -> DecodeError {
    DecodeError::Length { record: layout.record.clone(), expected, found }
}
