//! The operators without state: `filter`, `map`, `flat_map`, run as a chain inside one timely operator.

use std::marker::PhantomData;
use std::rc::Rc;

use super::blame::in_hand;
use super::rows::{AnyRows, Row, batch_of};
use crate::aggregates::{Place, Position};

/// One stateless operator over a batch.
pub(crate) trait Stage {
    fn apply(&mut self, rows: Box<dyn AnyRows>) -> Box<dyn AnyRows>;
}

/// Keeps the rows for which a condition holds.
pub(crate) fn filter_stage<T, F>(condition: Rc<F>) -> Box<dyn Stage>
where
    T: Clone + Send + 'static,
    F: Fn(&T) -> bool + 'static,
{
    Box::new(Filter::<T, F> { condition, marker: PhantomData })
}

/// Makes one row of each.
pub(crate) fn map_stage<T, R, F>(make: Rc<F>) -> Box<dyn Stage>
where
    T: Clone + Send + 'static,
    R: Clone + Send + 'static,
    F: Fn(&T) -> R + 'static,
{
    Box::new(Map::<T, R, F> { make, marker: PhantomData })
}

/// Makes any number of rows of each.
pub(crate) fn flat_map_stage<T, I, F>(make: Rc<F>) -> Box<dyn Stage>
where
    T: Clone + Send + 'static,
    I: IntoIterator + 'static,
    I::Item: Clone + Send + 'static,
    F: Fn(&T) -> I + 'static,
{
    Box::new(FlatMap::<T, I, F> { make, marker: PhantomData })
}

struct Filter<T, F> {
    condition: Rc<F>,
    marker: PhantomData<fn(&T)>,
}

impl<T: Clone + Send + 'static, F: Fn(&T) -> bool + 'static> Stage for Filter<T, F> {
    fn apply(&mut self, rows: Box<dyn AnyRows>) -> Box<dyn AnyRows> {
        let mut rows = batch_of::<T>(rows);
        rows.retain(|row| {
            in_hand(row.meta.position());
            (self.condition)(&row.value)
        });
        Box::new(rows)
    }
}

struct Map<T, R, F> {
    make: Rc<F>,
    marker: PhantomData<fn(&T) -> R>,
}

impl<T, R, F> Stage for Map<T, R, F>
where
    T: Clone + Send + 'static,
    R: Clone + Send + 'static,
    F: Fn(&T) -> R + 'static,
{
    fn apply(&mut self, rows: Box<dyn AnyRows>) -> Box<dyn AnyRows> {
        let rows = batch_of::<T>(rows);
        let make = |row: &Row<T>| {
            in_hand(row.meta.position());
            Row { meta: row.meta, value: (self.make)(&row.value) }
        };
        Box::new(rows.iter().map(make).collect::<Vec<Row<R>>>())
    }
}

struct FlatMap<T, I, F> {
    make: Rc<F>,
    marker: PhantomData<fn(&T) -> I>,
}

impl<T, I, F> Stage for FlatMap<T, I, F>
where
    T: Clone + Send + 'static,
    I: IntoIterator + 'static,
    I::Item: Clone + Send + 'static,
    F: Fn(&T) -> I + 'static,
{
    fn apply(&mut self, rows: Box<dyn AnyRows>) -> Box<dyn AnyRows> {
        let rows = batch_of::<T>(rows);
        let mut made = Vec::with_capacity(rows.len());
        // The rows that one record was made into stand side by side in one batch, so numbering them on through the batch
        // gives each the same number however the records were batched. Windows see to it that neighbours among their rows differ.
        let mut numbered: Option<(Place, u32)> = None;
        for row in &rows {
            in_hand(row.meta.position());
            let record =
                Place { position: Position { sub_index: 0, ..row.meta.position() }, ..row.meta.place };
            let mut next = numbered.filter(|(last, _)| *last == record).map_or(0, |(_, next)| next);
            for value in (self.make)(&row.value) {
                let mut meta = row.meta;
                meta.place.position.sub_index = next;
                next += 1;
                made.push(Row { meta, value });
            }
            numbered = Some((record, next));
        }
        Box::new(made)
    }
}
