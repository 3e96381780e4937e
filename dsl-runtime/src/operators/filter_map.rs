//! `filter_map`: makes one row of each, or none.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::flow::{Batch, Row, Stage, in_hand};
use crate::handles::{EventTime, Stream};
use crate::plan::registry;

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Makes one row of each row, where the closure gives `Some`, and none where it gives `None`. Event time and position stay
    /// with the row, whatever the new row's fields say.
    ///
    /// A field that the closure gives back is cloned for you: `|p| p.note` gives the notes of those payments that have one.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Refund { card: u64, cents: i64 }
    /// # topics! {
    /// #     Refunds("refunds"): Refund { key: card }
    /// # }
    /// #[pipeline]
    /// fn refunds() {
    ///     let refunds = source(Payments)
    ///         .filter_map(|p| (p.cents < 0).then(|| Refund { card: p.card, cents: -p.cents }));
    ///     refunds.sink(Refunds);
    /// }
    ///
    /// let mut t = refunds().test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(1, -100, 1)]);
    /// assert_eq!(t.rows(Refunds), [Refund { card: 1, cents: 100 }]);
    /// ```
    ///
    /// # State
    /// None. It never drops a row as late.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator
    /// and the row's topic, partition and offset; nothing is lost, and the next run meets the same row again.
    pub fn filter_map<O: RowOrNone>(self, make: impl Fn(&T) -> O + 'static) -> Stream<O::Row, E> {
        Stream::at(registry::stateless("filter_map", self.node(), stage(Rc::new(make))))
    }
}

/// What a `filter_map` makes of a row: a row, or none.
#[diagnostic::on_unimplemented(
    message = "the closure of `.filter_map(..)` gives a row or none, which is an `Option`, and this is `{Self}`",
    label = "gives `{Self}`, which is no `Option`",
    note = "give `Some(row)` for what is kept and `None` for what is not; a condition alone is a `.filter(|row| ..)`, one row of each is a `.map(|row| ..)`"
)]
pub trait RowOrNone: 'static {
    /// The row.
    type Row: Clone + Send + 'static;
    /// The row, if there is one.
    #[doc(hidden)]
    fn row(self) -> Option<Self::Row>;
}

#[diagnostic::do_not_recommend]
impl<R: Clone + Send + 'static> RowOrNone for Option<R> {
    type Row = R;
    fn row(self) -> Option<R> {
        self
    }
}

/// What runs: the function makes a row of each, or none.
pub(super) fn stage<T, O>(make: Rc<impl Fn(&T) -> O + 'static>) -> impl Fn() -> Box<dyn Stage> + 'static
where
    T: Clone + Send + 'static,
    O: RowOrNone,
{
    move || Box::new(FilterMap::<T, O, _> { make: make.clone(), marker: PhantomData })
}

struct FilterMap<T, O, F> {
    make: Rc<F>,
    marker: PhantomData<fn(&T) -> O>,
}

impl<T, O, F> Stage for FilterMap<T, O, F>
where
    T: Clone + Send + 'static,
    O: RowOrNone,
    F: Fn(&T) -> O + 'static,
{
    fn apply(&mut self, rows: Batch) -> Batch {
        let make = |row: &Row<T>| {
            in_hand(row.meta.position());
            (self.make)(&row.value).row().map(|value| Row { meta: row.meta, value })
        };
        Batch::of(rows.rows::<T>().filter_map(make).collect())
    }
}
