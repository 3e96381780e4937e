//! `map`: makes one row of each.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::flow::{Batch, OldRows, Row, Stage, in_hand};
use crate::handles::{EventTime, Stream};
use crate::plan::registry;

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Makes one row of each row. Event time and position stay with the row, whatever the new row's fields say.
    ///
    /// A field that the closure gives back is cloned for you: `|p| p.card`.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Euro { card: u64, euros: f64 }
    /// # topics! {
    /// #     Euros("euros"): Euro { key: card }
    /// # }
    /// #[pipeline]
    /// fn in_euros() {
    ///     source(Payments).map(|p| Euro { card: p.card, euros: p.cents as f64 / 100.0 }).sink(Euros);
    /// }
    ///
    /// let mut t = in_euros().test();
    /// t.push(Payments, payment(1, 250, 0));
    /// assert_eq!(t.rows(Euros), [Euro { card: 1, euros: 2.5 }]);
    /// ```
    ///
    /// # State
    /// None. It never drops a row as late.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator
    /// and the row's topic, partition and offset; nothing is lost, and the next run meets the same row again.
    pub fn map<R: Clone + Send + 'static>(self, make: impl Fn(&T) -> R + 'static) -> Stream<R, E> {
        let make = Rc::new(make);
        let stage = move || -> Box<dyn Stage> {
            Box::new(Map::<T, R, _> { make: make.clone(), old: OldRows::default(), marker: PhantomData })
        };
        Stream::at(registry::stateless("map", self.node(), stage))
    }
}

struct Map<T, R, F> {
    make: Rc<F>,
    /// What is made next is written over it: where each row gives back the memory that the next one needs, the allocator has little to do.
    old: OldRows<R>,
    marker: PhantomData<fn(&T) -> R>,
}

impl<T, R, F> Stage for Map<T, R, F>
where
    T: Clone + Send + 'static,
    R: Clone + Send + 'static,
    F: Fn(&T) -> R + 'static,
{
    fn apply(&mut self, rows: Batch) -> Batch {
        let mut made = self.old.take(rows.len());
        made.truncate(rows.len());
        for (at, row) in rows.rows::<T>().enumerate() {
            in_hand(row.meta.position());
            let new = Row { meta: row.meta, value: (self.make)(&row.value) };
            match made.get_mut(at) {
                Some(old) => *old = new,
                None => made.push(new),
            }
        }
        self.old.batch_of(made)
    }
}
