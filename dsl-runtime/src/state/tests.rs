//! The table against a plain map, through checkpoints and crashes.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

use proptest::prelude::*;

use super::index::{ByKey, Index};
use super::*;
use crate::key::{KeyGroup, key_group};
use crate::time::Timestamp;

/// Entries that are due when the tens of their value say; a value below ten is never due.
struct Sample<I>(std::marker::PhantomData<I>);

impl<I: Index<String, i64>> Keeps for Sample<I> {
    type Key = String;
    type SubKey = i64;
    type Value = u64;
    type Index = I;

    fn due(&self, _: &i64, value: &u64) -> Option<Timestamp> {
        due(*value)
    }
}

fn due(value: u64) -> Option<Timestamp> {
    (value >= 10).then(|| Timestamp::from_millis((value / 10) as i64))
}

fn table<I: Index<String, i64>>() -> Table<Sample<I>> {
    Table::new(Sample(std::marker::PhantomData))
}

fn group(key: &str) -> KeyGroup {
    key_group(key.as_bytes())
}

/// Entries by key and sub-key.
type Entries = BTreeMap<(String, i64), u64>;

#[derive(Debug, Clone)]
enum Step {
    Merge(String, i64, u64),
    /// Many at once, up to the first [`REFUSED`] one that meets an entry.
    MergeAll(Vec<(String, i64, u64)>),
    Insert(String, i64, u64),
    Update(String, i64, u64),
    Remove(String, i64),
    /// Takes what is due first.
    TakeDue,
    /// Has what is due first come later, but for those of odd sub-keys, which go.
    VisitDue,
    Range(String, Bound<i64>, Bound<i64>),
    Begin {
        full: bool,
    },
    Pieces {
        budget: usize,
    },
    /// Only what is in the log is left: the complete checkpoints.
    Crash,
}

/// A value that no entry takes up.
const REFUSED: u64 = 7;

fn step() -> impl Strategy<Value = Step> {
    let entry = || ("[ab]{0,2}", -3..4_i64);
    let bound = || {
        prop_oneof![
            Just(Bound::Unbounded),
            (-4..5_i64).prop_map(Bound::Included),
            (-4..5_i64).prop_map(Bound::Excluded)
        ]
    };
    prop_oneof![
        6 => (entry(), 0..60_u64).prop_map(|((key, sub_key), value)| Step::Merge(key, sub_key, value)),
        2 => prop::collection::vec((entry(), 0..60_u64), 0..80).prop_map(|entries| {
            Step::MergeAll(entries.into_iter().map(|((key, sub_key), value)| (key, sub_key, value)).collect())
        }),
        2 => (entry(), 0..60_u64).prop_map(|((key, sub_key), value)| Step::Insert(key, sub_key, value)),
        2 => (entry(), 0..60_u64).prop_map(|((key, sub_key), value)| Step::Update(key, sub_key, value)),
        4 => entry().prop_map(|(key, sub_key)| Step::Remove(key, sub_key)),
        2 => Just(Step::TakeDue),
        1 => Just(Step::VisitDue),
        2 => ("[ab]{0,2}", bound(), bound()).prop_map(|(key, from, until)| Step::Range(key, from, until)),
        2 => prop::bool::weighted(0.3).prop_map(|full| Step::Begin { full }),
        4 => (1..60_usize).prop_map(|budget| Step::Pieces { budget }),
        1 => Just(Step::Crash),
    ]
}

/// The state as a plain map, and the log that checkpoints are read back from.
#[derive(Default)]
struct Model {
    state: Entries,
    /// What the checkpoint under way must hold in the end.
    wanted: Option<(bool, Entries)>,
    /// Its pieces so far.
    written: Vec<Piece>,
    /// The pieces of the complete checkpoints since the last full one, and what they must come to.
    durable: Option<(Vec<Piece>, Entries)>,
}

fn recovered<I: Index<String, i64>>(pieces: &[Piece]) -> Table<Sample<I>> {
    let mut table = table();
    pieces.iter().for_each(|piece| table.load(piece.group, &piece.entries).unwrap());
    table
}

fn content<I: Index<String, i64>>(table: &Table<Sample<I>>) -> Entries {
    table.iter().map(|(key, sub_key, value)| ((key.clone(), *sub_key), *value)).collect()
}

