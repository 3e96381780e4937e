//! The rows of an auction site, and how their values are written as JSON.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

/// Somebody who sells or bids.
#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) email_address: String,
    pub(crate) credit_card: String,
    pub(crate) city: String,
    pub(crate) state: String,
    #[serde(with = "millis")]
    pub(crate) date_time: Timestamp,
    pub(crate) extra: String,
}

/// Something for sale.
#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Auction {
    pub(crate) id: u64,
    pub(crate) item_name: String,
    pub(crate) description: String,
    pub(crate) initial_bid: u64,
    pub(crate) reserve: u64,
    #[serde(with = "millis")]
    pub(crate) date_time: Timestamp,
    #[serde(with = "millis")]
    pub(crate) expires: Timestamp,
    /// A person's id.
    pub(crate) seller: u64,
    pub(crate) category: u64,
    pub(crate) extra: String,
}

/// A bid for an auction.
#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bid {
    /// An auction's id.
    pub(crate) auction: u64,
    /// A person's id.
    pub(crate) bidder: u64,
    pub(crate) price: u64,
    pub(crate) channel: String,
    pub(crate) url: String,
    #[serde(with = "millis")]
    pub(crate) date_time: Timestamp,
    pub(crate) extra: String,
}

/// A row of the side table in which bids are looked up.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct SideRow {
    pub(crate) key: u64,
    pub(crate) value: String,
}

/// A price with three digits behind the point, in thousandths; in JSON it is a text, so that nobody rounds it.
#[derive(Debug, Clone, Copy, PartialEq, Record)]
#[record(serde = manual)]
pub(crate) struct Thousandths(pub(crate) u64);

impl Serialize for Thousandths {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}.{:03}", self.0 / 1000, self.0 % 1000))
    }
}

impl<'de> Deserialize<'de> for Thousandths {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let whole = |part: &str| part.parse::<u64>().map_err(serde::de::Error::custom);
        let (units, thousandths) =
            text.split_once('.').ok_or_else(|| serde::de::Error::custom("a price has a point"))?;
        Ok(Thousandths(whole(units)? * 1000 + whole(thousandths)?))
    }
}

/// Event times in JSON: milliseconds since the beginning of 1970, as the generator writes them.
pub(crate) mod millis {
    use serde::{Deserialize, Deserializer, Serializer};
    use waterwheel::Timestamp;

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.millis())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}
