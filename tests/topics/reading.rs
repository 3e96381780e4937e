//! Where reading begins, and what can be appended, and where.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use waterwheel::log::{Clock, MemDisk, StoreConfig};
use waterwheel::prelude::*;
use waterwheel::{Positions, Result, Rows};

#[derive(Debug, Clone, PartialEq, Record)]
struct Tick {
    number: u64,
}

topics! {
    Ticks("ticks"): Tick { key: number, partitions: 2 }
}

/// A clock that is set.
#[derive(Debug, Default)]
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn open(clock: &Arc<SetClock>) -> TypedTopic<Ticks> {
    let config = StoreConfig { clock: clock.clone(), ..StoreConfig::default() };
    let store = Store::open_on(Arc::new(MemDisk::new()), config).unwrap();
    TypedTopic::open(&store, Ticks).unwrap()
}

fn numbers(rows: Rows<Ticks>) -> Result<Vec<u64>> {
    rows.map(|row| Ok(row?.number)).collect()
}

#[test]
fn rows_are_read_from_an_offset_a_time_and_where_another_reader_stood() -> Result<()> {
    let clock = Arc::new(SetClock::default());
    let ticks = open(&clock);
    // In partition 0 at the times 10, 30, 20, 40: the clock was set back once. Each append ends with a marker.
    for (number, time) in [(0, 10), (1, 30), (2, 20), (3, 40)] {
        clock.0.store(time, Ordering::Relaxed);
        ticks.append_to(0, Tick { number })?;
        ticks.append_to(1, [Tick { number: 10 + number }, Tick { number: 20 + number }])?;
    }
    let all = vec![0, 1, 2, 3, 10, 20, 11, 21, 12, 22, 13, 23];
    assert_eq!(numbers(ticks.rows())?, all);
    assert_eq!(numbers(ticks.rows().seek(1, 4))?, [0, 1, 2, 3, 21, 12, 22, 13, 23]);
    assert_eq!(numbers(ticks.rows().seek(0, 1).seek(1, 7))?, [1, 2, 3, 22, 13, 23]);
    let since = |time| ticks.rows().seek_to_time(Timestamp::from_millis(time));
    assert_eq!(numbers(since(10))?, all);
    // From the first that is late enough on, whatever follows.
    assert_eq!(numbers(since(25))?, [1, 2, 3, 11, 21, 12, 22, 13, 23]);
    assert_eq!(numbers(since(40))?, [3, 13, 23]);
    assert_eq!(numbers(since(41))?, [0; 0]);

    let mut rows = ticks.rows();
    assert_eq!(rows.by_ref().take(6).map(|row| row.unwrap().number).collect::<Vec<_>>(), all[..6]);
    let stood = rows.positions();
    assert_eq!(numbers(ticks.rows().seek_to(&stood))?, all[6..]);
    let end = ticks.end();
    assert_eq!(numbers(ticks.rows().seek_to(&end))?, [0; 0]);
    ticks.append_to(1, Tick { number: 99 })?;
    assert_eq!(numbers(ticks.rows().seek_to(&end))?, [99]);

    let with_meta: Vec<_> = ticks.rows().seek_to(&end).with_meta().collect::<Result<_>>()?;
    let meta = &with_meta[0].meta;
    let found = (with_meta[0].number, meta.partition, meta.offset, meta.append_time.millis());
    assert_eq!(found, (99, 1, 12, 40));
    assert_eq!(meta.headers, []);
    Ok(())
}

#[test]
fn a_place_that_is_not_there_is_told() -> Result<()> {
    let ticks = open(&Arc::default());
    ticks.append_to(0, Tick { number: 0 })?;
    let told = |mut rows: Rows<Ticks>| {
        let error = rows.next().unwrap().unwrap_err().to_string();
        assert!(rows.next().is_none());
        error
    };
    assert_eq!(
        told(ticks.rows().seek(0, 7)),
        "topic `ticks` partition 0 ends at offset 2, and reading was to begin at offset 7: is it a position in another topic, or in \
         one that was made anew since?"
    );
    assert_eq!(
        told(ticks.rows().seek_to(&Positions::from(vec![0, 0, 0]))),
        "topic `ticks` has 2 partitions, and these are positions in 3: they are of another topic"
    );
    let error = told(ticks.rows().seek(2, 0));
    assert!(error.contains("partition 2") && error.contains("`ticks`"), "{error}");
    assert!(ticks.tail().seek(2, 0).try_next().is_err());
    let error = ticks.append_to(2, Tick { number: 1 }).unwrap_err().to_string();
    assert!(error.contains("partition 2") && error.contains("`ticks`"), "{error}");
    assert_eq!(numbers(ticks.rows())?, [0]);
    Ok(())
}

#[test]
fn a_row_or_several_are_appended_by_value_or_by_reference() -> Result<()> {
    let ticks = open(&Arc::default());
    let (one, two) = (Tick { number: 1 }, Tick { number: 2 });
    let rows = vec![one.clone(), two.clone()];
    ticks.append(&one)?;
    ticks.append(one.clone())?;
    ticks.append([&one, &two])?;
    ticks.append(&rows)?;
    ticks.append(&rows[..])?;
    ticks.append(&[one.clone(), two.clone()])?;
    ticks.append([one.clone(), two.clone()])?;
    ticks.append(rows.iter().filter(|row| row.number == 2))?;
    ticks.append((0..3).map(|number| Tick { number }))?;
    ticks.append(Some(&one))?;
    ticks.append(&Vec::<Tick>::new())?;
    ticks.append(rows)?;
    let mut read = numbers(ticks.rows())?;
    read.sort();
    let expected = [vec![0], vec![1; 10], vec![2; 8]].concat();
    assert_eq!(read, expected);
    // A clone is the same topic.
    let clone = ticks.clone();
    clone.append(Tick { number: 7 })?;
    assert_eq!(ticks.rows().count(), expected.len() + 1);
    Ok(())
}
