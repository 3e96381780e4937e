//! Rows as JSON, by the layout of their schema.

use super::fault::{Fault, Result};
use super::layout::{Column, Columns, Element, Place, Shape, Variants};
use super::scalar::in_json;
use super::varint;

/// JSON that is being written, up to a size.
///
/// # Contract
/// Whoever appends a value looks first whether there is room, so that beyond the limit there is at most one value without parts.
pub(super) struct Json {
    pub(super) text: Vec<u8>,
    pub(super) bytes_max: usize,
}

impl Json {
    pub(super) fn room(&mut self) -> Result<&mut Vec<u8>> {
        match self.text.len() > self.bytes_max {
            true => Err(Fault::of(format_args!("it would be more than {} bytes of JSON", self.bytes_max))),
            false => Ok(&mut self.text),
        }
    }
}

/// Appends a row, without its schema's number, as an object.
pub(super) fn write_row(columns: &Columns, row: &[u8], out: &mut Json) -> Result<()> {
    if !columns.row_is_enum() {
        return write_object(columns, row, out);
    }
    let start = out.text.len();
    let fields = Fields::of(columns, row)?;
    write_column(&fields, &columns.columns[0], out)?;
    // A variant without data is a text, and a row is an object.
    if out.text.get(start) == Some(&b'"') {
        out.text.insert(start, b'{');
        out.text.extend_from_slice(b":null}");
    }
    Ok(())
}

/// Appends what lies in a row at a path of fields, as the key of its record says it; false if there is no such field.
pub(super) fn write_path(columns: &Columns, row: &[u8], path: &[usize], out: &mut Json) -> Result<bool> {
    let Some((first, rest)) = path.split_first() else { return Ok(false) };
    let Some(column) = columns.columns.get(*first) else { return Ok(false) };
    let fields = Fields::of(columns, row)?;
    match &column.shape {
        _ if rest.is_empty() => write_column(&fields, column, out).map(|()| true),
        Shape::Record(inner) => match fields.value(column)? {
            Some(value) => write_path(inner, value, rest, out),
            None => Ok(false),
        },
        _ => Ok(false),
    }
}

/// The bytes of a record, and where its parts begin.
struct Fields<'a> {
    of: &'a Columns,
    row: &'a [u8],
    table: &'a [u8],
    data: &'a [u8],
    offset_width: usize,
}

impl<'a> Fields<'a> {
    /// The structure is checked: the offset width and the length.
    fn of(of: &'a Columns, row: &'a [u8]) -> Result<Fields<'a>> {
        Fields::split(of, row).map_err(|fault| fault.within(&of.name, None))
    }

    fn split(of: &'a Columns, row: &'a [u8]) -> Result<Fields<'a>> {
        let head = of.flag_bytes + of.fixed_bytes;
        let offset_width = match row.first() {
            _ if of.variables == 0 => 0,
            Some(flags) if flags & 3 < 3 => 1 << (flags & 3),
            Some(_) => return Err(Fault::of("it has offset width 3, and only 0, 1 and 2 are known")),
            None => 0,
        };
        let needed = head + of.variables * offset_width.max(usize::from(of.variables > 0));
        let Some((before, data)) = row.split_at_checked(needed) else {
            return Err(Fault::of(format_args!(
                "it has {} bytes, and its schema needs at least {needed}",
                row.len()
            )));
        };
        let fields = Fields { of, row, table: &before[head..], data, offset_width };
        let end = if of.variables == 0 { 0 } else { fields.end(of.variables - 1) };
        match end == data.len() {
            true => Ok(fields),
            false => Err(Fault::of(format_args!(
                "it has {} bytes of strings and lists, and its offset table says {end}",
                data.len()
            ))),
        }
    }

    /// Where a value of variable width ends. The number is one that the table has.
    fn end(&self, index: usize) -> usize {
        let entry = &self.table[index * self.offset_width..][..self.offset_width];
        entry.iter().rev().fold(0, |end, byte| end << 8 | usize::from(*byte))
    }

    /// The bytes of a field; none if it is null.
    fn value(&self, column: &Column) -> Result<Option<&'a [u8]>> {
        if column.null_bit.is_some_and(|bit| self.row[bit / 8] >> (bit % 8) & 1 == 1) {
            return Ok(None);
        }
        match column.place {
            Place::Fixed { start, width } => Ok(Some(&self.row[start..start + width])),
            Place::Variable { index } => {
                let (start, end) = (if index == 0 { 0 } else { self.end(index - 1) }, self.end(index));
                self.data.get(start..end).map(Some).ok_or_else(|| {
                    let fault = Fault::of(format_args!(
                        "its bytes are said to be {start}..{end} of {}",
                        self.data.len()
                    ));
                    fault.within(&self.of.name, Some(&column.name))
                })
            }
        }
    }
}

fn write_object(columns: &Columns, row: &[u8], out: &mut Json) -> Result<()> {
    let fields = Fields::of(columns, row)?;
    out.text.push(b'{');
    for (at, column) in columns.columns.iter().enumerate() {
        write_name(at, &column.name, out);
        write_column(&fields, column, out)?;
    }
    out.text.push(b'}');
    Ok(())
}

/// The name of a member of an object, behind those before it.
pub(super) fn write_name(at: usize, name: &str, out: &mut Json) {
    if at > 0 {
        out.text.push(b',');
    }
    in_json(&mut out.text, name);
    out.text.push(b':');
}

