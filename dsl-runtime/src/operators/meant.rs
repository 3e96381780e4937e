//! What a call in a closure over rows means where it cannot mean what it says: see the macro's `meant.rs`.

use std::borrow::Borrow;

use crate::not_there::nowhere;

/// A function with the two values that it is given, by a name that is an aggregate's. Of a function that takes them there is `called`; of every other
/// one, by way of `Deref`, the one that says what to write: a bound by `Fn` would speak of numbers of arguments.
#[derive(Debug)]
pub struct OfTwo<F, A, B> {
    function: F,
    values: (A, B),
    otherwise: NotOfTwo<F>,
}

/// See [`OfTwo`].
#[derive(Debug)]
pub struct NotOfTwo<F>(std::marker::PhantomData<F>);

/// What would make a function one of two values: nothing does.
#[diagnostic::on_unimplemented(
    message = "`max` and `min` do not take these two values: those of the prelude are aggregates, of one value of every row of a window",
    label = "not a function of these two values",
    note = "the greater of two values of one type is `p.cents.max(0)`, the less `p.cents.min(100)`, and of different types `p.cents.max(p.pieces as i64)`",
    note = "a function of two values of one type is imported, `use std::cmp::max;`"
)]
pub trait TakesTwo {
    /// What it gives.
    type Made;
}

impl<F, A, B> OfTwo<F, A, B> {
    /// Of that function and these values.
    #[inline]
    pub fn new(function: F, first: A, second: B) -> Self {
        OfTwo { function, values: (first, second), otherwise: NotOfTwo(std::marker::PhantomData) }
    }
}

impl<F: FnOnce(A, B) -> R, A, B, R> OfTwo<F, A, B> {
    /// What the function gives.
    #[inline]
    pub fn called(self) -> R {
        (self.function)(self.values.0, self.values.1)
    }
}

impl<F, A, B> std::ops::Deref for OfTwo<F, A, B> {
    type Target = NotOfTwo<F>;
    fn deref(&self) -> &NotOfTwo<F> {
        &self.otherwise
    }
}

impl<F> NotOfTwo<F> {
    /// There is none.
    pub fn called<R>(&self) -> R
    where
        F: TakesTwo<Made = R>,
    {
        nowhere()
    }
}

/// A function whose name is given to an operator. One that takes a row is `given` as it is; every other one has, by way of `Deref`, the `given` that
/// says what to write.
#[derive(Debug)]
pub struct OfRow<F, T> {
    function: F,
    otherwise: NotOfRow<F>,
    rows: std::marker::PhantomData<fn(&T)>,
}

/// See [`OfRow`].
#[derive(Debug)]
pub struct NotOfRow<F>(std::marker::PhantomData<F>);

/// What would make a function one of a row: nothing does.
#[diagnostic::on_unimplemented(
    message = "this function does not take one row",
    label = "not a function of one row that is lent",
    note = "an operator gives its function each row, lent: `fn cost(payment: &Payment) -> i64`, and what it gives back is its own, a `String` and no `&str`",
    note = "what it takes beside the row is given in a closure, `|p| cost(p, 5)`, and so is a copy, `|p| cost(p.clone())`"
)]
pub trait TakesRow {
    /// The function.
    type Made;
}

impl<F, T> OfRow<F, T> {
    /// Of that function.
    pub fn new(function: F) -> Self {
        OfRow { function, otherwise: NotOfRow(std::marker::PhantomData), rows: std::marker::PhantomData }
    }
}

impl<F: Fn(&T) -> R, T, R> OfRow<F, T> {
    /// The function.
    pub fn given(self) -> F {
        self.function
    }
}

impl<F, T> std::ops::Deref for OfRow<F, T> {
    type Target = NotOfRow<F>;
    fn deref(&self) -> &NotOfRow<F> {
        &self.otherwise
    }
}

impl<F> NotOfRow<F> {
    /// There is none.
    pub fn given<R>(&self) -> R
    where
        F: TakesRow<Made = R>,
    {
        nowhere()
    }
}

/// A list of texts, asked for one of them by a literal.
pub trait HoldsText {
    /// Whether the text is among them.
    fn contains<Q: AsRef<str>>(&self, text: Q) -> bool;
}

impl<T: Borrow<str>> HoldsText for Vec<T> {
    fn contains<Q: AsRef<str>>(&self, text: Q) -> bool {
        self.iter().any(|held| held.borrow() == text.as_ref())
    }
}

impl<T: Borrow<str>, const N: usize> HoldsText for [T; N] {
    fn contains<Q: AsRef<str>>(&self, text: Q) -> bool {
        self.iter().any(|held| held.borrow() == text.as_ref())
    }
}

/// A field that is asked for by its name.
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldOf<A>(std::marker::PhantomData<A>);

/// What would find it: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a row's fields are named behind a dot",
    label = "there is no such method",
    note = "write `p.cents` in the place of `p.get(\"cents\")`: fields are known by their names and types when the program is built",
    note = "whether a field that may be missing is there says `p.tip.is_some()`"
)]
pub trait ByName {
    /// The field's value.
    type Made;
}

/// What is asked of a row.
#[doc(hidden)]
#[allow(missing_docs, non_snake_case)]
pub trait RowWords {
    fn get<A>(&mut self, _: A) -> <FieldOf<A> as ByName>::Made
    where
        FieldOf<A>: ByName,
    {
        nowhere()
    }

    fn field<A>(&mut self, _: A) -> <FieldOf<A> as ByName>::Made
    where
        FieldOf<A>: ByName,
    {
        nowhere()
    }

    fn getField<A>(&mut self, _: A) -> <FieldOf<A> as ByName>::Made
    where
        FieldOf<A>: ByName,
    {
        nowhere()
    }

    fn get_field<A>(&mut self, _: A) -> <FieldOf<A> as ByName>::Made
    where
        FieldOf<A>: ByName,
    {
        nowhere()
    }

    fn col<A>(&mut self, _: A) -> <FieldOf<A> as ByName>::Made
    where
        FieldOf<A>: ByName,
    {
        nowhere()
    }

    fn column<A>(&mut self, _: A) -> <FieldOf<A> as ByName>::Made
    where
        FieldOf<A>: ByName,
    {
        nowhere()
    }
}

#[diagnostic::do_not_recommend]
impl<R: crate::record::Record> RowWords for R {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_texts_hold_texts() {
        let tags = vec!["new".to_owned(), "red".to_owned()];
        assert!(HoldsText::contains(&tags, "red") && !HoldsText::contains(&tags, "r"));
        assert!(HoldsText::contains(&["a", "b"], "b") && !HoldsText::contains(&[""; 0], ""));
    }

    #[test]
    fn functions_of_two_values_are_called() {
        assert_eq!(
            (OfTwo::new(std::cmp::max, 2, 7_i64).called(), OfTwo::new(f64::min, 2.0, 7.0).called()),
            (7, 2.0)
        );
    }
}
