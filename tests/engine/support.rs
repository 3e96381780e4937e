//! What the tests share: random numbers that are the same in every run, stores in memory, and rows as sets.

use std::fmt::Debug;
use std::sync::Arc;

use waterwheel::__rt::Topic;
use waterwheel::Store;
use waterwheel::log::{Disk, StoreConfig};
use waterwheel::{Pipeline, RunOptions, Summary, TypedTopic};

/// A small generator of numbers, the same in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number from 0 to below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// One of the choices.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// The seeds of a property: the first few, so many as a test of every day takes. `WATERWHEEL_CASES` asks for another number of
/// them, and `WATERWHEEL_SEED` says how many to pass over before.
pub(crate) fn seeds(usually: u64) -> std::ops::RangeInclusive<u64> {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let passed_over = number("WATERWHEEL_SEED").unwrap_or(0);
    passed_over + 1..=passed_over + number("WATERWHEEL_CASES").unwrap_or(usually)
}

/// What happens next in a random course.
pub(crate) enum Step<T> {
    Push(Vec<T>),
    Restart,
    /// Somebody reads the results, so that what was pushed is worked on first.
    Look,
}

/// A random course over several logs: the rows of each in their order, and otherwise in any, in pieces, with looks and restarts between.
pub(crate) fn random_course<T>(random: &mut Random, logs: Vec<Vec<T>>, mut happens: impl FnMut(Step<T>)) {
    let mut logs: Vec<_> = logs.into_iter().map(Vec::into_iter).collect();
    while logs.iter().any(|log| log.len() > 0) {
        let log = random.below(logs.len() as u64) as usize;
        happens(Step::Push(logs[log].by_ref().take(random.below(40) as usize).collect()));
        let what = random.below(4);
        if matches!(what, 1 | 2) {
            happens(Step::Look);
        }
        if matches!(what, 0 | 2) {
            happens(Step::Restart);
        }
    }
}

/// Opens the store on a disk.
pub(crate) fn open<D: Disk + Clone + 'static>(disk: &D) -> Store {
    Store::open_on(Arc::new(disk.clone()), StoreConfig::default()).unwrap()
}

/// Appends rows, all or nothing.
pub(crate) fn append<P: Topic>(store: &Store, topic: P, rows: &[P::Row]) {
    TypedTopic::open(store, topic).unwrap().append(rows).unwrap();
}

/// The committed rows of a topic, partition after partition.
pub(crate) fn read<P: Topic>(store: &Store, topic: P) -> Vec<P::Row> {
    TypedTopic::open(store, topic).unwrap().rows().map(Result::unwrap).collect()
}

/// Runs a pipeline until it is over.
pub(crate) fn run(
    pipeline: impl Into<Pipeline>,
    store: &Store,
    options: RunOptions,
) -> waterwheel::Result<Summary> {
    pipeline.into().start(store, options)?.wait()
}

/// Rows without their order.
pub(crate) fn multiset<T: Debug>(rows: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut rows: Vec<String> = rows.into_iter().map(|row| format!("{row:?}")).collect();
    rows.sort();
    rows
}

/// Fails with the first row that only one side has, rather than with two long lists.
#[track_caller]
pub(crate) fn assert_same_rows<T: Debug>(
    found: impl IntoIterator<Item = T>,
    expected: impl IntoIterator<Item = T>,
    what: impl std::fmt::Display,
) {
    let (found, expected) = (multiset(found), multiset(expected));
    let differs = found.iter().zip(&expected).position(|(found, expected)| found != expected);
    let at = differs.unwrap_or(found.len().min(expected.len()));
    assert!(
        found == expected,
        "{what}: {} rows instead of {}; in order, row {at} is {:?} instead of {:?}",
        found.len(),
        expected.len(),
        found.get(at),
        expected.get(at),
    );
}
