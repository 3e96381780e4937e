//! Joins of every kind, by ranges of time and in windows, and of what they give. None of it may change: a changed pipeline does not go on from its
//! state.

use waterwheel::prelude::*;

use super::super::town::mix;
use super::market::START_MS;

/// What waits for a ship: kept by port, joined by ship.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Load {
    pub(crate) id: u64,
    pub(crate) port: u64,
    pub(crate) ship: u64,
    pub(crate) note: String,
    pub(crate) tons: Option<i64>,
    pub(crate) at: Timestamp,
}

/// A ship calls at a port.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Call {
    pub(crate) id: u64,
    pub(crate) port: u64,
    pub(crate) ship: u64,
    pub(crate) flag: Flag,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) enum Flag {
    None,
    Of { country: String },
}

/// A pair, or a row that has met none.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Met {
    pub(crate) load: Option<u64>,
    pub(crate) call: Option<u64>,
    pub(crate) load_at: Option<Timestamp>,
    pub(crate) call_at: Option<Timestamp>,
}

/// What a ship has met in an hour.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct ShipHour {
    pub(crate) ship: u64,
    pub(crate) from: Timestamp,
    pub(crate) n: u64,
    pub(crate) alone: u64,
}

topics! {
    pub(crate) Loads("loads"): Load { key: port, time: at, partitions: 3 }
    pub(crate) Calls("calls"): Call { key: port, time: at, partitions: 2, format: json }
    pub(crate) LateLoads("late-loads"): Load { key: id, format: json }
    pub(crate) InnerMets("inner-mets"): Met { key: load }
    pub(crate) LeftMets("left-mets"): Met { key: load }
    pub(crate) RightMets("right-mets"): Met { key: load }
    pub(crate) FullMets("full-mets"): Met { key: load }
    pub(crate) SemiMets("semi-mets"): Met { key: load }
    pub(crate) AntiMets("anti-mets"): Met { key: load }
    pub(crate) InnerWindowMets("inner-window-mets"): Met { key: load }
    pub(crate) LeftWindowMets("left-window-mets"): Met { key: load }
    pub(crate) RightWindowMets("right-window-mets"): Met { key: load }
    pub(crate) FullWindowMets("full-window-mets"): Met { key: load }
    pub(crate) SemiWindowMets("semi-window-mets"): Met { key: load }
    pub(crate) AntiWindowMets("anti-window-mets"): Met { key: load }
    pub(crate) ShipHours("ship-hours"): ShipHour { key: ship }
    pub(crate) Later("later"): Met { key: load }
}

