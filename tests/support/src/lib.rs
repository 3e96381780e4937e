//! What the tests of what pipelines compute share: random numbers that are the same in every run, the ways and courses in which a
//! pipeline is run over the same rows, stores in memory, and rows as sets.

pub mod sample;

use std::fmt::{Debug, Display, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use waterwheel::__rt::Topic;
use waterwheel::Store;
use waterwheel::log::{Clock, Disk, FaultyDisk, MemDisk, StoreConfig};
use waterwheel::{Error, Pipeline, RunOptions, Summary, TestDriver, TypedTopic};

/// A small generator of numbers, the same in every run.
pub struct Random(pub u64);

impl Random {
    /// The next number, of any size.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number from 0 to below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// One of the choices.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// The seeds of a property: the first few, so many as a test of every day takes. `WATERWHEEL_CASES` asks for another number of
/// them, and `WATERWHEEL_SEED` says how many to pass over before.
pub fn seeds(usually: u64) -> std::ops::RangeInclusive<u64> {
    let passed_over = asked_for("WATERWHEEL_SEED").unwrap_or(0);
    let cases = asked_for("WATERWHEEL_CASES");
    if let Some(cases) = cases {
        // `cargo xtask accept language` adds these up.
        println!("\ncases of a property: {cases}");
    }
    passed_over + 1..=passed_over + cases.unwrap_or(usually)
}

/// Fails if a property's samples test nothing. That is asked of the usual seeds: of many others a few may be of no use.
#[track_caller]
pub fn assert_of_use(of_use: bool, what: impl Display) {
    assert!(of_use || asked_for("WATERWHEEL_CASES").is_some(), "the samples are of no use: {what}");
}

fn asked_for(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// A way to run a pipeline, which must make no difference to its rows.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    workers: usize,
    epoch_rows: u64,
}

/// Epochs of a row, of some, and of all.
const EPOCH_ROWS: [u64; 3] = [1, 97, 10_000];

/// Each number of workers, and each kind of epochs.
pub const SOME_WAYS: [Way; 4] = [way(1, 1), way(2, 10_000), way(3, 97), way(4, 1)];

/// So many workers, and epochs of so many rows.
pub const fn way(workers: usize, epoch_rows: u64) -> Way {
    Way { workers, epoch_rows }
}

/// Every number of workers with every kind of epochs; where a number of cases is asked for, each case is one of these.
pub fn every_way(seed: u64) -> Vec<Way> {
    let ways: Vec<Way> =
        (1..=4).flat_map(|workers| EPOCH_ROWS.map(|epoch_rows| way(workers, epoch_rows))).collect();
    match asked_for("WATERWHEEL_CASES") {
        Some(_) => vec![ways[(seed % ways.len() as u64) as usize]],
        None => ways,
    }
}

impl Way {
    /// Whether all rows of a test are in one epoch.
    pub fn is_of_one_epoch(self) -> bool {
        self.epoch_rows == EPOCH_ROWS[2]
    }

    /// The options of such a run.
    pub fn options(self) -> RunOptions {
        RunOptions::new().workers(self.workers).epoch_rows(self.epoch_rows)
    }

    /// Runs a pipeline over a new store, filled before, until event time is closed.
    #[track_caller]
    pub fn run(self, pipeline: impl Into<Pipeline>, fill: impl FnOnce(&Store)) -> (Store, Summary) {
        let store = open(&MemDisk::new());
        fill(&store);
        let summary =
            run(pipeline, &store, self.options().close()).unwrap_or_else(|error| panic!("{self}: {error}"));
        (store, summary)
    }
}

impl Display for Way {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} workers, epochs of {} rows", self.workers, self.epoch_rows)
    }
}

/// A clock that stands still until it is moved.
pub struct ByHand(AtomicI64);

impl ByHand {
    /// It shows this time.
    pub fn at(ms: i64) -> ByHand {
        ByHand(AtomicI64::new(ms))
    }

    /// Moves it forward.
    pub fn move_on(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::Relaxed);
    }
}

impl Clock for ByHand {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A new store, which goes by this clock.
pub fn open_by(clock: Arc<ByHand>) -> Store {
    open_on(&MemDisk::new(), &clock)
}

/// The store on a disk, which goes by this clock.
pub fn open_on<D: Disk + Clone + 'static>(disk: &D, clock: &Arc<ByHand>) -> Store {
    let config = StoreConfig { clock: clock.clone(), ..StoreConfig::default() };
    Store::open_on(Arc::new(disk.clone()), config).unwrap()
}

/// What losses of power have met, over all runs of a test.
#[derive(Default)]
pub struct Losses {
    /// The runs that the loss ended.
    pub failed_runs: u64,
    /// The epochs that later runs computed again.
    pub replayed: u64,
}

impl Losses {
    /// Runs a pipeline over what there is, with any workers, epochs and checkpoints, on a disk whose power goes off at some change of the run or
    /// soon after. Gives the disk as it is found then, and whether the run had come to its end.
    pub fn run(
        &mut self,
        disk: &FaultyDisk,
        clock: &Arc<ByHand>,
        random: &mut Random,
        pipeline: impl Into<Pipeline>,
    ) -> (FaultyDisk, bool) {
        disk.power_off_at(disk.changes() + 1 + random.below(120));
        let config = StoreConfig { clock: clock.clone(), ..StoreConfig::default() };
        let store = Store::open_on(Arc::new(disk.clone()), config);
        let options = any_options(random).until_end();
        let ended = match store.map_err(Error::from).and_then(|store| run(pipeline, &store, options)) {
            Ok(summary) => {
                self.replayed += summary.epochs_replayed;
                true
            }
            Err(Error::Log(_)) => {
                self.failed_runs += 1;
                false
            }
            Err(error) => panic!("{error}"),
        };
        (disk.crash(random.number()), ended)
    }

