//! A row's bytes, read field by field without decoding the others.

use super::error::{DecodeError, Fault};
use super::field::{self, Field};
use super::mask::FieldMask;
use super::plan::{Place, Plan, Shape, Slot};
use super::row_writer::{OffsetWidth, offset};

/// One row, borrowed: its fields can be read in any order, and strings and bytes without a copy.
///
/// Fields are named by their place in the reader's [`Schema::fields`](super::Schema::fields); see
/// [`Schema::field_index`](super::Schema::field_index).
#[derive(Debug, Clone, Copy)]
pub struct RowRef<'a> {
    plan: &'a Plan,
    row: &'a [u8],
    offset_width: usize,
    table_at: usize,
    data_at: usize,
}

impl<'a> RowRef<'a> {
    /// The row in `row`, without its schema number; `plan` must be that of the schema it was written with.
    #[inline]
    pub(super) fn new(plan: &'a Plan, row: &'a [u8]) -> Result<RowRef<'a>, DecodeError> {
        let table_at = plan.shape.flag_bytes + plan.shape.fixed_bytes;
        if plan.shape.variables == 0 {
            return if row.len() == table_at || matches!(plan.slots[..], [Slot { place: Place::Whole, .. }]) {
                Ok(RowRef { plan, row, offset_width: 0, table_at, data_at: table_at })
            } else if row.len() < table_at {
                Err(too_short(plan, table_at, row))
            } else {
                Err(wrong_length(plan, 0, row.len() - table_at))
            };
        }
        let width = row.first().and_then(|flags| OffsetWidth::of_flags(*flags));
        let offset_width = width.map_or(4, OffsetWidth::bytes);
        let data_at = table_at + plan.shape.variables * offset_width;
        if row.len() < data_at || width.is_none() {
            return Err(too_short(plan, data_at, row));
        }
        let end = offset(&row[data_at - offset_width..data_at]);
        if end != row.len() - data_at {
            return Err(wrong_length(plan, end, row.len() - data_at));
        }
        Ok(RowRef { plan, row, offset_width, table_at, data_at })
    }

    /// The value of a field, decoded. A field that the row was written without is `None`.
    pub fn get<F: Field>(&self, index: usize) -> Result<Option<F>, DecodeError> {
        self.slot(index).and_then(|slot| self.decode(slot)).map_err(|fault| self.error(index, fault))
    }

    /// The bytes of a `String` or `Vec<u8>` field, not copied; `None` if it is null or the row was written without it.
    pub fn bytes(&self, index: usize) -> Result<Option<&'a [u8]>, DecodeError> {
        self.plain(index).map_err(|fault| self.error(index, fault))
    }

    /// The text of a `String` field, not copied; `None` if it is null or the row was written without it.
    pub fn str(&self, index: usize) -> Result<Option<&'a str>, DecodeError> {
        let text = self.plain(index).and_then(|value| value.map(field::text).transpose());
        text.map_err(|fault| self.error(index, fault))
    }

    /// The field's value if the mask has it, else some value of its type. Only for fields without a default.
    #[doc(hidden)]
    #[inline]
    pub fn field<F: Field>(&self, index: usize, mask: FieldMask) -> Result<F, DecodeError> {
        if !mask.has(index) {
            return Ok(F::placeholder());
        }
        match self.slot(index).and_then(|slot| self.decode(slot)) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => F::null().ok_or_else(|| self.error(index, Fault::Null)),
            Err(fault) => Err(self.error(index, fault)),
        }
    }

    /// The same for a field with a default, which is also the value of rows written without the field.
    #[doc(hidden)]
    #[inline]
    pub fn field_or<F: Field>(
        &self,
        index: usize,
        mask: FieldMask,
        default: impl FnOnce() -> F,
    ) -> Result<F, DecodeError> {
        if !mask.has(index) {
            return Ok(F::placeholder());
        }
        match self.slot(index) {
            Ok(Slot { place: Place::Absent, .. }) => Ok(default()),
            _ => self.field(index, mask),
        }
    }

    #[inline]
    fn decode<F: Field>(&self, slot: &'a Slot) -> Result<Option<F>, Fault> {
        match self.value(slot)? {
            Some(value) => F::take(value, &slot.shape).map(Some),
            None => Ok(None),
        }
    }

    fn plain(&self, index: usize) -> Result<Option<&'a [u8]>, Fault> {
        let slot = self.slot(index)?;
        if matches!(slot.shape, Shape::Plain) { self.value(slot) } else { Err(Fault::Shape) }
    }

    #[inline]
    fn slot(&self, index: usize) -> Result<&'a Slot, Fault> {
        self.plan.slots.get(index).ok_or(Fault::Shape)
    }

    #[inline]
    fn value(&self, slot: &Slot) -> Result<Option<&'a [u8]>, Fault> {
        if let Some(bit) = slot.null_bit {
            let flags = self.row.get(usize::from(bit / 8)).ok_or(Fault::Shape)?;
            if flags >> (bit % 8) & 1 != 0 {
                return Ok(None);
            }
        }
        match slot.place {
            Place::Absent => Ok(None),
            Place::Fixed { start, width } => {
                let (start, width) = (start as usize, width as usize);
                self.row.get(start..start + width).ok_or(Fault::Shape).map(Some)
            }
            Place::Variable { index } => self.variable(index as usize).map(Some),
            Place::Whole => Ok(Some(self.row)),
        }
    }

    #[inline]
    fn variable(&self, index: usize) -> Result<&'a [u8], Fault> {
        let data = &self.row[self.data_at..];
        let start = if index == 0 { 0 } else { self.end(index - 1)? };
        let end = self.end(index)?;
        data.get(start..end).ok_or(Fault::Range { start, end, available: data.len() })
    }

    #[inline]
    fn end(&self, index: usize) -> Result<usize, Fault> {
        let at = self.table_at + index * self.offset_width;
        self.row.get(at..at + self.offset_width).map(offset).ok_or(Fault::Shape)
    }

    #[cold]
    fn error(&self, index: usize, fault: Fault) -> DecodeError {
        let field = self.plan.slots.get(index).map_or("?", |slot| &slot.field).to_owned();
        DecodeError::Field { record: self.plan.record.clone(), field, fault }
    }
}

