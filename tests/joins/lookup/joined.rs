//! What is joined behind a lookup meets what it would have met without: which rows meet depends on the watermark that each has come under.

use waterwheel::prelude::*;

use super::{Click, ClicksThree, UsersTwo, random_clicks, random_users};
use support::{Random, append, assert_of_use, assert_same_rows, every_way, read, seeds};

/// Two clicks of a user, or one of those that have met none.
#[derive(Debug, Clone, PartialEq, Record)]
struct Pair {
    click: u64,
    other: Option<u64>,
}

topics! {
    Others("others"): Click { key: page, time: at, partitions: 2 }
    LookedUp("looked-up"): Pair { key: click }
    Plain("plain"): Pair { key: click }
}

#[pipeline]
fn joined() {
    let clicks = source(ClicksThree).lateness(3s).late_drop();
    let others = source(Others).lateness(3s).late_drop();
    let plain = clicks
        .left_join(others)
        .on(|c| c.user, |o| o.user)
        .between(-2s..=2s)
        .select(|c, o| Pair { click: c.number, other: o.number });
    plain.sink(Plain);
    let known = clicks.lookup(side(UsersTwo)).on(|c| c.user, |u| u.user).select(|c, _| c.clone());
    let looked_up = known
        .left_join(others)
        .on(|c| c.user, |o| o.user)
        .between(-2s..=2s)
        .select(|c, o| Pair { click: c.number, other: o.number });
    looked_up.sink(LookedUp);
}

#[test]
fn rows_meet_behind_a_lookup_as_they_would_without() {
    for seed in seeds(3) {
        let mut random = Random(seed * 32_452_843);
        let (clicks, others) = (random_clicks(&mut random, 250), random_clicks(&mut random, 250));
        let users = random_users(&mut random, 20);
        for way in every_way(seed) {
            let (store, _) = way.run(joined(), |store| {
                append(store, UsersTwo, &users);
                append(store, ClicksThree, &clicks);
                append(store, Others, &others);
            });
            let plain = read(&store, Plain);
            let met = plain.iter().filter(|pair| pair.other.is_some()).count();
            assert_of_use(met > 20 && plain.len() - met > 20, format!("{met} of {} have met", plain.len()));
            assert_same_rows(read(&store, LookedUp), plain, format!("seed {seed}, {way}"));
        }
    }
}
