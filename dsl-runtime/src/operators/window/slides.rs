//! What runs for [`sliding`](super::sliding()) windows: the half after the exchange, which owns the panes and merges them.
//!
//! ```text
//! end of an epoch      what came, and lives no longer than it      ─► to be taken in with its first window
//!                      entries that a first window falls due for   ─► to be taken in with it, and kept until their last one
//!                      entries whose last window falls due         ─► gone
//! rows leave           window after window: take in what comes with it, one row a key, drop what the next one does not hold
//! ```
//!
//! The second part, [`Leaving`], touches no state.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::marker::PhantomData;
use std::mem;

use serde::{Serialize, de::DeserializeOwned};

use super::clock::{Clocked, ClockedOwner, OfEpoch, RowPlaces, before};
use super::leaving::{Coming, Leaving, blamed};
use super::panes::WindowSpec;
use super::router::{PaneRouter, Partial, TakesRows};
use super::running::{Keys, Running, TakenIn};
use super::sliding::{PaneAndFirst, Sliding};
use super::{Halves, Runs, Window};
use crate::aggregates::Aggregates;
use crate::flow::{Blame, KeyOf, Now, Owner, Packet, Ports, catch, group_of};
use crate::key::{Key, KeyGroup};
use crate::plan::EntryWords;
use crate::state::{ByEntry, Keeps, StateTable, Table, Taken};
use crate::time::Timestamp;

/// Windows that share panes.
pub struct BySlides;

impl Runs<Sliding> for BySlides {
    fn halves<K, T, A, R, G>(key: KeyOf<T, K>, spec: WindowSpec<K, T, A, G, Sliding>) -> Halves
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
                one: "slide of a window",
                many: "slides of windows",
                emits: "a window emits when the watermark of every partition has passed its end",
            },
            before: "before the exchange: drops and counts late rows, adds rows up per key and slide",
            router: Box::new(move |setup| Box::new(PaneRouter::new(key.clone(), &spec, setup))),
            owner: Box::new(move |setup| Box::new(SlidingOwner::new(for_owner.clone(), setup.maker))),
        }
    }
}

/// The states of panes: by key, and by the pane and the first window that takes them.
struct OpenPanes<K, S> {
    windows: Sliding,
    marker: PhantomData<fn() -> (K, S)>,
}

/// The state of a pane, and whether its first window has come, so that it counts in those that follow.
type Kept<S> = (S, bool);

impl<K: Key, S: Serialize + DeserializeOwned> Keeps for OpenPanes<K, S> {
    type Key = K;
    type SubKey = PaneAndFirst;
    type Value = Kept<S>;
    type Index = ByEntry;

    /// Its first window; once that has come, its last one.
    fn due(&self, (pane, first): &PaneAndFirst, (_, counts): &Kept<S>) -> Option<Timestamp> {
        Some(if *counts { self.windows.last_window(*pane) } else { *first })
    }
}

/// Of each key group that has had rows: the watermark that the windows which have emitted end by.
struct Passed;

impl Keeps for Passed {
    type Key = ();
    type SubKey = ();
    type Value = Timestamp;
    type Index = ByEntry;

    fn due(&self, (): &(), _: &Timestamp) -> Option<Timestamp> {
        None
    }
}

/// The half after the exchange.
pub(super) struct SlidingOwner<K: Key, T, A: Aggregates<T>, G> {
    spec: WindowSpec<K, T, A, G, Sliding>,
    /// Where the rows stand that it makes.
    places: RowPlaces,
    state: Table<OpenPanes<K, A::State>>,
    /// Of the epoch at hand: what came.
    pending: Vec<Partial<K, PaneAndFirst, A::State>>,
    /// Of it, what came for a pane and first window that counts already.
    behind: BTreeMap<(K, Timestamp, Timestamp), (KeyGroup, A::State)>,
    /// How many entries count.
    counting: usize,
    /// If it goes by the clock, and not by a watermark that is kept for it.
    passed: Option<Table<Passed>>,
    leaving: Leaving<K, A::State>,
}

