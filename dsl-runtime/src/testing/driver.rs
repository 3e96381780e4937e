//! The typed test driver of a pipeline.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use log_store::{Clock, MemDisk, Store, StoreConfig};

use super::clock::TestClock;
use super::explained::ExplainedRows;
use super::held_back;
use super::signposts::{
    GivesRowsOtherwise, IsLength, MayFail, MovesEventTime, RunsOtherwise, TakesRowsOtherwise, TellsOfRun,
};
use crate::engine::{RunOptions, Stepper};
use crate::error::{Error, Result};
use crate::handles::{HasHeartbeats, NamesTopic, Topic};
use crate::not_there::not_there;
use crate::pipeline::Pipeline;
use crate::time::Timestamp;
use crate::typed::TypedTopic;

/// The pipeline reads topic `P`.
#[diagnostic::on_unimplemented(
    message = "the pipeline does not read topic `{P}`",
    label = "not one of the pipeline's sources",
    note = "rows can be pushed into the topics of the pipeline's `source(..)`s"
)]
pub trait Reads<P> {}

/// The pipeline writes topic `P`.
#[diagnostic::on_unimplemented(
    message = "the pipeline does not write topic `{P}`",
    label = "not one of the pipeline's sinks",
    note = "rows can be read from the topics of the pipeline's `.sink(..)`s; those that were pushed by `TypedTopic::open(t.store(), Payments)?.rows()`"
)]
pub trait Writes<P> {}

/// A pipeline, to be tested.
#[diagnostic::on_unimplemented(
    message = "a test's driver is made of a pipeline, and this is `{Self}`",
    label = "no pipeline",
    note = "write `let mut t = large().test();`, with the values of the pipeline's parameters between the parentheses"
)]
pub trait IsTested: Into<Pipeline> {}

#[diagnostic::do_not_recommend]
impl<D: Into<Pipeline>> IsTested for D {}

/// A row of type `R`, to be pushed into a topic: given away or lent, or several of them.
#[diagnostic::on_unimplemented(
    message = "`push` takes `{R}` rows, and this is `{Self}`",
    label = "not a `{R}`",
    note = "write `t.push(Topic, row)`, with a row of the topic's type; what an iterator gives is pushed by `t.push_all(Topic, rows)`"
)]
pub trait OneRow<R> {
    #[doc(hidden)]
    fn pushed(self) -> Vec<R>;
}

macro_rules! pushed {
    ($([$($of:tt)*] $given:ty: $name:ident => $rows:expr;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<R, $($of)*> OneRow<R> for $given
        where
            R: Clone,
        {
            fn pushed(self) -> Vec<R> {
                let $name = self;
                $rows
            }
        }
    )+};
}

pushed! {
    [] &R: row => vec![row.clone()];
    [] Vec<R>: rows => rows;
    [] &Vec<R>: rows => rows.clone();
    [] &[R]: rows => rows.to_vec();
    [const N: usize] [R; N]: rows => rows.into();
    [const N: usize] &[R; N]: rows => rows.to_vec();
}

#[diagnostic::do_not_recommend]
impl<R> OneRow<R> for R {
    fn pushed(self) -> Vec<R> {
        vec![self]
    }
}

/// Several rows of type `R`, to be pushed into a topic: a `Vec`, an array, or any other iterator over them.
#[diagnostic::on_unimplemented(
    message = "`push_all` takes several `{R}` rows, and this is `{Self}`",
    label = "no list of `{R}`",
    note = "a single row is pushed by `t.push(Topic, row)`, and so are rows that are lent, `t.push(Topic, &rows)`; several are a `Vec`, an array or an iterator over rows"
)]
pub trait SeveralRows<R> {
    #[doc(hidden)]
    fn all_pushed(self) -> Vec<R>;
}

#[diagnostic::do_not_recommend]
impl<R, I: IntoIterator<Item = R>> SeveralRows<R> for I {
    fn all_pushed(self) -> Vec<R> {
        self.into_iter().collect()
    }
}

