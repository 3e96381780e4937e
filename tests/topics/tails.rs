//! Tails against a naive oracle: whatever is appended, aborted and taken in between, a tail gives the committed rows once and in order.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use proptest::prelude::*;
use waterwheel::dsl::WithMeta;
use waterwheel::log::{self, MemDisk, RecordsBuilder, StoreConfig};
use waterwheel::prelude::*;
use waterwheel::{Positions, Result, Tail};

#[derive(Debug, Clone, PartialEq, Record)]
struct Tick {
    number: u64,
    at: Timestamp,
}

topics! {
    Left("left"): Tick { key: number, time: at, format: json, partitions: 3 }
    Right("right"): Tick { key: number, time: at, format: json, partitions: 2 }
}

fn tick(number: u64) -> Tick {
    Tick { number, at: Timestamp::from_millis(number as i64) }
}

fn store() -> Store {
    Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap()
}

/// What happens, one after another.
#[derive(Debug, Clone)]
enum Step {
    /// So many rows, in one transaction.
    Append(usize),
    AppendTo(u32, usize),
    /// A load that is not committed; its rows go to the log if there are many.
    Abort(usize),
    Heartbeat(u32),
    /// A record in each of these partitions in one transaction, beside one of the other topic.
    Together(Vec<u32>),
    /// A transaction stays open until the next step of this kind: nothing behind it is stable.
    HoldOpen(u32),
    Tail(Begin),
    /// So many rows are asked for of a tail.
    Take(usize, usize),
    /// A tail goes, and another goes on where it stood.
    Replace(usize),
}

#[derive(Debug, Clone, Copy)]
enum Begin {
    Start,
    End,
    Offset(u32, u64),
    /// In the middle of the rows of the first partition.
    Middle,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let partition = 0..3_u32;
    let begin = prop_oneof![
        Just(Begin::Start),
        Just(Begin::End),
        (partition.clone(), 0..4_u64).prop_map(|(partition, offset)| Begin::Offset(partition, offset)),
        Just(Begin::Middle),
    ];
    let step = prop_oneof![
        4 => (0..6_usize).prop_map(Step::Append),
        2 => (partition.clone(), 1..4_usize).prop_map(|(partition, count)| Step::AppendTo(partition, count)),
        1 => (1..4_usize).prop_map(Step::Abort),
        1 => partition.clone().prop_map(Step::Heartbeat),
        2 => prop::collection::vec(partition.clone(), 1..3).prop_map(Step::Together),
        1 => partition.prop_map(Step::HoldOpen),
        2 => begin.prop_map(Step::Tail),
        6 => (0..4_usize, 0..9_usize).prop_map(|(tail, count)| Step::Take(tail, count)),
        1 => (0..4_usize).prop_map(Step::Replace),
    ];
    prop::collection::vec(step, 1..60)
}

/// A tail, and what it must give: the rows of one commit's state after another, partition after partition.
struct Checked {
    tail: Tail<Left>,
    /// By partition, the offset from which rows are to come.
    next: Vec<u64>,
    due: VecDeque<(u32, u64, u64)>,
}

struct World {
    store: Store,
    left: TypedTopic<Left>,
    right: TypedTopic<Right>,
    number: u64,
    producer: log::Producer,
    held: Option<log::Transaction>,
    tails: Vec<Checked>,
}

impl World {
    fn new() -> World {
        let store = store();
        let (left, right) =
            (TypedTopic::open(&store, Left).unwrap(), TypedTopic::open(&store, Right).unwrap());
        let producer = store.producer("the test's").unwrap();
        World { store, left, right, number: 0, producer, held: None, tails: Vec::new() }
    }

    fn rows(&mut self, count: usize) -> Vec<Tick> {
        self.number += count as u64;
        (self.number - count as u64..self.number).map(tick).collect()
    }

    fn record(&mut self) -> RecordsBuilder {
        let row = serde_json::to_string(&self.rows(1)[0]).unwrap();
        let mut records = RecordsBuilder::new();
        records.push(0, None, Some(row.as_bytes()));
        records
    }

