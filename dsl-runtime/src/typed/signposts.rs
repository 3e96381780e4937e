//! What other logs' clients call the methods of a typed topic: each is refused with the word to write.

use crate::error::Result;
use crate::handles::nowhere;

/// A topic that is written to by another word: none.
#[diagnostic::on_unimplemented(
    message = "rows are written to a topic by `append`, and many of them by `load`",
    label = "there is no such method",
    note = "write `topic.append([&row])?` for a single row and `topic.append(&rows)?` for a `Vec`: they are durable when it returns",
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

/// A topic of the log that takes rows: none.
#[diagnostic::on_unimplemented(
    message = "a topic of the log has records, which are bytes, and takes no rows",
    label = "no topic of rows",
    note = "rows are appended to a topic with its type: `TypedTopic::open(&store, Payments)?.append([&payment])?`"
)]
pub trait AppendsRows<R> {}

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
}

#[diagnostic::do_not_recommend]
impl WithoutRows for log_store::Topic {}
