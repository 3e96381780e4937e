//! Batches whose records are compressed: decoders of others', behind limits of ours.

use super::targets::{made_to_fit, sealed};
use super::{APART_BYTES, mutate, setting, shown};
use crate::config::Compression;
use crate::record::{HEADER_BYTES, RecordsBuilder, inflate_batch, parse_batch};

/// What a codec may have for itself: zstd's window of 8 MiB and what is decoded into it, lz4's blocks of 4 MiB.
const CODEC_BYTES: u64 = 24 << 20;

#[test]
fn damaged_batches_of_every_codec_take_memory_for_what_is_filled() {
    let (cases, seed) = (setting("FUZZ_CASES", 3000_u64), setting("FUZZ_SEED", 1_u64));
    for codec in Compression::ALL.into_iter().filter(|codec| *codec != Compression::None) {
        let samples: Vec<_> = [20, 300].into_iter().map(|records| compressible(records, codec)).collect();
        let mut inputs = mutate::Inputs::new(&samples, seed);
        for _ in 0..cases {
            let input = inputs.next();
            let Some(batch) = made_to_fit(&input) else { continue };
            let Ok(parsed) = parse_batch(&batch, None) else { continue };
            let mut out = Vec::new();
            let measured = allocation_counter::measure(|| {
                let _ = inflate_batch(&batch, &parsed.header, &mut out);
            });
            // While memory grows, what was there is there, too.
            let filled = 2 * out.capacity() as u64;
            let limit = 16 * input.len() as u64 + APART_BYTES + CODEC_BYTES + filled;
            assert!(
                measured.bytes_max <= limit,
                "{codec:?}: {} of {limit}: {}",
                measured.bytes_max,
                shown("", &input)
            );
        }
    }
}

fn compressible(records: usize, codec: Compression) -> Vec<u8> {
    let mut one = RecordsBuilder::new();
    (0..records)
        .for_each(|at| one.push(at as i64, Some(b"a key"), Some(b"a value that is there again and again")));
    let batch = sealed(one.compressed(codec));
    assert!(batch.len() > HEADER_BYTES, "it holds something");
    batch
}
