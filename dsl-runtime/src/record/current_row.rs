//! Rows that were written with today's schema, which are nearly all of them: each field's place is a constant of the program,
//! so reading one is straight-line code without a look at the layout.

use super::error::{DecodeError, Fault};
use super::field::Field;
use super::layout::{RowLayout, Shape};
use super::mask::FieldMask;
use super::row_ref::RowRef;
use super::row_writer::{OffsetWidth, offset};
use super::schema::{self, FieldSchema, RowShape};

/// Where a field of a record type lies in rows of its own schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldPlace {
    /// The field's place in the schema.
    index: usize,
    /// Its bytes, if there are always as many.
    width: Option<usize>,
    /// Of fixed width: where it begins, counted from the row's first flag byte. Else: its number in the offset table.
    at: usize,
    /// The flags' bit that is set if the value is null.
    null_bit: Option<usize>,
}

impl FieldPlace {
    /// The place of the field at `index`, which is less than the number of fields.
    pub const fn of(fields: &[FieldSchema], index: usize) -> FieldPlace {
        let shape = RowShape::of(fields);
        let (mut start, mut variable) = (shape.flag_bytes, 0);
        let mut null_bit = schema::first_null_bit(shape.variables);
        let mut before = 0;
        while before < index {
            match fields[before].kind.width() {
                Some(width) => start += width,
                None => variable += 1,
            }
            if fields[before].kind.is_option() {
                null_bit += 1;
            }
            before += 1;
        }
        let kind = &fields[index].kind;
        let at = if kind.width().is_some() { start } else { variable };
        let null_bit = if kind.is_option() { Some(null_bit) } else { None };
        FieldPlace { index, width: kind.width(), at, null_bit }
    }
}

/// A row of today's schema, borrowed.
///
/// # Contract
/// The layout is the one of the row's schema, and [`RowLayout::is_current`] for the record type whose shape and places are given.
/// Everything is inlined into the code of `derive(Record)`, where shape and places are constants.
pub struct CurrentRow<'a> {
    layout: &'a RowLayout,
    row: &'a [u8],
    /// The row's flags and fields of fixed width.
    head: &'a [u8],
    table: &'a [u8],
    data: &'a [u8],
    offset_width: usize,
}

