//! Encoded rows: what an epoch's commit writes, and the trait of what encodes them.
//!
//! A worker collects a sink's rows in *runs*: up to so many rows of one output partition, put in order when the run is full.
//! The commit merges the runs of all workers, and each is dropped as soon as it has been written.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::{mem, vec};

use super::headers::RecordHeaders;
use super::rows::Batch;
use crate::place::{Place, Position};
use crate::record::varint;
use crate::time::Timestamp;

/// Encodes the rows of one sink.
///
/// # Contract
/// What a row becomes depends on the row alone, so that every worker gives the same bytes for it.
pub(crate) trait SinkEncoder {
    /// Encodes rows, each with these headers.
    fn encode(&mut self, rows: Batch, headers: &RecordHeaders, out: &mut OutRows);
}

/// A run is full with this many rows, or bytes. Large enough that merging runs costs little beside making them, and small
/// enough that what is in memory twice while a run is written is nothing.
const RUN_ROWS: usize = 4096;
const RUN_BYTES: usize = 256 << 10;

/// A run that is in order as it came is full with this many rows already, as the next one only goes on where it ends. So the rows
/// of windows that close take, bit by bit, the room of the state that they were made of.
const SHORT_ROWS: usize = 128;

/// This part of a run's bytes may be room of no use: to give it back costs more than it is.
const SPARE: usize = 32;

/// A run goes on one of so many lanes, or begins another one: as many as partitions that are read in turn have in order.
const LANES_TRIED: usize = 8;

/// The encoded rows of one sink that one worker has made in an epoch.
#[derive(Debug, Default)]
pub(crate) struct OutRows {
    /// By output partition; the last run of each may not be full.
    partitions: Vec<Vec<Run>>,
}

/// An encoded row, as it stands in the canonical order of its output partition. Rows of one place stand in the order of
/// their keys, values and headers, so that their order depends on neither the workers nor the batches they came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OutRecord<'a> {
    pub(crate) place: Place,
    /// Without key, none.
    pub(crate) key: Option<&'a [u8]>,
    /// Of a row always something; only a record that is passed on as it is may have none.
    pub(crate) value: Option<&'a [u8]>,
    /// As [`RecordHeaders::as_bytes`] gives them.
    pub(crate) headers: &'a [u8],
}

impl OutRows {
    /// Adds a row of an output partition.
    pub(crate) fn push(&mut self, partition: u32, row: OutRecord<'_>) {
        let at = partition as usize;
        if self.partitions.len() <= at {
            self.partitions.resize_with(at + 1, Vec::new);
        }
        let runs = &mut self.partitions[at];
        match runs.last_mut() {
            Some(run) if !run.is_full() => run.push(row),
            last => {
                // Runs of a sink are alike, so the next one gets the room that this one took, and a little more.
                let mut next = last.map_or_else(Run::default, |full| {
                    full.finish();
                    Run::with_capacity(full.rows.len(), full.bytes.len() + full.bytes.len() / SPARE)
                });
                next.push(row);
                runs.push(next);
            }
        }
    }

    /// The rows of all workers: for each output partition that has any, in ascending order, its rows in canonical order.
    pub(crate) fn merged(workers: Vec<OutRows>) -> impl Iterator<Item = (u32, MergedRuns)> {
        let mut partitions: Vec<Vec<Run>> = Vec::new();
        for rows in workers {
            partitions.resize_with(partitions.len().max(rows.partitions.len()), Vec::new);
            partitions.iter_mut().zip(rows.partitions).for_each(|(all, mut runs)| all.append(&mut runs));
        }
        let with_rows = (0..).zip(partitions).filter(|(_, runs)| !runs.is_empty());
        with_rows.map(|(partition, runs)| (partition, MergedRuns::of(runs)))
    }
}

/// Some encoded rows of one output partition.
#[derive(Debug)]
struct Run {
    /// Of each row: which of the origins is its, the lengths of its key and of its value (0 without, else one more), as
    /// [varints](varint::put); then key, value and headers.
    bytes: Vec<u8>,
    rows: Vec<RunRow>,
    /// What the places of rows that came one after the other have in common.
    origins: Vec<Origin>,
    /// The place of the last row, as much as is kept of it.
    last: Place,
    in_order: bool,
}

