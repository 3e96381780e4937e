//! Rows on their way through a pipeline: the value, and beside it what the engine knows of it.

use std::any::Any;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::place::{Place, Position};
use crate::time::{Duration, Timestamp};

/// What travels beside a row's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta {
    /// Event time and position: the canonical order.
    pub(crate) place: Place,
    /// The watermark that the row comes under: of a record, that of its partition before it; of a row that an operator emits, what
    /// the operator states.
    pub(crate) watermark_before: Timestamp,
}

impl Meta {
    /// Of a row that an operator emits in the epoch in which the watermark reaches its event time: until then it stood before it, by
    /// 1 ms at least, however epochs were cut. So it is never late, and what stands behind and has ended before it may have emitted.
    pub(crate) fn when_reached(place: Place) -> Meta {
        Meta { place, watermark_before: place.time - Duration::from_millis(1) }
    }

    pub(crate) fn position(&self) -> Position {
        self.place.position
    }
}

/// A row and what travels beside it.
#[derive(Debug, Clone)]
pub(crate) struct Row<T> {
    pub(crate) meta: Meta,
    pub(crate) value: T,
}

/// A batch of rows whose type only the operators on both sides know. It is shared by all who read it: a clone copies no row,
/// and a filter says which of the rows are meant instead of moving them.
///
/// # Contract
/// Rows are read where they lie, in order, and never changed. With the last batch that shares them they are dropped, or go back to
/// the [`OldRows`] that they were made of.
#[derive(Clone)]
pub(crate) struct Batch {
    /// A `Vec<Row<T>>`.
    rows: Rc<dyn Any>,
    /// How many rows are meant.
    length: usize,
    /// Which ones, by ascending index; `None` for all.
    selected: Option<Rc<[u32]>>,
    /// See [`passed_on`](Batch::passed_on).
    passed_on: bool,
}

impl Batch {
    /// All of the rows.
    pub(crate) fn of<T: 'static>(rows: Vec<Row<T>>) -> Batch {
        Batch { length: rows.len(), rows: Rc::new(rows), selected: None, passed_on: false }
    }

    /// The same rows, which an operator gives when the watermark reaches them: those that keep the place of a record have left the
    /// order of its log.
    pub(crate) fn passed_on(self) -> Batch {
        Batch { passed_on: true, ..self }
    }

    /// Whether records among the rows come in the order of their logs.
    pub(crate) fn is_of_logs(&self) -> bool {
        !self.passed_on
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The rows, in order. Both sides of an edge of the plan come from one typed handle, so the types agree.
    pub(crate) fn rows<T: 'static>(&self) -> impl Iterator<Item = &Row<T>> {
        let all = self.all::<T>();
        let (plain, selected) = match &self.selected {
            None => (all, &[][..]),
            Some(selected) => (&[][..], &selected[..]),
        };
        plain.iter().chain(selected.iter().map(|index| &all[*index as usize]))
    }

    /// The rows for which the condition holds.
    pub(crate) fn filter<T: 'static>(self, mut keep: impl FnMut(&Row<T>) -> bool) -> Batch {
        let all = self.all::<T>();
        let mut kept = Vec::with_capacity(self.length);
        match &self.selected {
            None => {
                kept.extend((0..).zip(all).filter(|(_, row)| keep(row)).map(|(index, _): (u32, _)| index))
            }
            Some(selected) => {
                kept.extend(selected.iter().copied().filter(|index| keep(&all[*index as usize])));
            }
        }
        if kept.len() == self.length {
            return self;
        }
        Batch { length: kept.len(), selected: Some(kept.into()), ..self }
    }

    fn all<T: 'static>(&self) -> &[Row<T>] {
        match self.rows.downcast_ref::<Vec<Row<T>>>() {
            Some(rows) => rows,
            None => unreachable!("an edge of the plan joins two operators of different row types"),
        }
    }
}

/// Rows of batches that nobody reads any more: what is decoded next is written over them, so that it takes no new memory.
#[derive(Debug)]
pub(crate) struct OldRows<T> {
    /// Some may still be read.
    batches: VecDeque<Rc<Vec<Row<T>>>>,
}

/// Rows of so many batches are kept: of all that one turn of a reader makes, and some more. Where an operator keeps batches, they
/// are made anew.
const OLD_BATCHES: usize = 8;

impl<T> Default for OldRows<T> {
    fn default() -> Self {
        OldRows { batches: VecDeque::new() }
    }
}

