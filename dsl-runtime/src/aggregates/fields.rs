//! The fields of a `select`'s record: a value of another type than its field is refused in words, not as "mismatched types".
//!
//! `#[pipeline]` passes what is computed for a field through the function that is named like its aggregate. The bounds are
//! on the record, which the compiler does not know to be that of the fields before [`Fields::filled`]: until then nothing is
//! refused, so a field whose type is yet to be found out takes it from its value.

use std::marker::PhantomData;

/// The fields of one record, while they are given values.
#[derive(Debug)]
pub struct Fields<S> {
    marker: PhantomData<S>,
}

impl<S> Fields<S> {
    /// No field has its value yet.
    #[expect(clippy::new_without_default, reason = "made by the macro alone")]
    pub fn new() -> Self {
        Fields { marker: PhantomData }
    }

    /// All fields have their values, and this is the record: what does not fit is refused from here on.
    #[inline]
    pub fn filled(&self, record: S) -> S {
        record
    }
}

/// A field of no record: no aggregate gives it.
#[derive(Debug)]
pub enum NoField {}

/// What no aggregate gives.
#[derive(Debug)]
pub enum NoValue {}

/// For each aggregate the bound that says what it gives where that does not fit.
macro_rules! of_aggregates {
    ($($(#[$doc:meta])* $bound:ident: $message:literal, $note:literal;)*) => {$(
        $(#[$doc])*
        #[diagnostic::on_unimplemented(
            message = $message,
            label = "gives `{Value}`, and the field is `{Field}`",
            note = $note
        )]
        pub trait $bound<Field, Value>: Sized {
            /// The value, as the field's.
            fn give(fields: &Fields<Self>, value: Value) -> Field;
        }

        #[diagnostic::do_not_recommend]
        impl<S, T> $bound<T, T> for S {
            #[inline]
            fn give(_: &Fields<Self>, value: T) -> T {
                value
            }
        }

        // With one implementation alone, the compiler would say which it is.
        #[diagnostic::do_not_recommend]
        impl $bound<NoField, NoValue> for NoField {
            fn give(_: &Fields<Self>, value: NoValue) -> NoField {
                match value {}
            }
        }
    )*};
}

