//! What stands behind a join or in front of it: windows, sessions, other joins, parts of pairs.

use super::*;

macro_rules! behind_the_join {
    ($name:ident, $windows:expr) => {
        #[pipeline]
        fn $name() {
            let clicks = source(ClicksThree).lateness(5s).late_drop();
            let buys = source(BuysTwo).lateness(2s).late_drop();
            let pairs = clicks.join(buys).on(|c| c.user, |b| b.user).between(-20s..=20s).select(|c, b| {
                Pair { user: c.user, click: c.number, buy: b.number, click_at: c.at, buy_at: b.at }
            });
            let spans = pairs.group_by(|p| p.user).window($windows).select(|w, p| Span {
                user: w.key(),
                from: w.start(),
                until: w.end(),
                n: count(),
                clicks: sum(p.click),
            });
            spans.sink(Spans);
        }
    };
}

behind_the_join!(minutes_of_pairs, tumbling(20s));
behind_the_join!(sessions_of_pairs, session(3s));

fn span_of(user: u64, from: i64, until: i64, pairs: &[&Joined]) -> Span {
    Span {
        user,
        from: Timestamp::from_millis(from),
        until: Timestamp::from_millis(until),
        n: pairs.len() as u64,
        clicks: pairs.iter().map(|pair| pair.left.number).sum(),
    }
}

/// Each pair under the greater watermark of its rows.
pub(super) fn minutes(pairs: &[Joined]) -> (Vec<Span>, u64) {
    const MINUTE: i64 = 20_000;
    let (mut windows, mut late): (BTreeMap<(i64, u64), Vec<&Joined>>, u64) = Default::default();
    for pair in pairs {
        let from = pair.at - pair.at.rem_euclid(MINUTE);
        match from + MINUTE - 1 > pair.watermark_before {
            true => windows.entry((from, pair.left.key)).or_default().push(pair),
            false => late += 1,
        }
    }
    let spans = windows.iter().map(|((from, user), pairs)| span_of(*user, *from, from + MINUTE, pairs));
    (spans.collect(), late)
}

/// Each pair stands alone: two belong together if their times are near, and the watermark of the later one had not come to the
/// end of the other; and whatever hangs together by such pairs.
pub(super) fn sessions(pairs: &[Joined]) -> (Vec<Span>, u64) {
    const GAP: i64 = 3_000;
    let last = |pair: &Joined| pair.at + GAP - 1;
    let (late, taken): (Vec<&Joined>, Vec<&Joined>) =
        pairs.iter().partition(|pair| last(pair) <= pair.watermark_before);
    let together = |one: &Joined, other: &Joined| {
        let (first, later) = if one.at <= other.at { (one, other) } else { (other, one) };
        one.left.key == other.left.key && later.at - first.at <= GAP && later.watermark_before < last(first)
    };
    let mut left: BTreeSet<usize> = (0..taken.len()).collect();
    let mut spans = Vec::new();
    while let Some(first) = left.pop_first() {
        let (mut of_session, mut next) = (vec![first], 0);
        while next < of_session.len() {
            let here = taken[of_session[next]];
            let found: Vec<usize> = left.iter().copied().filter(|at| together(here, taken[*at])).collect();
            left.retain(|at| !found.contains(at));
            of_session.extend(found);
            next += 1;
        }
        let pairs: Vec<&Joined> = of_session.iter().map(|at| taken[*at]).collect();
        let from = pairs.iter().map(|pair| pair.at).min().unwrap();
        let until = pairs.iter().map(|pair| pair.at + GAP).max().unwrap();
        spans.push(span_of(pairs[0].left.key, from, until, &pairs));
    }
    (spans, late.len() as u64)
}