fn write_column(fields: &Fields<'_>, column: &Column, out: &mut Json) -> Result<()> {
    match fields.value(column)? {
        Some(value) => write_value(&column.shape, value, out)
            .map_err(|fault| fault.within(&fields.of.name, Some(&column.name))),
        None => out.room().map(|text| text.extend_from_slice(b"null")),
    }
}

fn write_value(shape: &Shape, value: &[u8], out: &mut Json) -> Result<()> {
    match shape {
        Shape::Scalar(scalar) => scalar.write(value, out.room()?),
        Shape::Text => write_text(value, out),
        Shape::Bytes => {
            in_json(out.room()?, value);
            Ok(())
        }
        Shape::List(element) => write_list(element, value, None, out),
        Shape::Array(element, length) => write_list(element, value, Some(*length as usize), out),
        Shape::Record(columns) => write_object(columns, value, out),
        Shape::Tuple(columns) => {
            let fields = Fields::of(columns, value)?;
            out.room()?.push(b'[');
            for (at, column) in columns.columns.iter().enumerate() {
                if at > 0 {
                    out.text.push(b',');
                }
                write_column(&fields, column, out)?;
            }
            out.text.push(b']');
            Ok(())
        }
        Shape::Map(key, value_of) => write_map(key, value_of, value, out),
        Shape::Enum(variants) => write_variant(variants, value, out),
    }
}

pub(super) fn write_text(value: &[u8], out: &mut Json) -> Result<()> {
    let text = std::str::from_utf8(value)
        .map_err(|error| Fault::of(format_args!("not UTF-8 from byte {} on", error.valid_up_to())))?;
    in_json(out.room()?, text);
    Ok(())
}

/// A list, or an array of so many elements.
fn write_list(element: &Element, value: &[u8], length: Option<usize>, out: &mut Json) -> Result<()> {
    out.room()?.push(b'[');
    let (mut rest, mut written) = (value, 0);
    while length.map_or(!rest.is_empty(), |length| written < length) {
        if written > 0 {
            out.text.push(b',');
        }
        let cut_off = || Fault::of(format_args!("the list is cut off within element {written}"));
        let (item, behind) = take_element(element, rest).ok_or_else(cut_off)?;
        write_element(element, item, out)?;
        rest = behind;
        written += 1;
    }
    if !rest.is_empty() {
        let bytes = rest.len();
        return Err(Fault::of(format_args!(
            "{bytes} bytes too many behind the {written} elements of the array"
        )));
    }
    out.text.push(b']');
    Ok(())
}

/// A map, whose keys are texts.
fn write_map(key: &Element, value: &Element, entries: &[u8], out: &mut Json) -> Result<()> {
    out.room()?.push(b'{');
    let (mut rest, mut keys) = (entries, Vec::new());
    while !rest.is_empty() {
        let written = keys.len();
        let cut_off = || Fault::of(format_args!("the map is cut off within entry {written}"));
        let (key_bytes, behind) = take_element(key, rest).ok_or_else(cut_off)?;
        let (value_bytes, behind) = take_element(value, behind).ok_or_else(cut_off)?;
        if written > 0 {
            out.text.push(b',');
        }
        let start = out.text.len();
        write_element(key, key_bytes, out)?;
        if out.text.get(start) != Some(&b'"') {
            out.text.insert(start, b'"');
            out.text.push(b'"');
        }
        out.text.push(b':');
        write_element(value, value_bytes, out)?;
        keys.push(key_bytes);
        rest = behind;
    }
    out.text.push(b'}');
    keys.sort_unstable();
    match keys.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(Fault::of("an entry of the map has the key of one before it")),
        false => Ok(()),
    }
}

/// An element's bytes, none for a null, and what lies behind them.
fn take_element<'a>(element: &Element, bytes: &'a [u8]) -> Option<(Option<&'a [u8]>, &'a [u8])> {
    if let Some(width) = element.packed {
        let (value, behind) = bytes.split_at_checked(width)?;
        return Some((Some(value), behind));
    }
    let (length, behind) = varint::take(bytes)?;
    if element.is_option && length == 0 {
        return Some((None, behind));
    }
    let length = usize::try_from(length - u64::from(element.is_option)).ok()?;
    let (value, behind) = behind.split_at_checked(length)?;
    Some((Some(value), behind))
}

fn write_element(element: &Element, value: Option<&[u8]>, out: &mut Json) -> Result<()> {
    match value {
        Some(value) => write_value(&element.shape, value, out),
        None => out.room().map(|text| text.extend_from_slice(b"null")),
    }
}

fn write_variant(variants: &Variants, value: &[u8], out: &mut Json) -> Result<()> {
    let Some((id, fields)) = value.split_first_chunk() else { return Err(Fault::width(2, value.len())) };
    let id = u16::from_le_bytes(*id);
    let Some(variant) = variants.variants.iter().find(|variant| variant.id == id) else {
        return Err(Fault::of(format_args!("`{}` has no variant with id {id}", variants.name)));
    };
    if variant.columns.columns.is_empty() {
        if !fields.is_empty() {
            return Err(Fault::width(2, value.len()));
        }
        in_json(out.room()?, &variant.name);
        return Ok(());
    }
    out.room()?.push(b'{');
    write_name(0, &variant.name, out);
    match variant.unnamed() {
        Some(column) => write_column(&Fields::of(&variant.columns, fields)?, column, out)?,
        None => write_object(&variant.columns, fields, out)?,
    }
    out.text.push(b'}');
    Ok(())
}