    /// Fails if fewer runs than these were ended, or fewer epochs computed again.
    #[track_caller]
    pub fn assert_of_use(&self, least: u64) {
        let Losses { failed_runs, replayed } = self;
        assert_of_use(
            *failed_runs >= least && *replayed >= least,
            format_args!("{failed_runs} runs lost power, {replayed} epochs were replayed"),
        );
    }
}

/// Any number of workers, epochs of up to 40 rows, and checkpoints all the time or never, in pieces of any size.
pub fn any_options(random: &mut Random) -> RunOptions {
    let interval = std::time::Duration::from_millis(random.one_of(&[0, 1, 1_000_000]));
    let mut options = RunOptions::new()
        .workers(random.one_of(&[1, 2, 4]))
        .epoch_rows(1 + random.below(40))
        .checkpoint_interval(interval);
    options.piece_bytes = random.one_of(&[1, 100, 1 << 20]);
    options
}

/// Rows as the partitions of their topic have them.
pub fn by_partition<T: Clone>(rows: &[T], partitions: u32, of: impl Fn(&T) -> u32) -> Vec<Vec<T>> {
    let mut logs = vec![Vec::new(); partitions as usize];
    for row in rows {
        logs[of(row) as usize].push(row.clone());
    }
    logs
}

/// Drives a pipeline over the rows of several logs by a random course with epochs of any kind, and closes event time.
#[track_caller]
pub fn drive<D, T>(
    t: TestDriver<D>,
    random: &mut Random,
    logs: Vec<Vec<T>>,
    push: impl Fn(&mut TestDriver<D>, Vec<T>),
) -> TestDriver<D> {
    let mut t = t.epoch_rows(random.one_of(&EPOCH_ROWS));
    random_course(random, logs, |step| match step {
        Step::Push(rows) => push(&mut t, rows),
        // Whatever is asked for, what was pushed is worked on first.
        Step::Look => drop(t.late()),
        Step::Restart => t.restart(),
    });
    t.close();
    t.restart();
    t
}

/// A property of a pipeline over one source: any interleaving of its partitions, any epochs and any restarts give what `oracle` finds in the rows
/// alone. `check` is given the store, what was found, the late rows and a name of the case.
#[track_caller]
pub fn check_any_course<D, T: Clone, E>(
    (how_many, factor): (u64, u64),
    driver: impl Fn() -> TestDriver<D>,
    rows: impl Fn(&mut Random) -> Vec<T>,
    (partitions, of): (u32, impl Fn(&T) -> u32),
    push: impl Fn(&mut TestDriver<D>, Vec<T>),
    oracle: impl Fn(&[T]) -> E,
    check: impl Fn(&Store, &E, u64, &str),
) {
    for seed in seeds(how_many) {
        let mut random = Random(seed * factor);
        let rows = rows(&mut random);
        let expected = oracle(&rows);
        let mut t = drive(driver(), &mut random, by_partition(&rows, partitions, &of), &push);
        let late = t.late();
        check(t.store(), &expected, late, &format!("seed {seed}"));
    }
}

/// What happens next in a random course.
pub enum Step<T> {
    /// Rows are appended to one of the logs.
    Push(Vec<T>),
    /// The process stops and starts.
    Restart,
    /// Somebody reads the results, so that what was pushed is worked on first.
    Look,
}

/// A random course over several logs: the rows of each in their order, and otherwise in any, in pieces, with looks and restarts between.
pub fn random_course<T>(random: &mut Random, logs: Vec<Vec<T>>, mut happens: impl FnMut(Step<T>)) {
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
pub fn open<D: Disk + Clone + 'static>(disk: &D) -> Store {
    Store::open_on(Arc::new(disk.clone()), StoreConfig::default()).unwrap()
}

/// Appends rows, all or nothing.
pub fn append<P: Topic>(store: &Store, topic: P, rows: &[P::Row]) {
    TypedTopic::open(store, topic).unwrap().append(rows).unwrap();
}

/// The committed rows of a topic, partition after partition.
pub fn read<P: Topic>(store: &Store, topic: P) -> Vec<P::Row> {
    TypedTopic::open(store, topic).unwrap().rows().map(Result::unwrap).collect()
}

/// Runs a pipeline until it is over.
pub fn run(pipeline: impl Into<Pipeline>, store: &Store, options: RunOptions) -> waterwheel::Result<Summary> {
    pipeline.into().start(store, options)?.wait()
}

/// Rows without their order.
pub fn multiset<T: Debug>(rows: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut rows: Vec<String> = rows.into_iter().map(|row| format!("{row:?}")).collect();
    rows.sort();
    rows
}

/// Fails with the first row that only one side has, rather than with two long lists.
#[track_caller]
pub fn assert_same_rows<T: Debug>(
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
