//! `inspect`: shows each row on its way.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::flow::{Batch, Stage, in_hand};
use crate::handles::{EventTime, Stream};
use crate::plan::registry;

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Calls `look` with each row, and passes the row on as it is: for eyes, such as `eprintln!` or a log.
    ///
    /// It is called *at least* once for each row: what was not committed when the process ended is computed again by the next
    /// run, and then rows come by that have come by before. It is called by all workers, whatever the order of rows in a topic, and
    /// before the rows are committed. So nothing that must be counted once belongs into it: that is what [`sink`](Stream::sink) is
    /// for. Unlike other closures it may be changed over an old state, and may read the clock: no result depends on it.
    ///
    /// What it reads of the rows is decoded: a closure that prints a row, `|p| eprintln!("{p:?}")`, has every field decoded, and a
    /// source that was read in part is then slower, and meets what is wrong in fields that nobody has read before.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn large(least: i64) {
    ///     let payments = source(Payments).inspect(|p| eprintln!("{p:?}"));
    ///     payments.filter(|p| p.cents >= least).sink(Large);
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
    pub fn inspect(self, look: impl Fn(&T) + 'static) -> Stream<T, E> {
        let look = Rc::new(look);
        let stage = move || -> Box<dyn Stage> {
            Box::new(Inspect::<T, _> { look: look.clone(), marker: PhantomData })
        };
        let node = registry::stateless("inspect", self.node(), stage);
        registry::edit(node, |node| node.passes_on = true);
        Stream::at(node)
    }
}

struct Inspect<T, F> {
    look: Rc<F>,
    marker: PhantomData<fn(&T)>,
}

impl<T: Clone + Send + 'static, F: Fn(&T) + 'static> Stage for Inspect<T, F> {
    fn apply(&mut self, rows: Batch) -> Batch {
        for row in rows.rows::<T>() {
            in_hand(row.meta.position());
            (self.look)(&row.value);
        }
        rows
    }
}