/// Runs a pipeline for a test: the real engine, on the caller's thread, over a log in memory.
///
/// ```
/// use waterwheel::prelude::*;
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct Payment { card: u64, cents: i64 }
/// # topics! {
/// #     Payments("payments"): Payment { key: card }
/// #     Large("large"): Payment { key: card }
/// # }
/// #[pipeline]
/// fn large(least: i64) {
///     source(Payments).filter(|p| p.cents >= least).sink(Large);
/// }
///
/// let mut t = large(1_000).test();
/// t.push(Payments, Payment { card: 4000, cents: 250 });
/// t.push(Payments, Payment { card: 4000, cents: 1_200 });
/// t.restart(); // a crash, and a recovery
/// assert_eq!(t.rows(Large), [Payment { card: 4000, cents: 1_200 }]);
/// ```
///
/// Files of side tables are not read: their rows are pushed into the tables' topics, before the streams'.
///
/// Nothing is processed before [`rows`](TestDriver::rows), [`close`](TestDriver::close) or a count asks for it. Checkpoints
/// are many and small, so that a [`restart`](TestDriver::restart) finds operators in every state.
///
/// A method that fails panics with the error, at the caller's line. Once a run has failed, `restart` begins the next one.
pub struct TestDriver<D> {
    pipeline: Pipeline,
    disk: Arc<MemDisk>,
    clock: Arc<TestClock>,
    options: RunOptions,
    /// It was said that a partition without rows holds something back.
    hinted: bool,
    /// `close` was called.
    closed: bool,
    /// Where a row was first pushed after it.
    pushed_late: Option<&'static Location<'static>>,
    /// Absent only while restarting.
    running: Option<Running>,
    /// `D` and no subtype: see [`PipelineOf`](super::PipelineOf).
    marker: PhantomData<fn(D) -> D>,
}

struct Running {
    /// Dropped before the store, so that nothing of the run outlives it.
    stepper: Stepper,
    topics: HashMap<TypeId, Box<dyn Any>>,
    store: Store,
}

impl<D> TestDriver<D> {
    /// A fresh log in memory, and the pipeline over it: what `.test()` gives.
    #[track_caller]
    pub fn new(pipeline: D) -> Self
    where
        D: IsTested,
    {
        // A checkpoint begins with every epoch, and its pieces are small: restarts find states of every kind.
        let mut options = RunOptions::new().workers(1).checkpoint_interval(Duration::ZERO);
        options.piece_bytes = 256;
        options._rest_by_default.side_files = false;
        let (disk, clock) = (Arc::new(MemDisk::new()), Arc::new(TestClock::new()));
        let mut driver = TestDriver {
            pipeline: pipeline.into(),
            disk,
            clock,
            options,
            hinted: false,
            closed: false,
            pushed_late: None,
            running: None,
            marker: PhantomData,
        };
        let opened = driver.open();
        driver.done(opened);
        driver
    }

    /// Bounds an epoch to this many rows, at least 1: 1 makes every row an epoch of its own. The results are the same.
    ///
    /// Called on the new driver, `large(1_000).test().epoch_rows(1)`: the pipeline is restarted with it.
    #[must_use]
    #[track_caller]
    pub fn epoch_rows(mut self, rows: u64) -> Self {
        self.options = self.options.clone().epoch_rows(rows);
        self.running = None;
        let opened = self.open();
        self.done(opened);
        self
    }

    /// Decodes every field of every row, also those that nothing reads: for tests that compare.
    #[doc(hidden)]
    #[must_use]
    #[track_caller]
    pub fn whole_rows(mut self) -> Self {
        self.options = self.options.clone().whole_rows();
        self.running = None;
        let opened = self.open();
        self.done(opened);
        self
    }

    /// Appends a row to a topic that the pipeline reads, durably, and does not process it yet. A row that is lent is cloned; of a `Vec`, an array or
    /// a slice all rows are appended, as [`push_all`](TestDriver::push_all) does.
    #[track_caller]
    pub fn push<N: NamesTopic>(&mut self, topic: N, row: impl OneRow<<N::Topic as Topic>::Row>)
    where
        D: Reads<N::Topic>,
    {
        self.push_all(topic, row.pushed());
    }

    /// Appends rows to a topic that the pipeline reads, in one transaction, and does not process them yet.
    #[track_caller]
    pub fn push_all<N: NamesTopic>(&mut self, topic: N, rows: impl SeveralRows<<N::Topic as Topic>::Row>)
    where
        D: Reads<N::Topic>,
    {
        let _ = topic;
        let rows = rows.all_pushed();
        if self.closed && !rows.is_empty() {
            self.pushed_late.get_or_insert(Location::caller());
        }
        let appended = self.topic::<N::Topic>().and_then(|topic| topic.append(&rows));
        self.done(appended);
    }

    /// Says that event time has come to `at` in a partition of a topic that the pipeline reads, though no row was pushed, and does not
    /// process it yet; see [`TypedTopic::heartbeat`].
    #[track_caller]
    pub fn heartbeat<N: NamesTopic>(&mut self, topic: N, partition: u32, at: Timestamp)
    where
        D: Reads<N::Topic>,
        <N::Topic as Topic>::Time: HasHeartbeats,
    {
        let _ = topic;
        let appended = self.topic::<N::Topic>().and_then(|topic| topic.heartbeat(partition, at));
        self.done(appended);
    }