/// Which variant of an enum a value is, and the row of its fields; for the code that `derive(Record)` writes.
pub fn variant<'a>(value: &'a [u8], shape: &'a Shape) -> Result<(usize, RowRef<'a>), Fault> {
    let Shape::Enum(plan) = shape else { return Err(Fault::Shape) };
    let (id, fields) = value.split_first_chunk().ok_or(Fault::Width { expected: 2, found: value.len() })?;
    let id = u16::from_le_bytes(*id);
    match plan.variants.binary_search_by_key(&id, |variant| variant.id) {
        Ok(at) => {
            let variant = &plan.variants[at];
            Ok((variant.index, RowRef::new(&variant.plan, fields)?))
        }
        Err(_) => Err(Fault::Variant { name: plan.name.clone(), id }),
    }
}

/// The row of a nested record; for the code that `derive(Record)` writes.
#[inline]
pub fn nested<'a>(value: &'a [u8], shape: &'a Shape) -> Result<RowRef<'a>, Fault> {
    match shape {
        Shape::Record(plan) => Ok(RowRef::new(plan, value)?),
        _ => Err(Fault::Shape),
    }
}

#[cold]
fn too_short(plan: &Plan, needed: usize, row: &[u8]) -> DecodeError {
    DecodeError::TooShort { record: plan.record.clone(), needed, found: row.len() }
}

#[cold]
fn wrong_length(plan: &Plan, expected: usize, found: usize) -> DecodeError {
    DecodeError::Length { record: plan.record.clone(), expected, found }
}
