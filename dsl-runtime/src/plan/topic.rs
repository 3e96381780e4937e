//! What a topic's type says of it, as the plan keeps it.

use crate::handles::Topic;
use crate::record::{DecodeError, FieldMask, KeptSchemas, SchemaError, TopicDecoder, to_json};
use crate::record::{Format, OwnedSchema, Register, RowCodec, TopicSchemas};

/// The fact that tells the row type: its name, and the fingerprint of its schema.
pub(super) const ROW: &str = "row";

/// What a topic's type says of it.
#[derive(Clone)]
pub(crate) struct TopicFacts {
    pub(crate) name: &'static str,
    pub(crate) partitions: u32,
    pub(crate) format: Format,
    pub(crate) key: &'static str,
    /// What it says of how its records are kept, by the log's names of settings.
    pub(crate) settings: Vec<(&'static str, String)>,
    pub(crate) time: &'static str,
    /// The row's schema alone.
    pub(crate) row: TopicSchemas,
    /// Adds the row's schema to a topic's, if rows and key fit those that are there.
    pub(crate) register: Register,
    /// Makes what turns the topic's rows into JSON.
    pub(crate) to_json: fn(&KeptSchemas) -> Result<RowToJson, SchemaError>,
}

impl TopicFacts {
    /// What topic `P` is declared as.
    pub(crate) fn of<P: Topic>() -> Self {
        let mut row = TopicSchemas::new();
        // A row type always fits a topic without schemas; what cannot be a raw row is found when its codec is made.
        let registered = row.register::<P::Row>();
        debug_assert!(registered.is_ok());
        TopicFacts {
            name: P::NAME,
            partitions: P::PARTITIONS,
            format: P::FORMAT,
            key: P::KEY,
            settings: settings_of::<P>(),
            time: P::TIME,
            row,
            register: |schemas| {
                let kept = schemas.clone();
                RowCodec::<P::Row>::new(P::FORMAT, schemas)?;
                kept.check_key::<P::Row>(P::KEY)
            },
            to_json: row_to_json::<P>,
        }
    }

    /// What the manifest says of a source's or sink's topic, as name and value.
    pub(crate) fn facts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("topic", self.name.to_owned()),
            ("format", self.format.to_string()),
            ("topic key", self.key.to_owned()),
            ("event time", self.time.to_owned()),
            (ROW, self.row_text()),
        ]
    }

    /// The names that a row's members may have in JSON: those of its fields, or of the variants of an enum.
    #[cfg(feature = "cli")]
    pub(crate) fn field_names(&self) -> Vec<String> {
        let Some(schema) = self.row.schemas().first() else { return Vec::new() };
        if let Some(variants) = schema.variants() {
            return variants.iter().map(|variant| variant.name.clone()).collect();
        }
        schema.fields.iter().map(|field| field.name.clone()).collect()
    }

    /// The row type as it is compared: the schema's name and fingerprint.
    fn row_text(&self) -> String {
        self.row.schemas().first().map_or_else(String::new, row_text)
    }
}

/// A row type as it is compared: the schema's name and fingerprint.
pub(super) fn row_text(schema: &OwnedSchema) -> String {
    format!("{} {:016x}", schema.name, schema.fingerprint)
}

/// Appends a row, given as it lies in the topic, as JSON. A row that cannot be read is the outer error, one that cannot be JSON
/// the inner one.
pub(crate) type RowToJson =
    Box<dyn FnMut(&[u8], &mut Vec<u8>) -> Result<std::result::Result<(), serde_json::Error>, DecodeError>>;

fn row_to_json<P: Topic>(schemas: &KeptSchemas) -> Result<RowToJson, SchemaError> {
    let mut decoder = TopicDecoder::<P::Row>::open(schemas, P::FORMAT)?;
    Ok(Box::new(move |bytes, out| Ok(to_json(&decoder.decode(bytes, FieldMask::ALL)?, out))))
}

fn settings_of<P: Topic>() -> Vec<(&'static str, String)> {
    let retention = P::RETENTION_MS.map(|ms| ("retention.ms", ms.to_string()));
    let compression = P::COMPRESSION.map(|codec| ("compression.type", codec.to_owned()));
    let durability = P::DURABILITY.map(|durability| ("durability", durability.to_owned()));
    [compression, durability, retention].into_iter().flatten().collect()
}