    /// Processes what was pushed, and gives every row that the pipeline has committed to the topic since the test began,
    /// partition by partition, in the order in which they were written.
    #[track_caller]
    pub fn rows<N: NamesTopic>(&mut self, topic: N) -> Vec<<N::Topic as Topic>::Row>
    where
        D: Writes<N::Topic>,
    {
        let rows = self.try_rows(topic);
        self.done(rows)
    }

    /// As [`TestDriver::rows`], for tests of pipelines that are to fail.
    ///
    /// # Errors
    /// The run's: a record that cannot be decoded, a panic in the pipeline's code, rows pushed after
    /// [`close`](TestDriver::close).
    pub fn try_rows<N: NamesTopic>(&mut self, topic: N) -> Result<Vec<<N::Topic as Topic>::Row>>
    where
        D: Writes<N::Topic>,
    {
        let _ = topic;
        self.running().stepper.run_to_end()?;
        self.hint();
        self.topic::<N::Topic>()?.rows().collect()
    }

    /// Processes what was pushed, and closes event time: every window emits. Rows that are pushed after it are refused.
    #[track_caller]
    pub fn close(&mut self) {
        let closed = self.try_close();
        self.done(closed);
    }

    /// As [`TestDriver::close`], for tests of pipelines that are to fail.
    ///
    /// # Errors
    /// The run's, as of [`TestDriver::try_rows`].
    pub fn try_close(&mut self) -> Result<()> {
        self.closed = true;
        self.running().stepper.close()
    }

