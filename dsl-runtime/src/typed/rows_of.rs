//! What can be appended at once: a row, or several.

use std::borrow::Borrow;
use std::iter::{Once, once};

/// Rows of type `R`, to be appended: a row, `&row` or `row`; or several, `&rows` of a `Vec`, a slice or an array, or any other iterator over
/// rows or references to them.
///
/// `M` tells which of these it is, and is found by the compiler.
#[diagnostic::on_unimplemented(
    message = "`append` takes rows of the topic, and this is `{Self}`",
    label = "neither a `{R}` nor several",
    note = "write `append(&row)` for a single row, and `append(&rows)` for a `Vec` or an array",
    note = "the rows are of the topic's row type, `{R}`"
)]
pub trait RowsOf<R, M> {
    /// A row, or a reference to one.
    #[doc(hidden)]
    type Row: Borrow<R>;
    /// The iterator over them.
    #[doc(hidden)]
    type Rows: Iterator<Item = Self::Row>;
    /// Begins to iterate.
    #[doc(hidden)]
    fn appended(self) -> Self::Rows;
}

/// A row.
#[doc(hidden)]
pub struct OneRow;

/// Several rows.
#[doc(hidden)]
pub struct SeveralRows<T>(std::marker::PhantomData<T>);

#[diagnostic::do_not_recommend]
impl<R> RowsOf<R, OneRow> for R {
    type Row = R;
    type Rows = Once<R>;

    fn appended(self) -> Once<R> {
        once(self)
    }
}

#[diagnostic::do_not_recommend]
impl<'r, R> RowsOf<R, &'r OneRow> for &'r R {
    type Row = &'r R;
    type Rows = Once<&'r R>;

    fn appended(self) -> Once<&'r R> {
        once(self)
    }
}

#[diagnostic::do_not_recommend]
impl<R, I: IntoIterator<Item = R>> RowsOf<R, SeveralRows<R>> for I {
    type Row = R;
    type Rows = I::IntoIter;

    fn appended(self) -> I::IntoIter {
        self.into_iter()
    }
}

#[diagnostic::do_not_recommend]
impl<'r, R, I: IntoIterator<Item = &'r R>> RowsOf<R, SeveralRows<&'r R>> for I {
    type Row = &'r R;
    type Rows = I::IntoIter;

    fn appended(self) -> I::IntoIter {
        self.into_iter()
    }
}