    /// All stable rows as partition, offset and number, read by the log's own means.
    fn committed(&self) -> Vec<(u32, u64, u64)> {
        let mut rows = Vec::new();
        for number in 0..3 {
            let log = self.left.topic().partition(number).unwrap();
            let mut scan = log.scan(log::Offset(0), log.last_stable_offset());
            while let Some(record) = scan.next().unwrap() {
                if let Some(value) = record.value {
                    let row: serde_json::Value = serde_json::from_slice(value).unwrap();
                    rows.push((number, record.offset.0, row["number"].as_u64().unwrap()));
                }
            }
        }
        rows
    }

    fn ends(&self) -> Vec<u64> {
        self.left.topic().snapshot().into_iter().map(|readable| readable.end.0).collect()
    }

    fn open(&mut self, begin: Begin) {
        let (mut next, tail) = (self.ends(), self.left.tail());
        let tail = match begin {
            Begin::End => tail,
            Begin::Start => {
                next.fill(0);
                tail.seek_to_start()
            }
            Begin::Offset(partition, offset) => {
                let offset = offset.min(next[partition as usize]);
                next[partition as usize] = offset;
                tail.seek(partition, offset)
            }
            Begin::Middle => {
                next.iter_mut().for_each(|offset| *offset /= 2);
                tail.seek_to(&Positions::from(next.clone()))
            }
        };
        // The commit at which it began is the first that it reads up to.
        let mut checked = Checked { tail, next, due: VecDeque::new() };
        self.make_due(&mut checked);
        self.tails.push(checked);
    }

    fn make_due(&self, checked: &mut Checked) {
        let next = checked.next.clone();
        let is_due = |(partition, offset, _): &(u32, u64, u64)| *offset >= next[*partition as usize];
        checked.due.extend(self.committed().into_iter().filter(is_due));
        checked.next.iter_mut().zip(self.ends()).for_each(|(next, end)| *next = end.max(*next));
    }

    fn take(&mut self, at: usize, count: usize) {
        if self.tails.is_empty() {
            return;
        }
        let at = at % self.tails.len();
        let mut checked = self.tails.swap_remove(at);
        for _ in 0..count {
            if checked.due.is_empty() {
                self.make_due(&mut checked);
            }
            let row = checked.tail.try_next().unwrap();
            let row = row.map(|row| (row.meta.partition, row.meta.offset, row.number));
            assert_eq!(row, checked.due.pop_front());
            if row.is_none() {
                break;
            }
        }
        self.tails.push(checked);
    }

