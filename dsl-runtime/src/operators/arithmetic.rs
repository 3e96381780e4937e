//! Arithmetic and comparison in a closure over rows: of two types that do not go together both are named, with what to write.
//!
//! rustc alone says "cannot multiply" at the sign, and lists whatever multiplies. `#[pipeline]` writes `p.cents * p.pieces` as
//! `MultipliedBy::apply(p.pieces, p.cents)` where a field of a row takes part in it: the same operation, behind a bound that speaks.
//!
//! The right one comes first. Of one type on the left rustc concludes what the right one should be, where there is but one to choose,
//! and would say of that alone that it is another.

/// An operation that gives another value.
macro_rules! operations {
    ($($(#[$doc:meta])* $bound:ident $operator:ident $method:ident: $message:literal, $note:literal;)*) => {$(
        $(#[$doc])*
        #[diagnostic::on_unimplemented(
            message = $message,
            label = "`{Self}` on the left, `{Right}` on the right",
            note = $note,
            note = "a field that may be missing, an `Option`, is told first what stands in: `p.tip.unwrap_or(0)`"
        )]
        pub trait $bound<Right, Output> {
            /// Does it.
            fn apply(right: Right, left: Self) -> Output;
        }

        #[diagnostic::do_not_recommend]
        impl<Left: std::ops::$operator<Right>, Right> $bound<Right, Left::Output> for Left {
            #[inline]
            #[track_caller]
            fn apply(right: Right, left: Self) -> Left::Output {
                std::ops::$operator::$method(left, right)
            }
        }
    )*};
}

operations! {
    /// `left + right`
    AddedUpWith Add add: "`{Self}` and `{Right}` cannot be added up",
        "both are of one type: write `p.cents + p.fee as i64`, `p.cents as f64 + 0.5`; texts are put together by `format!(\"{{}}-{{}}\", p.shop, p.card)`, and a time \
         moves by a `Duration`, `p.at + Duration::from_secs(60)`";
    /// `left - right`
    LessenedBy Sub sub: "`{Right}` cannot be subtracted from `{Self}`",
        "both are of one type: write `p.cents - p.fee as i64`, `p.cents as f64 - 0.5`; a time moves by a `Duration`, `p.at - Duration::from_secs(60)`";
    /// `left * right`
    MultipliedBy Mul mul: "`{Self}` cannot be multiplied by `{Right}`",
        "both are of one type: write `p.cents * p.pieces as i64`, or `p.cents as f64 * 1.19`, which `(..).round() as i64` makes whole again; a `Decimal` by a `Decimal`, `p.price * Decimal::new(119, 2)`";
    /// `left / right`
    DivisibleBy Div div: "`{Self}` cannot be divided by `{Right}`",
        "both are of one type: write `p.cents / p.pieces as i64`, or `p.cents as f64 / 100.0`; the length of a time is a number by `.millis()`";
    /// `left % right`
    WithRemainderBy Rem rem: "there is no remainder of `{Self}` by `{Right}`",
        "both are of one type: write `p.cents % p.pieces as i64`; that of an instant is one of its milliseconds, `p.at.millis() % 60_000`";
}

/// Which of two values is the greater.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with `{Right}`",
    label = "`{Self}` on the left, `{Right}` on the right",
    note = "both are of one type: write `p.cents > 99` of whole numbers, `p.rate > 5.0` of floats, `(p.cents as f64) < p.rate`, and `(p.name.len() as i64) < least`",
    note = "an instant is compared with another one, `p.at > Timestamp::from_millis(1_700_000_000_000)`, and a field that may be missing by what it holds, \
            `p.tip.is_some_and(|tip| tip > 100)`; what is lent, `&i64`, is compared as `*tip`"
)]
pub trait OrderedWith<Right: ?Sized> {
    /// `left < right`
    fn is_less(right: &Right, left: &Self) -> bool;
    /// `left <= right`
    fn is_at_most(right: &Right, left: &Self) -> bool;
    /// `left > right`
    fn is_greater(right: &Right, left: &Self) -> bool;
    /// `left >= right`
    fn is_at_least(right: &Right, left: &Self) -> bool;
}

#[diagnostic::do_not_recommend]
impl<Left: PartialOrd<Right> + ?Sized, Right: ?Sized> OrderedWith<Right> for Left {
    #[inline]
    fn is_less(right: &Right, left: &Self) -> bool {
        left < right
    }

    #[inline]
    fn is_at_most(right: &Right, left: &Self) -> bool {
        left <= right
    }

    #[inline]
    fn is_greater(right: &Right, left: &Self) -> bool {
        left > right
    }

    #[inline]
    fn is_at_least(right: &Right, left: &Self) -> bool {
        left >= right
    }
}

