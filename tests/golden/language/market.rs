//! Windows of every kind with every aggregate, rows that look back, rows each once, parts of a split, rows from the future, dead letters and
//! heartbeats. None of it may change: a changed pipeline does not go on from its state.

use waterwheel::prelude::*;

use super::super::town::mix;

/// 30 March 2013, 20:00 UTC: five hours before clocks are changed in Berlin.
pub(crate) const START_MS: i64 = 1_364_673_600_000;

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Trade {
    pub(crate) id: u64,
    pub(crate) trader: u64,
    pub(crate) share: String,
    pub(crate) venue: u8,
    pub(crate) cents: i64,
    pub(crate) pieces: u32,
    /// A multiple of 0.25, so that plain sums are exact.
    pub(crate) price: f64,
    pub(crate) fee: Option<i64>,
    pub(crate) kind: Kind,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) enum Kind {
    Bought(Bought),
    Sold(Sold),
    Quoted,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Bought {
    pub(crate) broker: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Sold {
    pub(crate) broker: u64,
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Garbage {
    pub(crate) bytes: Vec<u8>,
}

/// Every exact aggregate.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Exact {
    pub(crate) share: String,
    pub(crate) from: Timestamp,
    pub(crate) n: u64,
    pub(crate) with_fee: u64,
    pub(crate) total: i64,
    pub(crate) pieces: u64,
    pub(crate) prices: f64,
    pub(crate) mean: f64,
    pub(crate) mean_fee: Option<f64>,
    pub(crate) least: i64,
    pub(crate) greatest: f64,
    pub(crate) first: u64,
    pub(crate) last: Kind,
    pub(crate) cheapest: u64,
    pub(crate) largest: String,
    pub(crate) variance: Option<f64>,
    pub(crate) stddev: Option<f64>,
    pub(crate) variance_pop: f64,
    pub(crate) stddev_pop: f64,
    pub(crate) weighted: Option<f64>,
    pub(crate) traders: u64,
    pub(crate) ids: Vec<u64>,
}

/// The same, each on a condition.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct ExactIf {
    pub(crate) share: String,
    pub(crate) from: Timestamp,
    pub(crate) total: i64,
    pub(crate) mean: Option<f64>,
    pub(crate) least: Option<i64>,
    pub(crate) greatest: Option<f64>,
    pub(crate) first: Option<u64>,
    pub(crate) last: Option<Kind>,
    pub(crate) cheapest: Option<u64>,
    pub(crate) largest: Option<u64>,
    pub(crate) variance: Option<f64>,
    pub(crate) stddev: Option<f64>,
    pub(crate) variance_pop: Option<f64>,
    pub(crate) stddev_pop: Option<f64>,
    pub(crate) weighted: Option<f64>,
    pub(crate) traders: u64,
    pub(crate) ids: Vec<u64>,
}

/// The estimates: of few values and of many, of negative ones and of positive ones.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Rough {
    pub(crate) venue: u8,
    pub(crate) from: Timestamp,
    pub(crate) ids: u64,
    pub(crate) traders: u64,
    pub(crate) buyers: u64,
    pub(crate) median: f64,
    pub(crate) gain: f64,
    pub(crate) high: Option<f64>,
}

/// What slides, or grows.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Smooth {
    pub(crate) share: String,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) n: u64,
    pub(crate) total: i64,
    pub(crate) mean: f64,
    pub(crate) least: i64,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) largest: u64,
    pub(crate) stddev: Option<f64>,
    pub(crate) traders: u64,
    pub(crate) median: f64,
    pub(crate) ids: Vec<u64>,
}

/// What is best in a window.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Best {
    pub(crate) share: String,
    pub(crate) until: Timestamp,
    pub(crate) rank: u64,
    pub(crate) total: i64,
}

/// What a key has come to: in so many rows, or before a row.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct SoFar {
    pub(crate) trader: u64,
    pub(crate) id: u64,
    pub(crate) from: Timestamp,
    pub(crate) n: u64,
    pub(crate) total: i64,
    pub(crate) mean: f64,
    pub(crate) least: i64,
    pub(crate) greatest: i64,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) cheapest: u64,
    pub(crate) stddev: Option<f64>,
    pub(crate) shares: u64,
    pub(crate) high: f64,
}

/// A broker's run of sales.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Run {
    pub(crate) broker: u64,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) n: u64,
    pub(crate) reasons: Vec<String>,
}