impl Model {
    fn begin<I: Index<String, i64>>(&mut self, real: &mut Table<Sample<I>>, full: bool) {
        // As the coordinator does: one at a time, and the first holds everything.
        if self.wanted.is_none() {
            let full = full || self.durable.is_none();
            real.begin_checkpoint(full);
            self.wanted = Some((full, self.state.clone()));
        }
    }

    fn pieces<I: Index<String, i64>>(
        &mut self,
        real: &mut Table<Sample<I>>,
        budget: usize,
    ) -> Result<(), TestCaseError> {
        let mut pieces = Vec::new();
        let done = real.pieces(budget, &mut pieces);
        prop_assert!(self.wanted.is_some() || (done && pieces.is_empty()), "pieces of no checkpoint");
        prop_assert!(pieces.iter().all(|piece| !piece.entries.is_empty()));
        let before_the_last: usize = pieces.iter().rev().skip(1).map(|piece| piece.entries.len()).sum();
        prop_assert!(
            before_the_last < budget,
            "{before_the_last} bytes and a piece for a budget of {budget}"
        );
        self.written.append(&mut pieces);
        let Some((full, wanted)) = self.wanted.take_if(|_| done) else { return Ok(()) };
        let (mut durable, _) = self.durable.take().filter(|_| !full).unwrap_or_default();
        durable.append(&mut self.written);
        prop_assert_eq!(&content(&recovered::<I>(&durable)), &wanted);
        self.durable = Some((durable, wanted));
        Ok(())
    }

    fn crash<I: Index<String, i64>>(&mut self) -> Table<Sample<I>> {
        (self.wanted, self.written) = (None, Vec::new());
        let (pieces, state) = self.durable.clone().unwrap_or_default();
        self.state = state;
        recovered(&pieces)
    }

    fn take_due<I: Index<String, i64>>(&mut self, real: &mut Table<Sample<I>>) -> Result<(), TestCaseError> {
        let first = self.state.values().filter_map(|value| due(*value)).min();
        prop_assert_eq!(real.first_due(), first);
        let Some(first) = first else { return Ok(()) };
        let mut taken: Vec<_> =
            real.take_due(first).into_iter().map(|taken| ((taken.key, taken.sub_key), taken.value)).collect();
        taken.sort();
        let (expected, left) =
            std::mem::take(&mut self.state).into_iter().partition(|(_, value)| due(*value) == Some(first));
        self.state = left;
        prop_assert_eq!(taken.into_iter().collect::<Entries>(), expected);
        Ok(())
    }

    fn visit_due<I: Index<String, i64>>(&mut self, real: &mut Table<Sample<I>>) -> Result<(), TestCaseError> {
        let Some(first) = real.first_due() else { return Ok(()) };
        let mut visited = Entries::new();
        real.visit_due(first, |key, sub_key, value| {
            visited.insert((key.clone(), *sub_key), *value);
            *value += 10 * (1 + *sub_key as u64 % 3);
            sub_key % 2 == 0
        });
        let of_first = |value: &u64| due(*value) == Some(first);
        let expected = self.state.iter().filter(|(_, value)| of_first(value));
        prop_assert_eq!(visited, expected.map(|(name, value)| (name.clone(), *value)).collect::<Entries>());
        self.state.retain(|(_, sub_key), value| !of_first(value) || sub_key % 2 == 0);
        for ((_, sub_key), value) in self.state.iter_mut().filter(|(_, value)| of_first(value)) {
            *value += 10 * (1 + *sub_key as u64 % 3);
        }
        Ok(())
    }
}

