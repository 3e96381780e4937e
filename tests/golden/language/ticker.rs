//! Windows by the clock, event time that is the log's, metadata and headers, and a partition that is silent. None of it may change: a changed
//! pipeline does not go on from its state.

use waterwheel::key::partition_of;
use waterwheel::prelude::*;

use super::super::town::mix;

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Tick {
    pub(crate) share: String,
    pub(crate) number: u64,
    pub(crate) cents: i64,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Audited {
    pub(crate) share: String,
    pub(crate) number: u64,
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    pub(crate) appended: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Load {
    pub(crate) share: String,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) n: u64,
    pub(crate) cents: i64,
    pub(crate) mean: f64,
    pub(crate) least: i64,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Appended {
    pub(crate) share: String,
    pub(crate) from: Timestamp,
    pub(crate) n: u64,
    /// The offset of the greatest number.
    pub(crate) offset: u64,
    pub(crate) first: u64,
}

topics! {
    pub(crate) Ticks("ticks"): Tick { key: share, time: append, partitions: 2, format: json }
    pub(crate) AuditedTicks("audited-ticks"): Audited { key: share, partitions: 2 }
    pub(crate) ByClock("by-clock"): Load { key: share }
    pub(crate) SlidingByClock("sliding-by-clock"): Load { key: share }
    pub(crate) GrowingByClock("growing-by-clock"): Load { key: share }
    pub(crate) VisitsByClock("visits-by-clock"): Load { key: share }
    pub(crate) AppendedMinutes("appended-minutes"): Appended { key: share }
}

#[pipeline]
pub(crate) fn ticker() {
    let ticks = source(Ticks).lateness(1s).idle(30s).with_meta().late_drop();
    let audited = ticks.map(|t| Audited {
        share: t.share,
        number: t.number,
        partition: t.meta.partition,
        offset: t.meta.offset,
        appended: t.meta.append_time,
    });
    audited.sink_with_headers(AuditedTicks, |t| [("number", t.number), ("offset", t.offset)]);

    let by_share = ticks.group_by(|t| t.share);
    let by_clock = by_share.window(tumbling(1m).by_clock()).select(|w, t| Load {
        share: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(t.cents),
        mean: mean(t.cents),
        least: min(t.cents),
    });
    by_clock.sink(ByClock);
    let sliding_by_clock = by_share.window(sliding(1m, 20s).by_clock()).select(|w, t| Load {
        share: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(t.cents),
        mean: mean(t.cents),
        least: min(t.cents),
    });
    sliding_by_clock.sink(SlidingByClock);
    let growing_by_clock = by_share.window(cumulate(2m, 20s).by_clock()).select(|w, t| Load {
        share: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(t.cents),
        mean: mean(t.cents),
        least: min(t.cents),
    });
    growing_by_clock.sink(GrowingByClock);
    let visits_by_clock = by_share.window(session(30s).by_clock()).select(|w, t| Load {
        share: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(t.cents),
        mean: mean(t.cents),
        least: min(t.cents),
    });
    visits_by_clock.sink(VisitsByClock);

    let minutes = by_share.window(tumbling(1m)).select(|w, t| Appended {
        share: w.key(),
        from: w.start(),
        n: count(),
        offset: max_by(t.meta.offset, t.number),
        first: first(t.number),
    });
    minutes.sink(AppendedMinutes);
}

/// Tick number `n`, of a share that is in that partition.
pub(crate) fn tick(partition: u32, n: u64) -> Tick {
    let names = (0..).map(|name| format!("share {name}"));
    let mut names = names.filter(|name| partition_of(name.as_bytes(), 2) == partition);
    let share = names.nth(n as usize % 3).expect("there are names without end");
    Tick { share, number: n, cents: mix(n ^ 0x9999) as i64 % 1000 }
}
