//! `union`: the rows of several streams as one.

use crate::handles::{EventTime, Meet, NodeId, Stream};
use crate::plan::{Lowering, Node, Reads, registry};

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// The rows of all these streams, which are of one type; turn others into it with [`map`](Stream::map). One other is given as
    /// it is, `left.union(right)`, several in a list, `left.union([second, third])`, which is the same as one union after another.
    ///
    /// The union knows of event time what all streams know: windows can be built on it if they can be built on each.
    /// Each row stays under the watermark of its own source's partition, so a source that is behind makes no rows of the
    /// others late; a window waits for all. A stream that is named twice has its rows in the union twice.
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
    pub fn union<S: StreamsOf<T>>(self, others: S) -> Stream<T, E::Both>
    where
        E: Meet<S::Time>,
    {
        let lines = vec!["rows of all inputs".to_owned()];
        let mut inputs = vec![self.node()];
        others.add_to(&mut inputs);
        let (reads, passes_on) = (Reads::Fields(&[]), true);
        let union = Node::new("union", inputs, Lowering::Union);
        Stream::at(registry::add(Node { lines, reads, passes_on, ..union }))
    }
}

/// One stream or several, all of `T` rows: what a union takes. `#[pipeline]` writes a list as pairs, so that not all of its
/// streams have to know the same of event time.
#[diagnostic::on_unimplemented(
    message = "a union is of streams with the same type of rows, and not all of these have `{T}` rows",
    label = "no stream of `{T}` rows",
    note = "turn the rows of one of them into those of the other before, `.union(others.map(|row| Row {{ .. }}))`; rows that belong together by a key are joined"
)]
pub trait StreamsOf<T> {
    /// What all of them know of event time.
    type Time: EventTime;
    /// Adds their numbers in the plan.
    #[doc(hidden)]
    fn add_to(self, inputs: &mut Vec<NodeId>);
}

#[diagnostic::do_not_recommend]
impl<T, E: EventTime> StreamsOf<T> for Stream<T, E> {
    type Time = E;
    fn add_to(self, inputs: &mut Vec<NodeId>) {
        inputs.push(self.node());
    }
}

#[diagnostic::do_not_recommend]
impl<T, S: StreamsOf<T>, const N: usize> StreamsOf<T> for [S; N] {
    type Time = S::Time;
    fn add_to(self, inputs: &mut Vec<NodeId>) {
        self.into_iter().for_each(|stream| stream.add_to(inputs));
    }
}

#[diagnostic::do_not_recommend]
impl<T, A: StreamsOf<T>, B: StreamsOf<T>> StreamsOf<T> for (A, B)
where
    A::Time: Meet<B::Time>,
{
    type Time = <A::Time as Meet<B::Time>>::Both;
    fn add_to(self, inputs: &mut Vec<NodeId>) {
        self.0.add_to(inputs);
        self.1.add_to(inputs);
    }
}
