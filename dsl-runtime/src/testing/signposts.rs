//! What other test drivers call the methods of this one: each is refused with the word to write.

/// A driver that takes rows by another word: none.
#[diagnostic::on_unimplemented(
    message = "a test's driver takes rows by `push`",
    label = "there is no such method",
    note = "write `t.push(Payments, payment)`, with the topic's name before the row, and `t.push_all(Payments, rows)` for several"
)]
pub trait TakesRowsOtherwise {}

/// A driver that gives rows by another word: none.
#[diagnostic::on_unimplemented(
    message = "a test's driver gives a topic's rows by `rows`",
    label = "there is no such method",
    note = "write `t.rows(Totals)`, with the name of the topic: it processes what was pushed, and gives the rows in a `Vec`"
)]
pub trait GivesRowsOtherwise {}

/// A driver that is told otherwise to go on, or to end: none.
#[diagnostic::on_unimplemented(
    message = "a test's driver runs when it is asked for rows, and event time ends with `close`",
    label = "there is no such method",
    note = "write `t.close()` so that every window emits, and `t.rows(Totals)` for the rows; nothing else has to be started",
    note = "`t.advance_clock(Duration::from_millis(30_000))` moves the clock on, and `t.restart()` crashes the pipeline and recovers it"
)]
pub trait RunsOtherwise {}

/// The methods by which rows are pushed elsewhere, those that give rows, and those that run. The words and their bounds come from
/// where the driver is: rustc would else point into this macro, and name this module.
macro_rules! otherwise {
    (takes $takes_where:tt $($takes:ident)*; gives $gives_where:tt $($gives:ident)*; runs $runs_where:tt $($runs:ident)*;) => {
        #[allow(missing_docs)]
        impl<D> TestDriver<D> {
            $(otherwise!(@takes $takes_where $takes);)*
            $(otherwise!(@gives $gives_where $gives);)*
            $(otherwise!(@runs $runs_where $runs);)*
        }
    };
    (@takes [$($where:tt)*] $word:ident) => {
        #[doc(hidden)]
        pub fn $word<N, R>(&mut self, _: N, _: R)
        where
            $($where)*
        {
            $crate::testing::signposts::nowhere()
        }
    };
    (@gives [$($where:tt)*] $word:ident) => {
        #[doc(hidden)]
        pub fn $word<N: NamesTopic>(&mut self, _: N) -> Vec<<N::Topic as Topic>::Row>
        where
            $($where)*
        {
            $crate::testing::signposts::nowhere()
        }
    };
    (@runs [$($where:tt)*] $word:ident) => {
        #[doc(hidden)]
        pub fn $word(&mut self)
        where
            $($where)*
        {
            $crate::testing::signposts::nowhere()
        }
    };
}
pub(super) use otherwise;

/// What stands in a method that cannot be called.
pub(super) fn nowhere() -> ! {
    unreachable!("nothing meets the bound of this method")
}