impl<T: 'static> OldRows<T> {
    /// All of the rows as a batch. They come back when it is read no more.
    pub(crate) fn batch_of(&mut self, rows: Vec<Row<T>>) -> Batch {
        let rows = Rc::new(rows);
        if self.batches.len() == OLD_BATCHES {
            self.batches.pop_front();
        }
        self.batches.push_back(rows.clone());
        Batch { length: rows.len(), rows, selected: None, passed_on: false }
    }

    /// Rows that came back, if there are any, and room for so many. They are to be written over.
    pub(crate) fn take(&mut self, wanted: usize) -> Vec<Row<T>> {
        let free = self.batches.iter().position(|rows| Rc::strong_count(rows) == 1);
        let rows = free.and_then(|at| self.batches.remove(at)).and_then(Rc::into_inner);
        let mut rows = rows.unwrap_or_default();
        rows.reserve_exact(wanted.saturating_sub(rows.len()));
        rows
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cannot be cloned, so whatever is done with batches of it copies no row.
    #[derive(Debug, PartialEq, Eq)]
    struct Once(u32);

    fn row(number: u32) -> Row<Once> {
        let position = Position::of_record(0, 0, u64::from(number));
        let place = Place { time: Timestamp::from_millis(0), position };
        Row { meta: Meta { place, watermark_before: Timestamp::MIN }, value: Once(number) }
    }

    /// One reader's chain: each step keeps what is not divisible, or makes new rows of what it gets.
    #[derive(Debug, Clone)]
    enum Step {
        Filter(u32),
        Map(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![3 => (1..5_u32).prop_map(Step::Filter), 1 => (0..9_u32).prop_map(Step::Map)]
    }

    fn apply(batch: Batch, step: &Step) -> Batch {
        match *step {
            Step::Filter(by) => batch.filter::<Once>(|row| by == 1 || row.value.0 % by != 0),
            Step::Map(add) => {
                let make = |row: &Row<Once>| Row { meta: row.meta, value: Once(row.value.0 + add) };
                Batch::of(batch.rows::<Once>().map(make).collect())
            }
        }
    }

    fn model(mut rows: Vec<u32>, step: &Step) -> Vec<u32> {
        match *step {
            Step::Filter(by) => rows.retain(|row| by == 1 || row % by != 0),
            Step::Map(add) => rows.iter_mut().for_each(|row| *row += add),
        }
        rows
    }

    proptest! {
        #[test]
        fn each_of_several_readers_gets_what_it_would_get_alone(
            count in 0..40_u32,
            shared in prop::collection::vec(step(), 0..3),
            readers in prop::collection::vec(prop::collection::vec(step(), 0..5), 1..5),
        ) {
            let batch = shared.iter().fold(Batch::of((0..count).map(row).collect()), apply);
            let rows = shared.iter().fold((0..count).collect(), model);
            // Step by step in turn, so that a change in place would be seen by the others.
            let mut found: Vec<Batch> = readers.iter().map(|_| batch.clone()).collect();
            for turn in 0..5 {
                for (reader, found) in readers.iter().zip(&mut found) {
                    if let Some(step) = reader.get(turn) {
                        *found = apply(found.clone(), step);
                    }
                }
            }
            for (reader, found) in readers.iter().zip(found) {
                let expected = reader.iter().fold(rows.clone(), model);
                prop_assert_eq!(found.len(), expected.len());
                prop_assert_eq!(found.is_empty(), expected.is_empty());
                prop_assert_eq!(found.rows::<Once>().map(|row| row.value.0).collect::<Vec<_>>(), expected);
            }
            prop_assert_eq!(batch.rows::<Once>().map(|row| row.value.0).collect::<Vec<_>>(), rows);
        }
    }

    #[test]
    fn rows_come_back_when_nobody_reads_them_any_more() {
        let mut old = OldRows::default();
        let room = old.take(2);
        assert_eq!((room.len(), room.capacity()), (0, 2));
        let (first, second) = (old.batch_of(vec![row(1)]), old.batch_of(vec![row(2), row(3)]));
        assert!(old.take(1).is_empty(), "both are read");
        let few = second.clone().filter::<Once>(|row| row.value.0 == 3);
        drop(second);
        assert!(old.take(1).is_empty(), "two share them");
        drop(few);
        let values = |rows: Vec<Row<Once>>| rows.into_iter().map(|row| row.value.0).collect::<Vec<_>>();
        assert_eq!(values(old.take(1)), [2, 3]);
        drop(first);
        assert_eq!((values(old.take(1)), values(old.take(1))), (vec![1], vec![]));
        let kept: Vec<Batch> = (0..20).map(|number| old.batch_of(vec![row(number)])).collect();
        drop(kept);
        let came_back: Vec<Vec<u32>> = (0..20).map(|_| values(old.take(1))).collect();
        assert_eq!(came_back.concat(), (12..20).collect::<Vec<_>>(), "not more than the bound");
    }
}