of_aggregates! {
    /// A field that is given a count.
    TakesCount: "this field is `{Field}`, and `count` gives `{Value}`",
        "declare the field as `{Value}`, or convert the count: `count() as i64`, or `Some(count())` for an `Option`";
    /// A field that is given a count of some rows.
    TakesCountIf: "this field is `{Field}`, and `count_if` gives `{Value}`",
        "declare the field as `{Value}`, or convert the count: `count_if(p.paid) as i64`, or `Some(count_if(p.paid))` for an `Option`";
    /// A field that is given a sum.
    TakesSum: "this field is `{Field}`, and `sum` gives `{Value}`",
        "sums are `i64`, of unsigned integers `u64`, of floats `f64`: declare the field as `{Value}`, or convert the sum, such as `sum(p.amount) as f64`, or `u64::try_from(sum(p.amount)).unwrap_or(0)` for one that may be negative";
    /// A field that is given a sum of some rows.
    TakesSumIf: "this field is `{Field}`, and `sum_if` gives `{Value}`",
        "sums are `i64`, of unsigned integers `u64`, of floats `f64`: declare the field as `{Value}`, or convert the sum, such as `sum_if(p.amount, p.paid) as f64`";
    /// A field that is given a mean.
    TakesMean: "this field is `{Field}`, and `mean` gives `{Value}`",
        "declare the field as `{Value}`, or round the mean: `mean(p.amount).round() as i64`; over an `Option` field there may be none: `mean(p.amount).unwrap_or(0.0)`";
    /// A field that is given a mean of some rows.
    TakesMeanIf: "this field is `{Field}`, and `mean_if` gives `{Value}`",
        "there is no mean if no row passes the condition: declare the field as `{Value}`, or say what stands in, such as `mean_if(p.amount, p.paid).unwrap_or(0.0)`";
    /// A field that is given the least value.
    TakesMin: "this field is `{Field}`, and `min` gives `{Value}`",
        "`min` gives what it takes: declare the field as `{Value}`, or convert the value; over an `Option` field there may be none: `min(p.amount).unwrap_or(0)`";
    /// A field that is given the least value of some rows.
    TakesMinIf: "this field is `{Field}`, and `min_if` gives `{Value}`",
        "there is no least value if no row passes the condition: declare the field as `{Value}`, or say what stands in, such as `min_if(p.amount, p.paid).unwrap_or(0)`";
    /// A field that is given the greatest value.
    TakesMax: "this field is `{Field}`, and `max` gives `{Value}`",
        "`max` gives what it takes: declare the field as `{Value}`, or convert the value; over an `Option` field there may be none: `max(p.amount).unwrap_or(0)`";
    /// A field that is given the greatest value of some rows.
    TakesMaxIf: "this field is `{Field}`, and `max_if` gives `{Value}`",
        "there is no greatest value if no row passes the condition: declare the field as `{Value}`, or say what stands in, such as `max_if(p.amount, p.paid).unwrap_or(0)`";
    /// A field that is given the first value.
    TakesFirst: "this field is `{Field}`, and `first` gives `{Value}`",
        "`first` gives what it takes: declare the field as `{Value}`, or convert the value; over an `Option` field there may be none: `first(p.note).unwrap_or_default()`";
    /// A field that is given the first value of some rows.
    TakesFirstIf: "this field is `{Field}`, and `first_if` gives `{Value}`",
        "there is no first value if no row passes the condition: declare the field as `{Value}`, or say what stands in, such as `first_if(p.note, p.paid).unwrap_or_default()`";
    /// A field that is given the last value.
    TakesLast: "this field is `{Field}`, and `last` gives `{Value}`",
        "`last` gives what it takes: declare the field as `{Value}`, or convert the value; over an `Option` field there may be none: `last(p.note).unwrap_or_default()`";
    /// A field that is given the last value of some rows.
    TakesLastIf: "this field is `{Field}`, and `last_if` gives `{Value}`",
        "there is no last value if no row passes the condition: declare the field as `{Value}`, or say what stands in, such as `last_if(p.note, p.paid).unwrap_or_default()`";
    /// A field that is given a variance.
    TakesVariance: "this field is `{Field}`, and `variance` gives `{Value}`",
        "there is no variance of fewer than two values: declare the field as `{Value}`, or say what stands in, such as `variance(p.amount).unwrap_or(0.0)`";
    /// A field that is given a variance of some rows.
    TakesVarianceIf: "this field is `{Field}`, and `variance_if` gives `{Value}`",
        "there is no variance of fewer than two values: declare the field as `{Value}`, or say what stands in, such as `variance_if(p.amount, p.paid).unwrap_or(0.0)`";
    /// A field that is given a variance of all.
    TakesVariancePop: "this field is `{Field}`, and `variance_pop` gives `{Value}`",
        "declare the field as `{Value}`, or round it: `variance_pop(p.amount).round() as i64`; over an `Option` field there may be none: `variance_pop(p.amount).unwrap_or(0.0)`";
    /// A field that is given a variance of all of some rows.
    TakesVariancePopIf: "this field is `{Field}`, and `variance_pop_if` gives `{Value}`",
        "there is no variance if no row passes the condition: declare the field as `{Value}`, or say what stands in, such as `variance_pop_if(p.amount, p.paid).unwrap_or(0.0)`";
    /// A field that is given a standard deviation.
    TakesStddev: "this field is `{Field}`, and `stddev` gives `{Value}`",
        "there is no standard deviation of fewer than two values: declare the field as `{Value}`, or say what stands in, such as `stddev(p.amount).unwrap_or(0.0)`";
    /// A field that is given a standard deviation of some rows.
    TakesStddevIf: "this field is `{Field}`, and `stddev_if` gives `{Value}`",
        "there is no standard deviation of fewer than two values: declare the field as `{Value}`, or say what stands in, such as `stddev_if(p.amount, p.paid).unwrap_or(0.0)`";
    /// A field that is given a standard deviation of all.
    TakesStddevPop: "this field is `{Field}`, and `stddev_pop` gives `{Value}`",
        "declare the field as `{Value}`, or round it: `stddev_pop(p.amount).round() as i64`; over an `Option` field there may be none: `stddev_pop(p.amount).unwrap_or(0.0)`";
    /// A field that is given a standard deviation of all of some rows.
    TakesStddevPopIf: "this field is `{Field}`, and `stddev_pop_if` gives `{Value}`",
        "there is no standard deviation if no row passes the condition: declare the field as `{Value}`, or say what stands in, such as `stddev_pop_if(p.amount, p.paid).unwrap_or(0.0)`";
    /// A field that is given a mean by weight.
    TakesWeightedMean: "this field is `{Field}`, and `weighted_mean` gives `{Value}`",
        "there is no mean if the weights add up to 0: declare the field as `{Value}`, or say what stands in, such as `weighted_mean(p.price, p.pieces).unwrap_or(0.0)`";
    /// A field that is given a mean by weight of some rows.
    TakesWeightedMeanIf: "this field is `{Field}`, and `weighted_mean_if` gives `{Value}`",
        "there is no mean if the weights add up to 0: declare the field as `{Value}`, or say what stands in, such as `weighted_mean_if(p.price, p.pieces, p.paid).unwrap_or(0.0)`";
    /// A field that is given a value of the row with the least of another.
    TakesMinBy: "this field is `{Field}`, and `min_by` gives `{Value}`",
        "what is given stands first, and what is compared second: `min_by(p.shop, p.amount)` is the shop of the least amount; where that is so, declare the field as `{Value}`, or convert the value; over an `Option` field there may be none: `min_by(p.shop, p.amount).unwrap_or_default()`";
    /// A field that is given a value of the row with the least of another, of some rows.
    TakesMinByIf: "this field is `{Field}`, and `min_by_if` gives `{Value}`",
        "what is given stands first, and what is compared second: `min_by_if(p.shop, p.amount, p.paid)` is the shop of the least amount that is paid; there is none if no row passes the condition: declare the field as `{Value}`, or say what stands in, `.unwrap_or_default()`";
    /// A field that is given a value of the row with the greatest of another.
    TakesMaxBy: "this field is `{Field}`, and `max_by` gives `{Value}`",
        "what is given stands first, and what is compared second: `max_by(p.shop, p.amount)` is the shop of the greatest amount; where that is so, declare the field as `{Value}`, or convert the value; over an `Option` field there may be none: `max_by(p.shop, p.amount).unwrap_or_default()`";
    /// A field that is given a value of the row with the greatest of another, of some rows.
    TakesMaxByIf: "this field is `{Field}`, and `max_by_if` gives `{Value}`",
        "what is given stands first, and what is compared second: `max_by_if(p.shop, p.amount, p.paid)` is the shop of the greatest amount that is paid; there is none if no row passes the condition: declare the field as `{Value}`, or say what stands in, `.unwrap_or_default()`";
    /// A field that is given a number of different values.
    TakesDistinct: "this field is `{Field}`, and `distinct` gives `{Value}`",
        "declare the field as `{Value}`, or convert the number: `distinct(p.shop) as i64`, or `Some(distinct(p.shop))` for an `Option`";
    /// A field that is given a number of different values of some rows.
    TakesDistinctIf: "this field is `{Field}`, and `distinct_if` gives `{Value}`",
        "declare the field as `{Value}`, or convert the number: `distinct_if(p.shop, p.paid) as i64`";
    /// A field that is given an estimate of a number of different values.
    TakesApproxDistinct: "this field is `{Field}`, and `approx_distinct` gives `{Value}`",
        "declare the field as `{Value}`, or convert the number: `approx_distinct(p.shop) as i64`, or `Some(approx_distinct(p.shop))` for an `Option`";
    /// A field that is given an estimate of a number of different values of some rows.
    TakesApproxDistinctIf: "this field is `{Field}`, and `approx_distinct_if` gives `{Value}`",
        "declare the field as `{Value}`, or convert the number: `approx_distinct_if(p.shop, p.paid) as i64`";
    /// A field that is given a quantile.
    TakesQuantile: "this field is `{Field}`, and `quantile` gives `{Value}`",
        "declare the field as `{Value}`, or round the quantile: `quantile(p.amount, 0.99).round() as i64`; over an `Option` field there may be none: `quantile(p.amount, 0.99).unwrap_or(0.0)`";
    /// A field that is given a quantile of some rows.
    TakesQuantileIf: "this field is `{Field}`, and `quantile_if` gives `{Value}`",
        "there is no quantile if no row passes the condition: declare the field as `{Value}`, or say what stands in, such as `quantile_if(p.amount, 0.99, p.paid).unwrap_or(0.0)`";
    /// A field that is given all values.
    TakesCollect: "this field is `{Field}`, and `collect` gives `{Value}`",
        "`collect` gives a `Vec` of what it takes: declare the field as `{Value}`, or convert the values before, `collect(p.shop as i64, 100)`";
    /// A field that is given all values of some rows.
    TakesCollectIf: "this field is `{Field}`, and `collect_if` gives `{Value}`",
        "`collect_if` gives a `Vec` of what it takes: declare the field as `{Value}`, or convert the values before, `collect_if(p.shop as i64, 100, p.paid)`";
    /// A field that is given something computed of aggregates.
    TakesComputed: "this field is `{Field}`, and what is computed for it is `{Value}`",
        "convert the value: a number as in `(sum(p.amount) - 1) as f64`, in a quotient each side, `count_if(p.paid) as f64 / count() as f64`, and a text in quotes as in `\"large\".to_owned()`; or declare the field \
         as what is computed, where that can be kept";
    /// A field that is given the key of a window.
    TakesKey: "this field is `{Field}`, and the window's key is `{Value}`",
        "it is what `.group_by(..)` gives: declare the field as `{Value}`, group by something else, or convert the key; of a key of several parts each is `w.key().0`, \
         and where it may be missing something stands in, `w.key().unwrap_or_default()`";
    /// A field that is given the start or the end of a window.
    TakesEdge: "this field is `{Field}`, and a window starts and ends at a `{Value}`",
        "declare the field as `Timestamp`, or convert it: `w.start().millis()` is an `i64`, and `w.start().to_string()` a text";
    /// A field that is given something computed of the start and the end of a window.
    TakesOfWindow: "this field is `{Field}`, and what is computed of the window for it is `{Value}`",
        "`w.start()` and `w.end()` are a `Timestamp`, `w.start().millis()` is an `i64` and `w.start().to_string()` a text; how long the window is says `w.end() - w.start()`, a `Duration`, and \
         `(w.end() - w.start()).millis()`, an `i64`; or declare the field as `{Value}`";
    /// A field that is given something computed of a row's fields.
    TakesValue: "this field is `{Field}`, and what is computed for it is `{Value}`",
        "convert the value: `(p.rate * 100.0).round() as i64`, `p.cents as f64`, a length of time by `(r.at - l.at).millis()`, a text in quotes by `\"large\".to_owned()`; where the field is an `Option`, `Some(p.note)`; or declare the field as `{Value}`";
    /// A field that is given one of a row that may be missing.
    TakesMissing: "this field is `{Field}`, and that of a row which may be missing is `{Value}`",
        "declare the field as `{Value}`, or say what stands in where the join has found no row: `r.amount.unwrap_or(0)`, `r.name.unwrap_or_default()`; \
         a `.join(..)` makes no rows without it";
}

