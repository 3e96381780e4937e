//! What an epoch's commit writes of its outputs: the rows that the workers have encoded, merged into canonical order.

use log_store::{RecordsBuilder, Transaction};

use super::entry::OutputDigest;
use super::storage::OpenTopic;
use crate::error::{Error, Result};
use crate::flow::{OutRecord, OutRows, RecordHeaders};
use crate::key::key_hash;

/// Records go to the transaction in portions of about this many bytes: the log writes them out as it is given them, so that
/// an epoch's outputs are not in memory twice.
const PORTION_BYTES: usize = 128 << 10;

/// By about so much the last record of a portion goes beyond that.
const PORTION_SPARE: usize = 4 << 10;

/// Row count and hash of each output, each given as the workers' shares of it.
pub(super) fn digests(outputs: Vec<Vec<OutRows>>) -> Vec<OutputDigest> {
    let of_one = |workers| {
        let mut digest = OutputDigest::default();
        for (partition, rows) in OutRows::merged(workers) {
            let counted = rows.try_for_each(|row| {
                add(&mut digest, partition, &row);
                Ok::<(), std::convert::Infallible>(())
            });
            counted.unwrap_or_else(|never| match never {});
        }
        digest
    };
    outputs.into_iter().map(of_one).collect()
}

/// Adds the rows to the transaction, in canonical order in each output partition; gives row count and hash of each output.
/// Each run of rows is dropped when it has been added.
pub(super) fn write(
    outputs: Vec<Vec<OutRows>>,
    sinks: &[OpenTopic],
    clock_ms: i64,
    transaction: &mut Transaction,
) -> Result<Vec<OutputDigest>> {
    let mut digests = Vec::with_capacity(outputs.len());
    for (sink, workers) in sinks.iter().zip(outputs) {
        let mut digest = OutputDigest::default();
        for (partition, rows) in OutRows::merged(workers) {
            let log = sink.topic.partition(partition)?;
            let mut portion = RecordsBuilder::new();
            rows.try_for_each(|row| {
                add(&mut digest, partition, &row);
                match row.headers {
                    [] => portion.push(clock_ms, row.key, row.value),
                    headers => {
                        let headers = RecordHeaders::read(headers);
                        portion.push_with_headers(clock_ms, row.key, row.value, &headers);
                    }
                }
                if portion.bytes() < PORTION_BYTES {
                    return Ok(());
                }
                // This was full, so the next one may become so.
                let full =
                    std::mem::replace(&mut portion, RecordsBuilder::with_room(PORTION_BYTES + PORTION_SPARE));
                transaction.append(&log, full).map_err(Error::from)
            })?;
            transaction.append(&log, portion)?;
        }
        digests.push(digest);
    }
    Ok(digests)
}

/// Adds the next row of an output to its digest, which depends on the order of the rows and on their partitions.
fn add(digest: &mut OutputDigest, partition: u32, row: &OutRecord<'_>) {
    digest.rows += 1;
    let mut mix =
        |part: u64| digest.hash = digest.hash.rotate_left(5).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ part;
    mix(u64::from(partition));
    mix(row.key.map_or(1, key_hash));
    mix(row.value.map_or(1, key_hash));
    if !row.headers.is_empty() {
        mix(key_hash(row.headers));
    }
}
