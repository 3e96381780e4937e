//! Opening a partition: the journal says where it ends, the segments must agree.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::disk::Create;
use crate::error::Result;
use crate::ids::Offset;
use crate::record::{Marker, RecordsBuilder};
use crate::segment::{Segment, WalkError, Walker, base_of, log_path};

use super::{Failure, PartitionCore, PartitionSetup, PartitionState, Producing, Tail};

/// An opened partition, and what had to be done.
pub(crate) struct Recovered {
    pub(crate) core: PartitionCore,
    /// Bytes behind the durable end that were cut off.
    pub(crate) cut_bytes: u64,
    /// Transactions that got an ABORT marker.
    pub(crate) aborted: usize,
    /// Something was written, or may not be durable.
    pub(crate) changed: bool,
}

/// Opens a partition. `head` is its state in the journal's head, `end` where the journal says it ends now,
/// `gap` a place found missing while the journal was redone. Damage is kept with the partition, not returned.
pub(crate) fn recover(
    setup: PartitionSetup,
    head: &PartitionState,
    end: &Tail,
    log_start: Offset,
    gap: Option<Failure>,
    now_ms: i64,
) -> Result<Recovered> {
    let moved = (head.tail.segment, head.tail.position) != (end.segment, end.position);
    let mut tail = end.clone();
    tail.forget_aborted_below(log_start);
    let core = PartitionCore::new(setup, PartitionState { log_start, tail }, Vec::new());
    let mut recovered = Recovered { core, cut_bytes: 0, aborted: 0, changed: moved };
    recovered.open_segments(end, log_start)?;
    let checked = match gap {
        Some(failure) => Err(recovered.where_it_begins(failure)),
        None => recovered.cut(end, log_start)?.and_then(|()| recovered.follow(head, end)),
    };
    match checked {
        Err(failure) => {
            recovered.core.fail(failure);
        }
        Ok(mut tail) => {
            tail.forget_aborted_below(log_start);
            recovered.core.lock_writer().tail = tail.clone();
            recovered.core.published.replace(PartitionState { log_start, tail });
            recovered.abort_open(now_ms)?;
        }
    }
    // A damaged partition may lack even its directory, so that syncing would fail. It takes no records anyway.
    if recovered.changed && recovered.core.check_writable().is_ok() {
        recovered.core.names.changed();
        recovered.core.setup.dirs.changed();
        recovered
            .core
            .segments()
            .iter()
            .filter(|segment| segment.base >= head.tail.segment)
            .for_each(|segment| segment.mark_unsynced());
    }
    Ok(recovered)
}

impl Recovered {
    /// Opens the segments between the log start and the end, and removes the others.
    fn open_segments(&mut self, end: &Tail, log_start: Offset) -> Result<()> {
        let core = &self.core;
        let disk = &*core.setup.disk;
        let names = disk.list(&core.dir).map_err(|error| core.io("list", &core.dir, error))?;
        let mut segments = BTreeMap::new();
        for base in names.iter().filter_map(|name| base_of(name)) {
            let interval = core.setup.index_interval;
            let segment = Segment::open(disk, &core.dir, base, Create::No, interval)
                .map_err(|error| core.io("open", &log_path(&core.dir, base), error))?;
            segments.insert(base, Arc::new(segment));
        }
        let first = log_start.min(end.segment);
        let needed_from = segments.range(..=first).next_back().map_or(first, |(base, _)| *base);
        let mut kept = Vec::new();
        for (base, segment) in segments {
            if base >= needed_from && base <= end.segment {
                kept.push(segment);
                continue;
            }
            if base > end.segment {
                self.cut_bytes += segment.size();
            }
            segment.remove(disk).map_err(|error| core.io("remove", &segment.path, error))?;
            self.changed = true;
        }
        *core.segments.write().unwrap_or_else(std::sync::PoisonError::into_inner) = kept;
        Ok(())
    }

    /// Cuts what lies behind the end. The inner error is damage: less is there than was durable.
    fn cut(&mut self, end: &Tail, log_start: Offset) -> Result<Result<(), Failure>> {
        let core = &self.core;
        let segments = core.segments();
        let missing = |base: Offset, reason: &str| Failure::Corrupt {
            file: core.full_path(&log_path(&core.dir, base)),
            offset: base,
            position: 0,
            reason: reason.to_owned(),
        };
        if end.position == 0 && segments.is_empty() {
            return Ok(Ok(()));
        }
        if segments.first().is_none_or(|first| first.base > log_start) {
            return Ok(Err(missing(log_start, "the segment that held it is missing")));
        }
        let Some(last) = segments.last().filter(|last| last.base == end.segment) else {
            return Ok(Err(missing(end.segment, "the last segment is missing")));
        };
        let size = last.size();
        if size < end.position {
            let failure = Failure::Corrupt {
                file: core.full_path(&last.path),
                offset: end.end,
                position: size,
                reason: format!(
                    "the file ends at byte {size}, but {} bytes of it were durable",
                    end.position
                ),
            };
            return Ok(Err(self.where_it_begins(failure)));
        }
        if size > end.position {
            last.truncate(end.position).map_err(|error| core.io("cut", &last.path, error))?;
            self.cut_bytes += size - end.position;
            self.changed = true;
        }
        Ok(Ok(()))
    }

