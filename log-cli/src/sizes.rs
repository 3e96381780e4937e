//! How much room topics take, and numbers as people read them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use log_store::{PartitionId, Store, TopicId};

/// What the files of something come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) bytes: u64,
    pub(crate) segments: u64,
}

/// The files of a topic.
pub(crate) fn of_topic(store: &Store, topic: TopicId) -> Size {
    of_folder(&folder(store, topic))
}

/// The files of a partition.
pub(crate) fn of_partition(store: &Store, topic: TopicId, partition: PartitionId) -> Size {
    of_folder(&folder(store, topic).join(partition.to_string()))
}

/// The files of the whole directory.
pub(crate) fn of_store(store: &Store) -> Size {
    of_folder(&store.dir())
}

/// A size in the largest unit of which there is one.
pub(crate) fn human(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// So many of something.
pub(crate) fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

fn folder(store: &Store, topic: TopicId) -> PathBuf {
    store.dir().join("topics").join(topic.to_string())
}

/// Files come and go meanwhile, since others work here: what cannot be seen any more has no size.
fn of_folder(folder: &Path) -> Size {
    added_up(folder).unwrap_or_default()
}

fn added_up(folder: &Path) -> io::Result<Size> {
    let mut size = Size::default();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(facts) = entry.metadata() else { continue };
        let inside = match facts.is_dir() {
            true => of_folder(&entry.path()),
            false => Size {
                bytes: facts.len(),
                segments: u64::from(entry.path().extension().is_some_and(|end| end == "log")),
            },
        };
        size.bytes += inside.bytes;
        size.segments += inside.segments;
    }
    Ok(size)
}