/// Whether two values are equal.
#[diagnostic::on_unimplemented(
    message = "`{Self}` and `{Right}` are never equal, and cannot be compared",
    label = "`{Self}` on the left, `{Right}` on the right",
    note = "both are of one type: write `p.shop == \"Zara\"` of a text, `p.cents == 5` of a whole number, `p.rate == 5.0` of a float, `p.cents == p.fee as i64`",
    note = "a time is compared with a `Timestamp`: a parameter of the pipeline, `since: Timestamp`, made where it is called, `\"2024-01-01T00:00:00Z\".parse().unwrap()`; \
            its day is `p.at.strftime(\"%Y-%m-%d\")`, a `Result`, and what is lent, `&i64`, is compared as `*tip`",
    note = "a field that may be missing is compared as `p.tip == Some(5)`, and a text that may be as `p.note.as_deref() == Some(\"new\")`"
)]
pub trait EqualWith<Right: ?Sized> {
    /// `left == right`
    fn is_equal(right: &Right, left: &Self) -> bool;
    /// `left != right`
    fn is_unequal(right: &Right, left: &Self) -> bool;
}

#[diagnostic::do_not_recommend]
impl<Left: PartialEq<Right> + ?Sized, Right: ?Sized> EqualWith<Right> for Left {
    #[inline]
    fn is_equal(right: &Right, left: &Self) -> bool {
        left == right
    }

    #[inline]
    fn is_unequal(right: &Right, left: &Self) -> bool {
        left != right
    }
}

/// What is asked for a condition that is a field and nothing else.
#[diagnostic::on_unimplemented(
    message = "a condition says yes or no, and `{Self}` does not",
    label = "this is `{Self}`, and no condition",
    note = "compare it: `p.cents > 0` of a number, `!p.note.is_empty()` of a text; whether a value that may be missing is there says `p.tip.is_some()`",
    note = "it stands in a `.filter(|p| ..)`, and behind the values of an aggregate's `_if` form, `sum_if(p.cents, p.paid)`"
)]
pub trait YesOrNo {
    /// Whether it holds.
    fn holds(&self) -> bool;
}

#[diagnostic::do_not_recommend]
impl YesOrNo for bool {
    #[inline]
    fn holds(&self) -> bool {
        *self
    }
}

// With one implementation alone, the compiler would say which it is.
#[diagnostic::do_not_recommend]
impl YesOrNo for std::convert::Infallible {
    fn holds(&self) -> bool {
        match *self {}
    }
}

/// The condition of an aggregate's `_if` form, behind its value.
#[diagnostic::on_unimplemented(
    message = "the last argument of an aggregate's `_if` form is its condition, and this is `{Self}`",
    label = "this is `{Self}`, and no condition",
    note = "the value comes first, and then the condition: write `sum_if(p.cents, p.paid)`, `max_if(p.cents, p.rate > 0.5)`",
    note = "a number is compared, `p.cents > 0`, a text asked, `!p.note.is_empty()`, and a value that may be missing is there if `p.tip.is_some()`"
)]
pub trait ConditionOf<V> {
    /// The value with its condition. As a projection it ends the compiler's errors at what is no condition.
    type Both;
    /// Puts them together.
    fn of(self, value: V) -> Self::Both;
}

#[diagnostic::do_not_recommend]
impl<V> ConditionOf<V> for bool {
    type Both = (V, bool);
    #[inline]
    fn of(self, value: V) -> (V, bool) {
        (value, self)
    }
}

// As above: there is more than one, so that none is concluded.
#[diagnostic::do_not_recommend]
impl<V> ConditionOf<V> for std::convert::Infallible {
    type Both = (V, bool);
    fn of(self, _: V) -> (V, bool) {
        match self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_those_of_the_signs() {
        assert_eq!(
            (AddedUpWith::apply(2, 7_i64), LessenedBy::apply(2, 7_i64), MultipliedBy::apply(2, 7_i64)),
            (7 + 2, 7 - 2, 7 * 2)
        );
        assert_eq!((DivisibleBy::apply(2, 7_i64), WithRemainderBy::apply(2, 7_i64)), (7 / 2, 7 % 2));
        for (left, right) in [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (f64::NAN, 1.0)] {
            assert_eq!(OrderedWith::is_less(&right, &left), left < right);
            assert_eq!(OrderedWith::is_at_most(&right, &left), left <= right);
            assert_eq!(OrderedWith::is_greater(&right, &left), left > right);
            assert_eq!(OrderedWith::is_at_least(&right, &left), left >= right);
            assert_eq!(EqualWith::is_equal(&right, &left), left == right);
            assert_eq!(EqualWith::is_unequal(&right, &left), left != right);
        }
    }
}