/// Takes one step; a range is asked of the table by `range`.
fn take<I: Index<String, i64>>(
    step: Step,
    real: &mut Table<Sample<I>>,
    model: &mut Model,
    range: impl Fn(&Table<Sample<I>>, &str, (Bound<i64>, Bound<i64>)) -> Option<Vec<(i64, u64)>>,
) -> Result<(), TestCaseError> {
    match step {
        Step::Merge(key, sub_key, value) => {
            real.merge(group(&key), &key, &sub_key, value, |kept, value| *kept += value);
            *model.state.entry((key, sub_key)).or_insert(0) += value;
        }
        Step::MergeAll(entries) => merge_all(entries, real, model)?,
        Step::Insert(key, sub_key, value) => {
            let before = real.insert(group(&key), &key, &sub_key, value);
            prop_assert_eq!(before, model.state.insert((key, sub_key), value));
        }
        Step::Update(key, sub_key, value) => {
            let before = real.update(group(&key), &key, &sub_key, |kept| std::mem::replace(kept, value));
            let kept = model.state.get_mut(&(key, sub_key));
            prop_assert_eq!(before, kept.map(|kept| std::mem::replace(kept, value)));
        }
        Step::Remove(key, sub_key) => {
            let removed = real.remove(group(&key), &key, &sub_key);
            prop_assert_eq!(real.get(group(&key), &key, &sub_key), None);
            prop_assert_eq!(removed, model.state.remove(&(key, sub_key)));
        }
        Step::TakeDue => model.take_due(real)?,
        Step::VisitDue => model.visit_due(real)?,
        Step::Range(key, from, until) => {
            if let Some(found) = range(real, &key, (from, until)) {
                let entries = model.state.iter().filter(|((other, _), _)| *other == key);
                let entries = entries.map(|((_, sub_key), value)| (*sub_key, *value));
                let expected: Vec<_> =
                    entries.filter(|(sub_key, _)| (from, until).contains(sub_key)).collect();
                prop_assert_eq!(found, expected);
            }
        }
        Step::Begin { full } => model.begin(real, full),
        Step::Pieces { budget } => model.pieces(real, budget)?,
        Step::Crash => *real = model.crash(),
    }
    prop_assert_eq!(real.entries(), model.state.len() as u64);
    Ok(())
}

fn merge_all<I: Index<String, i64>>(
    entries: Vec<(String, i64, u64)>,
    real: &mut Table<Sample<I>>,
    model: &mut Model,
) -> Result<(), TestCaseError> {
    let mut expected = Ok(());
    for (key, sub_key, value) in &entries {
        match model.state.get_mut(&(key.clone(), *sub_key)) {
            Some(_) if *value == REFUSED => {
                expected = Err((key.clone(), *sub_key));
                break;
            }
            Some(kept) => *kept += value,
            None => _ = model.state.insert((key.clone(), *sub_key), *value),
        }
    }
    let of_table =
        |(key, sub_key, value): (String, i64, u64)| Taken { group: group(&key), key, sub_key, value };
    let merged = real.merge_all(entries.into_iter().map(of_table).collect(), |key, sub_key, kept, value| {
        if value == REFUSED {
            return Err((key.clone(), *sub_key));
        }
        *kept += value;
        Ok(())
    });
    prop_assert_eq!(merged, expected);
    Ok(())
}

/// Whatever happens, the table holds what a map would, and each complete checkpoint holds the state as of its beginning.
fn check<I: Index<String, i64>>(
    steps: Vec<Step>,
    range: impl Fn(&Table<Sample<I>>, &str, (Bound<i64>, Bound<i64>)) -> Option<Vec<(i64, u64)>>,
) -> Result<(), TestCaseError> {
    let (mut real, mut model) = (table::<I>(), Model::default());
    for step in steps {
        take(step, &mut real, &mut model, &range)?;
    }
    prop_assert_eq!(&content(&real), &model.state);
    for ((key, sub_key), value) in &model.state {
        prop_assert_eq!(real.get(group(key), key, sub_key), Some(value));
    }
    model.pieces(&mut real, usize::MAX)?;
    model.begin(&mut real, false);
    model.pieces(&mut real, usize::MAX)?;
    prop_assert_eq!(model.durable.map(|(_, state)| state), Some(model.state));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_table_by_entry_is_a_map_whose_checkpoints_hold_it(steps in prop::collection::vec(step(), 1..100)) {
        check::<ByEntry>(steps, |_, _, _| None)?;
    }

    #[test]
    fn a_table_by_key_is_a_map_with_ranges_whose_checkpoints_hold_it(steps in prop::collection::vec(step(), 1..100)) {
        check::<ByKey>(steps, |table, key, range| {
            let key = key.to_owned();
            let found = table.range(group(&key), &key, range);
            Some(found.map(|(sub_key, value)| (*sub_key, *value)).collect())
        })?;
    }

    #[test]
    fn no_bytes_make_loading_panic(bytes in prop::collection::vec(0..9_u8, 0..60)) {
        let _ = table::<ByEntry>().load(0, &bytes);
    }
}

/// One entry to a key, never due.
struct Plain;

impl Keeps for Plain {
    type Key = u64;
    type SubKey = ();
    type Value = String;
    type Index = ByEntry;

