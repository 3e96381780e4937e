//! Places as keys: what tells the rows of a key apart where state keeps rows.

use super::KeyCode;
use crate::place::{Place, Position};
use crate::record::DecodeError;
use crate::time::Timestamp;

/// What the rows of one partition have in common comes first, so that neighbours in a piece of a checkpoint share it.
#[diagnostic::do_not_recommend]
impl KeyCode for Place {
    type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
    const WIDTH: Option<usize> = Some(40);

    fn type_name() -> String {
        "Place".to_owned()
    }

    fn encode_key(&self, out: &mut Vec<u8>) {
        let Place { time, position: Position { maker, first, rest: (high, low), sub_index } } = *self;
        (maker, first, high, low).encode_key(out);
        (time, sub_index).encode_key(out);
    }

    fn decode_key(bytes: &[u8]) -> Result<Place, DecodeError> {
        let (position, rest) = bytes.split_at(bytes.len().min(28));
        let (maker, first, high, low) = <(u32, u64, u64, u64)>::decode_key(position)?;
        let (time, sub_index) = <(Timestamp, u32)>::decode_key(rest)?;
        Ok(Place { time, position: Position { maker, first, rest: (high, low), sub_index } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They are kept in state.
    #[test]
    fn places_have_these_bytes_and_no_others() {
        let position = Position { sub_index: 3, ..Position::of_record(1, 2, 0x0102) };
        let place = Place { time: Timestamp::from_millis(0x018b_cfe5_6800), position };
        let mut bytes = Vec::new();
        place.encode_key(&mut bytes);
        let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let golden = "00000001 0000000000000002 0000000000000000 0000000000000102 0000018bcfe56800 00000003";
        assert_eq!(hexadecimal, golden.replace(' ', ""));
        assert_eq!((Place::decode_key(&bytes).unwrap(), bytes.len()), (place, 40));
        for end in 0..bytes.len() {
            assert!(Place::decode_key(&bytes[..end]).is_err(), "{end} bytes");
        }
        assert!(Place::decode_key(&[&bytes[..], &[0]].concat()).is_err());
    }
}