topics! {
    pub(crate) Trades("trades"): Trade { key: trader, time: at, partitions: 3 }
    pub(crate) LateTrades("late-trades"): Trade { key: id, format: json }
    pub(crate) BadTrades("bad-trades"): Garbage { format: raw }
    pub(crate) Exacts("exacts"): Exact { key: share }
    pub(crate) ExactIfs("exact-ifs"): ExactIf { key: share }
    pub(crate) Roughs("roughs"): Rough { key: venue, format: json }
    pub(crate) Smooths("smooths"): Smooth { key: share, partitions: 2 }
    pub(crate) Shifted("shifted"): Smooth { key: share }
    pub(crate) DaysSoFar("days-so-far"): Smooth { key: share }
    pub(crate) Firsts("firsts"): Best { key: share }
    pub(crate) Largest("largest"): Smooth { key: share }
    pub(crate) Sevens("sevens"): SoFar { key: trader }
    pub(crate) BySpan("by-span"): SoFar { key: trader, partitions: 2 }
    pub(crate) ByRows("by-rows"): SoFar { key: trader }
    pub(crate) ByRowsOfLate("by-rows-of-late"): SoFar { key: trader }
    pub(crate) Once("once"): Trade { key: id }
    pub(crate) Purchases("purchases"): Bought { key: broker }
    pub(crate) Runs("runs"): Run { key: broker }
}

#[pipeline]
pub(crate) fn market() {
    let trades =
        source(Trades).lateness(5m).ahead(1h).undecodable(dead_letter(BadTrades)).late_to(LateTrades);
    let by_share = trades.group_by(|t| t.share);

    let exacts = by_share.window(tumbling(2h)).select(|w, t| Exact {
        share: w.key(),
        from: w.start(),
        n: count(),
        with_fee: count_if(t.fee.is_some()),
        total: sum(t.cents),
        pieces: sum(t.pieces),
        prices: sum(t.price),
        mean: mean(t.price),
        mean_fee: mean(t.fee),
        least: min(t.cents),
        greatest: max(t.price),
        first: first(t.id),
        last: last(t.kind),
        cheapest: min_by(t.id, t.cents),
        largest: max_by((t.trader, t.share), t.pieces).1,
        variance: variance(t.cents),
        stddev: stddev(t.price),
        variance_pop: variance_pop(t.price),
        stddev_pop: stddev_pop(t.cents),
        weighted: weighted_mean(t.price, t.pieces),
        traders: distinct(t.trader),
        ids: collect(t.id, 200),
    });
    exacts.sink(Exacts);

    let exact_ifs = by_share.window(tumbling(2h).offset(30m)).select(|w, t| ExactIf {
        share: w.key(),
        from: w.start(),
        total: sum_if(t.cents, t.fee.is_some()),
        mean: mean_if(t.price, t.venue == 1),
        least: min_if(t.cents, t.venue == 1),
        greatest: max_if(t.price, t.venue == 1),
        first: first_if(t.id, t.venue == 1),
        last: last_if(t.kind, t.venue == 1),
        cheapest: min_by_if(t.id, t.cents, t.venue == 1),
        largest: max_by_if(t.id, t.pieces, t.venue == 1),
        variance: variance_if(t.cents, t.fee.is_some()),
        stddev: stddev_if(t.price, t.fee.is_some()),
        variance_pop: variance_pop_if(t.price, t.venue == 1),
        stddev_pop: stddev_pop_if(t.cents, t.venue == 1),
        weighted: weighted_mean_if(t.price, t.pieces, t.venue == 1),
        traders: distinct_if(t.trader, t.fee.is_some()),
        ids: collect_if(t.id, 200, t.venue == 1),
    });
    exact_ifs.sink(ExactIfs);

    let roughs = trades
        .group_by(|t| t.venue)
        .window(tumbling(7d).in_zone("Europe/Berlin").offset(4d))
        .select(|w, t| Rough {
            venue: w.key(),
            from: w.start(),
            ids: approx_distinct(t.id),
            traders: approx_distinct(t.trader),
            buyers: approx_distinct_if((t.trader, t.share), t.fee.is_some()),
            median: quantile(t.cents, 0.5),
            gain: quantile(t.price - 20.0, 0.4),
            high: quantile_if(t.pieces, 0.99, t.fee.is_some()),
        });
    roughs.sink(Roughs);

    let smooths = by_share.window(sliding(30m, 10m)).select(|w, t| Smooth {
        share: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(t.cents),
        mean: mean(t.price),
        least: min(t.cents),
        first: first(t.id),
        last: last(t.id),
        largest: max_by(t.id, t.pieces),
        stddev: stddev(t.price),
        traders: distinct(t.trader),
        median: quantile(t.cents, 0.5),
        ids: collect(t.id, 200),
    });
    smooths.sink(Smooths);

    let shifted =
        by_share.window(sliding(2d, 1d).in_zone("Europe/Berlin").offset(2h)).select(|w, t| Smooth {
            share: w.key(),
            from: w.start(),
            until: w.end(),
            n: count(),
            total: sum(t.cents),
            mean: mean(t.price),
            least: min(t.cents),
            first: first(t.id),
            last: last(t.id),
            largest: max_by(t.id, t.pieces),
            stddev: stddev(t.price),
            traders: distinct(t.trader),
            median: quantile(t.cents, 0.5),
            ids: collect(t.id, 2000),
        });
    shifted.sink(Shifted);

    let so_far = by_share.window(cumulate(1d, 3h).in_zone("Europe/Berlin")).select(|w, t| Smooth {
        share: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(t.cents),
        mean: mean(t.price),
        least: min(t.cents),
        first: first(t.id),
        last: last(t.id),
        largest: max_by(t.id, t.pieces),
        stddev: stddev(t.price),
        traders: distinct(t.trader),
        median: quantile(t.cents, 0.5),
        ids: collect(t.id, 2000),
    });
    so_far.sink(DaysSoFar);

    let firsts = smooths.per_window().top(2, |s| (desc(s.total), asc(s.share))).select(|rank, s| Best {
        share: s.share,
        until: s.until,
        rank,
        total: s.total,
    });
    firsts.sink(Firsts);
    let largest = smooths.per_window().max_by(|s| s.n);
    largest.sink(Largest);

    let by_trader = trades.group_by(|t| t.trader);
    let sevens = by_trader.window(every(7)).select(|w, t| SoFar {
        trader: w.key(),
        id: last(t.id),
        from: w.start(),
        n: count(),
        total: sum(t.cents),
        mean: mean(t.price),
        least: min(t.cents),
        greatest: max(t.cents),
        first: first(t.id),
        last: last(t.id),
        cheapest: min_by(t.id, t.cents),
        stddev: stddev(t.price),
        shares: distinct(t.share),
        high: quantile(t.cents, 0.9),
    });
    sevens.sink(Sevens);

    let by_span = by_trader.over(last(40m)).select(|t, w| SoFar {
        trader: t.trader,
        id: t.id,
        from: t.at,
        n: count(),
        total: sum(w.cents),
        mean: mean(w.price),
        least: min(w.cents),
        greatest: max(w.cents),
        first: first(w.id),
        last: last(w.id),
        cheapest: min_by(w.id, w.cents),
        stddev: stddev(w.price),
        shares: distinct(w.share),
        high: quantile(w.cents, 0.9),
    });
    by_span.sink(BySpan);

    let by_rows = by_trader.over(last_rows(5)).select(|t, w| SoFar {
        trader: t.trader,
        id: t.id,
        from: t.at,
        n: count(),
        total: sum(w.cents),
        mean: mean(w.price),
        least: min(w.cents),
        greatest: max(w.cents),
        first: first(w.id),
        last: last(w.id),
        cheapest: min_by(w.id, w.cents),
        stddev: stddev(w.price),
        shares: distinct(w.share),
        high: quantile(w.cents, 0.9),
    });
    by_rows.sink(ByRows);

    let by_rows_of_late = by_trader.over(last_rows(5).ttl(1h)).select(|t, w| SoFar {
        trader: t.trader,
        id: t.id,
        from: t.at,
        n: count(),
        total: sum(w.cents),
        mean: mean(w.price),
        least: min(w.cents),
        greatest: max(w.cents),
        first: first(w.id),
        last: last(w.id),
        cheapest: min_by(w.id, w.cents),
        stddev: stddev(w.price),
        shares: distinct(w.share),
        high: quantile(w.cents, 0.9),
    });
    by_rows_of_late.sink(ByRowsOfLate);

    let once = trades.distinct_by(|t| t.id / 2).within(1h);
    once.sink(Once);

    let (bought, sold, _) = trades.split(|t| t.kind);
    bought.sink(Purchases);
    let runs = sold.group_by(|s| s.broker).window(session(20m)).select(|w, s| Run {
        broker: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        reasons: collect(s.reason, 200),
    });
    runs.sink(Runs);
}

