//! `session`: windows that end when a key has had no row for a while.
//!
//! Which rows belong together is said by [`fragments`](super::fragments). Here is what runs.
//!
//! # Contract
//! - Before the exchange the rows of a key and partition are [added up](super::parts) where that loses nothing: rows one behind the
//!   other, which is most of them, come to one part an epoch.
//! - A session closes once, when the combined watermark has reached its end - 1 ms, which is the event time of its row. Rows leave in
//!   the order of (end, key).
//! - Kept in state, as one entry for each key: its open sessions, each with the aggregates' state and, for each partition that it
//!   has rows of, the stretch of time these cover and the watermark before the first of them. When a session closes, all of it goes.
//! - States are merged as soon as sessions are, and never taken apart. A greatest length would need a state for each instant.
//! - A row that may be late is sent on, as it may join what is kept; whether it is late is found there.
//! - What an operator in front made of rows that were not waited for may come for a session that has emitted: it is late, counted
//!   once for each session that it would make.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::mem;

use serde::{Serialize, de::DeserializeOwned};

use super::clock::{Clocked, ClockedOwner, OfEpoch, RowPlaces, before};
use super::fragments::{Session as OpenSession, Sessions};
use super::panes::WindowSpec;
use super::parts::{OfKey, Part, SessionRouter};
use super::reach::{Origin, Reach};
use super::{Halves, Runs, Window, Windows};
use crate::aggregates::Aggregates;
use crate::flow::{Blame, DUE_ROWS, KeyOf, LateRows, Now, Owner, Packet, Ports, Row, catch, emit};
use crate::handles::ByEventTime;
use crate::key::Key;
use crate::place::Position;
use crate::plan::EntryWords;
use crate::state::{ByEntry, Keeps, StateTable, Table, Taken};
use crate::time::{Duration, Timestamp};

/// Windows that end when a key has had no row for a while: `session(5m)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    gap: Duration,
}

/// Windows of each key that end when it has had no row for the gap: `w.start()` is the time of the first row, `w.end()` that of the
/// last one and the gap. A row exactly the gap behind the last one still belongs to it, as in Flink; of rows that leave an operator
/// when the watermark reaches them, as those of windows do, it must lie less than the gap behind: the session may have emitted by then.
///
/// A row joins the session that its time lies in, or within the gap of, and makes two of them one where it stands between. It does
/// not join what ends by the watermark of its own partition before it, whether that has emitted or not; a row that joins nothing,
/// and whose own end lies so far back, is late, dropped and counted. Rows of one key may come from several partitions: their sessions are the
/// same in whatever order the partitions are read.
///
/// The gap is at least 1 ms; less is refused before anything is read, and a zero in the source text does not build.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
///
/// #[pipeline]
/// fn sprees() {
///     let payments = source(Payments).lateness(0s).late_drop();
///     let sprees = payments
///         .group_by(|p| p.card)
///         .window(session(30s))
///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
///     sprees.sink(CardMinutes);
/// }
///
/// let mut t = sprees().test();
/// t.push_all(Payments, [payment(1, 250, 5), payment(1, 100, 20), payment(1, 50, 49)]);
/// assert_eq!(t.rows(CardMinutes), [], "it goes on until 79 s");
/// t.push(Payments, payment(1, 10, 80));
/// assert_eq!(t.rows(CardMinutes), [minute(1, 5, 400, 3)]);
/// t.close();
/// assert_eq!(t.rows(CardMinutes), [minute(1, 5, 400, 3), minute(1, 80, 10, 1)]);
/// ```
///
/// # State
/// For each key and open session one state of the aggregates, and some 20 bytes for each partition that it has rows of; dropped when
/// the session has emitted. A session that never pauses is kept as long as it goes on.
pub fn session(gap: Duration) -> Session {
    Session { gap }
}

#[diagnostic::do_not_recommend]
impl Windows for Session {
    type Kind = Self;
    type Time = ByEventTime;
    type By = BySessions;

    fn kind(self) -> Self {
        self
    }

    fn text(self) -> String {
        format!("session({})", self.gap)
    }

    fn refused(self) -> Option<String> {
        let gap = self.gap;
        (gap < Duration::from_millis(1)).then(|| format!("must have a gap of at least 1 ms, and it is {gap}"))
    }

    fn kept(self) -> &'static str {
        "for each key and open session, until the session has emitted"
    }
}

/// Windows that each key has of its own, as its rows say.
pub struct BySessions;

impl Runs<Session> for BySessions {
    fn halves<K, T, A, R, G>(key: KeyOf<T, K>, spec: WindowSpec<K, T, A, G, Session>) -> Halves
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
                one: "session",
                many: "sessions",
                emits: "a session emits when the watermark of every partition has passed its end",
            },
            before: "before the exchange: adds rows up per key and partition, in the order of its log",
            router: Box::new(move |setup| {
                Box::new(SessionRouter::new(key.clone(), spec.windows.gap, spec.aggregates.clone(), setup))
            }),
            owner: Box::new(move |setup| Box::new(SessionOwner::new(for_owner.clone(), setup.maker))),
        }
    }
}