    fn together(&mut self, partitions: Vec<u32>) {
        if self.held.is_some() {
            return;
        }
        let mut transaction = self.store.begin(&self.producer).unwrap();
        let other = self.record();
        transaction.append(&self.right.topic().partition(0).unwrap(), other).unwrap();
        for partition in partitions {
            let record = self.record();
            transaction.append(&self.left.topic().partition(partition).unwrap(), record).unwrap();
        }
        transaction.commit().unwrap();
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Append(count) => {
                let rows = self.rows(count);
                self.left.append(&rows).unwrap();
            }
            Step::AppendTo(partition, count) => {
                let rows = self.rows(count);
                self.left.append_to(partition, rows).unwrap();
            }
            Step::Abort(count) => {
                let rows = self.rows(count);
                let mut loading = self.left.load().unwrap();
                rows.iter().for_each(|row| loading.push(row).unwrap());
            }
            Step::Heartbeat(partition) => {
                self.left.heartbeat(partition, Timestamp::from_millis(7)).unwrap();
            }
            Step::Together(partitions) => self.together(partitions),
            Step::HoldOpen(partition) => match self.held.take() {
                Some(transaction) => {
                    transaction.commit().unwrap();
                }
                None => {
                    let mut transaction = self.store.begin(&self.producer).unwrap();
                    let record = self.record();
                    let log = self.left.topic().partition(partition).unwrap();
                    transaction.append(&log, record).unwrap();
                    self.held = Some(transaction);
                }
            },
            Step::Tail(begin) => self.open(begin),
            Step::Take(tail, count) => self.take(tail, count),
            Step::Replace(at) => {
                if self.tails.is_empty() {
                    return;
                }
                let at = at % self.tails.len();
                let checked = self.tails.swap_remove(at);
                let positions = checked.tail.positions();
                drop(checked);
                let next = positions.offsets().to_vec();
                let tail = self.left.tail().seek_to(&positions);
                let mut checked = Checked { tail, next, due: VecDeque::new() };
                self.make_due(&mut checked);
                self.tails.push(checked);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_tail_gives_the_committed_rows_once_and_in_order(steps in steps()) {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.step(step));
        // Whatever was held is committed at last, and every tail gives all that is left.
        world.held.take().map(|transaction| transaction.commit().unwrap());
        for at in 0..world.tails.len() {
            world.take(at, 400);
        }
    }
}

/// Enough that a torn commit, if there could be one, would be met.
const COMMITS: u64 = 2_000;

#[test]
fn tails_of_two_topics_never_find_a_part_of_a_commit() {
    let store = store();
    let (left, right) = (TypedTopic::open(&store, Left).unwrap(), TypedTopic::open(&store, Right).unwrap());
    let producer = store.producer("the test's").unwrap();
    let done = AtomicBool::new(false);
    let record = |number: u64| {
        let mut records = RecordsBuilder::new();
        records.push(0, None, Some(serde_json::to_string(&tick(number)).unwrap().as_bytes()));
        records
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..COMMITS {
                let mut transaction = store.begin(&producer).unwrap();
                let (left, right) = (left.topic(), right.topic());
                transaction.append(&left.partition((number % 3) as u32).unwrap(), record(number)).unwrap();
                transaction.append(&right.partition((number % 2) as u32).unwrap(), record(number)).unwrap();
                transaction.commit().unwrap();
            }
            done.store(true, Ordering::Release);
        });
        for _ in 0..2 {
            let (mut lefts, mut rights) = (left.tail().seek_to_start(), right.tail().seek_to_start());
            scope.spawn(move || {
                let (mut of_left, mut of_right) = (0, 0);
                while of_left < COMMITS {
                    // Blocks, and is woken; all of the commit that woke it is in the other topic, too.
                    of_left = of_left.max(lefts.next().unwrap().unwrap().number + 1);
                    while let Some(row) = rights.try_next().unwrap() {
                        of_right = of_right.max(row.number + 1);
                    }
                    assert!(
                        of_right >= of_left,
                        "{of_left} commits in the one topic, {of_right} in the other"
                    );
                }
            });
        }
        // Somebody who blocks has every row, once, and of each partition in order.
        let mut all = left.tail().seek_to_start();
        scope.spawn(move || {
            let mut seen = vec![false; COMMITS as usize];
            let mut last = [None; 3];
            for row in all.by_ref().take(COMMITS as usize) {
                let row = row.unwrap();
                assert!(!std::mem::replace(&mut seen[row.number as usize], true), "twice: {row:?}");
                let last = &mut last[row.meta.partition as usize];
                assert!(last.is_none_or(|last| last < row.meta.offset), "{row:?}");
                *last = Some(row.meta.offset);
            }
            assert!(seen.iter().all(|seen| *seen));
            assert_eq!(all.try_next().unwrap(), None);
        });
    });
    assert!(done.load(Ordering::Acquire));
}

#[test]
fn a_tail_that_waits_ends_when_the_store_is_closed_and_fails_when_the_topic_is_deleted() {
    for deletes in [false, true] {
        let store = store();
        let ticks = TypedTopic::open(&store, Left).unwrap();
        let mut tail = ticks.tail();
        ticks.append(tick(1)).unwrap();
        let (waits, waiting) = std::sync::mpsc::channel();
        let follows = thread::spawn(move || {
            let first = tail.next().unwrap().unwrap();
            waits.send(()).unwrap();
            let then = tail.next();
            assert!(tail.is_over() && tail.next().is_none(), "it is over");
            (first.row, then, tail.positions())
        });
        // It may not have begun to wait: then it finds the same.
        waiting.recv().unwrap();
        if deletes {
            store.delete_topic("left").unwrap()
        } else {
            store.close().unwrap()
        }
        let (first, then, positions) = follows.join().unwrap();
        assert_eq!(first, tick(1));
        match then {
            None => assert!(!deletes),
            Some(Ok(row)) => panic!("{row:?}"),
            Some(Err(error)) => {
                assert!(deletes, "{error}");
                let text = error.to_string();
                assert!(text.contains("`left`") && text.contains("it was deleted while in use"), "{text}");
            }
        }
        assert_eq!(positions.offsets().iter().sum::<u64>(), 2, "the row and its marker");
    }
}

