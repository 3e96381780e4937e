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
