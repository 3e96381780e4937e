//! What the tests share: a small random generator, tiny settings, and reading everything.

#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod around;
pub(crate) mod between;

use std::sync::Arc;

use log_store::{Disk, Offset, Partition, RecordsBuilder, Store, StoreConfig};

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Settings with which a short test rolls segments, rotates the journal and spills transactions.
pub(crate) fn tiny() -> StoreConfig {
    StoreConfig {
        segment_bytes: 3000,
        index_interval_bytes: 200,
        journal_bytes: 6000,
        inline_bytes: 1200,
        // So that a seed gives the same course again.
        sync_threads: 1,
        ..StoreConfig::default()
    }
}

pub(crate) fn open(disk: &(impl Disk + Clone + 'static)) -> log_store::Result<Store> {
    Store::open_on(Arc::new(disk.clone()), tiny())
}

pub(crate) fn records<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> RecordsBuilder {
    let mut builder = RecordsBuilder::new();
    for value in values {
        builder.push(7, Some(b"key"), Some(value.as_ref().as_bytes()));
    }
    builder
}

/// All values from `from`, with their offsets, read in small steps.
pub(crate) fn read_from(partition: &Partition, from: Offset) -> log_store::Result<Vec<(Offset, String)>> {
    let (mut at, mut found) = (from, Vec::new());
    while at < partition.last_stable_offset() {
        let fetched = partition.read(at, 700)?;
        for record in &fetched {
            assert!(record.offset >= at && record.offset < fetched.next_offset());
            assert_eq!((record.timestamp, record.key), (7, Some(&b"key"[..])));
            let value = String::from_utf8(record.value.expect("every value is set").to_vec());
            found.push((record.offset, value.expect("values are text")));
        }
        assert!(fetched.next_offset() > at);
        at = fetched.next_offset();
    }
    Ok(found)
}

pub(crate) fn values(partition: &Partition) -> log_store::Result<Vec<String>> {
    let found = read_from(partition, partition.log_start_offset())?;
    Ok(found.into_iter().map(|(_, value)| value).collect())
}

/// How often a test is to repeat itself: `variable`, or else `default`.
pub(crate) fn rounds(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// How often what was done in some courses.
pub(crate) type Seen = std::collections::BTreeMap<String, u64>;

/// Takes courses from a seed on, several at a time since each waits for the log most of its time; gives what they have seen.
///
/// # Panics
/// If one finds something wrong: with its seed, and what it says.
pub(crate) fn courses(first: u64, count: u64, course: impl Fn(u64) -> Result<Seen, String> + Sync) -> Seen {
    const AT_ONCE: u64 = 6;
    let some = |from: u64| -> Seen {
        let mut seen = Seen::new();
        for seed in (first..first + count).skip(from as usize).step_by(AT_ONCE as usize) {
            match course(seed) {
                Ok(more) => {
                    more.into_iter().for_each(|(what, times)| *seen.entry(what).or_default() += times)
                }
                Err(wrong) => panic!("seed {seed}: {wrong}"),
            }
        }
        seen
    };
    std::thread::scope(|scope| {
        let some = &some;
        let threads: Vec<_> = (0..AT_ONCE).map(|from| scope.spawn(move || some(from))).collect();
        let mut all = Seen::new();
        for thread in threads {
            let seen = thread.join().expect("a course that finds something wrong says what, above");
            seen.into_iter().for_each(|(what, times)| *all.entry(what).or_default() += times);
        }
        all
    })
}
