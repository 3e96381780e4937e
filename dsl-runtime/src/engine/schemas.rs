//! Row types come into a topic with their first row: the schema and the row are committed in one step.

use std::sync::{Mutex, PoisonError};

use log_store::{Offset, PartitionId, Topic, TopicId, Transaction};

use crate::error::{Error, Result};
use crate::record::{KeptSchemas, Register, TopicSchemas};

/// The property in which a topic keeps its schemas.
const SCHEMAS: &str = "waterwheel.schemas";

/// The schemas of a topic.
pub(crate) fn schemas_of(topic: &Topic) -> KeptSchemas {
    let topic = topic.clone();
    KeptSchemas::new(move || topic.property(SCHEMAS))
}

/// Where each partition's records of a transaction begin and end.
pub(crate) type Ranges = Vec<(TopicId, PartitionId, Offset, Offset)>;

/// A row type that writes to a topic, which may not have its schema yet.
///
/// # Contract
/// Rows are encoded with the schemas that [`Registration::schemas`] gives, before it is certain that the topic will have
/// them: that is decided by [`commit_with_schemas`]. All transactions that write rows of the type go through it.
#[derive(Clone)]
pub(crate) struct Registration {
    topic: Topic,
    register: Register,
    /// As the topic will keep them, from the first row of the type on.
    schemas: TopicSchemas,
    /// Whether the topic did not have the type's schema when it was last asked.
    pending: bool,
}

impl Registration {
    /// Changes nothing in the topic.
    ///
    /// # Errors
    /// [`Error::Schema`] if the type does not fit what is in the topic.
    pub(crate) fn begin(topic: &Topic, register: Register) -> Result<Registration> {
        let refuse = |source| Error::Schema { topic: topic.name().to_owned(), source };
        let kept = schemas_of(topic).now().map_err(refuse)?;
        let mut schemas = kept.clone();
        register(&mut schemas).map_err(refuse)?;
        let pending = schemas != kept;
        Ok(Registration { topic: topic.clone(), register, schemas, pending })
    }

    /// The schemas to encode rows with.
    pub(crate) fn schemas(&self) -> &TopicSchemas {
        &self.schemas
    }

    /// Whether the topic does not have the type's schema yet.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending
    }

    /// Has the transaction add the schema; nobody else may add one to the topic before it is committed.
    fn add_to(&self, transaction: &mut Transaction) -> Result<()> {
        let now = Registration::begin(&self.topic, self.register)?;
        if !now.schemas.schemas().starts_with(self.schemas.schemas()) {
            // Another type took the number that the rows were encoded with.
            return Err(Error::SchemasChanged { topic: self.topic.name().to_owned() });
        }
        if now.pending {
            let kept = self.topic.property(SCHEMAS);
            let schemas = self.schemas.to_json();
            transaction.replace_property(&self.topic, SCHEMAS, kept.as_deref(), &schemas);
        }
        Ok(())
    }
}

/// Commits a transaction, and with it the schemas of these types, each of which has rows in it.
///
/// # Errors
/// The log's; [`Error::SchemasChanged`] if another type came into a topic since the rows were encoded, and took the number
/// of their schema, or if another process has just added one, also the same; [`Error::Schema`] if its rows do not fit this type. Nothing was committed then.
pub(crate) fn commit_with_schemas<'r>(
    mut transaction: Transaction,
    written: impl IntoIterator<Item = &'r mut Registration>,
) -> Result<Ranges> {
    // Orders those of this process. If another one adds a schema meanwhile, the log takes none of this commit.
    static ADDING: Mutex<()> = Mutex::new(());
    let mut pending: Vec<_> = written.into_iter().filter(|type_| type_.pending).collect();
    if pending.is_empty() {
        return Ok(transaction.commit()?);
    }
    let _adding = ADDING.lock().unwrap_or_else(PoisonError::into_inner);
    pending.iter().try_for_each(|type_| type_.add_to(&mut transaction))?;
    let ranges = transaction.commit().map_err(|error| match error {
        log_store::Error::PropertyChanged { topic, name } if name == SCHEMAS => {
            Error::SchemasChanged { topic }
        }
        other => other.into(),
    })?;
    pending.iter_mut().for_each(|type_| type_.pending = false);
    Ok(ranges)
}