impl<K: Key, T: 'static, A: Aggregates<T>, G> SlidingOwner<K, T, A, G> {
    pub(super) fn new(spec: WindowSpec<K, T, A, G, Sliding>, maker: u32) -> Self {
        let state = Table::new(OpenPanes { windows: spec.windows, marker: PhantomData });
        let (places, leaving) = (RowPlaces::of(maker), Leaving::new());
        let (pending, behind) = (Vec::new(), BTreeMap::new());
        SlidingOwner { spec, places, state, pending, behind, counting: 0, passed: None, leaving }
    }

    /// As windows by the clock have it: what has closed is known by the state alone.
    fn by_clock(spec: WindowSpec<K, T, A, G, Sliding>, maker: u32) -> Self {
        SlidingOwner { passed: Some(Table::new(Passed)), ..SlidingOwner::new(spec, maker) }
    }

    /// The watermark that the windows which have emitted end by.
    fn before(&self, now: &Now<'_>) -> Timestamp {
        let passed = self.passed.as_ref().map(|passed| passed.iter().map(|(_, _, passed)| *passed).max());
        passed.map_or(now.combined_before, |passed| passed.unwrap_or(Timestamp::MIN))
    }

    /// Keeps that windows have emitted up to this watermark, if any have since the one before.
    fn pass(&mut self, before: Timestamp, watermark: Timestamp) {
        let Some(passed) = &mut self.passed else { return };
        if self.spec.windows.first_open(before) != self.spec.windows.first_open(watermark) {
            for group in (0..=u8::MAX).map(KeyGroup) {
                passed.update(group, &(), &(), |passed| *passed = watermark);
            }
        }
    }

    /// What keys come to, of the state.
    fn keys_of_state(&self) -> Result<Keys<K, A::State>, Blame> {
        let mut keys: BTreeMap<K, Running<A::State>> = BTreeMap::new();
        for (key, (pane, first), (state, _)) in self.state.iter().filter(|(_, _, (_, counts))| *counts) {
            let running = keys.entry(key.clone()).or_default();
            catch(|| {
                running.add(*pane, state.clone(), |kept, other| self.spec.aggregates.merge(kept, other))
            })
            .map_err(|blame| blamed(blame, self.spec.windows, *first, key))?;
        }
        Ok(keys.into_iter().collect())
    }

    /// Takes what came in the epoch. Where all windows that a value counts in fall due in this same epoch, it goes to the first of them
    /// at once, and is never put into the table.
    fn take_pending(
        &mut self,
        before: Timestamp,
        now: Timestamp,
        coming: &mut Coming<K, A::State>,
    ) -> Result<(), Blame> {
        let (windows, mut kept) = (self.spec.windows, Vec::new());
        let mut pending = mem::take(&mut self.pending).into_iter().peekable();
        while let Some(pane_and_first) = pending.peek().map(|partial| partial.sub_key) {
            let same = |partial: &Partial<K, PaneAndFirst, A::State>| partial.sub_key == pane_and_first;
            let (pane, first) = pane_and_first;
            let has_emitted = windows.last_instant(first) <= before;
            if has_emitted || windows.last_instant(windows.last_window(pane)) > now {
                while let Some(Taken { group, key, sub_key, value }) = pending.next_if(same) {
                    kept.push(Taken { group, key, sub_key, value: (value, false) });
                }
            } else {
                let taken_in = coming.entry(first).or_default();
                while let Some(Taken { key, value, .. }) = pending.next_if(same) {
                    taken_in.push((key, pane, value));
                }
            }
        }
        self.merge(kept)
    }

    /// Adds to the table what later epochs need.
    fn merge(&mut self, partials: Vec<Taken<K, PaneAndFirst, Kept<A::State>>>) -> Result<(), Blame> {
        let (windows, aggregates, behind) = (self.spec.windows, &self.spec.aggregates, &mut self.behind);
        self.state.merge_all(partials, |key, (pane, first), (kept, counts), (state, _)| {
            let merged = if !*counts {
                catch(|| aggregates.merge(kept, state))
            } else {
                // Its first window has emitted without it.
                match behind.entry((key.clone(), *pane, *first)) {
                    Entry::Occupied(mut other) => catch(|| aggregates.merge(&mut other.get_mut().1, state)),
                    Entry::Vacant(none) => {
                        none.insert((group_of(key, &mut Vec::new()), state));
                        Ok(())
                    }
                }
            };
            merged.map_err(|blame| blamed(blame, windows, *first, key))
        })
    }

    /// Adds what was not waited for, and whose first window has emitted, to the first one that has not; or drops it.
    fn add_behind(&mut self, before: Timestamp, out: &mut Ports) -> Result<(), Blame> {
        let (windows, aggregates) = (self.spec.windows, self.spec.aggregates.clone());
        while let Some(window) = self.state.first_due().filter(|at| windows.last_instant(*at) <= before) {
            for Taken { group, key, sub_key: (pane, first), value: (state, _) } in self.state.take_due(window)
            {
                self.behind.insert((key, pane, first), (group, state));
            }
        }
        for ((key, pane, _), (group, state)) in mem::take(&mut self.behind) {
            let Some(first) = windows.first_open(before).filter(|first| *first <= windows.last_window(pane))
            else {
                out.late().drop_unwaited();
                continue;
            };
            let mut merged = Ok(());
            let merge = |kept: &mut Kept<A::State>, other: Kept<A::State>| {
                merged = catch(|| aggregates.merge(&mut kept.0, other.0));
            };
            self.state.merge(group, &key, &(pane, first), (state, false), merge);
            merged.map_err(|blame| blamed(blame, windows, first, &key))?;
        }
        Ok(())
    }

    /// Goes through what is due with a window: what it is the first one of is taken in, and what it is the last one of is gone.
    fn close(&mut self, window: Timestamp, coming: &mut Coming<K, A::State>) {
        let windows = self.spec.windows;
        let (mut taken_in, mut gone): (TakenIn<K, A::State>, _) = (Vec::new(), 0);
        self.state.visit_due(window, |key, (pane, _), (state, counts)| {
            if !mem::replace(counts, true) {
                taken_in.push((key.clone(), *pane, state.clone()));
            }
            let stays = windows.last_window(*pane) > window;
            gone += usize::from(!stays);
            stays
        });
        self.counting = self.counting + taken_in.len() - gone;
        if !taken_in.is_empty() {
            coming.entry(window).or_default().append(&mut taken_in);
        }
    }
}

