//! `session`: windows that end when a key has had no row for a while.
//!
//! Which rows belong together is said by [`fragments`](super::fragments). Here is what runs.
//!
//! # Contract
//! - Before the exchange the rows of a key and partition are put in the order of their log, and added up where that loses nothing:
//!   rows one behind the other, which is most of them, come to one part an epoch.
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
use std::rc::Rc;

use hashbrown::HashMap;
use serde::{Serialize, de::DeserializeOwned};

use super::clock::{Clocked, ClockedOwner, OfEpoch, RowPlaces, before};
use super::fragments::{Origin, Reach, Session as OpenSession, Sessions};
use super::panes::WindowSpec;
use super::{Halves, Runs, Window, Windows};
use crate::aggregates::Aggregates;
use crate::flow::{
    Batch, Blame, DUE_ROWS, KeyOf, LateRows, Meta, Now, Owner, Packet, Ports, Router, RouterSetup, Row,
    RowsDigest, catch, emit, group_of, in_hand, owner, send,
};
use crate::handles::ByEventTime;
use crate::key::{Key, KeyGroup};
use crate::place::{Place, Position};
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
            router: Box::new(move |setup| Box::new(SessionRouter::new(key.clone(), &spec, setup))),
            owner: Box::new(move |setup| Box::new(SessionOwner::new(for_owner.clone(), setup.maker))),
        }
    }
}

/// What rows of a key and partition, one behind the other in its log, have come to.
struct Part<K, S> {
    group: KeyGroup,
    key: K,
    origin: Origin,
    /// Of the first row, whose place says where in the log they stand.
    meta: Meta,
    reach: Reach,
    state: S,
}

/// The half before the exchange. It keeps the batches of an epoch until that is flushed: the rows of a partition may come by
/// several ways, and are put in the order of its log first.
struct SessionRouter<K, T, A> {
    key: KeyOf<T, K>,
    gap: Duration,
    aggregates: Rc<A>,
    workers: usize,
    epochs: Vec<(u64, Vec<Batch>)>,
    /// Of the rows that may be late those that are not.
    late: LateRows,
    digest: RowsDigest,
}

