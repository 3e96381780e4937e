//! `through`: a function of streams, written where it happens. It registers nothing of its own.

use std::convert::Infallible;
use std::marker::PhantomData;

use crate::handles::{EventTime, Stream};

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Passes the stream through a function of streams, so that pipelines can share parts: `payments.through(clean)`. It is
    /// `clean(payments)`, written where it happens.
    ///
    /// Inside such a function Rust is plain: it has no durations such as `10s`, no clones made for you, and no
    /// `.select(..)` with aggregates.
    ///
    /// ```
    /// use waterwheel::dsl::EventTime;
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// fn settled<E: EventTime>(payments: Stream<Payment, E>) -> Stream<Payment, E> {
    ///     payments.filter(|p| p.cents > 0).filter(|p| p.card != 0)
    /// }
    ///
    /// #[pipeline]
    /// fn clean() {
    ///     source(Payments).through(settled).sink(Large);
    /// }
    ///
    /// let mut t = clean().test();
    /// t.push_all(Payments, [payment(0, 250, 0), payment(1, 1_200, 1)]);
    /// assert_eq!(t.rows(Large), [payment(1, 1_200, 1)]);
    /// ```
    ///
    /// A function is given windows' rows as a `Stream<CardMinute>` like any other, which is of no window any more: what asks for
    /// [`per_window`](Stream::per_window) stands in front of it.
    ///
    /// # State
    /// What the function's operators keep.
    pub fn through<R>(self, function: impl FnOnce(Stream<T, E::Apart>) -> R) -> R {
        function(Stream::at(self.node()))
    }
}

/// A stream as a function of streams takes it.
#[diagnostic::on_unimplemented(
    message = "this function takes a `{N}`, and here is a `{Self}`",
    label = "a function of another stream",
    note = "`NoLatePolicy` says that the stream's source lacks `.late_drop()`, or `.late_to(LateRows)` with a topic for what is late: add one of \
            the two after `source(..)`; `NoLateness`, that it lacks `.lateness(10s)`, too",
    note = "a function of streams with and without lateness is `fn large<E: EventTime>(rows: Stream<Payment, E>) -> Stream<Payment, E>`, with \
            `use waterwheel::dsl::EventTime;`",
    note = "a function of one row stands in `.map(..)`, `.filter(..)` or `.flat_map(..)`"
)]
pub trait GivenTo<N> {
    #[doc(hidden)]
    fn given_to<R>(self, function: impl FnOnce(N) -> R) -> R;
}

#[diagnostic::do_not_recommend]
impl<S> GivenTo<S> for S {
    fn given_to<R>(self, function: impl FnOnce(S) -> R) -> R {
        function(self)
    }
}

/// No stream. That it could be given keeps the compiler from taking the type that there is for the one that is wanted.
#[doc(hidden)]
#[derive(Debug)]
pub struct NotGiven<S>(Infallible, PhantomData<S>);

#[diagnostic::do_not_recommend]
impl<S> GivenTo<NotGiven<S>> for S {
    fn given_to<R>(self, _: impl FnOnce(NotGiven<S>) -> R) -> R {
        unreachable!("nothing can be made of it")
    }
}