/// The open sessions, one entry for each key.
struct OpenSessions<K, S>(PhantomData<fn() -> (K, S)>);

impl<K: Key, S: Serialize + DeserializeOwned> Keeps for OpenSessions<K, S> {
    type Key = K;
    type SubKey = ();
    type Value = Sessions<S>;
    type Index = ByEntry;

    fn due(&self, (): &(), sessions: &Sessions<S>) -> Option<Timestamp> {
        sessions.first_last()
    }
}

/// The half after the exchange: owns the open sessions of its key groups, and emits them.
struct SessionOwner<K: Key, T, A: Aggregates<T>, G> {
    spec: WindowSpec<K, T, A, G, Session>,
    maker: u32,
    /// Where the rows stand that it makes.
    places: RowPlaces,
    state: Table<OpenSessions<K, A::State>>,
    /// Of the epoch at hand: the parts of a key may come in several packets.
    pending: Vec<OfKey<K, A::State>>,
    /// The sessions that have closed and are still to be emitted, in order.
    closed: VecDeque<Closed<K, A::State>>,
}

/// A session that has closed.
struct Closed<K, S> {
    start: Timestamp,
    last: Timestamp,
    key: K,
    state: S,
}

impl<K: Key, T: 'static, A: Aggregates<T>, G> SessionOwner<K, T, A, G> {
    fn new(spec: WindowSpec<K, T, A, G, Session>, maker: u32) -> Self {
        let (places, state) = (RowPlaces::of(maker), Table::new(OpenSessions(PhantomData)));
        SessionOwner { spec, maker, places, state, pending: Vec::new(), closed: VecDeque::new() }
    }

    /// Adds all parts of a key to its open sessions, or drops them, and gives the sessions that have closed then. What opens and closes with one
    /// epoch is never in the table.
    fn add(
        &mut self,
        OfKey { group, key, mut parts }: OfKey<K, A::State>,
        combined: Timestamp,
        late: &mut LateRows,
        closed: &mut Vec<OpenSession<A::State>>,
    ) -> Result<(), Blame> {
        if !parts.is_sorted_by_key(Part::in_log) {
            parts.sort_unstable_by_key(Part::in_log);
        }
        let aggregates = &self.spec.aggregates;
        let merge = |kept: &mut A::State, other| aggregates.merge(kept, other);
        let mut at_hand = None;
        let mut add_all = |known: &mut Sessions<A::State>| {
            let first = parts.first().map_or(Origin::NONE, |first| first.origin);
            let are_of_one = known.are_all_of(first) && parts.iter().all(|part| part.origin == first);
            for part in parts.drain(..) {
                if are_of_one {
                    // Neither this part nor one behind it joins them, so that however many there are, few are asked.
                    closed.extend(known.take_ended(part.reach.watermark_before.min(combined)));
                }
                at_hand = Some(part.reach);
                let meta = part.meta();
                if !known.add(part.origin, part.reach, part.state, merge) {
                    let mut bytes = Vec::new();
                    key.encode_key(&mut bytes);
                    late.drop_counted(meta, &bytes);
                } else if part.reach.is_doubtful() {
                    late.keep_row(meta);
                }
            }
            closed.extend(known.take_ended(combined));
        };
        let known = self.state.update(group, &key, &(), |known| {
            let added = catch(|| add_all(known));
            added.map(|()| known.is_empty())
        });
        let added = match known {
            Some(Ok(true)) => {
                self.state.remove(group, &key, &());
                Ok(())
            }
            Some(added) => added.map(drop),
            None => {
                let mut new = Sessions::default();
                let added = catch(|| add_all(&mut new));
                if !new.is_empty() {
                    self.state.insert(group, &key, &(), new);
                }
                added
            }
        };
        added.map_err(|blame| match at_hand {
            Some(Reach { start, last, .. }) => blamed(blame, &window_of(&key, start, last)),
            None => blame,
        })
    }

    fn row<R>(&self, session: Closed<K, A::State>, bytes: &mut Vec<u8>) -> Result<Row<R>, Blame>
    where
        G: Fn(Window<K>, A::Output) -> R,
    {
        let Closed { start, last, key, state } = session;
        let meta = self.places.place(last, &key, bytes);
        let window = window_of(&key, start, last);
        let (spec, of_row) = (&self.spec, window.clone());
        let value = catch(|| (spec.row)(of_row, spec.aggregates.finish(state)));
        let value = value.map_err(|blame| blamed(blame, &window))?;
        Ok(Row { meta, value })
    }
}