impl<'a> CurrentRow<'a> {
    /// The row in `row`, without its schema number. Its structure is checked: the offset width and the length.
    #[inline(always)]
    pub fn new(layout: &'a RowLayout, row: &'a [u8], shape: RowShape) -> Result<CurrentRow<'a>, DecodeError> {
        let Some((head, behind)) = row.split_at_checked(shape.flag_bytes + shape.fixed_bytes) else {
            return Err(broken(layout, row));
        };
        if shape.variables == 0 {
            return if behind.is_empty() {
                Ok(CurrentRow { layout, row, head, table: &[], data: &[], offset_width: 0 })
            } else {
                Err(broken(layout, row))
            };
        }
        // A row of variable fields has flags, as the offset width is among them.
        let Some(offset_width) = OffsetWidth::of_flags(head[0]).map(OffsetWidth::bytes) else {
            return Err(broken(layout, row));
        };
        let Some((table, data)) = behind.split_at_checked(shape.variables * offset_width) else {
            return Err(broken(layout, row));
        };
        let current = CurrentRow { layout, row, head, table, data, offset_width };
        if current.end(shape.variables - 1) == data.len() { Ok(current) } else { Err(broken(layout, row)) }
    }

    /// The field's value if the mask has it, else some value of its type.
    #[inline(always)]
    pub fn field<F: Field>(&self, place: FieldPlace, mask: FieldMask) -> Result<F, DecodeError> {
        if !mask.has(place.index) {
            return Ok(F::not_decoded());
        }
        if self.is_null(place) {
            return F::null().ok_or_else(|| self.error(place, Fault::Null));
        }
        match F::take(self.value(place)?, self.shape_of::<F>(place)) {
            Ok(value) => Ok(value),
            Err(fault) => Err(self.error(place, fault)),
        }
    }

    /// As [`CurrentRow::field`], into a value that there is already; if the mask has not the field, it stays as it is.
    #[inline(always)]
    pub fn field_into<F: Field>(
        &self,
        place: FieldPlace,
        mask: FieldMask,
        field: &mut F,
    ) -> Result<(), DecodeError> {
        if !mask.has(place.index) {
            return Ok(());
        }
        if self.is_null(place) {
            *field = F::null().ok_or_else(|| self.error(place, Fault::Null))?;
            return Ok(());
        }
        match field.take_into(self.value(place)?, self.shape_of::<F>(place)) {
            Ok(()) => Ok(()),
            Err(fault) => Err(self.error(place, fault)),
        }
    }

    #[inline(always)]
    fn is_null(&self, place: FieldPlace) -> bool {
        place.null_bit.is_some_and(|bit| self.head[bit / 8] >> (bit % 8) & 1 != 0)
    }

    #[inline(always)]
    fn value(&self, place: FieldPlace) -> Result<&'a [u8], DecodeError> {
        match place.width {
            Some(width) => Ok(&self.head[place.at..place.at + width]),
            None => match self.variable(place.at) {
                Some(value) => Ok(value),
                None => Err(self.misplaced(place)),
            },
        }
    }

    /// Most types are read without a look at their shape.
    #[inline(always)]
    fn shape_of<F: Field>(&self, place: FieldPlace) -> &'a Shape {
        if const { F::KIND.has_shape() } { self.shape(place) } else { &Shape::Plain }
    }

    /// Where a variable field ends, as the offset table has it.
    #[inline(always)]
    fn end(&self, index: usize) -> usize {
        match self.offset_width {
            1 => usize::from(self.table[index]),
            width => offset(&self.table[index * width..][..width]),
        }
    }

    #[inline(always)]
    fn range(&self, index: usize) -> (usize, usize) {
        (if index == 0 { 0 } else { self.end(index - 1) }, self.end(index))
    }

    #[inline(always)]
    fn variable(&self, index: usize) -> Option<&'a [u8]> {
        let (start, end) = self.range(index);
        self.data.get(start..end)
    }

    fn shape(&self, place: FieldPlace) -> &'a Shape {
        &self.layout.slots[place.index].shape
    }

    #[cold]
    fn misplaced(&self, place: FieldPlace) -> DecodeError {
        let (data_at, (start, end)) = (self.row.len() - self.data.len(), self.range(place.at));
        let (start, end, available) = (data_at + start, data_at + end, self.row.len());
        self.error(place, Fault::Range { start, end, available })
    }

    #[cold]
    fn error(&self, place: FieldPlace, fault: Fault) -> DecodeError {
        let (record, field) = (self.layout.record.clone(), self.layout.slots[place.index].field.clone());
        DecodeError::Field { record, field, fault }
    }
}

/// What is wrong with a row's structure, in the words of the reader for rows of any schema.
#[cold]
fn broken(layout: &RowLayout, row: &[u8]) -> DecodeError {
    let error = RowRef::new(layout, row).err();
    error.unwrap_or_else(|| DecodeError::OffsetWidth { record: layout.record.clone() })
}

#[cfg(test)]
mod tests {
    use super::super::schema::Kind;
    use super::*;

    const fn field(id: u16, kind: Kind) -> FieldSchema {
        FieldSchema { id, explicit_id: false, called: "", name: "", kind, default: None }
    }

    #[test]
    fn places_are_counted_over_the_fields_before() {
        const FIELDS: &[FieldSchema] = &[
            field(1, Kind::Option(&Kind::String)),
            field(2, Kind::U16),
            field(3, Kind::String),
            field(4, Kind::Option(&Kind::I64)),
        ];
        let place = |index| FieldPlace::of(FIELDS, index);
        let expected = |index, width, at, null_bit| FieldPlace { index, width, at, null_bit };
        assert_eq!(place(0), expected(0, None, 0, Some(2)));
        assert_eq!(place(1), expected(1, Some(2), 1, None));
        assert_eq!(place(2), expected(2, None, 1, None));
        assert_eq!(place(3), expected(3, Some(8), 3, Some(3)));
    }
}