/// The place of a row of a run, and where it lies. It is as small as it can be: where very many windows close at once, there is one of
/// each of them.
#[derive(Debug, Clone, Copy)]
#[repr(Rust, packed(4))]
struct RunRow {
    first: u64,
    /// Of a position's [`rest`](Position): the offset of a record, half of a hash. Rows of one maker and time that have these 64 bits
    /// and the first ones in common stand in the order of their keys and values, as rows of one place do.
    rest: u64,
    start: u32,
}

/// Rows that windows emit at a time have all of it in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Origin {
    time: Timestamp,
    maker: u32,
    sub_index: u32,
    /// Of each row.
    header_bytes: u32,
}

/// Takes the number at the front of the bytes of a run.
fn take(bytes: &mut &[u8]) -> usize {
    let (number, rest) = varint::take(bytes).expect("a run is read as it was written");
    *bytes = rest;
    number as usize
}

impl Default for Run {
    fn default() -> Self {
        Run::with_capacity(0, 0)
    }
}

impl Run {
    fn with_capacity(rows: usize, bytes: usize) -> Run {
        let (bytes, rows) = (Vec::with_capacity(bytes), Vec::with_capacity(rows));
        let last = Place { time: Timestamp::MIN, position: Position::FIRST };
        Run { bytes, rows, origins: Vec::new(), last, in_order: true }
    }

    fn is_full(&self) -> bool {
        let rows = self.rows.len();
        rows >= RUN_ROWS || self.bytes.len() >= RUN_BYTES || (rows >= SHORT_ROWS && self.in_order)
    }

    fn push(&mut self, OutRecord { place, key, value, headers }: OutRecord<'_>) {
        let start = u32::try_from(self.bytes.len()).expect("a full run takes no row");
        let Place { time, position: Position { maker, first, rest, sub_index } } = place;
        let header_bytes = u32::try_from(headers.len()).expect("a record is far smaller than 4 GiB");
        let origin = Origin { time, maker, sub_index, header_bytes };
        if self.origins.last() != Some(&origin) {
            self.origins.push(origin);
        }
        let length_and_one = |bytes: Option<&[u8]>| bytes.map_or(0, |bytes| bytes.len() as u64 + 1);
        for number in [self.origins.len() as u64 - 1, length_and_one(key), length_and_one(value)] {
            varint::put(number, &mut self.bytes);
        }
        self.bytes.extend_from_slice(key.unwrap_or_default());
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.bytes.extend_from_slice(headers);
        let rest = if rest.0 == 0 { rest.1 } else { rest.0 };
        self.rows.push(RunRow { first, rest, start });
        let place = Place { time, position: Position { maker, first, rest: (0, rest), sub_index } };
        // Most rows come in the order of their places, and no more need be known of them.
        if place <= mem::replace(&mut self.last, place)
            && let [.., before, last] = self.rows[..]
        {
            self.in_order = self.in_order && self.record(before) <= self.record(last);
        }
    }

    /// Puts the rows in order.
    fn finish(&mut self) {
        if !self.in_order {
            let mut rows = mem::take(&mut self.rows);
            rows.sort_unstable_by(|left, right| self.record(*left).cmp(&self.record(*right)));
            (self.rows, self.in_order) = (rows, true);
        }
        self.rows.shrink_to_fit();
        if self.bytes.capacity() - self.bytes.len() > self.bytes.len() / SPARE {
            self.bytes.shrink_to_fit();
        }
        self.origins.shrink_to_fit();
    }

    /// As much as is kept of a row's place.
    fn place(&self, RunRow { first, rest, start }: RunRow) -> Place {
        let Origin { time, maker, sub_index, .. } = self.origins[take(&mut &self.bytes[start as usize..])];
        Place { time, position: Position { maker, first, rest: (0, rest), sub_index } }
    }

