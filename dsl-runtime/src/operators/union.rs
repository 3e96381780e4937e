//! `union`: the rows of two streams as one.

use crate::handles::{EventTime, Meet, Stream};
use crate::plan::{Lowering, Node, Reads, registry};

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// The rows of both streams, which are of one type; turn others into it with [`map`](Stream::map).
    ///
    /// The union knows of event time what both streams know: windows can be built on it if they can be built on each.
    /// Each row stays under the watermark of its own source's partition, so a source that is behind makes no rows of the
    /// other late; a window waits for both.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # topics! {
    /// #     Refunds("refunds"): Payment { key: card, time: at }
    /// # }
    /// #[pipeline]
    /// fn both() {
    ///     let refunds = source(Refunds).map(|r| Payment { cents: -r.cents, ..r.clone() });
    ///     source(Payments).union(refunds).sink(Large);
    /// }
    ///
    /// let mut t = both().test();
    /// t.push(Payments, payment(1, 250, 0));
    /// t.push(Refunds, payment(1, 100, 5));
    /// assert_eq!(t.rows(Large).iter().map(|p| p.cents).sum::<i64>(), 150);
    /// ```
    ///
    /// # State
    /// None. It never drops a row as late.
    pub fn union<F: EventTime>(self, other: Stream<T, F>) -> Stream<T, E::Both>
    where
        E: Meet<F>,
    {
        let lines = vec!["rows of all inputs".to_owned()];
        let inputs = vec![self.node(), other.node()];
        let (reads, passes_on) = (Reads::Fields(&[]), true);
        let union = Node::new("union", inputs, Lowering::Union);
        Stream::at(registry::add(Node { lines, reads, passes_on, ..union }))
    }
}
