//! Rows of a pipeline's topic as JSON: by the schemas that the topic keeps, which tell all of the layout.
//!
//! What is written is what the pipeline's own `read` prints of the row, but for members that stand by the ids of their fields, and
//! rows of earlier types as they were written. The layout is that of `docs/formats/record.md`.

mod fault;
#[cfg(test)]
mod hostile;
mod key;
mod layout;
mod row;
mod scalar;
mod schema;
mod varint;

use log_store::{RecordRef, Topic};

use fault::{Fault, Result};
use key::KeyFields;
use layout::Columns;
use row::Json;

/// Where a topic keeps its schemas.
const SCHEMAS: &str = "waterwheel.schemas";

/// What a topic's rows are: `native`, `json` or `raw`.
const FORMAT: &str = "waterwheel.format";

/// How a topic's key is made of its rows.
const KEY: &str = "waterwheel.key";

/// How much JSON a row or a key may become beyond 16 bytes for each of its own. Whole rows are far below.
const JSON_BYTES: usize = 64 << 20;

/// Whether a topic holds rows in the format `native`.
pub(crate) fn is_native(topic: &Topic) -> bool {
    topic.property(FORMAT).as_deref() == Some(b"native")
}

/// Decodes the rows of one topic and their keys.
pub(crate) struct NativeRows {
    topic: Topic,
    key: String,
    /// As the topic kept them when they were last read.
    kept: Vec<u8>,
    /// By number; why, if rows of one of them cannot be read.
    schemas: Vec<Result<RowType>>,
    /// Why none of them can be read, if that is so.
    unreadable: Option<String>,
    value: Json,
    key_in_json: Json,
}

/// A record's key and value as JSON texts, if they were decoded. What they are not the record's bytes tell.
#[derive(Default)]
pub(crate) struct Decoded<'a> {
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    /// Why the row was not decoded, if that was not for want of one.
    pub(crate) fault: Option<Fault>,
}

/// Rows of one schema.
struct RowType {
    columns: Columns,
    key: Option<KeyFields>,
}

impl NativeRows {
    /// Those of a topic that [`is_native`].
    pub(crate) fn of(topic: &Topic) -> NativeRows {
        let key = topic.property(KEY).unwrap_or_default();
        let json = || Json { text: Vec::new(), bytes_max: 0 };
        NativeRows {
            topic: topic.clone(),
            key: String::from_utf8_lossy(&key).into_owned(),
            kept: Vec::new(),
            schemas: Vec::new(),
            unreadable: None,
            value: json(),
            key_in_json: json(),
        }
    }

    /// Decodes a record. What cannot be is left out.
    pub(crate) fn decode(&mut self, record: &RecordRef<'_>) -> Decoded<'_> {
        let fault = record.value.and_then(|value| self.decode_row(value).err());
        let has_row = record.value.is_some() && fault.is_none();
        let has_key = record.key.is_some_and(|key| {
            let row = record.value.filter(|_| has_row);
            (record.value.is_none() || has_row) && self.decode_key(key, row).is_some()
        });
        Decoded {
            key: has_key.then_some(&self.key_in_json.text),
            value: has_row.then_some(&self.value.text),
            fault,
        }
    }

    /// Why bytes are no row of the topic, if they are none.
    pub(crate) fn fault_of(&mut self, value: &[u8]) -> Option<Fault> {
        self.decode_row(value).err()
    }

    fn decode_row(&mut self, value: &[u8]) -> Result<()> {
        let (number, row) = number_and_row(value)?;
        if number >= self.schemas.len() as u64 {
            self.read_schemas();
        }
        if let Some(reason) = &self.unreadable {
            return Err(Fault::of(format_args!("the topic's list of schemas cannot be read: {reason}")));
        }
        let known = self.schemas.len();
        let of = usize::try_from(number).ok().and_then(|number| self.schemas.get(number));
        let of = of.ok_or_else(|| {
            Fault::of(format_args!(
                "it begins with schema number {number}, and the topic keeps {known}, from 0 on"
            ))
        })?;
        let of =
            of.as_ref().map_err(|fault| Fault::of(format_args!("its schema, number {number}: {fault}")))?;
        self.value.begin(value.len());
        row::write_row(&of.columns, row, &mut self.value)
    }

    /// The key of a record: by the schema of its row, which was decoded, or by the latest if it has none.
    fn decode_key(&mut self, key: &[u8], row: Option<&[u8]>) -> Option<()> {
        let of = match row.map(number_and_row) {
            Some(row) => {
                let (number, row) = row.ok()?;
                Some((self.schemas.get(usize::try_from(number).ok()?)?, Some(row)))
            }
            None => {
                if self.schemas.is_empty() {
                    self.read_schemas();
                }
                self.schemas.last().map(|schema| (schema, None))
            }
        };
        let (of, row) = of?;
        let of = of.as_ref().ok()?;
        self.key_in_json.begin(key.len());
        of.key.as_ref()?.write(&of.columns, key, row, &mut self.key_in_json).ok()
    }

    /// Reads the topic's schemas again, if it has others than it had.
    fn read_schemas(&mut self) {
        let kept = self.topic.property(SCHEMAS).unwrap_or_default();
        if kept == self.kept {
            return;
        }
        let read = serde_json::from_slice::<Vec<serde_json::Value>>(&kept);
        self.unreadable = read.as_ref().err().map(ToString::to_string);
        let schemas = read.unwrap_or_default();
        self.schemas = schemas.into_iter().map(|schema| RowType::of(schema, &self.key)).collect();
        self.kept = kept;
    }
}

impl RowType {
    fn of(schema: serde_json::Value, key: &str) -> Result<RowType> {
        let columns = Columns::of(serde_json::from_value(schema).map_err(Fault::of)?)?;
        let key = KeyFields::of(key, &columns);
        Ok(RowType { columns, key })
    }
}

impl Json {
    /// Begins a text of what has so many bytes.
    fn begin(&mut self, bytes: usize) {
        self.text.clear();
        self.bytes_max = JSON_BYTES.saturating_add(bytes.saturating_mul(16));
    }
}

fn number_and_row(value: &[u8]) -> Result<(u64, &[u8])> {
    varint::take(value).ok_or_else(|| Fault::of("it ends within its schema's number"))
}
