//! What can be appended at once: rows by reference.

/// Rows of type `R` by reference, to be appended: `&rows` of a `Vec`, a slice or an array, or any other iterator over `&R`.
#[diagnostic::on_unimplemented(
    message = "`append` takes several rows by reference, and this is `{Self}`",
    label = "no list of `&{R}`",
    note = "write `append(&rows)` for a `Vec` or an array, and `append([&row])` for a single row",
    note = "the rows are of the topic's row type, `{R}`"
)]
pub trait RowsOf<'r, R: 'r> {
    /// The iterator over them.
    #[doc(hidden)]
    type Rows: Iterator<Item = &'r R>;
    /// Begins to iterate.
    #[doc(hidden)]
    fn rows(self) -> Self::Rows;
}

#[diagnostic::do_not_recommend]
impl<'r, R: 'r, I: IntoIterator<Item = &'r R>> RowsOf<'r, R> for I {
    type Rows = I::IntoIter;

    fn rows(self) -> I::IntoIter {
        self.into_iter()
    }
}
