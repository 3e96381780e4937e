//! What takes a value and says that it is durable: the log, and embedded databases, each used as its documentation says.

use std::path::Path;
use std::sync::Mutex;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use log_store::{Partition, RecordsBuilder, Store, TopicConfig};
use redb::TableDefinition;
use rusqlite::Connection;

use crate::Result;

/// The bytes of each value.
pub(crate) const VALUE: [u8; 100] = [b'v'; 100];

/// Takes values from several threads.
pub(crate) trait Engine: Sync {
    /// Takes a value; it is durable when this returns.
    fn append(&self, thread: usize, number: u64) -> Result<()>;

    /// Takes many values at once; all are durable when this returns.
    fn append_all(&self, first: u64, count: u64) -> Result<()>;
}

/// Opens an engine in an empty directory for so many threads.
pub(crate) type Open = fn(&Path, usize) -> Result<Box<dyn Engine>>;

/// Their names, and how they are opened; the log is the first.
pub(crate) const ENGINES: [(&str, Open); 4] =
    [("log-store", Log::open), ("redb", Redb::open), ("fjall", Fjall::open), ("SQLite", Sqlite::open)];

/// Keys do not meet, and grow with each thread.
fn key(thread: usize, number: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&(thread as u64).to_be_bytes());
    key[8..].copy_from_slice(&number.to_be_bytes());
    key
}

/// A topic of eight partitions; threads take turns at them.
pub(crate) struct Log {
    partitions: Vec<Partition>,
    _store: Store,
}

impl Log {
    fn open(dir: &Path, _: usize) -> Result<Box<dyn Engine>> {
        Ok(Box::new(Log::of(Store::open_exclusive(dir)?)?))
    }

    /// Over a store that is open.
    pub(crate) fn of(store: Store) -> Result<Log> {
        let config = TopicConfig::with_partitions(8);
        let topic = match store.find_topic("appends") {
            Some(topic) => topic,
            None => store.create_topic("appends", config)?,
        };
        let partitions =
            (0..topic.partitions()).map(|number| topic.partition(number)).collect::<Result<_, _>>()?;
        Ok(Log { partitions, _store: store })
    }

    /// Appends so many records to the thread's partition.
    pub(crate) fn append_batch(&self, thread: usize, first: u64, count: u64) -> Result<()> {
        self.partitions[thread % self.partitions.len()].append(batch(thread, first, count))?;
        Ok(())
    }
}

/// So many records.
pub(crate) fn batch(thread: usize, first: u64, count: u64) -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    for number in first..first + count {
        records.push(1_700_000_000_000 + number as i64, Some(&key(thread, number)), Some(&VALUE));
    }
    records
}

impl Engine for Log {
    fn append(&self, thread: usize, number: u64) -> Result<()> {
        self.append_batch(thread, number, 1)
    }

    fn append_all(&self, first: u64, count: u64) -> Result<()> {
        self.append_batch(0, first, count)
    }
}

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("appends");

struct Redb(redb::Database);

impl Redb {
    fn open(dir: &Path, _: usize) -> Result<Box<dyn Engine>> {
        std::fs::create_dir_all(dir)?;
        Ok(Box::new(Redb(redb::Database::create(dir.join("redb"))?)))
    }

    fn write(&self, thread: usize, numbers: std::ops::Range<u64>) -> Result<()> {
        let transaction = self.0.begin_write()?;
        {
            let mut table = transaction.open_table(TABLE)?;
            for number in numbers {
                table.insert(key(thread, number).as_slice(), VALUE.as_slice())?;
            }
        }
        // Durable, which is its default.
        transaction.commit()?;
        Ok(())
    }
}

impl Engine for Redb {
    fn append(&self, thread: usize, number: u64) -> Result<()> {
        self.write(thread, number..number + 1)
    }

    fn append_all(&self, first: u64, count: u64) -> Result<()> {
        self.write(0, first..first + count)
    }
}

struct Fjall {
    database: Database,
    keyspace: Keyspace,
}

impl Fjall {
    fn open(dir: &Path, _: usize) -> Result<Box<dyn Engine>> {
        let database = Database::builder(dir).open()?;
        let keyspace = database.keyspace("appends", KeyspaceCreateOptions::default)?;
        Ok(Box::new(Fjall { database, keyspace }))
    }
}

impl Engine for Fjall {
    fn append(&self, thread: usize, number: u64) -> Result<()> {
        self.keyspace.insert(key(thread, number), VALUE)?;
        self.database.persist(PersistMode::SyncData)?;
        Ok(())
    }

    fn append_all(&self, first: u64, count: u64) -> Result<()> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for number in first..first + count {
            batch.insert(&self.keyspace, key(0, number), VALUE);
        }
        batch.commit()?;
        Ok(())
    }
}

/// A connection for each thread, as SQLite wants it.
struct Sqlite(Vec<Mutex<Connection>>);

impl Sqlite {
    fn open(dir: &Path, threads: usize) -> Result<Box<dyn Engine>> {
        std::fs::create_dir_all(dir)?;
        let connect = |_| {
            let connection = Connection::open(dir.join("sqlite"))?;
            connection.busy_timeout(std::time::Duration::from_secs(60))?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.execute(
                "CREATE TABLE IF NOT EXISTS appends (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID",
                (),
            )?;
            Ok(Mutex::new(connection))
        };
        Ok(Box::new(Sqlite((0..threads).map(connect).collect::<Result<_>>()?)))
    }
}

const INSERT: &str = "INSERT INTO appends VALUES (?1, ?2)";

impl Engine for Sqlite {
    fn append(&self, thread: usize, number: u64) -> Result<()> {
        let connection = self.0[thread].lock().expect("each thread has its own");
        connection.prepare_cached(INSERT)?.execute((key(thread, number), VALUE))?;
        Ok(())
    }

    fn append_all(&self, first: u64, count: u64) -> Result<()> {
        let mut connection = self.0[0].lock().expect("one thread alone writes");
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(INSERT)?;
            for number in first..first + count {
                insert.execute((key(0, number), VALUE))?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}
