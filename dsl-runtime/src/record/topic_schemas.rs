//! Every schema that a topic was ever written with.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Record;
use super::json_names;
use super::layout::RowLayout;
use super::owned_schema::OwnedSchema;
use super::resolve::FieldConflict;

/// A schema's number in its topic, from 0 on; each `native` row begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaNumber(pub u16);

/// The schemas of a topic by their numbers, at most 65,536. They are kept in full, so that any program can read any row.
///
/// ```
/// use waterwheel::prelude::*;
///
/// use waterwheel::record::{SchemaNumber, TopicSchemas};
///
/// mod before {
///     # use waterwheel::Record;
///     #[derive(Clone, Record)]
///     pub struct Payment { pub card: u64 }
/// }
///
/// #[derive(Clone, Record)]
/// struct Payment { card: u64, note: Option<String> }
///
/// let mut schemas = TopicSchemas::new();
/// assert_eq!(schemas.register::<before::Payment>()?, SchemaNumber(0));
/// assert_eq!(schemas.register::<Payment>()?, SchemaNumber(1));
/// assert_eq!(schemas.register::<before::Payment>()?, SchemaNumber(0));
/// assert_eq!(TopicSchemas::from_json(&schemas.to_json())?, schemas);
/// # Ok::<(), waterwheel::record::SchemaError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TopicSchemas {
    schemas: Vec<OwnedSchema>,
}

/// Adds a row type's schema to a topic's, in the format of the topic; see [`RowCodec::new`](super::RowCodec::new).
pub(crate) type Register = fn(&mut TopicSchemas) -> Result<(), SchemaError>;

/// Why a record type does not fit a topic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// Rows already in the topic could not be read as the type.
    #[error("row type `{record}` does not fit rows that are in the topic already (its schema {}): {}", number.0, Conflicts(conflicts))]
    Incompatible {
        /// The record type.
        record: String,
        /// The schema that the rows were written with.
        number: SchemaNumber,
        /// What stands in the way, all of it.
        conflicts: Vec<FieldConflict>,
    },
    /// The type takes an id again that belonged to a dropped field.
    #[error(
        "field `{field}` of `{record}` has id {id}, which was `{before}` in schema {} and dropped since: \
         give `{field}` an id that was never used, such as {free}, and note `#[record(retired({id}))]`",
        number.0
    )]
    Reused {
        /// The record type.
        record: String,
        /// The field's name today.
        field: String,
        /// The id.
        id: u16,
        /// The name it stood for.
        before: String,
        /// The schema it stood in.
        number: SchemaNumber,
        /// An id that was never used.
        free: u16,
    },
    /// The topic's key has other bytes than it had in rows that are there.
    #[error(
        "the topic's key, `{key}`, would be written otherwise than in rows that are in the topic already (its schema {}): {}. \
         The next rows of a key would go to another partition than those before: keep the key's type as it was (an enum may \
         get a variant), and put what is new into a field beside it; or write to a new topic",
        number.0,
        changes.join("; ")
    )]
    KeyChanged {
        /// The key as the topic declares it.
        key: String,
        /// The schema that the rows were written with.
        number: SchemaNumber,
        /// What makes other bytes, a clause each.
        changes: Vec<String>,
    },
    /// A raw topic's record is its one field.
    #[error("a raw topic holds plain bytes: `{0}` must have one field, a `Vec<u8>` or a `String`")]
    Raw(String),
    /// The topic's list of schemas is not one.
    #[error(
        "the topic's list of schemas cannot be read: {0}; restore the data directory from a copy, or write to a new topic"
    )]
    Damaged(String),
    /// There are 65,536 of them.
    #[error(
        "the topic already has {0} schemas, and rows have room for no further number: write to a new topic"
    )]
    TooMany(usize),
}

impl TopicSchemas {
    /// No schemas: those of a new topic.
    pub fn new() -> TopicSchemas {
        TopicSchemas::default()
    }

    /// Reads what [`TopicSchemas::to_json`] wrote.
    ///
    /// # Errors
    /// [`SchemaError::Damaged`] if it is something else.
    pub fn from_json(json: &[u8]) -> Result<TopicSchemas, SchemaError> {
        let schemas: TopicSchemas =
            serde_json::from_slice(json).map_err(|error| SchemaError::Damaged(error.to_string()))?;
        match schemas.schemas.iter().find(|schema| !schema.fits_into_a_record()) {
            Some(schema) => Err(SchemaError::Damaged(format!(
                "rows of `{}` would be larger than a record can be",
                schema.name
            ))),
            None => Ok(schemas),
        }
    }

