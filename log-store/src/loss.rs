//! What may have been lost, and is told until somebody has seen it.

use std::fmt;

use crate::codec::{Malformed, Put, Reader};
use crate::ids::{PartitionId, TopicId};

/// Bytes behind the durable end of a partition, which were cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutTail {
    /// The topic's id.
    pub topic: TopicId,
    /// The topic's name.
    pub topic_name: String,
    /// The partition.
    pub partition: PartitionId,
    /// How many bytes were cut.
    pub bytes: u64,
}

/// The last that was written to the commit journal was not whole when the store was opened, and was dropped. Nearly
/// always it was being written when the power went off, and nobody was told that it was durable. But if it was damaged
/// within the half minute after it was acknowledged, and the power went off in that time, it looks the same.
///
/// What power loss takes of [`Durability::Interval`](crate::Durability) and `Os` is none. Where the machine was not started anew, and records that were
/// written for them are gone all the same, that is damage, and told as this.
///
/// It is kept with the store, and told at each opening, until [`crate::Store::acknowledge_losses`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PossibleLoss {
    /// When it was found: milliseconds since the Unix epoch, by the store's clock.
    pub found_ms: i64,
    /// What was found in segments behind the ends that the journal knows. There may be more of which nothing is left.
    pub cut: Vec<CutTail>,
}

impl fmt::Display for PossibleLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what was written to the journal last is not whole and was dropped")?;
        for (place, cut) in self.cut.iter().enumerate() {
            f.write_str(if place == 0 { ": " } else { ", " })?;
            write!(f, "{} bytes of topic `{}` partition {}", cut.bytes, cut.topic_name, cut.partition)?;
        }
        f.write_str("; it may have been acknowledged, if it was damaged after that")
    }
}

impl PossibleLoss {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_i64(self.found_ms);
        out.put_count(self.cut.len());
        for cut in &self.cut {
            out.put_u64(cut.topic.0);
            out.put_bytes(cut.topic_name.as_bytes());
            out.put_u32(cut.partition.0);
            out.put_u64(cut.bytes);
        }
    }

    pub(crate) fn decode(from: &mut Reader<'_>) -> Result<PossibleLoss, Malformed> {
        let found_ms = from.i64()?;
        let mut cut = Vec::new();
        for _ in 0..from.u32()? {
            let (topic, topic_name) = (TopicId(from.u64()?), from.string()?);
            cut.push(CutTail { topic, topic_name, partition: PartitionId(from.u32()?), bytes: from.u64()? });
        }
        Ok(PossibleLoss { found_ms, cut })
    }
}