#[test]
fn a_tail_that_is_dropped_leaves_nothing_behind() {
    let disk = Arc::new(MemDisk::new());
    let open = || Store::open_on(disk.clone(), StoreConfig::default());
    let store = open().unwrap();
    let ticks = TypedTopic::open(&store, Left).unwrap();
    let tails: Vec<Tail<Left>> = (0..3).map(|_| ticks.tail()).collect();
    drop((store, ticks));
    assert!(open().is_err(), "tails keep the store open");
    drop(tails);
    open().unwrap();
}

#[test]
fn a_tail_whose_next_row_was_deleted_says_so_and_gives_no_other() -> Result<()> {
    let store = store();
    let ticks = TypedTopic::open(&store, Left)?;
    ticks.append_to(1, (0..5).map(tick))?;
    let mut tail = ticks.tail().seek_to_start();
    let mut rows = ticks.rows().seek(1, 2);
    let log = ticks.topic().partition(1)?;
    log.delete_records_before(log::Offset(3))?;
    let text = tail.try_next().unwrap_err().to_string();
    assert_eq!(
        text,
        "topic `left` partition 1 begins at offset 3, and reading was to go on at offset 0: the rows in between were deleted; to go \
         on without them, begin at the topic's start, `seek_to_start()`, or at a later offset"
    );
    assert!(tail.is_over());
    assert_eq!(tail.try_next()?, None);
    assert!(rows.next().unwrap().unwrap_err().to_string().contains("go on at offset 2"));
    assert!(rows.next().is_none());
    let left: Result<Vec<Tick>> = ticks.rows().collect();
    assert_eq!(left?, [tick(3), tick(4)]);
    assert_eq!(ticks.tail().seek_to_start().try_next()?.unwrap().row, tick(3));
    Ok(())
}

/// Runs a future on this thread, which sleeps until the waker is called.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn a_stream_gives_what_a_tail_gives_is_woken_by_commits_and_ends_when_the_store_is_closed() {
    const ROWS: usize = 5_000;
    let store = store();
    let ticks = TypedTopic::open(&store, Left).unwrap();
    let (has_all, all) = std::sync::mpsc::channel();
    let follow = |tail: Tail<Left>| {
        let has_all = has_all.clone();
        thread::spawn(move || {
            let (mut rows, mut given) = (tail.stream(), Vec::new());
            while let Some(row) = block_on(rows.next()) {
                given.push(row.unwrap());
                if given.len() == ROWS {
                    has_all.send(()).unwrap();
                }
            }
            (given, rows.positions())
        })
    };
    let streams = [follow(ticks.tail()), follow(ticks.tail())];
    let mut blocking = ticks.tail();
    for number in 0..1_000 {
        ticks.append(tick(number)).unwrap();
        if number % 100 == 0 {
            // More than it gives in one turn.
            ticks.append_to(0, (0..400).map(|more| tick(10_000 + number * 400 + more))).unwrap();
        }
    }
    let mut expected: Vec<_> = std::iter::from_fn(|| blocking.try_next().unwrap()).collect();
    let in_order = |row: &WithMeta<Tick>| (row.meta.partition, row.meta.offset);
    expected.sort_by_key(in_order);
    streams.iter().for_each(|_| all.recv().unwrap());
    let end = ticks.end();
    store.close().unwrap();
    for stream in streams {
        let (mut given, positions) = stream.join().unwrap();
        let of = |partition| given.iter().filter(move |row| row.meta.partition == partition);
        assert!((0..3).all(|partition| of(partition).is_sorted_by_key(in_order)), "partitions in order");
        given.sort_by_key(in_order);
        assert_eq!(given, expected);
        assert_eq!(positions, end);
    }
}