/// Which of two values is the greater: a pair of types that go together, or refused with both named. As a pair, so that what the one is says
/// nothing of the other.
#[diagnostic::on_unimplemented(
    message = "these two cannot be compared: `{Self}`",
    label = "`{Self}`",
    note = "make both of one type, such as `sum(p.amount) as f64 > mean(p.amount)`; what may be missing is said first, `max(p.tip).unwrap_or(0)`"
)]
pub trait Ordered {
    /// `left < right`
    fn is_less(&self) -> bool;
    /// `left <= right`
    fn is_at_most(&self) -> bool;
    /// `left > right`
    fn is_greater(&self) -> bool;
    /// `left >= right`
    fn is_at_least(&self) -> bool;
}

#[diagnostic::do_not_recommend]
impl<Left: PartialOrd<Right>, Right> Ordered for (&Left, &Right) {
    #[inline]
    fn is_less(&self) -> bool {
        self.0 < self.1
    }

    #[inline]
    fn is_at_most(&self) -> bool {
        self.0 <= self.1
    }

    #[inline]
    fn is_greater(&self) -> bool {
        self.0 > self.1
    }

    #[inline]
    fn is_at_least(&self) -> bool {
        self.0 >= self.1
    }
}

/// Arithmetic between two aggregates: of types that go together, or refused with both named.
macro_rules! of_operators {
    ($($(#[$doc:meta])* $bound:ident $operator:ident $method:ident: $message:literal, $note:literal;)*) => {$(
        $(#[$doc])*
        #[diagnostic::on_unimplemented(
            message = $message,
            label = "`{Self}` on the left, `{Right}` on the right",
            note = $note
        )]
        pub trait $bound<Right, Output> {
            /// Does it.
            fn apply(self, right: Right) -> Output;
        }

        #[diagnostic::do_not_recommend]
        impl<Left: std::ops::$operator<Right>, Right> $bound<Right, Left::Output> for Left {
            #[inline]
            fn apply(self, right: Right) -> Left::Output {
                std::ops::$operator::$method(self, right)
            }
        }
    )*};
}

