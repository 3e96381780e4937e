//! Which bytes of which segments belong to the state of a log.

use std::path::PathBuf;

use crate::disk::{Create, Disk};
use crate::error::{Error, Result};
use crate::ids::{Offset, PartitionId, TopicId};
use crate::journal::Image;
use crate::partition::{PartitionState, topic_dir};
use crate::segment::{base_of, log_path};

use super::manifest::io;

/// The beginning of a segment, to be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) topic: TopicId,
    pub(super) topic_name: String,
    pub(super) partition: PartitionId,
    pub(super) base: Offset,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// The base offset of the one behind it.
    pub(super) next: Option<Offset>,
}

/// All that a state has.
pub(super) fn plan(disk: &dyn Disk, image: &Image) -> Result<Vec<Planned>> {
    let mut planned = Vec::new();
    for (id, topic) in &image.registry.topics {
        let states = image.partitions.get(id).map_or(&[][..], Vec::as_slice);
        for (number, state) in (0..).zip(states) {
            plan_partition(disk, (*id, &topic.name), PartitionId(number), state, &mut planned)?;
        }
    }
    Ok(planned)
}

fn plan_partition(
    disk: &dyn Disk,
    (topic, name): (TopicId, &str),
    partition: PartitionId,
    state: &PartitionState,
    planned: &mut Vec<Planned>,
) -> Result<()> {
    let tail = &state.tail;
    if tail.end == Offset(0) {
        return Ok(());
    }
    let dir = topic_dir(topic).join(partition.to_string());
    let names = disk.list(&dir).map_err(|error| io(disk, "list", &dir, error))?;
    let mut bases: Vec<_> = names.iter().filter_map(|name| base_of(name)).collect();
    bases.retain(|base| *base <= tail.segment);
    bases.sort_unstable();
    // From the one that holds the log start on.
    let gone = bases.partition_point(|base| *base <= state.log_start.min(tail.segment)).saturating_sub(1);
    bases.drain(..gone);
    let is_whole =
        bases.first().is_some_and(|first| *first <= state.log_start) && bases.last() == Some(&tail.segment);
    if !is_whole {
        return Err(Error::Disturbed {
            what: format!("a segment of topic `{name}` partition {partition} went away"),
        });
    }
    let behind: Vec<_> = bases.iter().skip(1).copied().map(Some).chain([None]).collect();
    for (base, next) in bases.into_iter().zip(behind) {
        let path = log_path(&dir, base);
        let length = disk.open(&path, Create::No).and_then(|file| file.len());
        let length = length.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::Disturbed { what: format!("a segment of topic `{name}` went away") }
            }
            _ => io(disk, "open", &path, error),
        })?;
        let bytes = if base == tail.segment { tail.position } else { length };
        let topic_name = name.to_owned();
        planned.push(Planned { topic, topic_name, partition, base, path, bytes, next });
    }
    Ok(())
}
