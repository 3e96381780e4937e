//! What other test drivers call the methods of this one: each is refused with the word to write.

use super::driver::TestDriver;
use crate::handles::{NamesTopic, Topic};

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

macro_rules! otherwise {
    (takes $($takes:ident)*; gives $($gives:ident)*; runs $($runs:ident)*) => {
        #[allow(missing_docs)]
        impl<D> TestDriver<D> {
            $(
                #[doc(hidden)]
                pub fn $takes<N, R>(&mut self, _: N, _: R)
                where
                    Self: TakesRowsOtherwise,
                {
                    nowhere()
                }
            )*
            $(
                #[doc(hidden)]
                pub fn $gives<N: NamesTopic>(&mut self, _: N) -> Vec<<N::Topic as Topic>::Row>
                where
                    Self: GivesRowsOtherwise,
                {
                    nowhere()
                }
            )*
            $(
                #[doc(hidden)]
                pub fn $runs(&mut self)
                where
                    Self: RunsOtherwise,
                {
                    nowhere()
                }
            )*
        }
    };
}

otherwise! {
    takes send input pipe_input produce publish append insert add write push_row emit;
    gives output outputs results result read read_output read_all read_records drain collect consume poll take records;
    runs finish run start end complete flush run_to_end drive execute step tick process
}

/// What stands in a method that cannot be called.
fn nowhere() -> ! {
    unreachable!("nothing meets the bound of this method")
}
