//! `filter`: keeps the rows for which a condition holds.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::flow::{Batch, Stage, in_hand};
use crate::handles::{EventTime, Stream};
use crate::plan::registry;

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Keeps the rows for which `condition` holds. Event time and position stay with the row.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn large(least: i64) {
    ///     source(Payments).filter(|p| p.cents >= least).sink(Large);
    /// }
    ///
    /// let mut t = large(1_000).test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(1, 1_200, 1)]);
    /// assert_eq!(t.rows(Large), [payment(1, 1_200, 1)]);
    /// ```
    ///
    /// # State
    /// None. It never drops a row as late.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator
    /// and the row's topic, partition and offset; nothing is lost, and the next run meets the same row again.
    pub fn filter(self, condition: impl Fn(&T) -> bool + 'static) -> Stream<T, E> {
        let node = registry::stateless("filter", self.node(), keeping(Rc::new(condition)));
        registry::edit(node, |node| node.passes_on = true);
        Stream::at(node)
    }
}

/// What runs: it keeps the rows for which the condition holds.
pub(super) fn keeping<T: Clone + Send + 'static>(
    condition: Rc<impl Fn(&T) -> bool + 'static>,
) -> impl Fn() -> Box<dyn Stage> + 'static {
    move || Box::new(Filter::<T, _> { condition: condition.clone(), marker: PhantomData })
}

struct Filter<T, F> {
    condition: Rc<F>,
    marker: PhantomData<fn(&T)>,
}

impl<T: Clone + Send + 'static, F: Fn(&T) -> bool + 'static> Stage for Filter<T, F> {
    fn apply(&mut self, rows: Batch) -> Batch {
        rows.filter::<T>(|row| {
            in_hand(row.meta.position());
            (self.condition)(&row.value)
        })
    }
}