    /// Of a file that is too short: the damage begins with the first batch that is not whole, before which all can be read.
    fn where_it_begins(&self, failure: Failure) -> Failure {
        let Failure::Corrupt { file, position: length, reason, .. } = &failure else { return failure };
        let segments = self.core.segments();
        let Some(segment) = segments.iter().find(|segment| self.core.full_path(&segment.path) == *file)
        else {
            return failure;
        };
        let (mut offset, mut position) = (segment.base, 0);
        let mut walker = Walker::new(&*segment.file, 0, *length, Some(segment.base));
        while let Ok(Some(step)) = walker.next() {
            (offset, position) = (step.header.next_offset(), step.position + step.bytes.len() as u64);
        }
        Failure::Corrupt { file: file.clone(), offset, position, reason: reason.clone() }
    }

    /// Goes through what was appended since the journal's head, to verify it and to learn of transactions.
    fn follow(&self, head: &PartitionState, end: &Tail) -> Result<Tail, Failure> {
        let mut tail = head.tail.clone();
        if (tail.segment, tail.position) == (end.segment, end.position) {
            return Ok(tail);
        }
        let segments = self.core.segments();
        if let Some(first) = segments.first().filter(|first| first.base > tail.segment) {
            // The log start has passed the head's last segment, and all transactions in there had ended.
            tail = Tail { end: first.base, segment: first.base, position: 0, open: Vec::new(), ..tail };
        }
        for segment in segments.iter().filter(|segment| segment.base >= head.tail.segment) {
            if segment.base != tail.segment {
                if segment.base != tail.end {
                    return Err(self.corrupt(segment, tail.end, 0, "records before the segment are missing"));
                }
                tail.segment = segment.base;
                tail.position = 0;
            }
            self.follow_segment(segment, &mut tail)?;
        }
        if (tail.end, tail.segment, tail.position) != (end.end, end.segment, end.position) {
            let Some(last) = segments.last() else {
                let (file, position) = (self.core.full_path(&log_path(&self.core.dir, end.segment)), 0);
                let reason = "the last segment is missing".to_owned();
                return Err(Failure::Corrupt { file, offset: end.segment, position, reason });
            };
            return Err(self.corrupt(last, tail.end, tail.position, "the journal knows another end"));
        }
        Ok(tail)
    }

    fn follow_segment(&self, segment: &Segment, tail: &mut Tail) -> Result<(), Failure> {
        let mut walker = Walker::new(&*segment.file, tail.position, segment.size(), Some(tail.end));
        loop {
            match walker.next() {
                Ok(None) => return Ok(()),
                Ok(Some(step)) => {
                    let control = step.header.is_control().then(|| Marker::read(step.bytes));
                    let marker = control.transpose().map_err(|_| {
                        self.corrupt(segment, step.header.base_offset, step.position, "unknown control batch")
                    })?;
                    tail.follow(&step.header, step.bytes.len() as u64, marker);
                }
                Err(WalkError::Damaged { position, reason }) => {
                    return Err(self.corrupt(segment, tail.end, position, &reason));
                }
                Err(WalkError::Io(error)) => {
                    return Err(Failure::ReadOnly(format!(
                        "{} failed to read: {error}",
                        segment.path.display()
                    )));
                }
            }
        }
    }

    /// Ends the transactions that were not committed, before anybody appends.
    fn abort_open(&mut self, now_ms: i64) -> Result<()> {
        let core = &self.core;
        let mut writer = core.lock_writer();
        for open in writer.tail.open.clone() {
            let producing = Producing::Transaction(open.producer, open.epoch);
            let marker = Some((Marker::Abort, now_ms));
            let staged = core.stage(&mut writer, RecordsBuilder::new(), producing, marker)?;
            core.accept(&mut writer, &staged, producing, Some(Marker::Abort));
            self.aborted += 1;
            self.changed = true;
        }
        let (log_start, tail) = (core.log_start_offset(), writer.tail.clone());
        core.published.replace(PartitionState { log_start, tail });
        Ok(())
    }

    fn corrupt(&self, segment: &Segment, offset: Offset, position: u64, reason: &str) -> Failure {
        let file = self.core.full_path(&segment.path);
        Failure::Corrupt { file, offset, position, reason: reason.to_owned() }
    }
}
