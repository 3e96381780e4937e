//! All that can be read in a store, as text.

use serde_json::to_string;
use waterwheel::__rt::Topic;
use waterwheel::prelude::*;

use super::archive::Contents;
use super::shop::{FirstOrders, LateOrders, Orders, Parcels, Shipments};
use super::town::{MeterHours, Meters, Notes, Rides, Stays, ZoneDays, ZoneHours};

/// Appends rows, all or nothing.
pub(crate) fn append<P: Topic>(store: &Store, topic: P, rows: &[P::Row]) {
    TypedTopic::open(store, topic).unwrap().append(rows).unwrap();
}

/// The committed rows of a topic, partition after partition.
pub(crate) fn read<P: Topic>(store: &Store, topic: P) -> Vec<P::Row> {
    TypedTopic::open(store, topic).unwrap().rows().map(Result::unwrap).collect()
}

pub(crate) fn contents(store: &Store) -> Contents {
    let mut rows = Vec::new();
    rows_of(store, Rides, &mut rows);
    rows_of(store, Meters, &mut rows);
    rows_of(store, Notes, &mut rows);
    rows_of(store, ZoneHours, &mut rows);
    rows_of(store, ZoneDays, &mut rows);
    rows_of(store, Stays, &mut rows);
    rows_of(store, MeterHours, &mut rows);
    rows_of(store, Orders, &mut rows);
    rows_of(store, Parcels, &mut rows);
    rows_of(store, FirstOrders, &mut rows);
    rows_of(store, Shipments, &mut rows);
    rows_of(store, LateOrders, &mut rows);
    Contents { rows, records: records(store) }
}

/// The rows of a topic as JSON, each with the topic's name.
pub(crate) fn rows_of<P: Topic>(store: &Store, topic: P, out: &mut Vec<String>)
where
    P::Row: serde::Serialize,
{
    let topic = TypedTopic::open(store, topic).unwrap();
    let name = topic.topic().name().to_owned();
    out.extend(topic.rows().map(|row| format!("{name} {}", to_string(&row.unwrap()).unwrap())));
}

/// Every record that readers see of every topic, and where the partitions begin and end.
pub(crate) fn records(store: &Store) -> Vec<String> {
    let mut lines = Vec::new();
    let mut topics = store.topics();
    topics.sort_by(|left, right| left.name().cmp(right.name()));
    for topic in topics {
        for number in 0..topic.partitions() {
            let partition = topic.partition(number).unwrap();
            let (from, until) = (partition.log_start_offset(), partition.last_stable_offset());
            lines.push(format!("{}/{number} from {from} until {until}", topic.name()));
            let mut scan = partition.scan(from, until);
            while let Some(record) = scan.next().unwrap() {
                let headers: Vec<_> =
                    record.headers().map(|(name, value)| format!(" {name}={}", hexadecimal(value))).collect();
                lines.push(format!(
                    "{} at {} key {} value {}{}",
                    record.offset,
                    record.timestamp,
                    hexadecimal(record.key),
                    hexadecimal(record.value),
                    headers.concat()
                ));
            }
        }
    }
    lines
}

/// Of each twenty lines the beginning of the first and a hash of all, so that archives stay small.
pub(crate) fn in_twenties(lines: &[String]) -> Vec<String> {
    let of = |lines: &[String]| {
        let beginning: String = lines[0].chars().take(60).collect();
        format!("{beginning} {:016x}", hash(lines.join("\n").as_bytes()))
    };
    lines.chunks(20).map(of).collect()
}

/// 64-bit FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Long ones, of which there are many in state, as their length and hash, so that archives stay small.
fn hexadecimal(bytes: Option<&[u8]>) -> String {
    match bytes {
        Some(bytes) if bytes.len() > 24 => format!("{} bytes {:016x}", bytes.len(), hash(bytes)),
        Some(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        None => "none".to_owned(),
    }
}