/// Any workers, epochs, interleavings and restarts.
fn behind_the_join(pipeline: impl Fn() -> Pipeline, plain: fn(&[Joined]) -> (Vec<Span>, u64)) {
    for seed in seeds(8) {
        let mut random = Random(seed * 49_979_687);
        let clicked = random_clicks(&mut random, 120, 3);
        let bought = random_buys(&mut random, 120, 2);
        let (pairs, late) =
            join(&SideRow::of_clicks(&clicked, 3), &SideRow::of_buys(&bought, 2), (-20_000, 20_000));
        let (spans, late_pairs) = plain(&pairs);
        assert_of_use(
            spans.len() > 20 && late_pairs > 0,
            format!("{} spans, {late_pairs} late pairs", spans.len()),
        );
        for way in SOME_WAYS {
            let store = open(&MemDisk::new());
            let (first, rest) = clicked.split_at(random.below(120) as usize);
            append(&store, ClicksThree, first);
            append(&store, BuysTwo, &bought[..random.below(60) as usize]);
            let bought_rest = &bought[read(&store, BuysTwo).len()..];
            let options = way.options();
            run(pipeline(), &store, options.clone().until_end()).unwrap();
            append(&store, BuysTwo, bought_rest);
            run(pipeline(), &store, options.clone().until_end()).unwrap();
            append(&store, ClicksThree, rest);
            let summary = run(pipeline(), &store, options.close()).unwrap();
            let what = format!("seed {seed}, {way}");
            assert_same_rows(read(&store, Spans), spans.clone(), &what);
            assert_eq!(summary.rows_late, late + late_pairs, "{what}");
        }
    }
}

#[test]
fn windows_of_joined_rows_take_each_by_the_greater_watermark() {
    behind_the_join(|| minutes_of_pairs().into(), minutes);
}

#[test]
fn sessions_of_joined_rows_depend_on_times_and_watermarks_alone() {
    behind_the_join(|| sessions_of_pairs().into(), sessions);
}

/// Windows joined with a stream: what a user bought, with the clicks of the 20 s before.
#[pipeline]
fn windows_and_rows() {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let windows = clicks.group_by(|c| c.user).window(tumbling(20s)).select(|w, c| Span {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        clicks: sum(c.number),
    });
    let pairs = windows.join(buys).on(|w| w.user, |b| b.user).between(1ms..=20s).select(|w, b| Pair {
        user: w.user,
        click: w.clicks,
        buy: b.number,
        click_at: w.until,
        buy_at: b.at,
    });
    pairs.sink(Pairs);
}

#[test]
fn windows_joined_with_a_stream_give_what_plain_loops_give() {
    for seed in seeds(4) {
        let mut random = Random(seed * 32_452_843);
        let clicked = random_clicks(&mut random, 120, 3);
        let bought = random_buys(&mut random, 120, 2);
        let (mut windows, mut late): (BTreeMap<(i64, u64), u64>, u64) = Default::default();
        for row in SideRow::of_clicks(&clicked, 3) {
            let from = row.at - row.at.rem_euclid(20_000);
            match from + 20_000 - 1 > row.watermark_before {
                true => *windows.entry((from, row.key)).or_default() += row.number,
                false => late += 1,
            }
        }
        // A window's row is at its end - 1 ms, and never late.
        let window = |((from, key), clicks): ((i64, u64), u64)| SideRow {
            key,
            number: clicks,
            at: from + 20_000 - 1,
            watermark_before: i64::MIN / 2,
        };
        let left: Vec<SideRow> = windows.into_iter().map(window).collect();
        let (pairs, late_rows) = join(&left, &SideRow::of_buys(&bought, 2), (1, 20_000));
        let expected: Vec<Pair> = pairs
            .iter()
            .map(|joined| Pair { click_at: Timestamp::from_millis(joined.left.at + 1), ..pair_of(joined) })
            .collect();
        assert_of_use(expected.len() > 30, format!("{} pairs", expected.len()));
        for way in SOME_WAYS {
            let store = open(&MemDisk::new());
            append(&store, BuysTwo, &bought);
            append(&store, ClicksThree, &clicked[..70]);
            let options = way.options();
            run(windows_and_rows(), &store, options.clone().until_end()).unwrap();
            append(&store, ClicksThree, &clicked[70..]);
            let summary = run(windows_and_rows(), &store, options.close()).unwrap();
            let what = format!("seed {seed}, {way}");
            assert_same_rows(read(&store, Pairs), expected.clone(), &what);
            assert_eq!(summary.rows_late, late + late_rows, "{what}");
        }
    }
}

