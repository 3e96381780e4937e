//! Rows of about 200 bytes, as in the Nexmark benchmark: a filter by one of their integers keeps few of them.

use waterwheel::prelude::*;
use waterwheel::{Pipeline, TypedTopic};

use super::{Kept, Settings};
use crate::Failure;
use crate::random::Random;
use crate::report::Report;

#[derive(Debug, Clone, PartialEq, Record)]
struct Bid {
    auction: u64,
    bidder: u64,
    price: i64,
    channel: String,
    url: String,
    extra: String,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Price {
    auction: u64,
    price: i64,
}

topics! {
    Bids("bids"): Bid { key: bidder, time: at, partitions: 4 }
    OnlyPrices("only-prices"): Price { key: auction }
    FirstPrices("first-prices"): Price { key: auction }
    SecondPrices("second-prices"): Price { key: auction }
    ThirdPrices("third-prices"): Price { key: auction }
}

/// The filters keep a row of so many.
const ONE_OF: u64 = 123;

/// One reader of the stream.
#[pipeline]
fn one_reader() {
    let bids = source(Bids);
    let first = bids.filter(|b| b.auction % 123 == 0).map(|b| Price { auction: b.auction, price: b.price });
    first.sink(OnlyPrices);
}

/// Three readers of the stream.
#[pipeline]
fn three_readers() {
    let bids = source(Bids);
    let first = bids.filter(|b| b.auction % 123 == 0).map(|b| Price { auction: b.auction, price: b.price });
    let second = bids.filter(|b| b.auction % 123 == 1).map(|b| Price { auction: b.auction, price: b.price });
    let third = bids.filter(|b| b.auction % 123 == 2).map(|b| Price { auction: b.auction, price: b.price });
    first.sink(FirstPrices);
    second.sink(SecondPrices);
    third.sink(ThirdPrices);
}

/// The pipeline with so many readers.
pub(super) fn pipeline(readers: u64) -> Pipeline {
    if readers == 1 { one_reader().into() } else { three_readers().into() }
}

/// Loads the rows, and tells what the pipelines must make of them.
pub(super) fn load(store: &Store, settings: &Settings) -> Result<Report, Failure> {
    let bids = TypedTopic::open(store, Bids)?;
    let (mut loading, mut random) = (bids.load()?, Random::new(8));
    let mut kept = [Kept::default(); 3];
    for at in 0..settings.rows {
        let bid = bid(&mut random, at);
        if let Some(kept) = kept.get_mut((bid.auction % ONE_OF) as usize) {
            kept.add(bid.auction, bid.price);
        }
        loading.push(&bid)?;
    }
    let mut oracle = Report::default();
    oracle.put("rows_read", loading.commit()?);
    kept.iter().zip(NAMES).for_each(|(kept, name)| kept.tell(name, &mut oracle));
    Ok(oracle)
}

/// The names of what the readers keep.
pub(crate) const NAMES: [&str; 3] = ["first", "second", "third"];

/// Tells what lies in the pipeline's topics.
pub(super) fn results(store: &Store, readers: u64, report: &mut Report) -> Result<(), Failure> {
    if readers == 1 {
        return tell(store, OnlyPrices, NAMES[0], report);
    }
    tell(store, FirstPrices, NAMES[0], report)?;
    tell(store, SecondPrices, NAMES[1], report)?;
    tell(store, ThirdPrices, NAMES[2], report)
}

fn tell<P: waterwheel::dsl::Topic<Row = Price>>(
    store: &Store,
    topic: P,
    name: &str,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut kept = Kept::default();
    for price in TypedTopic::open(store, topic)?.rows() {
        let Price { auction, price } = price?;
        kept.add(auction, price);
    }
    kept.tell(name, report);
    Ok(())
}

fn bid(random: &mut Random, at: u64) -> Bid {
    const CHANNELS: [&str; 4] = ["Google", "Facebook", "Baidu", "Apple"];
    let page = random.below(u64::MAX);
    Bid {
        auction: random.below(100_000),
        bidder: random.below(50_000),
        price: random.below(10_000_000) as i64,
        channel: CHANNELS[random.below(4) as usize].to_owned(),
        url: format!("https://www.nexmark.com/{page:016x}/item.htm?query=1"),
        extra: format!("{page:x<95}"),
        at: Timestamp::from_millis(at as i64 / 10),
    }
}

#[cfg(test)]
mod tests {
    use waterwheel::record::{Format, RowCodec, TopicSchemas};

    use super::*;

    #[test]
    fn a_bid_has_about_200_bytes() {
        let codec = RowCodec::<Bid>::new(Format::Native, &mut TopicSchemas::new()).unwrap();
        let mut random = Random::new(8);
        for at in 0..1_000 {
            let mut bytes = Vec::new();
            codec.encode(&bid(&mut random, at), &mut bytes).unwrap();
            assert!((190..=215).contains(&bytes.len()), "{}", bytes.len());
        }
    }
}
