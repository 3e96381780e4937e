//! The order that `top` ranks rows in.

use std::cmp::Ordering;

use crate::aggregates::{Input, Order, Value};

/// What `top` ranks rows by: a value with its direction, or several as a tuple, the first of which decides first.
#[diagnostic::on_unimplemented(
    message = "`top` needs to know which rows come first, and `{Self}` has no direction",
    label = "neither ascending nor descending",
    note = "say it in the closure: `.top(10, |r| desc(r.total))` for the greatest first, `asc(r.total)` for the least; several together are \
            a tuple, `|r| (desc(r.total), asc(r.name))`"
)]
pub trait Ranks: Send + 'static {
    /// How a row stands to another: what is less comes first.
    #[doc(hidden)]
    fn compare(&self, other: &Self) -> Ordering;
}

/// Greatest first; made by [`desc`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Desc<V>(Option<V>);

/// Least first; made by [`asc`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asc<V>(Option<V>);

/// The greatest first, for the closure of [`top`](crate::dsl::PerWindow::top). It takes what [`max`](crate::aggregates::max()) takes; rows
/// whose `Option` is `None` stand behind all others.
///
/// ```
/// use waterwheel::dsl::{Ranks, desc};
///
/// assert!(desc(7).compare(&desc(3)).is_lt());
/// assert!(desc(None).compare(&desc(Some(3))).is_gt());
/// ```
pub fn desc<I: Input>(value: I) -> Desc<I::Value> {
    Desc(value.present())
}

/// The least first, for the closure of [`top`](crate::dsl::PerWindow::top). It takes what [`min`](crate::aggregates::min()) takes; rows
/// whose `Option` is `None` stand behind all others.
///
/// ```
/// use waterwheel::dsl::{Ranks, asc};
///
/// assert!(asc(3).compare(&asc(7)).is_lt());
/// assert!(asc(None).compare(&asc(Some(3))).is_gt());
/// ```
pub fn asc<I: Input>(value: I) -> Asc<I::Value> {
    Asc(value.present())
}

/// Values that are there by their order, turned round or not; those that are missing last.
fn compared<V: Value>(left: Option<&V>, right: Option<&V>, turn: fn(Ordering) -> Ordering) -> Ordering
where
    V::Order: Order<V>,
{
    match (left, right) {
        (Some(left), Some(right)) => turn(V::Order::compare(left, right)),
        (left, right) => left.is_none().cmp(&right.is_none()),
    }
}

#[diagnostic::do_not_recommend]
impl<V: Value> Ranks for Desc<V>
where
    V::Order: Order<V>,
{
    fn compare(&self, other: &Self) -> Ordering {
        compared(self.0.as_ref(), other.0.as_ref(), Ordering::reverse)
    }
}

#[diagnostic::do_not_recommend]
impl<V: Value> Ranks for Asc<V>
where
    V::Order: Order<V>,
{
    fn compare(&self, other: &Self) -> Ordering {
        compared(self.0.as_ref(), other.0.as_ref(), |ordering| ordering)
    }
}

macro_rules! ranks {
    ($(($($name:ident $at:tt),*);)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($name: Ranks),*> Ranks for ($($name,)*) {
            fn compare(&self, other: &Self) -> Ordering {
                Ordering::Equal$(.then_with(|| self.$at.compare(&other.$at)))*
            }
        }
    )*};
}

ranks! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_differs_decides_and_what_is_missing_comes_last() {
        let rank = |total: Option<f64>, name: &str| (desc(total), asc(name.to_owned()));
        let mut ranks = [rank(Some(1.0), "c"), rank(None, "a"), rank(Some(2.0), "b"), rank(Some(1.0), "a")];
        ranks.sort_by(Ranks::compare);
        assert_eq!(
            ranks,
            [rank(Some(2.0), "b"), rank(Some(1.0), "a"), rank(Some(1.0), "c"), rank(None, "a")]
        );
    }
}
