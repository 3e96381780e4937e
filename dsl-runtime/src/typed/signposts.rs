//! What other logs' clients call the methods of a typed topic: each is refused with the word to write.

use crate::error::Result;
use crate::not_there::nowhere;

/// A topic that is written to by another word: none.
#[diagnostic::on_unimplemented(
    message = "rows are written to a topic by `append`, and many of them by `load`",
    label = "there is no such method",
    note = "write `topic.append(&row)?` for a single row and `topic.append(&rows)?` for a `Vec`: they are durable when it returns",
    note = "`let mut loading = topic.load()?` takes rows one by one, `loading.push(&row)?`, and makes them durable together, `loading.commit()?`"
)]
pub trait WrittenByAnotherWord {}

/// A topic that is read by another word: none.
#[diagnostic::on_unimplemented(
    message = "a topic's rows are read by `rows`",
    label = "there is no such method",
    note = "write `for row in topic.rows() {{ let row = row?; .. }}`: these are the rows that are committed when it is called; `topic.row_at(partition, offset)?` is one of them"
)]
pub trait ReadByAnotherWord {}

/// A topic that is followed by another word: none.
#[diagnostic::on_unimplemented(
    message = "a topic is followed by `tail`",
    label = "there is no such method",
    note = "write `for row in topic.tail() {{ let row = row?; .. }}`: it gives the rows that are committed from now on, and blocks between them; `topic.tail().seek_to_start()`, `.seek(partition, offset)` and `.seek_to_time(time)` begin elsewhere",
    note = "in async code, and with the feature `tokio`, it is `let mut rows = topic.tail().stream();`, and `rows.next().await`"
)]
pub trait FollowedByAnotherWord {}

/// What begins elsewhere by another word: none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "where reading begins is said behind `rows()` or `tail()`",
    label = "there is no such method",
    note = "write `topic.rows().seek_to_time(time)` for the rows appended from then on, or `topic.rows().seek(partition, offset)`, and the same of `topic.tail()`"
)]
pub trait BegunOtherwise<'given> {}

/// Rows that are all there at once: none.
#[diagnostic::on_unimplemented(
    message = "rows are read one after the other, and each may fail to be",
    label = "there is no such method",
    note = "all of them are `topic.rows().collect::<waterwheel::Result<Vec<_>>>()?`, which has `.len()`; how many there are is `topic.rows().count()`"
)]
pub trait AllThere {}

/// A topic of the log that takes rows: none.
#[diagnostic::on_unimplemented(
    message = "a topic of the log has records, which are bytes, and takes no rows",
    label = "no topic of rows",
    note = "rows are appended to a topic with its type: `TypedTopic::open(&store, Payments)?.append(&payment)?`"
)]
pub trait AppendsRows<R> {}

/// A topic of the log that gives rows: none.
#[diagnostic::on_unimplemented(
    message = "a topic of the log has records, which are bytes, and gives no rows",
    label = "no topic of rows",
    note = "rows are read from a topic with its type: `let payments = TypedTopic::open(&store, Payments)?;`, then `payments.rows()` and `payments.tail()`"
)]
pub trait HasRows {}

/// What a topic of the log does not have.
pub trait WithoutRows {
    /// There is none: it leads to [`TypedTopic::append`](crate::TypedTopic::append).
    #[doc(hidden)]
    fn append<R>(&self, _: R) -> Result<()>
    where
        Self: AppendsRows<R>,
    {
        nowhere()
    }

    /// There is none: it leads to [`TypedTopic::rows`](crate::TypedTopic::rows).
    #[doc(hidden)]
    fn rows(&self) -> std::iter::Empty<Result<()>>
    where
        Self: HasRows,
    {
        nowhere()
    }

    /// There is none: it leads to [`TypedTopic::tail`](crate::TypedTopic::tail).
    #[doc(hidden)]
    fn tail(&self) -> std::iter::Empty<Result<()>>
    where
        Self: HasRows,
    {
        nowhere()
    }
}

#[diagnostic::do_not_recommend]
impl WithoutRows for log_store::Topic {}
