//! Which partition a key belongs to: Kafka's default partitioner.

/// The partition, below `partitions`, that Kafka's default partitioner chooses for a key.
///
/// It is part of what is stored: the same key has the same partition in every program and every release.
///
/// ```
/// assert_eq!(log_store::partition_of(b"foobar", 4), 2);
/// assert_eq!(log_store::partition_of(b"foobar", 1), 0);
/// ```
///
/// # Panics
/// If `partitions` is 0: every topic has a partition.
#[inline]
#[must_use]
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    assert!(partitions > 0, "a topic has at least one partition");
    (murmur2(key) & 0x7fff_ffff) % partitions
}

/// MurmurHash2 in 32 bits, with the seed that Kafka's clients use.
fn murmur2(bytes: &[u8]) -> u32 {
    const MULTIPLIER: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    // Kafka's lengths are 32-bit; longer keys cannot be in a record.
    let mut hash = SEED ^ bytes.len() as u32;
    let (words, tail) = bytes.as_chunks::<4>();
    for word in words {
        let mut word = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        word ^= word >> 24;
        hash = hash.wrapping_mul(MULTIPLIER) ^ word.wrapping_mul(MULTIPLIER);
    }
    if !tail.is_empty() {
        for (at, &byte) in tail.iter().enumerate() {
            hash ^= u32::from(byte) << (8 * at);
        }
        hash = hash.wrapping_mul(MULTIPLIER);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(MULTIPLIER);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values that Kafka's own tests expect of its partitioner's hash.
    #[test]
    fn murmur2_is_that_of_kafka() {
        let known: [(&str, i32); 6] = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, hash) in known {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    #[test]
    fn a_partition_is_the_positive_hash_modulo_the_number_of_partitions() {
        assert_eq!(partition_of(b"21", 1), 0);
        assert_eq!(partition_of(b"21", 1000), ((-973_932_308_i32 & 0x7fff_ffff) % 1000) as u32);
    }
}