impl<K, T, A, R, G> Owner for SlidingOwner<K, T, A, G>
where
    K: Key,
    T: Clone + Send + 'static,
    A: Aggregates<T>,
    R: Clone + Send + 'static,
    G: Fn(Window<K>, A::Output) -> R + 'static,
{
    fn packet(&mut self, _input: usize, packet: Packet) -> Result<(), Blame> {
        let Ok(partials) = packet.downcast::<Vec<Partial<K, PaneAndFirst, A::State>>>() else {
            unreachable!("a window's two halves come from one node of the plan")
        };
        match self.pending.is_empty() {
            true => self.pending = *partials,
            false => self.pending.extend(*partials),
        }
        Ok(())
    }

    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
        if !self.leaving.has_keys() {
            self.leaving.keys_are(self.keys_of_state()?);
            self.counting = self.state.iter().filter(|(_, _, (_, counts))| *counts).count();
        }
        let (windows, before) = (self.spec.windows, self.before(now));
        let mut coming = BTreeMap::new();
        self.take_pending(before, now.combined, &mut coming)?;
        self.add_behind(before, out)?;
        while let Some(window) =
            self.state.first_due().filter(|window| windows.last_instant(*window) <= now.combined)
        {
            self.close(window, &mut coming);
        }
        self.leaving.add(windows.first_open(before), coming, now.combined);
        self.pass(before, now.combined);
        Ok(())
    }

    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        self.leaving.emit(&self.spec, &self.places, out)
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        let passed = self.passed.as_mut().map(|passed| passed as &mut dyn StateTable);
        [&mut self.state as &mut dyn StateTable].into_iter().chain(passed).collect()
    }
}

