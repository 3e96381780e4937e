//! `Bytes` as a key: the bytes and the name of a `Vec<u8>`, so that state by one goes on by the other.

use bytes::Bytes;

use super::KeyCode;
use crate::record::DecodeError;

#[diagnostic::do_not_recommend]
impl KeyCode for Bytes {
    type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
    const WIDTH: Option<usize> = Vec::<u8>::WIDTH;

    fn type_name() -> String {
        Vec::<u8>::type_name()
    }

    fn encode_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode_key(bytes: &[u8]) -> Result<Bytes, DecodeError> {
        Ok(Bytes::copy_from_slice(bytes))
    }
}
