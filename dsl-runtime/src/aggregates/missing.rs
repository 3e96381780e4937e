//! Aggregates that are not there, under the names by which they are looked for: each is refused with what there is.
//!
//! They are in the prelude, where a function of the user's own with the same name goes before them.

/// For each a trait that nothing implements, and a function whose result is a projection of it: the compiler complains once.
macro_rules! missing {
    ($($bound:ident $($function:ident $(($setting:ident))?),* : $message:literal, $note:literal;)*) => {
        /// The bounds that nothing meets.
        #[doc(hidden)]
        pub mod bounds {
            /// What an aggregate that is not there would be made of.
            pub struct Missing<T>(std::marker::PhantomData<T>);

            $(
                #[diagnostic::on_unimplemented(message = $message, label = "there is no such function", note = $note)]
                pub trait $bound {
                    /// The aggregate.
                    type Aggregate;
                }
            )*
        }
        $($(
            #[doc(hidden)]
            #[allow(missing_docs)]
            pub fn $function<T $(, $setting)?>($(_: $setting)?) -> <bounds::Missing<T> as bounds::$bound>::Aggregate
            where
                bounds::Missing<T>: bounds::$bound,
            {
                unreachable!("nothing meets the bound of this function")
            }
        )*)*
    };
}

missing! {
    CalledMean avg, average, mean_of:
        "the mean is called `mean`",
        "write `mean(p.amount)`; it is an `f64`, exact before it is rounded once";
    CalledMinOrMax minimum, maximum:
        "the least and the greatest value are called `min` and `max`",
        "write `min(p.amount)` and `max(p.amount)`";
    CalledSum sum_of, sum_all:
        "the sum is called `sum`",
        "write `sum(p.amount)`";
    CalledCount count_where, count_all, count_rows, row_count, len, length:
        "rows are counted by `count`, and those for which something holds by `count_if`",
        "write `count()` or `count_if(p.amount > 0)`";
    CalledFirstOrLast first_value, last_value:
        "the first and the last value, by event time, are called `first` and `last`",
        "write `first(p.amount)` and `last(p.amount)`";
    Distinct distinct, count_distinct, distinct_count, approx_distinct, approx_count_distinct, n_unique:
        "there is no aggregate of distinct values yet",
        "group by the value too, `.group_by(|p| (p.card, p.shop))`, and count the windows of each card in a second window; or \
         write one of your own: a type that implements `Aggregate`";
    Quantiles quantile(Q), percentile(Q), approx_quantile(Q), median:
        "there are no quantiles yet",
        "there are `min`, `max` and `mean`; or write one of your own: a type that implements `Aggregate`";
    Spread variance, stddev, std_dev, stdev, var_pop, var_samp, stddev_pop, stddev_samp:
        "variance and standard deviation are not there yet",
        "they follow from sums: with `mean(p.x * p.x)` and `mean(p.x)` the variance is `mean(p.x * p.x) - mean(p.x) * mean(p.x)`";
    Extremes min_by, max_by, arg_min, arg_max, argmin, argmax:
        "an aggregate of the row that has the least or greatest value is not there yet",
        "`min` and `max` take tuples, which go by their first value first: `max((p.amount, p.card))` gives both";
    OfTheWindow key, start, end, window_start, window_end, wstart, wend, tumble_start(S), tumble_end(S), hop_start(S), hop_end(S):
        "a window's key, start and end are asked of the window",
        "it is the first parameter of `.select(|w, row| ..)`: write `w.key()`, `w.start()` and `w.end()`";
    Collected collect, collect_list, collect_set, array_agg, string_agg, group_concat, list_agg, to_vec:
        "an aggregate that keeps all values is not there yet",
        "it would keep every row of a window; there are `first` and `last`, or write one of your own: a type that implements \
         `Aggregate`";
}