/// The parts of a key and partition, in the order of the log, and the digest of their rows.
struct Parts<K, S> {
    group: KeyGroup,
    parts: Vec<Part<K, S>>,
    digest: RowsDigest,
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>> SessionRouter<K, T, A> {
    fn new<G>(key: KeyOf<T, K>, spec: &WindowSpec<K, T, A, G, Session>, setup: RouterSetup) -> Self {
        let (gap, aggregates) = (spec.windows.gap, spec.aggregates.clone());
        let (epochs, late, digest) = (Vec::new(), LateRows::new(setup.late_wanted), RowsDigest::default());
        SessionRouter { key, gap, aggregates, workers: setup.workers, epochs, late, digest }
    }

    /// Adds a row to what the one before it of its key and partition has come to, or begins anew.
    fn add(&mut self, parts: &mut Parts<K, A::State>, key: K, origin: Origin, row: &Row<T>) {
        let reach = Reach::of(row.meta.place.time, self.gap, row.meta.watermark_before);
        parts.digest.add(row.meta.place);
        // A late row of no partition joins nothing.
        let is_taken_alone = reach.is_doubtful() && origin.is_none();
        if let Some(last) = parts.parts.last_mut().filter(|_| !is_taken_alone)
            && last.reach.take_in(reach)
        {
            self.aggregates.add(&mut last.state, &row.value, row.meta.place);
            if reach.is_doubtful() {
                self.late.keep_row(row.meta);
            }
            return;
        }
        let mut state = self.aggregates.init();
        self.aggregates.add(&mut state, &row.value, row.meta.place);
        parts.parts.push(Part { group: parts.group, key, origin, meta: row.meta, reach, state });
    }
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>> Router for SessionRouter<K, T, A> {
    fn rows(&mut self, epoch: u64, rows: Batch) {
        match self.epochs.iter_mut().find(|(open, _)| *open == epoch) {
            Some((_, batches)) => batches.push(rows),
            None => self.epochs.push((epoch, vec![rows])),
        }
    }

    fn flush(&mut self, epoch: u64, out: &mut Vec<(usize, Packet)>) {
        let Some(at) = self.epochs.iter().position(|(open, _)| *open == epoch) else { return };
        let (_, batches) = self.epochs.swap_remove(at);
        let mut open: HashMap<(K, Origin), Parts<K, A::State>> = HashMap::new();
        let mut bytes = Vec::new();
        for of_logs in [true, false] {
            let batches = batches.iter().filter(|batch| batch.is_of_logs() == of_logs);
            let mut rows: Vec<&Row<T>> = batches.flat_map(Batch::rows::<T>).collect();
            rows.sort_by_key(|row| in_log(row.meta));
            for row in rows {
                in_hand(row.meta.position());
                let key = (self.key)(&row.value);
                let origin = if of_logs { Origin::of(row.meta.position()) } else { Origin::NONE };
                let parts = open.entry((key.clone(), origin)).or_insert_with(|| Parts {
                    group: group_of(&key, &mut bytes),
                    parts: Vec::new(),
                    digest: RowsDigest::default(),
                });
                self.add(parts, key, origin, row);
            }
        }
        let mut packets: Vec<Vec<Part<K, A::State>>> = (0..self.workers).map(|_| Vec::new()).collect();
        for ((key, _), Parts { group, parts, digest }) in open {
            bytes.clear();
            key.encode_key(&mut bytes);
            self.digest.add_key(&bytes, digest);
            packets[owner(group, self.workers)].extend(parts);
        }
        send(packets, out);
    }

    /// None is dropped here: the other half finds out.
    fn take_late(&mut self) -> LateRows {
        self.late.take()
    }

    /// Of all rows: the other half takes late ones back.
    fn take_digest(&mut self) -> u64 {
        self.digest.take()
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
    /// Of the epoch at hand: the parts of a partition may come in several packets, and are added in the order of its log.
    pending: Vec<Part<K, A::State>>,
    /// The sessions that have closed and are still to be emitted, in order.
    closed: VecDeque<(K, OpenSession<A::State>)>,
}

impl<K: Key, T: 'static, A: Aggregates<T>, G> SessionOwner<K, T, A, G> {
    fn new(spec: WindowSpec<K, T, A, G, Session>, maker: u32) -> Self {
        let (places, state) = (RowPlaces::of(maker), Table::new(OpenSessions(PhantomData)));
        SessionOwner { spec, maker, places, state, pending: Vec::new(), closed: VecDeque::new() }
    }

    /// Adds a part to the open sessions of its key, or drops it.
    fn add(&mut self, part: Part<K, A::State>, late: &mut LateRows) -> Result<(), Blame> {
        let Part { group, key, origin, meta, reach, state } = part;
        let (aggregates, mut merged) = (&self.spec.aggregates, Ok(()));
        let mut merge = |kept: &mut A::State, other| {
            let one = catch(|| aggregates.merge(kept, other));
            merged = merged.clone().and(one);
        };
        let mut state = Some(state);
        let mut add = |known: &mut Sessions<A::State>| {
            state.take().is_some_and(|state| known.add(origin, reach, state, &mut merge))
        };
        let taken = match self.state.update(group, &key, &(), &mut add) {
            Some(taken) => taken,
            None => {
                let mut new = Sessions::default();
                let taken = add(&mut new);
                if taken {
                    self.state.insert(group, &key, &(), new);
                }
                taken
            }
        };
        if !taken {
            let mut bytes = Vec::new();
            key.encode_key(&mut bytes);
            late.drop_counted(meta, &bytes);
        } else if reach.is_doubtful() {
            late.keep_row(meta);
        }
        merged.map_err(|blame| blamed(blame, &window_of(&key, reach.start, reach.last)))
    }

    fn row<R>(&self, key: &K, session: OpenSession<A::State>, bytes: &mut Vec<u8>) -> Result<Row<R>, Blame>
    where
        G: Fn(Window<K>, A::Output) -> R,
    {
        let meta = self.places.place(session.last(), key, bytes);
        let window = window_of(key, session.start(), session.last());
        let (spec, of_row) = (&self.spec, window.clone());
        let value = catch(|| (spec.row)(of_row, spec.aggregates.finish(session.state)));
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

/// What the rows of a partition are put in order by. Its watermark never goes back, so that of records it is the order of the log; and
/// of rows of no partition it is one in which most of them are taken in by what is there.
fn in_log(meta: Meta) -> (Timestamp, Position) {
    (meta.watermark_before, meta.position())
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
        let Ok(parts) = packet.downcast::<Vec<Part<K, A::State>>>() else {
            unreachable!("a window's two halves come from one node of the plan")
        };
        self.pending.extend(*parts);
        Ok(())
    }

    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
        let mut pending = mem::take(&mut self.pending);
        pending.sort_by_key(|part| in_log(part.meta));
        pending.into_iter().try_for_each(|part| self.add(part, out.late()))?;
        while let Some(last) = self.state.first_due().filter(|last| *last <= now.combined) {
            let has_emitted = last <= now.combined_before;
            let mut due = self.state.take_due(last);
            due.sort_unstable_by(|left, right| left.key.cmp(&right.key));
            for Taken { group, key, mut value, .. } in due {
                for session in value.take_ended(last) {
                    if has_emitted {
                        out.late().drop_unwaited();
                    } else {
                        self.closed.push_back((key.clone(), session));
                    }
                }
                if !value.is_empty() {
                    self.state.insert(group, &key, &(), value);
                }
            }
        }
        Ok(())
    }

    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        let due = self.closed.len().min(DUE_ROWS);
        let (mut made, mut bytes): (Vec<Row<R>>, _) = (Vec::with_capacity(due), Vec::new());
        while made.len() < due {
            let Some((key, session)) = self.closed.pop_front() else { break };
            made.push(self.row(&key, session, &mut bytes)?);
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
            let place = Place { time: at, position: Position::of_key(self.maker, &bytes) };
            let meta = Meta { place, watermark_before };
            Part { group, key, origin: Origin::NONE, meta, reach, state }
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
