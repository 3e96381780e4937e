//! The hashes that decide where a key is stored: they are part of the stored format and never change.

use twox_hash::XxHash3_64;

/// How many key groups there are. State is kept, moved and recovered by key group.
pub const KEY_GROUPS: u32 = 256;

/// The name and version of the hash behind [`key_group`]: XXH3, 64 bits, seed 0, the highest 8 bits.
pub const KEY_GROUP_HASH: &str = "kg1";

/// One of the [`KEY_GROUPS`] parts into which all keys fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyGroup(pub u8);

/// The partition, below `partitions`, that Kafka's default partitioner chooses for an encoded key.
///
/// # Panics
///
/// If `partitions` is 0: every topic has a partition.
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    assert!(partitions > 0, "a topic has at least one partition");
    (murmur2(key) & 0x7fff_ffff) % partitions
}

/// The key group of an encoded key.
#[inline]
pub fn key_group(key: &[u8]) -> KeyGroup {
    KeyGroup((key_hash(key) >> 56) as u8)
}

/// The 64-bit hash of an encoded key that its key group is taken from: the same in every process and on every machine.
#[inline]
pub fn key_hash(key: &[u8]) -> u64 {
    XxHash3_64::oneshot(key)
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

    /// Values of XXH3 by its reference implementation, and the groups that follow from them.
    #[test]
    fn the_key_group_hash_is_pinned() {
        assert_eq!(key_hash(b""), 0x2d06_8005_38d3_94c2);
        assert_eq!(key_group(b""), KeyGroup(0x2d));
        assert_eq!(key_hash(b"a"), 0xe6c6_32b6_1e96_4e1f);
        assert_eq!(key_hash(b"abc"), 0x78af_5f94_892f_3950);
    }

    #[test]
    fn key_groups_of_counted_keys_are_even() {
        let mut sizes = [0_u32; KEY_GROUPS as usize];
        for number in 0..256_000_u64 {
            sizes[usize::from(key_group(&number.to_be_bytes()).0)] += 1;
        }
        let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
        assert!(*least > 850 && *most < 1150, "1000 keys a group expected, found {least} to {most}");
    }
}
