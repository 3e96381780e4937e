//! Reading the rows of a topic in the log, those of types that are added to it meanwhile included.

use std::fmt;
use std::sync::Arc;

use super::Record;
use super::codec::{Format, RowCodec};
use super::error::DecodeError;
use super::mask::FieldMask;
use super::topic_schemas::{SchemaError, TopicSchemas};

/// Where a topic keeps its schemas, to be read again when there may be more of them.
#[derive(Clone)]
pub(crate) struct KeptSchemas {
    read: Arc<dyn Fn() -> Option<Vec<u8>> + Send + Sync>,
}

impl KeptSchemas {
    /// `read` gives what the topic keeps, which is JSON, or nothing before the first row.
    pub(crate) fn new(read: impl Fn() -> Option<Vec<u8>> + Send + Sync + 'static) -> KeptSchemas {
        KeptSchemas { read: Arc::new(read) }
    }

    /// The schemas that the topic keeps now.
    pub(crate) fn now(&self) -> Result<TopicSchemas, SchemaError> {
        (self.read)().map_or_else(|| Ok(TopicSchemas::new()), |kept| TopicSchemas::from_json(&kept))
    }
}

impl fmt::Debug for KeptSchemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptSchemas").finish_non_exhaustive()
    }
}

/// Reads the rows of a topic as values of one type.
///
/// # Contract
/// A schema comes into the topic with the first row that is written with it, in one step. So whoever meets a row of a schema
/// that it does not know finds the schema in the topic, and a topic without a row keeps no schema.
#[derive(Clone)]
pub(crate) struct TopicDecoder<T> {
    kept: KeptSchemas,
    codec: RowCodec<T>,
}

impl<T: Record> TopicDecoder<T> {
    /// Refused if the type cannot read the rows that are in the topic.
    pub(crate) fn open(kept: &KeptSchemas, format: Format) -> Result<TopicDecoder<T>, SchemaError> {
        let codec = RowCodec::read_only(format, &kept.now()?)?;
        Ok(TopicDecoder { kept: kept.clone(), codec })
    }

    /// As [`RowCodec::decode`]; [`DecodeError::Schema`] if the row's schema came into the topic since it was opened, and
    /// the type cannot read it.
    #[inline]
    pub(crate) fn decode(&mut self, bytes: &[u8], mask: FieldMask) -> Result<T, DecodeError> {
        match self.codec.decode(bytes, mask) {
            Err(DecodeError::UnknownSchema { number, .. }) => self.decode_newer(number, bytes, mask),
            decoded => decoded,
        }
    }

    /// As [`TopicDecoder::decode`], into a value that there is already; see [`RowCodec::decode_into`].
    #[inline]
    pub(crate) fn decode_into(
        &mut self,
        bytes: &[u8],
        mask: FieldMask,
        into: &mut T,
    ) -> Result<(), DecodeError> {
        match self.codec.decode_into(bytes, mask, into) {
            Err(DecodeError::UnknownSchema { number, .. }) => {
                *into = self.decode_newer(number, bytes, mask)?;
                Ok(())
            }
            decoded => decoded,
        }
    }

    #[cold]
    fn decode_newer(&mut self, number: u64, bytes: &[u8], mask: FieldMask) -> Result<T, DecodeError> {
        let refuse = |error| DecodeError::Schema(Box::new(error));
        let mut schemas = self.kept.now().map_err(refuse)?;
        // Rows of still newer types that this one may not be able to read do not stand in this row's way.
        schemas.keep_up_to(number);
        self.codec = RowCodec::read_only(self.codec.format(), &schemas).map_err(refuse)?;
        self.codec.decode(bytes, mask)
    }
}