    /// The schemas as a JSON text, to be kept with the topic.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("schemas are maps with string keys, which JSON can hold")
    }

    /// All schemas, by number.
    pub fn schemas(&self) -> &[OwnedSchema] {
        &self.schemas
    }

    /// Forgets the schemas with higher numbers.
    pub(super) fn keep_up_to(&mut self, number: u64) {
        self.schemas.truncate(usize::try_from(number).unwrap_or(usize::MAX).saturating_add(1));
    }

    /// The number under which rows of `T` are written, if the topic has its schema.
    pub fn number_of<T: Record>(&self) -> Option<SchemaNumber> {
        let found = self.schemas.iter().position(|schema| schema.fingerprint == T::FINGERPRINT)?;
        u16::try_from(found).ok().map(SchemaNumber)
    }

    /// The number under which `native` rows of `T` are written; a new one, if the topic does not have its schema yet. The
    /// caller must keep the schemas durably with the first row, or before it.
    ///
    /// # Errors
    /// [`SchemaError::Incompatible`] if rows of one of the schemas could not be read as `T`, [`SchemaError::Reused`] if it takes
    /// the id of a dropped field, [`SchemaError::TooMany`].
    pub fn register<T: Record>(&mut self) -> Result<SchemaNumber, SchemaError> {
        self.layouts::<T>()?;
        self.add::<T>()
    }

    /// As [`TopicSchemas::register`], for a topic of JSON rows.
    pub(super) fn register_json<T: Record>(&mut self) -> Result<(), SchemaError> {
        self.check_json::<T>()?;
        self.add::<T>().map(|_| ())
    }

    /// The number of the schema of `T`, which fits the others.
    fn add<T: Record>(&mut self) -> Result<SchemaNumber, SchemaError> {
        if let Some(number) = self.number_of::<T>() {
            return Ok(number);
        }
        let schema = OwnedSchema::from(T::SCHEMA);
        self.check_reuse(&schema)?;
        let number =
            u16::try_from(self.schemas.len()).map_err(|_| SchemaError::TooMany(self.schemas.len()))?;
        self.schemas.push(schema);
        Ok(SchemaNumber(number))
    }

    /// How `T` is read from the `native` rows of each schema.
    ///
    /// # Errors
    /// [`SchemaError::Incompatible`] if it cannot be, of one of them.
    pub fn layouts<T: Record>(&self) -> Result<Vec<RowLayout>, SchemaError> {
        let reader = OwnedSchema::from(T::SCHEMA);
        let resolve = |(number, writer)| {
            RowLayout::resolve(&reader, writer).map_err(|conflicts| SchemaError::Incompatible {
                record: reader.name.clone(),
                number: SchemaNumber(number),
                conflicts,
            })
        };
        (0..).zip(&self.schemas).map(resolve).collect()
    }

    /// Refuses `T` if JSON rows of some schema would be read by names that mean other fields in `T`, or if a field's kind
    /// changed. JSON rows need no layout.
    pub(super) fn check_json<T: Record>(&self) -> Result<(), SchemaError> {
        let reader = OwnedSchema::from(T::SCHEMA);
        for (number, writer) in (0..).zip(&self.schemas) {
            // By ids a rename is told, too, with remedies that are none in JSON.
            let others = RowLayout::resolve(&reader, writer).err().unwrap_or_default();
            let mut conflicts = match &others[..] {
                [FieldConflict::StructOrEnum { .. }] => Vec::new(),
                _ => json_names::conflicts(&reader, writer),
            };
            conflicts
                .extend(others.into_iter().filter(|other| !matches!(other, FieldConflict::Moved { .. })));
            if !conflicts.is_empty() {
                let (record, number) = (reader.name, SchemaNumber(number));
                return Err(SchemaError::Incompatible { record, number, conflicts });
            }
        }
        Ok(())
    }

    /// An id that an earlier schema had, the last one no longer has, and that now stands for another name.
    fn check_reuse(&self, new: &OwnedSchema) -> Result<(), SchemaError> {
        let Some(last) = self.schemas.last() else { return Ok(()) };
        let has = |id| last.fields.iter().any(|field| field.id == id);
        for field in new.fields.iter().filter(|field| !has(field.id)) {
            for (number, schema) in (0..).zip(&self.schemas) {
                let Some(before) = schema.fields.iter().find(|before| before.id == field.id) else {
                    continue;
                };
                if before.name != field.name {
                    return Err(SchemaError::Reused {
                        record: new.name.clone(),
                        field: field.name.clone(),
                        id: field.id,
                        before: before.name.clone(),
                        number: SchemaNumber(number),
                        free: self.free_id(new),
                    });
                }
            }
        }
        Ok(())
    }

    fn free_id(&self, new: &OwnedSchema) -> u16 {
        let schemas = self.schemas.iter().chain([new]);
        let used = schemas
            .flat_map(|schema| schema.fields.iter().map(|field| field.id).chain(schema.retired.clone()));
        used.max().unwrap_or(0).saturating_add(1)
    }
}

struct Conflicts<'a>(&'a [FieldConflict]);

impl fmt::Display for Conflicts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, conflict) in self.0.iter().enumerate() {
            write!(f, "{}{conflict}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