of_operators! {
    /// `left + right`
    Plus Add add: "`{Self}` and `{Right}` cannot be added up", "make both of one type, such as `sum(p.amount) + count() as i64`; what may be missing is said first, `max(p.tip).unwrap_or(0)`";
    /// `left - right`
    Minus Sub sub: "`{Right}` cannot be subtracted from `{Self}`", "make both of one type, such as `sum(p.amount) - count() as i64`; what may be missing is said first, `max(p.tip).unwrap_or(0)`";
    /// `left * right`
    Times Mul mul: "`{Self}` cannot be multiplied by `{Right}`", "make both of one type, such as `sum(p.amount) as f64 * 1.19`, or `sum(p.amount) * count() as i64`; what may be missing is said first, `max(p.tip).unwrap_or(0)`";
    /// `left / right`
    DividedBy Div div: "`{Self}` cannot be divided by `{Right}`", "make both of one type, such as `sum(p.amount) as f64 / count() as f64`; the mean of a field is `mean(p.amount)`, and gives `f64`; what may be missing is said first, `max(p.tip).unwrap_or(0)`";
    /// `left % right`
    Modulo Rem rem: "there is no remainder of `{Self}` by `{Right}`", "make both of one type, such as `sum(p.amount) % count() as i64`; what may be missing is said first, `max(p.tip).unwrap_or(0)`";
}
