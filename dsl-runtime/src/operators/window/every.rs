//! `every`: windows of so many rows of a key.
//!
//! ```text
//! rows of a key, by time   1  4  4  9  10 12 15          every(3)
//! windows                  [1 .. 4]  [9 .. 12]  15       the last one is not full, and makes no row
//! ```
//!
//! # Contract
//! - The rows of each key are counted in canonical order, by event time and then by position: a row is counted when the combined watermark
//!   has reached it. It is late if the watermark of its own partition before it had reached its time; and if it was not waited for, by the combined
//!   watermark before its epoch. Rows of one place go by what they come to in the aggregates.
//! - A window's row has the event time and the position of the last row in it, and is never late itself; like what operators in order pass on, it is in no log.
//!   The output's watermark is the operator's own, and is held back by nothing, as all that waits stands behind it.
//! - Kept in state: what each row that the watermark has not passed comes to, and for each key one state of the aggregates, of the window that is
//!   not full. A row changes one entry. Rows are not kept.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::mem;
use std::rc::Rc;

use serde::{Serialize, de::DeserializeOwned};

use super::panes::WindowSpec;
use super::{Halves, Runs, Window, Windows};
use crate::aggregates::Aggregates;
use crate::flow::{
    Batch, Blame, DUE_ROWS, KeyOf, KeyedRow, Meta, Now, Owner, Packet, Ports, Row, RowRouter, Sends, catch,
    has_reached, in_hand,
};
use crate::handles::ByEventTime;
use crate::key::Key;
use crate::place::Place;
use crate::plan::EntryWords;
use crate::state::{ByEntry, Keeps, StateTable, Table, Taken};
use crate::time::{Duration, Timestamp};

/// Windows of so many rows: `every(100)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every {
    rows: u64,
}

/// Windows of so many rows of a key, one behind the other: the first hundred, the next hundred, and so on, by event time, and for rows of one instant by
/// their place in the input. At least 1.
///
/// `w.start()` is the time of the first row in the window, `w.end()` the first instant after the last one. A window makes its row once it is full: one that never
/// gets full makes none, also when event time closes.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
///
/// #[pipeline]
/// fn pairs() {
///     let payments = source(Payments).lateness(10s).late_drop();
///     let pairs = payments
///         .group_by(|p| p.card)
///         .window(every(2))
///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
///     pairs.sink(CardMinutes);
/// }
///
/// let mut t = pairs().test();
/// t.push_all(Payments, [payment(1, 250, 9), payment(1, 100, 5), payment(1, 50, 7), payment(1, 1, 8), payment(1, 9, 60)]);
/// t.close();
/// assert_eq!(t.rows(CardMinutes), [minute(1, 5, 150, 2), minute(1, 8, 251, 2)], "and one that is not full");
/// ```
///
/// # State
/// For each key one state of the aggregates, of the window that is not full yet, for ever: a key that comes back after a year goes on with it. And what the rows
/// that the watermark has not passed come to.
pub fn every(rows: u64) -> Every {
    Every { rows }
}

#[diagnostic::do_not_recommend]
impl Windows for Every {
    type Kind = Self;
    type Time = ByEventTime;
    type By = ByCount;

    fn kind(self) -> Self {
        self
    }

    fn text(self) -> String {
        format!("every({})", self.rows)
    }

    fn refused(self) -> Option<String> {
        (self.rows == 0).then(|| "must be of at least 1 row, and is of 0".to_owned())
    }

    fn keeps_positions(self) -> bool {
        true
    }

    fn kept(self) -> &'static str {
        "for each row that the watermark has not passed, and for each key of its window that is not full, for ever"
    }
}

/// Windows of so many rows.
pub struct ByCount;

impl Runs<Every> for ByCount {
    fn halves<K, T, A, R, G>(key: KeyOf<T, K>, spec: WindowSpec<K, T, A, G, Every>) -> Halves
    where
        K: Key,
        T: Clone + Send + 'static,
        A: Aggregates<T>,
        R: Clone + Send + 'static,
        G: Fn(Window<K>, A::Output) -> R + 'static,
    {
        let for_owner = spec.clone();
        Halves {
            entries: EntryWords {
                one: "row or window of a number of rows",
                many: "rows and windows of a number of rows",
                emits: "a window of a number of rows emits when it is full, and the watermark of every partition has passed its last row",
            },
            before: "before the exchange: drops and counts late rows; takes of each row what the aggregates need",
            router: Box::new(move |setup| {
                let sends = SendsStates(spec.aggregates.clone());
                Box::new(RowRouter::in_order(key.clone(), sends, setup))
            }),
            owner: Box::new(move |_| Box::new(CountOwner::new(for_owner.clone()))),
        }
    }
}

/// What a row comes to, with its place.
type Counted<K, S> = Taken<K, Place, S>;

/// Of each row is sent what it comes to.
struct SendsStates<A>(Rc<A>);

impl<K: Key, T, A: Aggregates<T>> Sends<K, T> for SendsStates<A> {
    type Packet = Vec<Counted<K, A::State>>;

    fn put(&self, KeyedRow { group, key, meta, value }: KeyedRow<K, &T>, packet: &mut Self::Packet) {
        let mut state = self.0.init();
        self.0.add(&mut state, value, meta.place);
        packet.push(Taken { group, key, sub_key: meta.place, value: state });
    }

    fn is_empty(packet: &Self::Packet) -> bool {
        packet.is_empty()
    }
}

/// What rows come to that the watermark has not passed; of one key and place hardly ever more than one.
struct Waiting<K, S>(PhantomData<fn() -> (K, S)>);

