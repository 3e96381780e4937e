//! The bytes of a `Vec` field.
//!
//! Elements of fixed width that are no options stand side by side. All others have their length in front, as a
//! variable-length number; of options it is one more, and 0 is a null.

use super::error::Fault;
use super::field::Field;
use super::layout::{ElementShape, Shape};
use super::varint;

pub(super) fn put<T: Field>(items: &[T], out: &mut Vec<u8>) {
    items.iter().for_each(|item| put_element(item, out));
}

pub(super) fn take<T: Field>(value: &[u8], shape: &Shape) -> Result<Vec<T>, Fault> {
    let Shape::List(element) = shape else { return Err(Fault::Shape) };
    match **element {
        // A width of 0 does not occur, but `chunks_exact` would panic at it, and schemas come from disk.
        ElementShape::Packed { width, ref shape } if width > 0 => {
            let chunks = value.chunks_exact(width);
            if !chunks.remainder().is_empty() {
                return Err(Fault::List(value.len() / width));
            }
            chunks.map(|chunk| T::take(chunk, shape)).collect()
        }
        ElementShape::Packed { .. } => Err(Fault::Shape),
        ElementShape::Sized { .. } => {
            let (mut items, mut rest) = (Vec::new(), value);
            while !rest.is_empty() {
                let (item, behind) = take_element(rest, element, || Fault::List(items.len()))?;
                items.push(item);
                rest = behind;
            }
            Ok(items)
        }
    }
}

/// Appends one element of a list, or one key or value of a map.
#[inline]
pub(super) fn put_element<T: Field>(item: &T, out: &mut Vec<u8>) {
    if const { T::KIND.width().is_some() && !T::KIND.is_option() } {
        item.put(out);
    } else {
        put_sized(item, out);
    }
}

/// Takes one element off `value`; `cut_off` is the fault if it does not end within.
#[inline]
pub(super) fn take_element<'a, T: Field>(
    value: &'a [u8],
    element: &ElementShape,
    cut_off: impl Fn() -> Fault,
) -> Result<(T, &'a [u8]), Fault> {
    match *element {
        ElementShape::Packed { width, ref shape } => {
            let (element, behind) = value.split_at_checked(width).ok_or_else(cut_off)?;
            Ok((T::take(element, shape)?, behind))
        }
        ElementShape::Sized { optional, ref shape } => {
            let (length, behind) = varint::take(value).ok_or_else(&cut_off)?;
            if optional && length == 0 {
                return Ok((T::null().ok_or(Fault::Null)?, behind));
            }
            let length = usize::try_from(length - u64::from(optional)).map_err(|_| cut_off())?;
            let (element, behind) = behind.split_at_checked(length).ok_or_else(cut_off)?;
            Ok((T::take(element, shape)?, behind))
        }
    }
}

fn put_sized<T: Field>(item: &T, out: &mut Vec<u8>) {
    if item.is_null() {
        out.push(0);
        return;
    }
    let length_at = out.len();
    out.push(0);
    item.put(out);
    let length = out.len() - length_at - 1 + usize::from(T::KIND.is_option());
    if length < 0x80 {
        out[length_at] = length as u8;
    } else {
        let mut bytes = Vec::new();
        varint::put(length as u64, &mut bytes);
        out.splice(length_at..=length_at, bytes);
    }
}
