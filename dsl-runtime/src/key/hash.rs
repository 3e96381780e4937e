//! The hashes that decide where a key is stored: they are part of the stored format and never change.

use twox_hash::XxHash3_64;

/// Kafka's partitioner, to which a key is its encoded bytes.
pub use log_store::partition_of;

/// How many key groups there are. State is kept, moved and recovered by key group.
pub const KEY_GROUPS: u32 = 256;

/// The name and version of the hash behind [`key_group`]: XXH3, 64 bits, seed 0, the highest 8 bits.
pub const KEY_GROUP_HASH: &str = "kg1";

/// One of the [`KEY_GROUPS`] parts into which all keys fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyGroup(pub u8);

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

#[cfg(test)]
mod tests {
    use super::*;

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