fn window_of<K: Key>(key: &K, start: Timestamp, last: Timestamp) -> Window<K> {
    Window { key: key.clone(), start, end: last + Duration::from_millis(1) }
}

/// Names the key and the session that user code had in hand.
fn blamed<K: Key>(blame: Blame, window: &Window<K>) -> Blame {
    let Window { key, start, end } = window;
    Blame { at: Some(format!("key {key:?}, session {start} to {end}")), ..blame }
}

impl<K, T, A, R, G> Owner for SessionOwner<K, T, A, G>
where
    K: Key,
    T: Clone + Send + 'static,
    A: Aggregates<T>,
    R: Clone + Send + 'static,
    G: Fn(Window<K>, A::Output) -> R + 'static,
{
    fn packet(&mut self, _input: usize, packet: Packet) -> Result<(), Blame> {
        let Ok(of_keys) = packet.downcast::<Vec<OfKey<K, A::State>>>() else {
            unreachable!("a window's two halves come from one node of the plan")
        };
        self.pending.extend(*of_keys);
        Ok(())
    }

    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
        let mut pending = mem::take(&mut self.pending);
        pending.sort_unstable_by(|left, right| (left.group, &left.key).cmp(&(right.group, &right.key)));
        let (mut pending, mut closed, mut ended) = (pending.into_iter().peekable(), Vec::new(), Vec::new());
        let mut close = |key: &K, session: OpenSession<A::State>, late: &mut LateRows| {
            let (start, last) = (session.start(), session.last());
            if last <= now.combined_before {
                late.drop_unwaited();
            } else {
                closed.push(Closed { start, last, key: key.clone(), state: session.state });
            }
        };
        while let Some(mut of_key) = pending.next() {
            while let Some(other) = pending.next_if(|other| other.key == of_key.key) {
                of_key.parts.extend(other.parts);
            }
            let key = of_key.key.clone();
            self.add(of_key, now.combined, out.late(), &mut ended)?;
            ended.drain(..).for_each(|session| close(&key, session, out.late()));
        }
        while let Some(last) = self.state.first_due().filter(|last| *last <= now.combined) {
            for Taken { group, key, mut value, .. } in self.state.take_due(last) {
                value.take_ended(now.combined).for_each(|session| close(&key, session, out.late()));
                if !value.is_empty() {
                    self.state.insert(group, &key, &(), value);
                }
            }
        }
        closed.sort_unstable_by(|left, right| {
            (left.last, &left.key, left.start).cmp(&(right.last, &right.key, right.start))
        });
        self.closed = closed.into();
        Ok(())
    }

    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        let due = self.closed.len().min(DUE_ROWS);
        let (mut made, mut bytes): (Vec<Row<R>>, _) = (Vec::with_capacity(due), Vec::new());
        while made.len() < due {
            let Some(session) = self.closed.pop_front() else { break };
            made.push(self.row(session, &mut bytes)?);
        }
        emit(made, Ports::MAIN, out);
        Ok(!self.closed.is_empty())
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        vec![&mut self.state]
    }
}

impl<K, T, A, R, G> ClockedOwner<K, A::State> for SessionOwner<K, T, A, G>
where
    K: Key,
    T: Clone + Send + 'static,
    A: Aggregates<T>,
    R: Clone + Send + 'static,
    G: Fn(Window<K>, A::Output) -> R + 'static,
{
    /// They are rows of no partition, whose watermark is just before them: so one that comes at the end of a session begins the next.
    fn take_at(&mut self, at: Timestamp, rows: Vec<OfEpoch<K, A::State>>) -> Result<(), Blame> {
        let (watermark_before, mut bytes) = (before(at), Vec::new());
        let reach = Reach::of(at, self.spec.windows.gap, watermark_before);
        self.pending.extend(rows.into_iter().map(|Taken { group, key, value: state, .. }| {
            bytes.clear();
            key.encode_key(&mut bytes);
            let position = Position::of_key(self.maker, &bytes);
            OfKey { group, key, parts: vec![Part::new(Origin::NONE, position, reach, state)] }
        }));
        Ok(())
    }

    fn stand_at(&mut self, time: Timestamp) {
        self.places.stand_at(time);
    }

    fn next_close(&self) -> Option<Timestamp> {
        self.state.first_due()
    }
}

impl Clocked for Session {
    fn owner<K, T, A, R, G>(
        spec: WindowSpec<K, T, A, G, Session>,
        maker: u32,
    ) -> Box<dyn ClockedOwner<K, A::State>>
    where
        K: Key,
        T: Clone + Send + 'static,
        A: Aggregates<T>,
        R: Clone + Send + 'static,
        G: Fn(Window<K>, A::Output) -> R + 'static,
    {
        Box::new(SessionOwner::new(spec, maker))
    }
}