impl<K, T, A, R, G> ClockedOwner<K, A::State> for SlidingOwner<K, T, A, G>
where
    K: Key,
    T: Clone + Send + 'static,
    A: Aggregates<T>,
    R: Clone + Send + 'static,
    G: Fn(Window<K>, A::Output) -> R + 'static,
{
    fn take_at(&mut self, at: Timestamp, rows: Vec<OfEpoch<K, A::State>>) -> Result<(), Blame> {
        let Some(pane) = self.spec.windows.pane_of(at, before(at)) else { return Ok(()) };
        let passed = self.passed.get_or_insert_with(|| Table::new(Passed));
        let before = passed.iter().map(|(_, _, passed)| *passed).max().unwrap_or(Timestamp::MIN);
        for Taken { group, .. } in &rows {
            passed.merge(*group, &(), &(), before, |_, _| ());
        }
        let rows = rows.into_iter().map(|Taken { group, key, value, .. }| Taken {
            group,
            key,
            sub_key: pane,
            value,
        });
        self.packet(0, Box::new(rows.collect::<Vec<Partial<K, PaneAndFirst, A::State>>>()))
    }

    fn stand_at(&mut self, time: Timestamp) {
        self.places.stand_at(time);
    }

    /// While panes count, a window closes with every slide.
    fn next_close(&self) -> Option<Timestamp> {
        let windows = self.spec.windows;
        let next = windows.first_open(self.leaving.until()).filter(|_| self.counting > 0);
        next.or_else(|| self.state.first_due()).map(|window| windows.last_instant(window))
    }
}

