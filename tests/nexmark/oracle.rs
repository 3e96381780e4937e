//! What the queries answer, by plain loops over the events: for those to which Flink gives no answer here.

use serde_json::{Value, json};

/// How far a bid may lie behind the greatest event time before it.
const LATENESS_MS: i64 = 4_000;

/// The events of a file, with each table's watermark before each of its rows.
pub(crate) struct Events {
    auctions: Vec<Row>,
    bids: Vec<Row>,
}

struct Row {
    value: Value,
    at: i64,
    watermark_before: i64,
}

impl Row {
    fn number(&self, name: &str) -> i64 {
        self.value[name].as_i64().unwrap()
    }

    fn text(&self, name: &str) -> &str {
        self.value[name].as_str().unwrap()
    }

    /// The row with these fields alone, and others behind them.
    fn with(&self, names: &[&str], more: &[(&str, Value)]) -> String {
        let own = names.iter().map(|name| (*name, self.value[*name].clone()));
        let fields = own.chain(more.iter().cloned());
        let fields: Vec<String> = fields.map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        format!("{{{}}}", fields.join(","))
    }
}

impl Events {
    pub(crate) fn of(lines: &str) -> Events {
        let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let table = |name: &str| {
            let mut greatest = i64::MIN;
            let rows = events.iter().filter_map(|event| event.get(name)).map(|row| {
                let at = row["dateTime"].as_i64().unwrap();
                let watermark_before = greatest.saturating_sub(LATENESS_MS);
                greatest = greatest.max(at);
                Row { value: row.clone(), at, watermark_before }
            });
            rows.collect()
        };
        Events { auctions: table("auction"), bids: table("bid") }
    }

    /// The sorted lines of a query, if it is known here.
    pub(crate) fn answer(&self, query: &str) -> Option<Vec<String>> {
        let bids = self.bids.iter();
        let mut lines: Vec<String> = match query {
            "q0" => {
                bids.map(|bid| bid.with(&["auction", "bidder", "price", "dateTime", "extra"], &[])).collect()
            }
            "q1" => bids.map(converted).collect(),
            "q2" => bids
                .filter(|bid| bid.number("auction") % 123 == 0)
                .map(|bid| bid.with(&["auction", "price"], &[]))
                .collect(),
            "q13" => bids.map(with_side_value).collect(),
            "q14" => bids.filter_map(dear).collect(),
            "q21" => bids.filter_map(of_channel).collect(),
            "q22" => bids.map(directories).collect(),
            "interval_join" => self.interval_join(),
            "over_avg5m" => self.over("auction", 300_000).map(average).collect(),
            "over_bidder10s" => self.over("bidder", 10_000).map(of_bidder).collect(),
            _ => return None,
        };
        lines.sort_unstable();
        Some(lines)
    }

    /// Pairs of an auction and a bid that come in time for each other.
    fn interval_join(&self) -> Vec<String> {
        let (lo, hi) = (0, 5_000);
        let mut lines = Vec::new();
        for auction in &self.auctions {
            for bid in self.bids.iter().filter(|bid| bid.value["auction"] == auction.value["id"]) {
                let near = (lo..=hi).contains(&(bid.at - auction.at));
                let in_time =
                    bid.at - lo > auction.watermark_before && auction.at + hi > bid.watermark_before;
                if near && in_time {
                    let more = [
                        ("bidder", bid.value["bidder"].clone()),
                        ("price", bid.value["price"].clone()),
                        ("ats", json!(auction.at)),
                        ("bts", json!(bid.at)),
                    ];
                    lines.push(auction.with(&["id"], &more));
                }
            }
        }
        lines
    }

    /// Each bid that is not late, with those of its group that are not, and are no older than `last_ms`.
    fn over<'e>(&'e self, group: &'e str, last_ms: i64) -> impl Iterator<Item = (&'e Row, Vec<i64>)> {
        let in_time = || self.bids.iter().filter(|bid| bid.at > bid.watermark_before);
        in_time().map(move |bid| {
            let frame = in_time().filter(|other| {
                other.value[group] == bid.value[group] && (bid.at - last_ms..=bid.at).contains(&other.at)
            });
            (bid, frame.map(|other| other.number("price")).collect())
        })
    }
}

fn thousandths(number: i64) -> Value {
    json!(format!("{}.{:03}", number / 1000, number % 1000))
}

fn converted(bid: &Row) -> String {
    let price = thousandths(bid.number("price") * 908);
    bid.with(
        &["auction", "bidder"],
        &[("price", price), ("dateTime", json!(bid.at)), ("extra", bid.value["extra"].clone())],
    )
}

fn with_side_value(bid: &Row) -> String {
    let value = json!(format!("side-{}", bid.number("auction") % 10_000));
    bid.with(&["auction", "bidder", "price", "dateTime"], &[("value", value)])
}

fn dear(bid: &Row) -> Option<String> {
    let price = bid.number("price") * 908;
    let hour = bid.at / 3_600_000 % 24;
    let time_of_day = match hour {
        8..=18 => "dayTime",
        0..=6 | 20..=23 => "nightTime",
        _ => "otherTime",
    };
    let more = [
        ("price", thousandths(price)),
        ("bidTimeType", json!(time_of_day)),
        ("dateTime", json!(bid.at)),
        ("extra", bid.value["extra"].clone()),
        ("c_counts", json!(bid.text("extra").matches('c').count())),
    ];
    (price > 1_000_000_000 && price < 50_000_000_000).then(|| bid.with(&["auction", "bidder"], &more))
}

fn of_channel(bid: &Row) -> Option<String> {
    let id = match bid.text("channel").to_lowercase().as_str() {
        "apple" => "0",
        "google" => "1",
        "facebook" => "2",
        "baidu" => "3",
        _ => bid.text("url").split_once("channel_id=")?.1.split('&').next()?,
    };
    Some(bid.with(&["auction", "bidder", "price", "channel"], &[("channel_id", json!(id))]))
}

fn directories(bid: &Row) -> String {
    let parts: Vec<&str> = bid.text("url").split('/').collect();
    let more = [("dir1", 3), ("dir2", 4), ("dir3", 5)].map(|(name, part)| (name, json!(parts.get(part))));
    bid.with(&["auction", "bidder", "price", "channel"], &more)
}

fn average((bid, frame): (&Row, Vec<i64>)) -> String {
    let mean = frame.iter().sum::<i64>() / frame.len() as i64;
    bid.with(
        &["auction", "bidder", "price"],
        &[("ts", json!(bid.at)), ("avg_price", json!(mean)), ("n", json!(frame.len()))],
    )
}

fn of_bidder((bid, frame): (&Row, Vec<i64>)) -> String {
    bid.with(
        &["bidder", "price"],
        &[
            ("ts", json!(bid.at)),
            ("sum_price", json!(frame.iter().sum::<i64>())),
            ("n", json!(frame.len())),
            ("max_price", json!(frame.iter().max())),
        ],
    )
}