    /// The row, whose place is as much as is kept of it.
    fn record(&self, RunRow { first, rest, start }: RunRow) -> OutRecord<'_> {
        let mut bytes = &self.bytes[start as usize..];
        let Origin { time, maker, sub_index, header_bytes } = self.origins[take(&mut bytes)];
        let (key_and_one, value_and_one) = (take(&mut bytes), take(&mut bytes));
        let position = Position { maker, first, rest: (0, rest), sub_index };
        let (key, bytes) = bytes.split_at(key_and_one.saturating_sub(1));
        let (value, bytes) = bytes.split_at(value_and_one.saturating_sub(1));
        let (key, value) = ((key_and_one > 0).then_some(key), (value_and_one > 0).then_some(value));
        OutRecord { place: Place { time, position }, key, value, headers: &bytes[..header_bytes as usize] }
    }

    fn follows(&self, before: &Run) -> bool {
        match (before.rows.last(), self.rows.first()) {
            (Some(last), Some(first)) => before.record(*last) <= self.record(*first),
            _ => true,
        }
    }
}

/// Runs of one output partition, merged.
#[derive(Debug)]
pub(crate) struct MergedRuns {
    lanes: BinaryHeap<Lane>,
}

/// Runs that follow one another in order, as those of windows that close do, and how far they are merged.
#[derive(Debug)]
struct Lane {
    run: Run,
    at: usize,
    /// Of the row at `at`: mostly it decides which lane comes first, and it is asked several times.
    place: Place,
    later: vec::IntoIter<Run>,
}

impl MergedRuns {
    fn of(runs: Vec<Run>) -> MergedRuns {
        let mut lanes: Vec<Vec<Run>> = Vec::new();
        for mut run in runs {
            // Only the last run of each worker is not finished yet.
            run.finish();
            let mut tried = lanes.iter_mut().rev().take(LANES_TRIED);
            match tried.find(|lane| lane.last().is_some_and(|last| run.follows(last))) {
                Some(lane) => lane.push(run),
                None => lanes.push(vec![run]),
            }
        }
        let lane = |runs: Vec<Run>| {
            let mut later = runs.into_iter();
            let run = later.next()?;
            let first = run.rows.first().expect("a run has a row");
            Some(Lane { place: run.place(*first), run, at: 0, later })
        };
        MergedRuns { lanes: lanes.into_iter().filter_map(lane).collect() }
    }

    /// Calls `act` with each row in canonical order, up to the first that it refuses.
    pub(crate) fn try_for_each<E>(
        mut self,
        mut act: impl FnMut(OutRecord<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while self.lanes.len() > 1
            && let Some(mut first) = self.lanes.peek_mut()
        {
            act(first.head())?;
            if !first.advance() {
                PeekMut::pop(first);
            }
        }
        // Mostly there is one from the beginning on.
        let Some(mut last) = self.lanes.pop() else { return Ok(()) };
        act(last.head())?;
        while last.advance() {
            act(last.head())?;
        }
        Ok(())
    }
}

impl Lane {
    fn head(&self) -> OutRecord<'_> {
        self.run.record(self.run.rows[self.at])
    }

    /// Goes on to the next row; `false` if there is none.
    fn advance(&mut self) -> bool {
        self.at += 1;
        if self.at >= self.run.rows.len() {
            let Some(next) = self.later.next() else { return false };
            (self.run, self.at) = (next, 0);
        }
        self.place = self.run.place(self.run.rows[self.at]);
        true
    }
}

/// The lane whose head comes first is the greatest, as the heap has that on top.
impl Ord for Lane {
    fn cmp(&self, other: &Self) -> Ordering {
        other.place.cmp(&self.place).then_with(|| other.head().cmp(&self.head()))
    }
}

impl PartialOrd for Lane {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Lane {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Lane {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Owned = (u32, Place, Option<Vec<u8>>, Option<Vec<u8>>, Vec<u8>);

    fn place(time: i64, offset: u64) -> Place {
        let position = Position::of_record(0, 0, offset);
        Place { time: Timestamp::from_millis(time), position }
    }

