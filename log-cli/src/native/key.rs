//! Keys as JSON, where a topic's key is made of fields of its rows.

use super::fault::{Fault, Result};
use super::layout::{Column, Columns, Shape, Variants};
use super::row::{Json, write_name, write_path, write_text};
use super::scalar::in_json;
use super::varint;

/// The fields of rows of one schema that make the topic's key.
#[derive(Debug)]
pub(super) struct KeyFields {
    /// Of each field its place in its record, from the row on.
    paths: Vec<Vec<usize>>,
    /// Whether they are the parts of a tuple.
    is_tuple: bool,
    /// Whether a struct is among them, whose fields stand in a key in an order that schemas do not tell.
    has_struct: bool,
}

impl KeyFields {
    /// What a topic declares, such as `card` or `(card, owner.id)`; `None` of a closure, and of what the schema does not have.
    pub(super) fn of(declared: &str, columns: &Columns) -> Option<KeyFields> {
        if declared.contains('|') {
            return None;
        }
        let inside = declared.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let parts = inside.unwrap_or(declared).split(',').map(str::trim).filter(|part| !part.is_empty());
        let paths: Vec<_> = parts.map(|part| path(part, columns)).collect::<Option<_>>()?;
        let is_tuple = inside.is_some_and(|parts| parts.contains(','));
        let shapes: Vec<_> = paths.iter().filter_map(|path| at_path(columns, path)).collect();
        let can_be_key = !shapes.is_empty() && shapes.iter().all(|column| is_key(&column.shape));
        let has_struct = shapes.iter().any(|column| has_struct(&column.shape));
        can_be_key.then_some(KeyFields { paths, is_tuple, has_struct })
    }

    /// Appends the key of a row; of one that has no row if that is known to be right.
    pub(super) fn write(
        &self,
        columns: &Columns,
        key: &[u8],
        row: Option<&[u8]>,
        out: &mut Json,
    ) -> Result<()> {
        let start = out.text.len();
        match self.is_tuple {
            true => {
                let mut rest = key;
                out.room()?.push(b'[');
                for (at, path) in self.paths.iter().enumerate() {
                    if at > 0 {
                        out.text.push(b',');
                    }
                    rest = write_part(column(columns, path)?, rest, out)?;
                }
                out.text.push(b']');
                at_end(rest)?;
            }
            false => write_whole(column(columns, &self.paths[0])?, key, out)?,
        }
        match self.has_struct && !self.is_of(columns, row, start, out)? {
            true => Err(Fault::of("it is not made of the row's fields in the order of their ids")),
            false => Ok(()),
        }
    }

    /// Whether what was written from `start` on is what the row's fields are.
    fn is_of(&self, columns: &Columns, row: Option<&[u8]>, start: usize, out: &mut Json) -> Result<bool> {
        let Some(row) = row else { return Ok(false) };
        let written = out.text.split_off(start);
        for path in &self.paths {
            if out.text.len() > start {
                out.text.push(b',');
            }
            write_path(columns, row, path, out)?;
        }
        let fields = out.text.split_off(start);
        out.text.extend_from_slice(&written);
        let inside = if self.is_tuple { &written[1..written.len() - 1] } else { &written[..] };
        Ok(fields == inside)
    }
}

/// The places of the fields of a path, as the code writes it.
fn path(written: &str, columns: &Columns) -> Option<Vec<usize>> {
    let (first, rest) = written.split_once('.').map_or((written, None), |(first, rest)| (first, Some(rest)));
    let place = place_of(first.trim().trim_start_matches("r#"), columns)?;
    let column = &columns.columns[place];
    let behind = match (rest, &column.shape) {
        (None, _) => Vec::new(),
        (Some(rest), Shape::Record(inner)) if column.null_bit.is_none() => path(rest, inner)?,
        (Some(_), _) => return None,
    };
    Some([vec![place], behind].concat())
}

/// The place of a field. A schema has a field's name in JSON, which may be the code's in another case.
fn place_of(name: &str, columns: &Columns) -> Option<usize> {
    let same = |column: &Column| column.name == name;
    if let Some(place) = columns.columns.iter().position(same) {
        return Some(place);
    }
    let letters = |name: &str| -> String {
        name.chars().filter(|letter| !"_-".contains(*letter)).flat_map(char::to_lowercase).collect()
    };
    let alike = |column: &Column| letters(&column.name) == letters(name);
    let place = columns.columns.iter().position(alike)?;
    (columns.columns.iter().filter(|column| alike(column)).count() == 1).then_some(place)
}

fn at_path<'a>(columns: &'a Columns, path: &[usize]) -> Option<&'a Column> {
    let (first, rest) = path.split_first()?;
    let column = columns.columns.get(*first)?;
    match &column.shape {
        _ if rest.is_empty() => Some(column),
        Shape::Record(inner) => at_path(inner, rest),
        _ => None,
    }
}

fn column<'a>(columns: &'a Columns, path: &[usize]) -> Result<&'a Column> {
    at_path(columns, path).ok_or_else(|| Fault::of("its field is not in the schema"))
}

