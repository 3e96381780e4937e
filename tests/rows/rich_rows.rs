//! Rows with maps, tuples, arrays and boxes: pipelines read parts of them, keep them in state and write them, in every format, and
//! no result depends on workers, epochs or restarts.

use std::collections::{BTreeMap, HashMap};

use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use support::{Random, SOME_WAYS, append, assert_same_rows, by_partition, drive, read, run, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Reading {
    sensor: (u16, String),
    values: HashMap<String, i64>,
    limits: [i64; 2],
    labels: BTreeMap<String, String>,
    site: Box<Site>,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Site {
    name: String,
    rooms: Vec<(u16, Option<String>)>,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Warm {
    sensor: (u16, String),
    values: HashMap<String, i64>,
    over: [i64; 2],
    room: Option<String>,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct PerKind {
    kind: u16,
    from: Timestamp,
    warmest: i64,
    last: (u16, String),
    labels: BTreeMap<String, String>,
    limits: [i64; 2],
    site: Box<Site>,
    all: Vec<(u16, String)>,
    n: u64,
}

topics! {
    Readings("readings"): Reading { time: at, partitions: 3 }
    WarmNative("warm"): Warm { time: at, partitions: 2 }
    WarmJson("warm-json"): Warm { time: at, format: json }
    PerKinds("per-kind"): PerKind { key: kind }
    PerKindsJson("per-kind-json"): PerKind { key: kind, format: json }
}

#[pipeline]
fn warm() {
    let warm =
        source(Readings).filter(|r| r.values.get("heat").is_some_and(|heat| *heat > r.limits[0])).map(|r| {
            Warm {
                sensor: r.sensor,
                values: r.values,
                over: [r.limits[0], r.limits[1] + 1],
                room: r.site.rooms.first().and_then(|room| room.1.clone()),
                at: r.at,
            }
        });
    warm.sink(WarmNative);
    warm.sink(WarmJson);
}

#[pipeline]
fn per_kind() {
    let readings = source(Readings).lateness(1h).late_drop();
    let per_kind = readings.group_by(|r| r.sensor.0).window(tumbling(1h)).select(|w, r| PerKind {
        kind: w.key(),
        from: w.start(),
        warmest: max(r.values.get("heat").copied().unwrap_or(-1)),
        last: last(r.sensor),
        labels: last(r.labels),
        limits: last(r.limits),
        site: last(r.site),
        all: collect(r.sensor, 1000),
        n: count(),
    });
    per_kind.sink(PerKinds);
    per_kind.sink(PerKindsJson);
}

#[pipeline]
fn whole_rows_in_state() {
    let readings = source(Readings).lateness(10h).late_drop();
    let firsts = readings.distinct_by(|r| (r.sensor.0, r.at)).within(1h);
    firsts
        .map(|r| Warm { sensor: r.sensor, values: r.values, over: r.limits, room: None, at: r.at })
        .sink(WarmNative);
}

fn any_readings(random: &mut Random) -> Vec<Reading> {
    (0..200_i64)
        .map(|n| {
            let kind = random.below(5) as u16;
            let mut values = HashMap::new();
            for name in ["heat", "wind", "rain"] {
                if random.below(3) > 0 {
                    values.insert(name.to_owned(), random.below(50) as i64);
                }
            }
            let rooms =
                (0..random.below(3)).map(|room| (room as u16, Some(format!("room {room}")))).collect();
            Reading {
                sensor: (kind, format!("s{}", random.below(9))),
                values,
                limits: [random.below(40) as i64, n],
                labels: (0..random.below(4)).map(|at| (at.to_string(), format!("l{n}"))).collect(),
                site: Box::new(Site { name: format!("site {kind}"), rooms }),
                at: Timestamp::from_millis(n * 60_000 + random.below(30) as i64),
            }
        })
        .collect()
}

fn warm_by_hand(rows: &[Reading]) -> Vec<Warm> {
    let is_warm = |row: &&Reading| row.values.get("heat").is_some_and(|heat| *heat > row.limits[0]);
    let warm = rows.iter().filter(is_warm).map(|row| Warm {
        sensor: row.sensor.clone(),
        values: row.values.clone(),
        over: [row.limits[0], row.limits[1] + 1],
        room: row.site.rooms.first().and_then(|room| room.1.clone()),
        at: row.at,
    });
    warm.collect()
}

fn per_kind_by_hand(rows: &[Reading]) -> Vec<PerKind> {
    const HOUR: i64 = 3_600_000;
    let mut groups = BTreeMap::<(i64, u16), Vec<&Reading>>::new();
    for row in rows {
        groups.entry((row.at.millis() / HOUR, row.sensor.0)).or_default().push(row);
    }
    let of_group = |((hour, kind), mut rows): ((i64, u16), Vec<&Reading>)| {
        rows.sort_by_key(|row| row.at);
        let last = rows[rows.len() - 1];
        PerKind {
            kind,
            from: Timestamp::from_millis(hour * HOUR),
            warmest: rows.iter().map(|row| row.values.get("heat").copied().unwrap_or(-1)).max().unwrap(),
            last: last.sensor.clone(),
            labels: last.labels.clone(),
            limits: last.limits,
            site: last.site.clone(),
            all: rows.iter().map(|row| row.sensor.clone()).collect(),
            n: rows.len() as u64,
        }
    };
    groups.into_iter().map(of_group).collect()
}

/// Rows by what is equal where they are, as the order of a hash map's entries in a text is any.
fn told(rows: &[Warm]) -> Vec<String> {
    let sorted = |row: &Warm| row.values.iter().map(|(k, v)| (k.clone(), *v)).collect::<BTreeMap<_, _>>();
    rows.iter().map(|row| format!("{:?}", (&row.sensor, sorted(row), row.over, &row.room, row.at))).collect()
}

#[test]
fn every_way_of_running_gives_what_a_plain_loop_gives() {
    for seed in seeds(3) {
        let rows = any_readings(&mut Random(seed));
        for way in SOME_WAYS {
            let fill = |store: &Store| append(store, Readings, &rows);
            let (store, _) = way.run(warm(), fill);
            assert_same_rows(told(&read(&store, WarmNative)), told(&warm_by_hand(&rows)), way);
            assert_same_rows(told(&read(&store, WarmJson)), told(&warm_by_hand(&rows)), way);
            let (store, _) = way.run(per_kind(), fill);
            assert_same_rows(read(&store, PerKinds), per_kind_by_hand(&rows), way);
            assert_same_rows(read(&store, PerKindsJson), per_kind_by_hand(&rows), way);
        }
    }
}

#[test]
fn rows_that_are_kept_come_back_after_a_restart() {
    for seed in seeds(3) {
        let mut random = Random(seed);
        let rows = any_readings(&mut random);
        let logs = by_partition(&rows, 3, |row| u32::from(row.sensor.0) % 3);
        let mut t =
            drive(whole_rows_in_state().test(), &mut random, logs, |t, rows| t.push_all(Readings, rows));
        let mut seen = std::collections::BTreeSet::new();
        let expected = rows.iter().filter(|row| seen.insert((row.sensor.0, row.at))).map(|row| Warm {
            sensor: row.sensor.clone(),
            values: row.values.clone(),
            over: row.limits,
            room: None,
            at: row.at,
        });
        assert_same_rows(told(&t.rows(WarmNative)), told(&expected.collect::<Vec<_>>()), seed);
    }
}

/// The bytes that a run writes are the same in every run, in `json` too, though a hash map's own order is not.
#[test]
fn the_bytes_that_are_written_do_not_depend_on_a_hash_maps_order() {
    let rows = any_readings(&mut Random(7));
    let bytes = |topic: &'static str| {
        let store = support::open(&MemDisk::new());
        append(&store, Readings, &rows);
        run(warm(), &store, RunOptions::new().workers(1).close()).unwrap();
        let partition = store.find_topic(topic).unwrap().partition(0).unwrap();
        let mut scan = partition.scan(waterwheel::log::Offset(0), partition.last_stable_offset());
        let mut bytes = Vec::new();
        while let Some(record) = scan.next().unwrap() {
            bytes.push(record.value.unwrap().to_vec());
        }
        bytes
    };
    for topic in ["warm", "warm-json"] {
        let first = bytes(topic);
        assert!(first.len() > 20);
        assert_eq!(bytes(topic), first);
    }
}

#[test]
fn only_what_is_used_of_a_row_is_decoded() {
    let plan = warm().explain().unwrap();
    assert!(plan.contains("reads 5 of 6 fields: sensor, values, limits, site, at"), "{plan}");
    let plan = per_kind().explain().unwrap();
    assert!(plan.contains("reads all 6 fields, each of them by name"), "{plan}");
}