    fn merged(workers: Vec<OutRows>) -> Vec<Owned> {
        let mut all = Vec::new();
        for (partition, rows) in OutRows::merged(workers) {
            let taken = rows.try_for_each(|OutRecord { place, key, value, headers }| {
                all.push((
                    partition,
                    place,
                    key.map(<[u8]>::to_vec),
                    value.map(<[u8]>::to_vec),
                    headers.to_vec(),
                ));
                Ok::<(), ()>(())
            });
            taken.unwrap();
        }
        all
    }

    fn push(out: &mut OutRows, (partition, place, key, value, headers): &Owned) {
        out.push(
            *partition,
            OutRecord { place: *place, key: key.as_deref(), value: value.as_deref(), headers },
        );
    }

    prop_compose! {
        /// Rows that often have the same place, and a value now and then that fills a run.
        fn row()(
            partition in 0..3_u32,
            time in 0..6_i64,
            offset in 0..3_u64,
            key in prop::option::of("[ab]{0,2}"),
            value in prop::option::weighted(0.9, "[xy]{0,2}"),
            headers in prop::collection::vec(0..2_u8, 0..2),
            large in prop::bool::weighted(0.1),
        ) -> Owned {
            let filling = if large { RUN_BYTES } else { 0 };
            let value = value.map(|value| [value.into_bytes(), vec![b'z'; filling]].concat());
            (partition, place(time, offset), key.map(String::into_bytes), value, headers)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn merged_runs_are_all_rows_in_order(
            workers in prop::collection::vec(prop::collection::vec(row(), 0..30), 0..4),
            sorted in any::<bool>(),
        ) {
            let mut outs = Vec::new();
            for mut rows in workers.clone() {
                if sorted {
                    rows.sort();
                }
                let mut out = OutRows::default();
                rows.iter().for_each(|row| push(&mut out, row));
                outs.push(out);
            }
            let mut expected = workers.concat();
            expected.sort();
            let found = merged(outs);
            prop_assert!(found == expected, "{} rows instead of {}", found.len(), expected.len());
        }
    }

    #[test]
    fn rows_that_come_in_order_make_one_lane_of_bounded_runs() {
        let mut out = OutRows::default();
        let rows = 3 * RUN_ROWS as u64 + 5;
        (0..rows).for_each(|offset| push(&mut out, &(0, place(0, offset), None, Some(vec![1]), Vec::new())));
        assert!(out.partitions[0].iter().all(|run| run.rows.len() <= RUN_ROWS));
        let (_, merged) = OutRows::merged(vec![out]).next().unwrap();
        assert_eq!(merged.lanes.len(), 1);
        let mut next = 0..rows;
        let counted = merged
            .try_for_each(|row| (Some(row.place.position.rest.1) == next.next()).then_some(()).ok_or(()));
        assert_eq!((counted, next.next()), (Ok(()), None));
    }

    #[test]
    fn partitions_that_are_read_in_turn_make_a_lane_each() {
        let mut out = OutRows::default();
        let turn = |number: u64| {
            (
                number / SHORT_ROWS as u64 % 3,
                number % SHORT_ROWS as u64 + number / (3 * SHORT_ROWS as u64) * SHORT_ROWS as u64,
            )
        };
        (0..3 * 5 * SHORT_ROWS as u64).for_each(|number| {
            let (partition, offset) = turn(number);
            let position = Position::of_record(0, partition as u16, offset);
            let place = Place { time: Timestamp::from_millis(offset as i64), position };
            push(&mut out, &(0, place, None, Some(vec![1]), Vec::new()));
        });
        let (_, merged) = OutRows::merged(vec![out]).next().unwrap();
        assert_eq!(merged.lanes.len(), 3);
    }

    #[test]
    fn a_row_that_is_refused_ends_the_merging() {
        let mut out = OutRows::default();
        (0..5).for_each(|offset| push(&mut out, &(0, place(0, offset), None, Some(vec![1]), Vec::new())));
        let (_, merged) = OutRows::merged(vec![out]).next().unwrap();
        let mut seen = 0;
        let refused = merged.try_for_each(|row| {
            seen += 1;
            if row.place.position.rest.1 == 2 { Err("full") } else { Ok(()) }
        });
        assert_eq!((refused, seen), (Err("full"), 3));
    }
}