impl Clocked for Sliding {
    fn owner<K, T, A, R, G>(
        spec: WindowSpec<K, T, A, G, Sliding>,
        maker: u32,
    ) -> Box<dyn ClockedOwner<K, A::State>>
    where
        K: Key,
        T: Clone + Send + 'static,
        A: Aggregates<T>,
        R: Clone + Send + 'static,
        G: Fn(Window<K>, A::Output) -> R + 'static,
    {
        Box::new(SlidingOwner::by_clock(spec, maker))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::rc::Rc;

    use proptest::prelude::*;

    use super::super::sliding;
    use super::*;
    use crate::aggregates::{Sample, count};
    use crate::flow::Emitted;
    use crate::state::Piece;
    use crate::time::Duration;

    /// Start, end, key, and how many rows.
    type Told = (i64, i64, u64, u64);

    #[derive(Debug, Clone)]
    enum Step {
        /// Rows of these keys and times, under these watermarks, and how far the combined one moves on.
        Epoch(Vec<(u64, i64, i64)>, i64),
        Checkpoint,
        Crash,
    }

    /// Some rows come under a watermark far behind the combined one: nobody had waited for them.
    fn step() -> impl Strategy<Value = Step> {
        let row = (0..3_u64, -20..40_i64, -40..20_i64);
        prop_oneof![
            6 => (prop::collection::vec(row, 0..8), 0..12_i64).prop_map(|(rows, on)| Step::Epoch(rows, on)),
            1 => Just(Step::Checkpoint),
            1 => Just(Step::Crash),
        ]
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Each row with its key, its pane, and the first window that it counts in; and the combined watermark.
    #[derive(Debug, Clone, Default)]
    struct Model {
        rows: Vec<(u64, Timestamp, Timestamp)>,
        combined: i64,
    }

    impl Model {
        /// What an epoch tells, in order, and how much of it is late.
        fn epoch(
            &mut self,
            windows: Sliding,
            rows: &[(u64, Timestamp, Timestamp)],
            on: i64,
        ) -> (Vec<Told>, u64) {
            let (before, mut late) = (at(self.combined), BTreeSet::new());
            for (key, pane, first) in rows {
                let open = windows.first_open(before).unwrap().max(*first);
                if open <= windows.last_window(*pane) {
                    self.rows.push((*key, *pane, open));
                } else {
                    late.insert((*key, *pane, *first));
                }
            }
            self.combined += on;
            let (mut told, mut window) = (Vec::new(), windows.first_open(before).unwrap());
            while windows.last_instant(window) <= at(self.combined) {
                let (start, end) = windows.bounds(window);
                for key in 0..3 {
                    let holds = |(of, pane, first): &&(u64, Timestamp, Timestamp)| {
                        *of == key && *first <= window && window <= windows.last_window(*pane)
                    };
                    let n = self.rows.iter().filter(holds).count() as u64;
                    told.extend((n > 0).then_some((start.millis(), end.millis(), key, n)));
                }
                window = windows.next(window).unwrap();
            }
            let now = at(self.combined);
            self.rows.retain(|(_, pane, _)| windows.last_instant(windows.last_window(*pane)) > now);
            (told, late.len() as u64)
        }
    }

    proptest! {
        #[test]
        fn windows_are_those_of_a_plain_loop_also_of_what_was_not_waited_for(
            slides in 1..6_i64,
            steps in prop::collection::vec(step(), 1..40),
        ) {
            let windows = sliding(Duration::from_millis(5 * slides), Duration::from_millis(5));
            let new = || {
                let spec = WindowSpec {
                    windows,
                    aggregates: Rc::new((Sample::<u64>::new().aggregate(count(), |_| ()), ())),
                    row: Rc::new(|w: Window<u64>, (n, ()): (u64, ())| -> Told {
                        (w.start.millis(), w.end.millis(), w.key, n)
                    }),
                    marker: PhantomData,
                };
                SlidingOwner::new(spec, 1)
            };
            let (mut owner, mut model) = (new(), Model::default());
            let (mut pieces, mut kept): (Vec<Piece>, _) = (Vec::new(), model.clone());
            for step in steps {
                match step {
                    Step::Epoch(rows, on) => {
                        let before = model.combined;
                        let pane = |(key, ahead, behind): &(u64, i64, i64)| {
                            let (pane, first) = windows.pane_of(at(before + ahead), at(before + behind))?;
                            Some((*key, pane, first))
                        };
                        let rows: Vec<_> = rows.iter().filter_map(pane).collect();
                        let expected = model.epoch(windows, &rows, on);
                        // Of two workers.
                        for rows in rows.chunks(3) {
                            let partials = rows.iter().map(|(key, pane, first)| Taken {
                                group: group_of(key, &mut Vec::new()),
                                key: *key,
                                sub_key: (*pane, *first),
                                value: (1_u64, ()),
                            });
                            owner.packet(0, Box::new(partials.collect::<Vec<_>>())).unwrap();
                        }
                        let mut ports = Ports::new(&[true, false]);
                        let now = Now {
                            clock: at(0),
                            inputs: &[at(model.combined)],
                            inputs_before: &[at(before)],
                            combined: at(model.combined),
                            combined_before: at(before),
                            closes: false,
                        };
                        owner.end_epoch(&now, &mut ports).unwrap();
                        while owner.emit(&mut ports).unwrap() {}
                        let Emitted { batches, late, .. } = ports.take();
                        let told = batches[0].iter().flat_map(|batch| batch.rows::<Told>());
                        let told: Vec<Told> = told.map(|row| row.value).collect();
                        prop_assert_eq!((told, late.unwaited), expected);
                    }
                    Step::Checkpoint => {
                        pieces.clear();
                        let mut tables = owner.tables();
                        tables[0].begin_checkpoint(true);
                        prop_assert!(tables[0].pieces(usize::MAX, &mut pieces));
                        kept = model.clone();
                    }
                    Step::Crash => {
                        (owner, model) = (new(), kept.clone());
                        pieces.iter().for_each(|piece| owner.tables()[0].load(piece.group, &piece.entries).unwrap());
                    }
                }
                let entries: BTreeSet<_> = model.rows.iter().collect();
                prop_assert_eq!(owner.tables()[0].entries(), entries.len() as u64, "what counts yet and nothing else");
            }
        }
    }
}
