//! What other test drivers call the methods of this one: each is refused with the word to write.

use crate::not_there::nowhere;
use crate::time::Duration;

/// A driver that takes rows by another word: none.
#[diagnostic::on_unimplemented(
    message = "a test's driver takes rows by `push`",
    label = "there is no such method",
    note = "write `t.push(Payments, payment)`, with the topic's name before the row, and `t.push_all(Payments, rows)` for several"
)]
pub trait TakesRowsOtherwise<'given> {}

/// A driver that gives rows by another word: none.
#[diagnostic::on_unimplemented(
    message = "a test's driver gives a topic's rows by `rows`",
    label = "there is no such method",
    note = "write `t.rows(Totals)`, with the name of the topic: it processes what was pushed, and gives the rows in a `Vec`"
)]
pub trait GivesRowsOtherwise<'given> {}

/// A driver that is told otherwise to go on, or to end: none.
#[diagnostic::on_unimplemented(
    message = "a test's driver runs when it is asked for rows, and event time ends with `close`",
    label = "there is no such method",
    note = "write `t.close()` so that every window emits, and `t.rows(Totals)` for the rows; nothing else has to be started",
    note = "`t.advance_clock(Duration::from_millis(30_000))` moves the clock on, and `t.restart()` crashes the pipeline and recovers it"
)]
pub trait RunsOtherwise<'given> {}

/// A driver whose event time is moved by hand: none.
#[diagnostic::on_unimplemented(
    message = "in a test, event time moves by the rows that are pushed, as in a run",
    label = "there is no such method",
    note = "push a row with a later time, `t.push(Payments, later)`, so that windows before it emit, less the lateness, or a heartbeat, \
            `t.heartbeat(Payments, 0, at)`; `t.close()` ends event time, and every window emits",
    note = "`t.advance_clock(Duration::from_secs(30))` moves the clock, which idle partitions and windows by the clock go by"
)]
pub trait MovesEventTime<'given> {}

/// A driver that tells of a run: none.
#[diagnostic::on_unimplemented(
    message = "a test's driver tells of the rows that come out, by `t.rows(Totals)`",
    label = "there is no such method",
    note = "how many rows were late says `t.late()`, and how many records could not be decoded `t.skipped()`; a summary is what a run gives, \
            `pipeline().start(&store, RunOptions::new().until_end())?.wait()?`"
)]
pub trait TellsOfRun<'given> {}

/// A driver that may not be there: none.
#[diagnostic::on_unimplemented(
    message = "`.test()` gives the driver itself, and cannot fail",
    label = "leave this out",
    note = "write `let mut t = pipeline().test();`"
)]
pub trait MayFail<'given> {}

/// Rows that a driver gives, asked as if they were a `Result`.
#[doc(hidden)]
#[derive(Debug)]
pub struct RowsAsked<T>(std::marker::PhantomData<T>);

/// What would make a `Result` of rows: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this is a `Vec`, and no `Result`",
    label = "leave this out",
    note = "a test's driver gives the rows themselves, `t.rows(Totals)`: what goes wrong in the run is a panic at its line, and `t.try_rows(Totals)` gives a `Result`, for tests of what fails",
    note = "the first row is `rows[0]`, or `rows.first()`, an `Option`"
)]
pub trait MayNotBe {
    /// What is asked for.
    type Made;
}

/// The methods of a `Result`, asked of rows.
#[doc(hidden)]
#[allow(missing_docs)]
pub trait AlwaysRows: Sized {
    fn unwrap(self) -> <RowsAsked<Self> as MayNotBe>::Made
    where
        RowsAsked<Self>: MayNotBe,
    {
        nowhere()
    }

    fn expect<M>(self, _: M) -> <RowsAsked<Self> as MayNotBe>::Made
    where
        RowsAsked<Self>: MayNotBe,
    {
        nowhere()
    }
}

#[diagnostic::do_not_recommend]
impl<R> AlwaysRows for Vec<R> {}

/// A length of time, for a driver's clock.
#[diagnostic::on_unimplemented(
    message = "a length of time is a `Duration`, and this is `{Self}`",
    label = "no `Duration`",
    note = "write `Duration::from_secs(10)`, `Duration::from_millis(500)` or `Duration::from_mins(5)`, which the prelude brings; `10s` is written in a pipeline's body alone",
    note = "to an instant the clock is moved by `t.set_clock(Timestamp::from_secs(60))`"
)]
pub trait IsLength {
    #[doc(hidden)]
    fn length(self) -> Duration;
}

#[diagnostic::do_not_recommend]
impl IsLength for Duration {
    fn length(self) -> Duration {
        self
    }
}

#[diagnostic::do_not_recommend]
impl IsLength for std::time::Duration {
    fn length(self) -> Duration {
        self.into()
    }
}

/// A parameter that is given as a length of time. Of std's type it is taken to the millisecond.
#[doc(hidden)]
pub fn length_of_parameter<P: crate::pipeline::Param + TakenAsLength>(parameter: &P) -> Duration {
    parameter.clone().length()
}

/// A type of parameters that are lengths of time.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a length of time is a `Duration`, and this parameter is `{Self}`",
    label = "no `Duration`",
    note = "declare it as `name: Duration`, which `Duration::from_secs(60)` makes where the pipeline is called"
)]
pub trait TakenAsLength {
    #[doc(hidden)]
    fn length(self) -> Duration;
}

#[diagnostic::do_not_recommend]
impl TakenAsLength for Duration {
    fn length(self) -> Duration {
        self
    }
}

#[diagnostic::do_not_recommend]
impl TakenAsLength for std::time::Duration {
    fn length(self) -> Duration {
        self.into()
    }
}
