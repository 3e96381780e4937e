//! What a topic's type says of it, as the plan keeps it.

use crate::handles::Topic;
use crate::record::{Format, Register, RowCodec, TopicSchemas};

/// The fact that tells the row type: its name, and the fingerprint of its schema.
pub(super) const ROW: &str = "row";

/// What a topic's type says of it.
#[derive(Clone)]
pub(crate) struct TopicFacts {
    pub(crate) name: &'static str,
    pub(crate) partitions: u32,
    pub(crate) format: Format,
    pub(crate) key: &'static str,
    pub(crate) time: &'static str,
    /// The row's schema alone.
    pub(crate) row: TopicSchemas,
    /// Adds the row's schema to a topic's.
    pub(crate) register: Register,
    /// Prints the topic's committed rows as JSON.
    #[cfg(feature = "cli")]
    pub(crate) print: crate::typed::PrintRows,
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
            time: P::TIME,
            row,
            register: |schemas| RowCodec::<P::Row>::new(P::FORMAT, schemas).map(drop),
            #[cfg(feature = "cli")]
            print: crate::typed::print_rows::<P>,
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

    /// The row type as it is compared: the schema's name and fingerprint.
    fn row_text(&self) -> String {
        let schema = self.row.schemas().first();
        schema.map_or_else(String::new, |schema| format!("{} {:016x}", schema.name, schema.fingerprint))
    }
}
