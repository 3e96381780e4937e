//! What a record has to be beside a `Record`, asked for once, where it is declared.
//!
//! A topic names the type of its rows through [`IsRecord`]. Where a record lacks what is asked for, that is an error at the record, and the
//! type of the topic's rows is none: to rustc it is whatever is wanted, so that neither topics nor operators are blamed as well.

use std::marker::PhantomData;

use super::{Field, Record};

/// A record as the rows of a topic.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a record",
    label = "not a record",
    note = "rows are structs with named fields, or enums, and `#[derive(Clone, Record)]`"
)]
pub trait IsRecord {
    /// The type itself.
    type Row;
}

/// What rows are beside records.
#[diagnostic::on_unimplemented(
    message = "rows are cloned, and `{Self}` is not `Clone`",
    label = "this record needs one more derive",
    note = "write `#[derive(Clone, Record)]` above it, with `Debug` and `PartialEq` if tests compare its rows"
)]
pub trait RecordDerives {}

#[diagnostic::do_not_recommend]
impl<R: Field + Clone> RecordDerives for R {}

/// What rows are beside, as workers hand them on.
#[diagnostic::on_unimplemented(
    message = "rows go from one thread to another, and `{Self}` cannot",
    label = "a field of this record belongs to one thread",
    note = "a record has its fields for itself: write `T` in the place of `Rc<T>`, `Cell<T>` or `RefCell<T>`"
)]
pub trait RecordIsSent {}

#[diagnostic::do_not_recommend]
impl<R: Send + Sync + 'static> RecordIsSent for R {}

/// Asks for what a record is beside its fields; the derive calls it in the constant that the type of its rows depends on.
pub const fn record_derives<R: RecordDerives + RecordIsSent>() {}

/// The type of a topic's rows, which are records.
#[derive(Debug)]
pub struct Rows<T>(PhantomData<T>);

/// Asks whether a topic's rows are records; `topics!` calls it in the constant that the type of the rows depends on.
pub const fn is_record<R: IsRecord>() -> Rows<R::Row> {
    Rows(PhantomData)
}

/// Asks whether they are cloned, and is the number that [`RowOf`] goes by. An enum that is no row needs no `Clone`, so it is not asked for where it
/// is declared.
pub const fn are_cloned<T: RecordDerives>(_: &Rows<T>) -> usize {
    1
}

/// Rows that have fields of their own: structs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is an enum, and its rows have no field in common",
    label = "a field of some variants alone",
    note = "write a closure that says it of each variant, `key: |row| match row {{ Event::Opened {{ id, .. }} => *id, Event::Closed {{ id, .. }} => *id }}`; \
            `time` likewise"
)]
pub trait HasFields {}

/// Asks for rows with fields, where a topic's key or time is one, and is the number that [`RowOf`] goes by.
pub const fn have_fields<T: HasFields>(_: &Rows<T>) -> usize {
    1
}

/// The rows of a topic by way of a constant, as [`Itself`].
pub trait RowOf<R> {
    /// The type of the rows.
    type Row: Record;
}

#[diagnostic::do_not_recommend]
impl<R: IsRecord<Row: Record>> RowOf<R> for [(); 1] {
    type Row = R::Row;
}

/// A type by way of a constant: of `[(); 1]` it is the type itself, and where the constant is an error, it is of no type.
pub trait Itself<T> {
    /// That type.
    type Type;
}

#[diagnostic::do_not_recommend]
impl<T> Itself<T> for [(); 1] {
    type Type = T;
}