    fn due(&self, _: &(), _: &String) -> Option<Timestamp> {
        None
    }
}

/// Many pieces of each kind in few key groups: tombstones, what is put aside, what is due.
#[test]
fn a_large_checkpoint_holds_the_state_as_of_its_beginning_too() {
    let mut real = Table::new(Plain);
    let group = |key: u64| KeyGroup((key % 3) as u8);
    let mut model: BTreeMap<u64, String> = BTreeMap::new();
    let mut durable: Vec<Piece> = Vec::new();
    let text = |key: u64, round: u64| format!("{round} {}", "x".repeat((key % 40) as usize));
    for round in 0..6 {
        for key in (0..9_000_u64).filter(|key| key % 7 != round) {
            real.insert(group(key), &key, &(), text(key, round));
            model.insert(key, text(key, round));
        }
        for key in (0..9_000_u64).filter(|key| key % 5 == round % 5) {
            assert_eq!(real.remove(group(key), &key, &()), model.remove(&key), "{key}");
        }
        let (full, wanted) = (round % 4 == 0, model.clone());
        real.begin_checkpoint(full);
        let mut written = Vec::new();
        // Meanwhile everything changes or goes, and some of it comes back.
        for key in 0..9_000_u64 {
            if key % 1000 == 0 {
                real.pieces(20_000, &mut written);
            }
            real.update(group(key), &key, &(), |kept| kept.push('!'));
            model.entry(key).and_modify(|kept| kept.push('!'));
            if key % 2 == 0 {
                assert_eq!(real.remove(group(key), &key, &()), model.remove(&key), "{key}");
            }
            if key % 4 == 0 {
                real.insert(group(key), &key, &(), "back".to_owned());
                model.insert(key, "back".to_owned());
            }
        }
        while !real.pieces(30_000, &mut written) {}
        assert!(written.iter().all(|piece| (1..20_000).contains(&piece.entries.len())));
        durable = if full { written } else { [durable, written].concat() };
        let mut recovered = Table::new(Plain);
        durable.iter().for_each(|piece| recovered.load(piece.group, &piece.entries).unwrap());
        let held: BTreeMap<u64, String> =
            recovered.iter().map(|(key, (), value)| (*key, value.clone())).collect();
        assert!(held == wanted, "round {round}: {} entries instead of {}", held.len(), wanted.len());
    }
    assert_eq!(real.entries(), model.len() as u64);
}

/// What is not due any more leaves nothing behind for long, and what is due is taken once, however often it moved.
#[test]
fn entries_that_move_between_instants_are_taken_once() {
    let mut real = table::<ByEntry>();
    for round in 0..200 {
        for sub_key in 0..100 {
            // From instant 1 to instant 2 and back; the first ten stay at instant 1.
            let value = if sub_key < 10 { 10 } else { 10 + 10 * (round % 2) };
            real.insert(group("a"), &"a".to_owned(), &sub_key, value);
        }
    }
    let at = |millis| Timestamp::from_millis(millis);
    assert_eq!((real.first_due(), real.entries()), (Some(at(1)), 100));
    assert_eq!(real.take_due(at(1)).len(), 10);
    assert_eq!((real.first_due(), real.take_due(at(2)).len(), real.entries()), (Some(at(2)), 90, 0));
}

/// Chunks that are empty give their memory back, and take new entries again.
#[test]
fn what_is_left_of_many_entries_and_what_comes_after_them_is_kept() {
    let mut real = Table::new(Plain);
    let group = KeyGroup(7);
    let mut model: BTreeMap<u64, String> = BTreeMap::new();
    for round in 0..4 {
        for key in 0..2_000 {
            real.insert(group, &key, &(), format!("{round} {key}"));
            model.insert(key, format!("{round} {key}"));
        }
        // All but a few at the end of the first chunk, and one within the last.
        for key in (0..2_000).filter(|key| !(250..256).contains(key) && *key != 1_990 - round) {
            assert_eq!(real.remove(group, &key, &()), model.remove(&key));
        }
        for key in 3_000..3_000 + 400 * round {
            real.insert(group, &key, &(), "after".to_owned());
            model.insert(key, "after".to_owned());
        }
        let held: BTreeMap<u64, String> = real.iter().map(|(key, (), value)| (*key, value.clone())).collect();
        assert_eq!(held, model);
        assert!(model.iter().all(|(key, value)| real.get(group, key, &()) == Some(value)));
    }
}