#[pipeline]
pub(crate) fn freight() {
    let loads = source(Loads).lateness(5m).late_to(LateLoads);
    let calls = source(Calls).lateness(3m).late_drop();

    let inners = loads.join(calls).on(|l| l.ship, |c| c.ship).between(-10m..=30m).select(|l, c| Met {
        load: Some(l.id),
        call: Some(c.id),
        load_at: Some(l.at),
        call_at: Some(c.at),
    });
    inners.sink(InnerMets);

    let lefts = loads.left_join(calls).on(|l| l.ship, |c| c.ship).between(-10m..=30m).select(|l, c| Met {
        load: Some(l.id),
        call: c.id,
        load_at: Some(l.at),
        call_at: c.at,
    });
    lefts.sink(LeftMets);

    let rights = loads.right_join(calls).on(|l| l.ship, |c| c.ship).between(-10m..=30m).select(|l, c| Met {
        load: l.id,
        call: Some(c.id),
        load_at: l.at,
        call_at: Some(c.at),
    });
    rights.sink(RightMets);

    let fulls = loads.full_join(calls).on(|l| l.ship, |c| c.ship).between(-10m..=30m).select(|l, c| Met {
        load: l.id,
        call: c.id,
        load_at: l.at,
        call_at: c.at,
    });
    fulls.sink(FullMets);

    let semis = loads.semi_join(calls).on(|l| l.ship, |c| c.ship).between(-10m..=30m);
    let semis_met = semis.map(|l| Met { load: Some(l.id), call: None, load_at: Some(l.at), call_at: None });
    semis_met.sink(SemiMets);

    let antis = loads.anti_join(calls).on(|l| l.ship, |c| c.ship).between(-10m..=30m);
    let antis_met = antis.map(|l| Met { load: Some(l.id), call: None, load_at: Some(l.at), call_at: None });
    antis_met.sink(AntiMets);

    let inner_in_windows =
        loads.join(calls).on(|l| l.ship, |c| c.ship).window(tumbling(20m)).select(|_, l, c| Met {
            load: Some(l.id),
            call: Some(c.id),
            load_at: Some(l.at),
            call_at: Some(c.at),
        });
    inner_in_windows.sink(InnerWindowMets);

    let left_in_windows = loads
        .left_join(calls)
        .on(|l| l.ship, |c| c.ship)
        .window(tumbling(20m))
        .select(|_, l, c| Met { load: Some(l.id), call: c.id, load_at: Some(l.at), call_at: c.at });
    left_in_windows.sink(LeftWindowMets);

    let right_in_windows = loads
        .right_join(calls)
        .on(|l| l.ship, |c| c.ship)
        .window(tumbling(20m))
        .select(|_, l, c| Met { load: l.id, call: Some(c.id), load_at: l.at, call_at: Some(c.at) });
    right_in_windows.sink(RightWindowMets);

    let full_in_windows = loads
        .full_join(calls)
        .on(|l| l.ship, |c| c.ship)
        .window(tumbling(20m))
        .select(|_, l, c| Met { load: l.id, call: c.id, load_at: l.at, call_at: c.at });
    full_in_windows.sink(FullWindowMets);

    let semi_in_windows = loads.semi_join(calls).on(|l| l.ship, |c| c.ship).window(tumbling(20m));
    let semi_in_windows_met =
        semi_in_windows.map(|l| Met { load: Some(l.id), call: None, load_at: Some(l.at), call_at: None });
    semi_in_windows_met.sink(SemiWindowMets);

    let anti_in_windows = loads.anti_join(calls).on(|l| l.ship, |c| c.ship).window(tumbling(20m));
    let anti_in_windows_met =
        anti_in_windows.map(|l| Met { load: Some(l.id), call: None, load_at: Some(l.at), call_at: None });
    anti_in_windows_met.sink(AntiWindowMets);

    let hours =
        fulls.group_by(|m| m.load.or(m.call).unwrap_or_default() % 3).window(tumbling(1h)).select(|w, m| {
            ShipHour {
                ship: w.key(),
                from: w.start(),
                n: count(),
                alone: count_if(m.load.is_none() || m.call.is_none()),
            }
        });
    hours.sink(ShipHours);

    // A stream and itself: the loads of a ship within the next half hour.
    let later = loads.join(loads).on(|l| l.ship, |l| l.ship).between(1ms..=30m).select(|l, c| Met {
        load: Some(l.id),
        call: Some(c.id),
        load_at: Some(l.at),
        call_at: Some(c.at),
    });
    later.sink(Later);
}

/// Load number `n`: 40 s behind the one before it and up to four minutes later, no two at the same time; a third come up to 45 minutes late, and some up to two hours, so that it
/// matters which watermark a row has come under.
pub(crate) fn load(n: u64) -> Load {
    let chance = mix(n ^ 0xbbbb);
    Load {
        id: n,
        port: (chance >> 8) % 20,
        ship: (chance >> 16) % 25,
        note: format!("load {n}, süd"),
        tons: (!n.is_multiple_of(4)).then_some((chance >> 24) as i64 % 90),
        at: at(n, chance),
    }
}

/// Call number `n`, likewise.
pub(crate) fn call(n: u64) -> Call {
    let chance = mix(n ^ 0xdddd);
    let flag = match chance >> 24 & 1 {
        0 => Flag::None,
        _ => Flag::Of { country: format!("country {}", chance >> 25 & 7) },
    };
    Call { id: n, port: (chance >> 8) % 20, ship: (chance >> 16) % 25, flag, at: at(n, chance) }
}

fn at(n: u64, chance: u64) -> Timestamp {
    let shift_ms = match chance % 16 {
        0 => -((chance >> 40) as i64 % (120 * 60_000)),
        1..6 => -((chance >> 40) as i64 % (45 * 60_000)),
        _ => (chance >> 40) as i64 % (4 * 60_000),
    };
    // Times end on the number, so that no two of a side are the same.
    Timestamp::from_millis((START_MS + n as i64 * 40_000 + shift_ms) / 1000 * 1000 + (n % 1000) as i64)
}