/// A join of joined rows.
#[pipeline]
fn of_pairs() {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let pairs = clicks.join(buys).on(|c| c.user, |b| b.user).between(-4s..=10s).select(|c, b| Pair {
        user: c.user,
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
    let triples = pairs
        .join(clicks)
        .on(|p| p.click, |c| c.number)
        .between(-10s..=4s)
        .select(|p, c| Pair { click: c.page, ..p.clone() });
    triples.sink(Pairs);
}

#[test]
fn joins_of_joined_rows_are_those_of_nested_loops() {
    for seed in seeds(4) {
        let mut random = Random(seed * 86_028_121);
        let clicked = random_clicks(&mut random, 120, 3);
        let bought = random_buys(&mut random, 120, 2);
        let left = SideRow::of_clicks(&clicked, 3);
        let (pairs, mut late) = join(&left, &SideRow::of_buys(&bought, 2), (-4_000, 10_000));
        let of_pair = |joined: &Joined| SideRow {
            key: joined.left.number,
            number: 0,
            at: joined.at,
            watermark_before: joined.watermark_before,
        };
        let by_number: Vec<SideRow> = left.iter().map(|row| SideRow { key: row.number, ..*row }).collect();
        let mut expected = Vec::new();
        for pair in &pairs {
            let (triples, _) = join(&[of_pair(pair)], &by_number, (-10_000, 4_000));
            let page = |triple: &Joined| clicked[triple.right.number as usize].page;
            expected.extend(triples.iter().map(|triple| Pair { click: page(triple), ..pair_of(pair) }));
        }
        let all: Vec<SideRow> = pairs.iter().map(of_pair).collect();
        late += join(&all, &by_number, (-10_000, 4_000)).1;
        for way in SOME_WAYS {
            let (store, summary) = way.run(of_pairs(), |store| {
                append(store, ClicksThree, &clicked);
                append(store, BuysTwo, &bought);
            });
            let what = format!("seed {seed}, {way}");
            assert_same_rows(read(&store, Pairs), expected.clone(), &what);
            assert_eq!(summary.rows_late, late, "{what}");
        }
    }
}

/// Several rows of each pair, of clicks that are there twice at one place.
#[pipeline]
fn parts_of_pairs() {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let other_clicks = clicks.map(|c| Click { number: c.number + 1_000, ..c.clone() });
    let all = clicks.union(other_clicks);
    let pairs = all.join(buys).on(|c| c.user, |b| b.user).between(-4s..=10s).select(|c, b| Pair {
        user: c.user,
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
    let parts = pairs.flat_map(|p| vec![p.clone(), Pair { buy: p.buy + 1_000, ..p.clone() }]);
    parts.sink(Pairs);
}

#[test]
fn what_is_made_of_pairs_of_one_place_stands_in_one_order() {
    let mut random = Random(179_424_673);
    let clicked = random_clicks(&mut random, 80, 3);
    let bought = random_buys(&mut random, 80, 2);
    let mut first = None;
    for workers in 1..=4 {
        let store = open(&MemDisk::new());
        append(&store, ClicksThree, &clicked);
        append(&store, BuysTwo, &bought);
        let options = RunOptions::new().workers(workers).epoch_rows(10_000).close();
        run(parts_of_pairs(), &store, options).unwrap();
        let found = read(&store, Pairs);
        assert!(found.len() > 100);
        assert_eq!(*first.get_or_insert(found.clone()), found, "{workers} workers");
    }
}