impl<K: Key, S: Serialize + DeserializeOwned> Keeps for Waiting<K, S> {
    type Key = K;
    type SubKey = Place;
    type Value = Vec<S>;
    type Index = ByEntry;

    fn due(&self, place: &Place, _: &Vec<S>) -> Option<Timestamp> {
        Some(place.time)
    }
}

/// The windows that are not full: how many rows there are, the time of the first, and what they come to.
struct Open<K, S>(PhantomData<fn() -> (K, S)>);

impl<K: Key, S: Serialize + DeserializeOwned> Keeps for Open<K, S> {
    type Key = K;
    type SubKey = ();
    type Value = (u64, Timestamp, S);
    type Index = ByEntry;

    fn due(&self, (): &(), _: &(u64, Timestamp, S)) -> Option<Timestamp> {
        None
    }
}

/// The half after the exchange: counts the rows of each key in order.
struct CountOwner<K: Key, T, A: Aggregates<T>, G, R> {
    spec: WindowSpec<K, T, A, G, Every>,
    waiting: Table<Waiting<K, A::State>>,
    open: Table<Open<K, A::State>>,
    /// Of the epoch at hand.
    arriving: Vec<Counted<K, A::State>>,
    /// What is still to be emitted.
    made: VecDeque<Row<R>>,
}

impl<K: Key, T, A: Aggregates<T>, G, R> CountOwner<K, T, A, G, R>
where
    G: Fn(Window<K>, A::Output) -> R,
{
    fn new(spec: WindowSpec<K, T, A, G, Every>) -> Self {
        CountOwner {
            spec,
            waiting: Table::new(Waiting(PhantomData)),
            open: Table::new(Open(PhantomData)),
            arriving: Vec::new(),
            made: VecDeque::new(),
        }
    }

    /// All rows whose turn it is, in order.
    fn due(&mut self, now: &Now<'_>, out: &mut Ports) -> Vec<Counted<K, A::State>> {
        let mut due = Vec::new();
        while let Some(at) = self.waiting.first_due().filter(|at| has_reached(now.combined, *at)) {
            for Taken { group, key, sub_key: place, value } in self.waiting.take_due(at) {
                due.extend(value.into_iter().map(|value| Taken {
                    group,
                    key: key.clone(),
                    sub_key: place,
                    value,
                }));
            }
        }
        for row in mem::take(&mut self.arriving) {
            if has_reached(now.combined_before, row.sub_key.time) {
                out.late().drop_unwaited();
            } else if has_reached(now.combined, row.sub_key.time) {
                due.push(row);
            } else {
                let Taken { group, key, sub_key: place, value: state } = row;
                self.waiting
                    .merge(group, &key, &place, vec![state], |kept, mut other| kept.append(&mut other));
            }
        }
        let bytes = |row: &Counted<K, A::State>| {
            postcard::to_stdvec(&row.value).expect("what goes into checkpoints can be written")
        };
        due.sort_unstable_by(|left, right| {
            left.sub_key.cmp(&right.sub_key).then_with(|| bytes(left).cmp(&bytes(right)))
        });
        due
    }

    /// Counts a row, and gives the row of the window that it makes full.
    fn count(&mut self, row: Counted<K, A::State>) -> Option<Row<R>> {
        let Taken { group, key, sub_key: place, value: state } = row;
        let aggregates = &self.spec.aggregates;
        let counted = self.open.get(group, &key, &()).map_or(0, |(rows, ..)| *rows);
        if counted + 1 < self.spec.windows.rows {
            self.open.merge(group, &key, &(), (1, place.time, state), |kept, (_, _, state)| {
                kept.0 += 1;
                aggregates.merge(&mut kept.2, state);
            });
            return None;
        }
        let (start, whole) = match self.open.remove(group, &key, &()) {
            Some((_, start, mut whole)) => {
                aggregates.merge(&mut whole, state);
                (start, whole)
            }
            None => (place.time, state),
        };
        let window = Window { key, start, end: place.time + Duration::from_millis(1) };
        let value = (self.spec.row)(window, aggregates.finish(whole));
        Some(Row { meta: Meta::when_reached(place), value })
    }
}

impl<K, T, A, R, G> Owner for CountOwner<K, T, A, G, R>
where
    K: Key,
    T: Clone + Send + 'static,
    A: Aggregates<T>,
    R: Clone + Send + 'static,
    G: Fn(Window<K>, A::Output) -> R + 'static,
{
    fn packet(&mut self, _input: usize, packet: Packet) -> Result<(), Blame> {
        let Ok(rows) = packet.downcast::<Vec<Counted<K, A::State>>>() else {
            unreachable!("a window's two halves come from one node of the plan")
        };
        self.arriving.extend(*rows);
        Ok(())
    }

    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
        for row in self.due(now, out) {
            let (key, time) = (row.key.clone(), row.sub_key.time);
            in_hand(row.sub_key.position);
            let made = catch(|| self.count(row)).map_err(|blame| Blame {
                at: Some(format!("key {key:?}, the window with the row of {time}")),
                ..blame
            })?;
            self.made.extend(made);
        }
        Ok(())
    }

    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        let made: Vec<Row<R>> = self.made.drain(..self.made.len().min(DUE_ROWS)).collect();
        if !made.is_empty() {
            out.give(Ports::MAIN, Batch::of(made).passed_on());
        }
        Ok(!self.made.is_empty())
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        vec![&mut self.waiting, &mut self.open]
    }
}
