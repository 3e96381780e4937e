//! `EcoString` as a key: the bytes and the name of a `String`, so that state by one goes on by the other.

use super::KeyCode;
use crate::record::{DecodeError, EcoString, Fault};

#[diagnostic::do_not_recommend]
impl KeyCode for EcoString {
    type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
    const WIDTH: Option<usize> = String::WIDTH;

    fn type_name() -> String {
        String::type_name()
    }

    #[inline]
    fn encode_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    #[inline]
    fn decode_key(bytes: &[u8]) -> Result<EcoString, DecodeError> {
        let text = std::str::from_utf8(bytes).map_err(|error| Fault::Utf8(error.valid_up_to()));
        text.map(EcoString::from).map_err(|fault| DecodeError::Key { kind: "String", fault })
    }
}
