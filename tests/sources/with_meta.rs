//! `with_meta`: what the log knows of a record comes with its row, whatever the partitions, epochs, workers and restarts.

use std::collections::BTreeMap;

use waterwheel::log::{MemDisk, RecordsBuilder};
use waterwheel::prelude::*;

use support::{Random, append, assert_same_rows, every_way, open, read, run, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Click {
    page: u64,
    user: u64,
    note: String,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Audited {
    page: u64,
    note: String,
    partition: u32,
    offset: u64,
    appended: Timestamp,
    shop: Option<String>,
    headers: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct PageMinute {
    page: u64,
    from: Timestamp,
    clicks: u64,
    last_offset: Option<u64>,
    of_shops: u64,
}

topics! {
    Clicks("clicks"): Click { key: user, time: at, format: json, partitions: 3 }
    LateClicks("late-clicks"): Click { key: user }
    AuditedClicks("audited-clicks"): Audited { key: page }
    PageMinutes("page-minutes"): PageMinute { key: page }
}

#[pipeline]
fn audit() {
    let clicks = source(Clicks).lateness(5s).with_meta().late_to(LateClicks);
    let wanted = clicks.filter(|c| c.meta.header("skip").is_none());
    let audited = wanted.map(|c| Audited {
        page: c.page,
        note: c.row.note,
        partition: c.meta.partition,
        offset: c.meta.offset,
        appended: c.meta.append_time,
        shop: c.meta.text("shop").map(str::to_owned),
        headers: c.meta.headers.len() as u64,
    });
    audited.sink(AuditedClicks);
    let minutes = wanted.group_by(|c| c.page).window(tumbling(20s)).select(|w, c| PageMinute {
        page: w.key(),
        from: w.start(),
        clicks: count(),
        last_offset: max_if(c.meta.offset, c.meta.partition < 3),
        of_shops: count_if(c.meta.header("shop").is_some()),
    });
    minutes.sink(PageMinutes);
}

/// A record of the topic, as a scan of the log finds it.
struct Logged {
    click: Click,
    audited: Audited,
    is_wanted: bool,
}

fn append_with_headers(store: &Store, random: &mut Random, click: &Click, partition: u32, now: i64) {
    let mut headers: Vec<(&str, Option<&[u8]>)> = Vec::new();
    for _ in 0..random.below(4) {
        headers.push(random.one_of(&[
            ("shop", Some(&b"lyon"[..])),
            ("shop", Some(&b"oslo"[..])),
            ("shop", None),
            ("shop", Some(&[0xff][..])),
            ("skip", Some(&b""[..])),
            ("trace", Some(&b"1"[..])),
        ]));
    }
    let value = serde_json::to_vec(click).unwrap();
    let mut records = RecordsBuilder::new();
    records.push_with_headers(now, None, Some(&value), &headers);
    store.topic("clicks").unwrap().partition(partition).unwrap().append(records).unwrap();
}

/// The topic by a scan of its records.
fn scanned(store: &Store) -> Vec<Vec<Logged>> {
    let topic = store.topic("clicks").unwrap();
    let of_partition = |partition: u32| {
        let log = topic.partition(partition).unwrap();
        let (mut scan, mut logged) = (log.scan(log.log_start_offset(), log.last_stable_offset()), Vec::new());
        while let Some(record) = scan.next().unwrap() {
            let click: Click = serde_json::from_slice(record.value.unwrap()).unwrap();
            let shop =
                record.headers().filter(|header| header.0 == "shop").last().and_then(|header| header.1);
            let audited = Audited {
                page: click.page,
                note: click.note.clone(),
                partition,
                offset: record.offset.0,
                appended: Timestamp::from_millis(record.timestamp),
                shop: shop.and_then(|shop| String::from_utf8(shop.to_vec()).ok()),
                headers: record.headers().count() as u64,
            };
            let skips = record.headers().filter(|header| header.0 == "skip").last();
            let is_wanted = skips.is_none();
            let audited = Audited { shop: audited.shop, ..audited };
            logged.push(Logged { click, audited, is_wanted });
            let last = logged.last_mut().unwrap();
            // Whether the last header of the name has a value, which need not be text.
            last.audited.headers += if shop.is_some() { 1_000 } else { 0 };
        }
        logged
    };
    (0..topic.partitions()).map(of_partition).collect()
}

#[test]
fn rows_come_with_what_the_log_knows_of_them() {
    for seed in seeds(2) {
        for way in every_way(seed) {
            let mut random = Random(seed * 160_481_183);
            let store = open(&MemDisk::new());
            append(&store, Clicks, &[]);
            let fill = |random: &mut Random| {
                for number in 0..random.below(80) {
                    let at = Timestamp::from_millis((number * 800) as i64 - random.below(20_000) as i64);
                    let click =
                        Click { page: random.below(4), user: random.below(9), note: format!("{number}"), at };
                    let (partition, now) = (random.below(3) as u32, random.below(1_000_000) as i64);
                    append_with_headers(&store, random, &click, partition, now);
                }
            };
            fill(&mut random);
            run(audit(), &store, way.options().until_end()).unwrap();
            fill(&mut random);
            let summary = run(audit(), &store, way.options().close()).unwrap();

            let (mut audited, mut late) = (Vec::new(), Vec::new());
            let mut windows: BTreeMap<(i64, u64), (u64, u64, u64)> = BTreeMap::new();
            for log in scanned(&store) {
                let mut greatest = i64::MIN;
                for Logged { click, audited: mut row, is_wanted } in log {
                    let (at, before) = (click.at.millis(), greatest.saturating_sub(5_000));
                    greatest = greatest.max(at);
                    if !is_wanted {
                        continue;
                    }
                    let of_shop = row.headers >= 1_000;
                    row.headers %= 1_000;
                    let from = at - at.rem_euclid(20_000);
                    if from + 20_000 - 1 > before {
                        let (clicks, last, of_shops) = windows.entry((from, click.page)).or_default();
                        (*clicks, *last) = (*clicks + 1, (*last).max(row.offset));
                        *of_shops += u64::from(of_shop);
                    } else {
                        late.push(click);
                    }
                    audited.push(row);
                }
            }
            let minute = |((from, page), (clicks, last, of_shops))| PageMinute {
                page,
                from: Timestamp::from_millis(from),
                clicks,
                last_offset: Some(last),
                of_shops,
            };
            assert_same_rows(read(&store, AuditedClicks), audited, way);
            assert_same_rows(read(&store, PageMinutes), windows.into_iter().map(minute), way);
            assert_eq!(summary.rows_late, late.len() as u64, "{way}");
            assert_same_rows(read(&store, LateClicks), late, way);
        }
    }
}

#[test]
fn explain_says_that_rows_come_with_their_metadata() {
    let explained = audit().explain().unwrap();
    assert!(explained.contains("rows come with partition, offset, append time and headers"), "{explained}");
    assert!(explained.contains("reads all fields: rows with their metadata are read whole"), "{explained}");
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Reply {
    page: u64,
    kind: String,
    code: Option<i64>,
}

topics! {
    Replies("replies"): Reply { key: page, partitions: 2 }
    JsonReplies("json-replies"): Reply { key: page, format: json }
    Headers("headers"): Audited { key: page }
    HeadersOfJson("headers-of-json"): Audited { key: page }
}

#[pipeline]
fn replies() {
    let replies = source(Clicks).map(|c| Reply {
        page: c.page,
        kind: if c.user % 2 == 0 { "even".to_owned() } else { "odd".to_owned() },
        code: (c.user > 4).then_some(-1),
    });
    replies.sink_with_headers(Replies, |r| [("shop", r.kind), ("shop", r.kind)]);
    let coded = replies.filter(|r| r.page > 0);
    coded.sink_with_headers(JsonReplies, |r| vec![("shop".to_owned(), r.code); r.page as usize]);
}

#[pipeline]
fn headers_of_replies() {
    let audited = source(Replies).with_meta().map(|r| Audited {
        page: r.page,
        note: r.kind.clone(),
        partition: 0,
        offset: 0,
        appended: Timestamp::from_millis(0),
        shop: r.meta.text("shop").map(str::to_owned),
        headers: r.meta.headers.len() as u64,
    });
    audited.sink(Headers);
    let of_json = source(JsonReplies).with_meta().map(|r| Audited {
        page: r.page,
        note: r.kind.clone(),
        partition: 0,
        offset: 0,
        appended: Timestamp::from_millis(0),
        shop: r.meta.text("shop").map(str::to_owned),
        headers: r.meta.headers.len() as u64,
    });
    of_json.sink(HeadersOfJson);
}

#[test]
fn headers_are_those_that_were_made_of_the_rows() {
    for way in every_way(1) {
        let mut random = Random(179_424_673);
        let store = open(&MemDisk::new());
        let clicks: Vec<Click> = (0..100)
            .map(|number| Click {
                page: random.below(4),
                user: random.below(9),
                note: number.to_string(),
                at: Timestamp::from_millis(0),
            })
            .collect();
        append(&store, Clicks, &clicks);
        run(replies(), &store, way.options().close()).unwrap();
        run(headers_of_replies(), &store, way.options().close()).unwrap();
        let row = |click: &Click, shop: Option<String>, headers| Audited {
            page: click.page,
            note: if click.user.is_multiple_of(2) { "even".to_owned() } else { "odd".to_owned() },
            partition: 0,
            offset: 0,
            appended: Timestamp::from_millis(0),
            shop,
            headers,
        };
        let native = clicks.iter().map(|click| {
            let kind = if click.user.is_multiple_of(2) { "even" } else { "odd" };
            row(click, Some(kind.to_owned()), 2)
        });
        assert_same_rows(read(&store, Headers), native, way);
        let of_json = clicks
            .iter()
            .filter(|click| click.page > 0)
            .map(|click| row(click, (click.user > 4).then(|| "-1".to_owned()), click.page));
        assert_same_rows(read(&store, HeadersOfJson), of_json, way);
    }
}

#[pipeline]
fn with_a_name_that_is_taken() {
    source(Clicks)
        .map(|c| Reply { page: c.page, kind: String::new(), code: None })
        .sink_with_headers(Replies, |_| [("waterwheel.cause", 1)]);
}

#[test]
fn waterwheels_own_names_are_not_given_to_headers() {
    let store = open(&MemDisk::new());
    append(&store, Clicks, &[Click { page: 1, user: 1, note: String::new(), at: Timestamp::from_millis(0) }]);
    let error =
        run(with_a_name_that_is_taken(), &store, every_way(1)[0].options().close()).unwrap_err().to_string();
    assert!(error.contains("names that begin with `waterwheel.` are Waterwheel's own"), "{error}");
}