    /// What the clock reads: 2000-01-01T00:00:00Z at the beginning. It is the log's clock, too: rows are appended at what it reads.
    pub fn clock(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.now_ms())
    }

    /// Moves the clock on to `at`, as [`TestDriver::advance_clock`] does by a length of time: for windows by the clock that are to begin at a certain hour. A
    /// clock does not go back: an earlier time leaves it where it is.
    #[track_caller]
    pub fn set_clock(&mut self, at: Timestamp) {
        for at_ms in [self.clock.now_ms(), at.millis()] {
            self.clock.advance_to(at_ms);
            let processed = self.running().stepper.run_to_end();
            self.done(processed);
        }
    }

    /// What became of each row that was pushed, up to now: left out by a condition, dropped as late and by which operator, kept by one with state, or
    /// written. Its text has one order, for snapshots.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn card_minutes() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments.filter(|p| p.cents > 0).group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
    ///         card: w.key(),
    ///         from: w.start(),
    ///         total: sum(p.cents),
    ///         n: count(),
    ///     });
    ///     per_minute.sink(CardMinutes);
    /// }
    ///
    /// let mut t = card_minutes().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(1, -3, 6), payment(1, 100, 90), payment(1, 999, 7)]);
    /// let explained = t.explain_rows().to_string();
    /// let fates: Vec<&str> = explained.lines().filter(|line| line.starts_with("  ")).collect();
    /// assert_eq!(
    ///     fates,
    ///     [
    ///         "  per_minute (window): kept",
    ///         "  per_minute (filter): left out",
    ///         "  per_minute (window): kept",
    ///         "  per_minute (window): late",
    ///     ]
    /// );
    /// ```
    ///
    /// For this a second run reads a copy of the log one record at a time, with the clock as it is now: what a partition's idleness or
    /// [`ahead`](crate::dsl::Source::ahead) has decided when the row came may be decided otherwise there.
    ///
    /// # Panics
    /// If the run fails, at the caller's line.
    #[track_caller]
    pub fn explain_rows(&mut self) -> ExplainedRows {
        let explained =
            ExplainedRows::of(&self.pipeline, &self.disk, self.clock.clone(), self.options.clone());
        self.done(explained)
    }

    /// Processes what was pushed, and says what open windows and waiting rows wait for: the partition that is furthest back in event time, and
    /// what to do about it. `None` if nothing is open.
    ///
    /// Where such a partition has no row at all, [`TestDriver::rows`] prints the same on stderr, which `cargo test` shows of a test that fails.
    #[track_caller]
    pub fn waits_for(&mut self) -> Option<String> {
        let processed = self.running().stepper.run_to_end();
        self.done(processed);
        held_back::waits_for(&self.running().stepper)
    }

    /// Moves the clock on, which stands still otherwise, and processes what was pushed before and what is due by the clock then:
    /// a partition that becomes idle, for instance. A clock does not go back: less than 0 counts as 0.
    #[track_caller]
    pub fn advance_clock(&mut self, by: impl IsLength) {
        for by in [0, by.length().millis()] {
            self.clock.advance(by);
            let processed = self.running().stepper.run_to_end();
            self.done(processed);
        }
    }

    /// Crashes the pipeline where it is, and recovers it: what is committed stays, everything else is computed again.
    #[track_caller]
    pub fn restart(&mut self) {
        self.running = None;
        let opened = self.open();
        self.done(opened);
    }

    /// Rows dropped as late so far, counted once for each operator that dropped them.
    #[track_caller]
    pub fn late(&mut self) -> u64 {
        let processed = self.running().stepper.run_to_end();
        self.done(processed);
        self.running().stepper.board(|board| board.totals.late)
    }

    /// Records skipped so far because they could not be decoded.
    #[track_caller]
    pub fn skipped(&mut self) -> u64 {
        let processed = self.running().stepper.run_to_end();
        self.done(processed);
        self.running().stepper.board(|board| board.totals.skipped)
    }

    /// The store under the pipeline, for what the driver has no method for.
    pub fn store(&mut self) -> &Store {
        &self.running().store
    }

    /// What a test that fails now may look for: what holds rows back, and which were late or left out.
    #[doc(hidden)]
    pub fn hints(&self) -> Vec<String> {
        // Of a run that has failed its error was told, and so was a row behind the end.
        let is_told = self.pushed_late.is_some();
        let running = self.running.as_ref().filter(|running| !is_told && !running.stepper.has_failed());
        running.map_or_else(Vec::new, |running| held_back::hints(&running.stepper, self.clock()))
    }

    /// What a method gives; panics at the caller's line with its error, in the words of a test.
    #[track_caller]
    fn done<T>(&self, given: Result<T>) -> T {
        let error = match given {
            Ok(given) => return given,
            Err(error) => error,
        };
        match (&error, self.pushed_late) {
            (Error::Closed { topic, .. }, Some(at)) => panic!(
                "a row was pushed into `{topic}` after `t.close()`, at {at}: event time has ended there, every window has emitted, and the row cannot be \
                 counted any more. Push all rows before `t.close()`; to see results in between, ask `t.rows(..)` without closing, when a later row has let \
                 the windows before it emit"
            ),
            _ => panic!("{error}"),
        }
    }

    /// Says on stderr, once, that a partition without any row holds back what is open.
    fn hint(&mut self) {
        let quiet = self.running().stepper.waits_for().is_some_and(|(_, _, greatest)| greatest.is_none());
        if quiet && !self.hinted {
            self.hinted = true;
            if let Some(text) = self.waits_for() {
                eprintln!("hint: {text}");
            }
        }
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("the pipeline runs whenever no method of the driver does")
    }

    fn topic<P: Topic>(&mut self) -> Result<&TypedTopic<P>> {
        let running = self.running();
        if !running.topics.contains_key(&TypeId::of::<P>()) {
            let open = TypedTopic::open(&running.store, P::topic())?;
            running.topics.insert(TypeId::of::<P>(), Box::new(open));
        }
        let open = running.topics[&TypeId::of::<P>()].downcast_ref();
        Ok(open.expect("each topic is kept under its own type"))
    }

    fn open(&mut self) -> Result<()> {
        let config = StoreConfig { clock: self.clock.clone(), ..StoreConfig::default() };
        let store = Store::open_on(self.disk.clone(), config)?;
        let stepper = Stepper::new(self.pipeline.program(), &store, self.options.clone())?;
        self.running = Some(Running { stepper, topics: HashMap::new(), store });
        Ok(())
    }
}

/// A test that fails is told what holds rows back, and which were late or left out: `cargo test` shows it behind the assertion.
impl<D> Drop for TestDriver<D> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.hints().iter().for_each(|hint| eprintln!("hint: {hint}"));
        }
    }
}

not_there! {
    [D] TestDriver<D>, whatever is given:
    TakesRowsOtherwise: send input pipe_input produce publish append insert add write push_row emit;
    GivesRowsOtherwise: output outputs results result read read_output read_all read_records drain collect consume poll take records;
    RunsOtherwise: finish run start end complete flush run_to_end drive execute step tick process;
    TellsOfRun: summary stats metrics late_rows dropped late_count state counters progress watermark report;
    MayFail: unwrap expect_driver ok expect;
    MovesEventTime: advance_watermark set_watermark advance_time advance_event_time advance_to set_time advance advance_by process_watermark;
}
