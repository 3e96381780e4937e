//! `Uuid` as a key: its sixteen bytes.

use uuid::Uuid;

use super::KeyCode;
use crate::record::{DecodeError, Field, Shape};

#[diagnostic::do_not_recommend]
impl KeyCode for Uuid {
    type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
    const WIDTH: Option<usize> = Some(16);

    fn type_name() -> String {
        "Uuid".to_owned()
    }

    #[inline]
    fn encode_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    #[inline]
    fn decode_key(bytes: &[u8]) -> Result<Uuid, DecodeError> {
        Uuid::take(bytes, &Shape::Plain).map_err(|fault| DecodeError::Key { kind: "Uuid", fault })
    }
}