/// Whether values of the shape can be keys.
fn is_key(shape: &Shape) -> bool {
    let all = |columns: &Columns| columns.columns.iter().all(|column| is_key(&column.shape));
    match shape {
        Shape::Scalar(scalar) => !scalar.is_float(),
        Shape::Text | Shape::Bytes => true,
        Shape::Record(columns) | Shape::Tuple(columns) => all(columns),
        Shape::Enum(of) => of.variants.iter().all(|variant| all(&variant.columns)),
        Shape::List(_) | Shape::Array(..) | Shape::Map(..) => false,
    }
}

fn has_struct(shape: &Shape) -> bool {
    let any = |columns: &Columns| columns.columns.iter().any(|column| has_struct(&column.shape));
    match shape {
        Shape::Record(columns) => columns.columns.len() > 1 || any(columns),
        Shape::Tuple(columns) => any(columns),
        Shape::Enum(of) => {
            of.variants.iter().any(|variant| variant.columns.columns.len() > 1 || any(&variant.columns))
        }
        _ => false,
    }
}

/// Bytes of a key, if they are the same for all values.
fn width(column: &Column) -> Option<usize> {
    match &column.shape {
        _ if column.null_bit.is_some() => None,
        Shape::Scalar(scalar) => Some(scalar.width()),
        Shape::Enum(of) => (!of.has_data).then_some(2),
        Shape::Record(columns) | Shape::Tuple(columns) => {
            columns.columns.iter().map(width).try_fold(0, |sum: usize, width| Some(sum + width?))
        }
        _ => None,
    }
}

/// Appends one part of a key, and gives what lies behind it.
fn write_part<'a>(column: &Column, bytes: &'a [u8], out: &mut Json) -> Result<&'a [u8]> {
    if let (Shape::Enum(of), None) = (&column.shape, column.null_bit) {
        // It tells its end.
        return write_variant(of, bytes, out);
    }
    let cut_off = || Fault::of("it is cut off");
    let (length, behind) = match width(column) {
        Some(width) => (width, bytes),
        None => {
            let (length, behind) = varint::take(bytes).ok_or_else(cut_off)?;
            (usize::try_from(length).map_err(|_| cut_off())?, behind)
        }
    };
    let (part, behind) = behind.split_at_checked(length).ok_or_else(cut_off)?;
    write_whole(column, part, out)?;
    Ok(behind)
}

/// Appends a value that has all the bytes.
fn write_whole(column: &Column, bytes: &[u8], out: &mut Json) -> Result<()> {
    let bytes = match (column.null_bit, bytes.split_first()) {
        (None, _) => bytes,
        (Some(_), Some((1, value))) => value,
        (Some(_), Some((0, []))) => {
            return out.room().map(|text| text.extend_from_slice(b"null"));
        }
        (Some(_), _) => return Err(Fault::of("an option is 0, or 1 and a value")),
    };
    match &column.shape {
        Shape::Scalar(scalar) => {
            if bytes.len() != scalar.width() {
                return Err(Fault::width(scalar.width(), bytes.len()));
            }
            let mut field = bytes.to_vec();
            scalar.reorder_key(&mut field);
            scalar.write(&field, out.room()?)
        }
        Shape::Text => write_text(bytes, out),
        Shape::Bytes => {
            in_json(out.room()?, bytes);
            Ok(())
        }
        Shape::Record(columns) => write_object(columns, bytes, out).and_then(at_end),
        Shape::Tuple(columns) => {
            let mut rest = bytes;
            out.room()?.push(b'[');
            for (at, column) in columns.columns.iter().enumerate() {
                if at > 0 {
                    out.text.push(b',');
                }
                rest = write_part(column, rest, out)?;
            }
            out.text.push(b']');
            at_end(rest)
        }
        Shape::Enum(of) => write_variant(of, bytes, out).and_then(at_end),
        Shape::List(_) | Shape::Array(..) | Shape::Map(..) => Err(Fault::of("its type is none of keys")),
    }
}

fn write_object<'a>(columns: &Columns, bytes: &'a [u8], out: &mut Json) -> Result<&'a [u8]> {
    let mut rest = bytes;
    out.room()?.push(b'{');
    for (at, column) in columns.columns.iter().enumerate() {
        write_name(at, &column.name, out);
        rest = write_part(column, rest, out)?;
    }
    out.text.push(b'}');
    Ok(rest)
}

/// Appends a variant, and gives what lies behind it.
fn write_variant<'a>(of: &Variants, bytes: &'a [u8], out: &mut Json) -> Result<&'a [u8]> {
    let Some((id, rest)) = bytes.split_first_chunk() else { return Err(Fault::of("it is cut off")) };
    let id = u16::from_be_bytes(*id);
    let Some(variant) = of.variants.iter().find(|variant| variant.id == id) else {
        return Err(Fault::of(format_args!("`{}` has no variant with id {id}", of.name)));
    };
    if variant.columns.columns.is_empty() {
        in_json(out.room()?, &variant.name);
        return Ok(rest);
    }
    out.room()?.push(b'{');
    write_name(0, &variant.name, out);
    let rest = match variant.unnamed() {
        Some(column) => write_part(column, rest, out)?,
        None => write_object(&variant.columns, rest, out)?,
    };
    out.text.push(b'}');
    Ok(rest)
}

fn at_end(rest: &[u8]) -> Result<()> {
    match rest.len() {
        0 => Ok(()),
        bytes => Err(Fault::of(format_args!("{bytes} bytes are behind its end"))),
    }
}
