//! The model: a plain walk through the epochs of the pipeline, and loops over the rows that it read.

use std::collections::BTreeMap;

use super::{EARLY, FIRST_PARTITIONS, LATENESS_MS, Met, PATIENT, Ride, STOPS, TOPIC_OF};
use crate::engine::binding::PartitionRange;
use crate::engine::entry::EpochEntry;
use crate::engine::idling::{Read, Told, told};
use crate::flow::{Watermark, Watermarks};
use crate::time::Timestamp;

const TEN_MS: i64 = 10_000;

/// A stream as the epochs have read it so far.
#[derive(Default)]
struct Stream {
    lateness: i64,
    partitions: Vec<Partition>,
    rows: Vec<Read>,
}

#[derive(Clone, Copy)]
struct Partition {
    greatest: i64,
    floor: i64,
    idle: bool,
}

impl Stream {
    fn new(source: usize) -> Stream {
        let partitions = vec![Partition::new(i64::MIN); FIRST_PARTITIONS[source]];
        Stream { lateness: LATENESS_MS[source], partitions, rows: Vec::new() }
    }

    fn watermark(&self, partition: usize) -> i64 {
        let Partition { greatest, floor, .. } = self.partitions[partition];
        greatest.saturating_sub(self.lateness).max(floor)
    }

    fn says(&self) -> Watermark {
        let all = (0..self.partitions.len()).map(|partition| {
            let at = Timestamp::from_millis(self.watermark(partition));
            if self.partitions[partition].idle { Watermark::idle(at) } else { Watermark::active(at) }
        });
        all.fold(Watermark::default(), Watermark::and)
    }

    /// Reads what an epoch has of one of its partitions.
    fn read(&mut self, partition: usize, rides: &BTreeMap<u64, Ride>, range: PartitionRange) {
        assert!(!self.partitions[partition].idle, "what is read is waited for: {range:?}");
        for (&offset, &Ride { city, number: zone, at, .. }) in rides.range(range.from..range.until) {
            let (at, watermark_before) = (at.millis(), self.watermark(partition));
            // Of a ride its number is told, as what a window adds up.
            self.rows.push(Read { partition, offset, zone, city, at, watermark_before });
            self.partitions[partition].greatest = self.partitions[partition].greatest.max(at);
        }
    }
}

impl Partition {
    fn new(floor: i64) -> Partition {
        Partition { greatest: i64::MIN, floor, idle: false }
    }
}

/// How far the operators have come.
struct Operators {
    mets: Watermarks,
    tens: Watermarks,
    selves: Watermarks,
    stays: Watermarks,
    names: Watermarks,
}

impl Operators {
    fn new() -> Operators {
        let new = Watermarks::new;
        Operators { mets: new(2), tens: new(1), selves: new(2), stays: new(1), names: new(1) }
    }

    fn advance(&mut self, [early, patient, stops]: [Watermark; 3]) {
        let together = self.mets.advance(&[early, stops]);
        self.tens.advance(&[self.mets.output(together, None)]);
        self.selves.advance(&[early, patient]);
        self.stays.advance(&[patient]);
        self.names.advance(&[early]);
    }

    /// Where a partition of a source begins that nobody has waited for: as far as anybody has been told of the source.
    fn floor(&self, source: usize) -> i64 {
        let Operators { mets, tens, selves, stays, names } = self;
        let inputs = match source {
            EARLY => vec![mets.inputs()[0], tens.inputs()[0], selves.inputs()[0], names.inputs()[0]],
            PATIENT => vec![selves.inputs()[1], stays.inputs()[0]],
            _ => vec![mets.inputs()[1], tens.inputs()[0]],
        };
        inputs.into_iter().max().map_or(i64::MIN, Timestamp::millis)
    }
}

/// Goes through the epochs: gives the rows of each stream as they were read, and how many partitions were taken up, and came back.
pub(super) fn read_again(
    entries: &[EpochEntry],
    logs: &[Vec<BTreeMap<u64, Ride>>; 2],
) -> ([Vec<Read>; 3], usize, usize) {
    let mut streams = [EARLY, PATIENT, STOPS].map(Stream::new);
    let (mut operators, mut added, mut back) = (Operators::new(), 0, 0);
    for entry in entries {
        for flip in &entry.flips {
            let source = usize::from(flip.at.source) - 1;
            let (stream, number) = (&mut streams[source], usize::from(flip.at.partition));
            if !flip.idle {
                assert_eq!(flip.floor, operators.floor(source), "{entry:?}");
            }
            if let Some(partition) = stream.partitions.get_mut(number) {
                assert_ne!(partition.idle, flip.idle, "it is not so already: {entry:?}");
                partition.idle = flip.idle;
                partition.floor = partition.floor.max(flip.floor);
                back += usize::from(!flip.idle);
                continue;
            }
            assert!(number == stream.partitions.len() && !flip.idle, "one after another: {entry:?}");
            let first = entry.ranges().find(|range| range.at == flip.at);
            assert!(first.is_some_and(|range| (range.from, range.until) == (0, 0)), "{entry:?}");
            assert!(
                entry.ranges().all(|range| range.from == range.until),
                "nothing is read with it: {entry:?}"
            );
            stream.partitions.push(Partition::new(flip.floor));
            added += 1;
        }
        for range in entry.ranges().filter(|range| range.at.source > 0 && range.from < range.until) {
            let (source, partition) = (usize::from(range.at.source) - 1, usize::from(range.at.partition));
            streams[source].read(partition, &logs[TOPIC_OF[source]][partition], range);
        }
        operators.advance(streams.each_ref().map(Stream::says));
    }
    (streams.map(|stream| stream.rows), added, back)
}

/// A pair, with its time and the watermark before it.
pub(super) type Pair = (Met, i64, i64);

/// Nested loops: what meets, and which rows of either side are late for the join.
pub(super) fn join(left: &[Read], right: &[Read], (lo, hi): (i64, i64)) -> (Vec<Pair>, [Vec<u64>; 2]) {
    let late = |rows: &[Read]| {
        let late = rows.iter().filter(|row| row.at + hi - lo <= row.watermark_before);
        late.map(|row| row.zone).collect()
    };
    let mut mets = Vec::new();
    for l in left {
        for r in right.iter().filter(|r| r.city == l.city && (lo..=hi).contains(&(r.at - l.at))) {
            if r.at - lo > l.watermark_before && l.at + hi > r.watermark_before {
                let met = Met { city: l.city, left: l.zone, right: r.zone };
                mets.push((met, l.at.max(r.at), l.watermark_before.max(r.watermark_before)));
            }
        }
    }
    (mets, [late(left), late(right)])
}

pub(super) fn tens(mets: &[Pair], late: &mut u64) -> Vec<Told> {
    let mut windows: BTreeMap<(i64, u64), u64> = BTreeMap::new();
    for (met, at, watermark_before) in mets {
        let from = at - at.rem_euclid(TEN_MS);
        if from + TEN_MS - 1 > *watermark_before {
            *windows.entry((from, met.city)).or_default() += met.left;
        } else {
            *late += 1;
        }
    }
    windows.into_iter().map(|((from, city), rides)| told(city, from, from + TEN_MS, rides)).collect()
}