/// Trade number `n`: a minute behind the one before it and up to four later, no two at the same time; one in twenty is up to two hours earlier,
/// and one in fifty is of the year 2030.
pub(crate) fn trade(n: u64) -> Trade {
    let chance = mix(n ^ 0x7777);
    let shift_ms = match chance % 100 {
        0..5 => -((chance >> 40) as i64 % (120 * 60_000)),
        5..7 => 530_000_000_000,
        _ => (chance >> 40) as i64 % (4 * 60_000),
    };
    // Times end on the number, so that no two are the same.
    let at = (START_MS + n as i64 * 60_000 + shift_ms) / 1000 * 1000 + (n % 1000) as i64;
    let broker = (chance >> 12) % 5;
    let kind = match (chance >> 8) % 4 {
        0 => Kind::Bought(Bought { broker }),
        1 | 2 => {
            Kind::Sold(Sold { broker, reason: n.is_multiple_of(2).then(|| format!("reason {}", n % 9)) })
        }
        _ => Kind::Quoted,
    };
    Trade {
        id: n,
        trader: (chance >> 16) % 12,
        share: ["ACME", "Süd", "Wheel", "Mill"][(chance >> 20) as usize % 4].to_owned(),
        venue: u8::from(chance >> 24 & 7 == 0),
        cents: (chance >> 28) as i64 % 20_000 - 4_000,
        pieces: (chance >> 32) as u32 % 5_000,
        price: ((chance >> 36) % 200) as f64 * 0.25,
        fee: (!n.is_multiple_of(3)).then_some((chance >> 44) as i64 % 500),
        kind,
        at: Timestamp::from_millis(at),
    }
}
