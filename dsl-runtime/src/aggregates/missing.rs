//! Aggregates that are not there, under the names by which they are looked for: each is refused with what there is.
//!
//! They are in the prelude, where a function of the user's own with the same name goes before them.

/// What an aggregate that is not there would be made of.
#[derive(Debug)]
pub struct ThisFunction<T>(std::marker::PhantomData<T>);

/// For each a trait that nothing implements, and a function whose result is a projection of it: the compiler complains once.
/// The bound comes from where the macro is called, as the compiler would else point into the macro.
macro_rules! missing {
    ($($bound:ident $where:tt $($function:ident $(($($setting:ident),*))?),* : $message:literal, $note:literal;)*) => {
        $(
            #[diagnostic::on_unimplemented(message = $message, label = "there is no such function", note = $note)]
            #[allow(missing_docs)]
            pub trait $bound {
                /// The aggregate.
                type Aggregate;
            }
            $(missing!(@function $bound $where $function ($($($setting),*)?));)*
        )*
    };
    (@function $bound:ident [$($where:tt)*] $function:ident ($($setting:ident),*)) => {
        #[doc(hidden)]
        #[allow(missing_docs)]
        pub fn $function<T $(, $setting)*>($(_: $setting),*) -> <ThisFunction<T> as $bound>::Aggregate
        where
            $($where)*
        {
            unreachable!("nothing meets the bound of this function")
        }
    };
}

missing! {
    CalledMean [ThisFunction<T>: CalledMean] avg, average, mean_of:
        "the mean is called `mean`",
        "write `mean(p.amount)`; it is an `f64`, exact before it is rounded once";
    CalledMinOrMax [ThisFunction<T>: CalledMinOrMax] minimum, maximum:
        "the least and the greatest value are called `min` and `max`",
        "write `min(p.amount)` and `max(p.amount)`";
    CalledSum [ThisFunction<T>: CalledSum] sum_of, sum_all:
        "the sum is called `sum`",
        "write `sum(p.amount)`";
    CalledCount [ThisFunction<T>: CalledCount] count_where, count_all, count_rows, row_count:
        "rows are counted by `count`, and those for which something holds by `count_if`",
        "write `count()` or `count_if(p.amount > 0)`";
    CalledFirstOrLast [ThisFunction<T>: CalledFirstOrLast] first_value, last_value:
        "the first and the last value, by event time, are called `first` and `last`",
        "write `first(p.amount)` and `last(p.amount)`";
    CalledDistinct [ThisFunction<T>: CalledDistinct] count_distinct, distinct_count, n_unique, nunique:
        "the number of different values is called `distinct`",
        "write `distinct(p.shop)`; it is exact, and keeps each value once";
    CalledApproxDistinct [ThisFunction<T>: CalledApproxDistinct] approx_count_distinct, approx_unique, approx_n_unique, hll, hyperloglog:
        "about how many different values there are is said by `approx_distinct`",
        "write `approx_distinct(p.shop)`; `distinct(p.shop)` is exact, and keeps each value once";
    CalledQuantile [ThisFunction<T>: CalledQuantile] percentile(Q), approx_quantile(Q), median, p50, p75, p90, p95, p99, p999, percentile_cont(Q), percentile_disc(Q), approx_percentile(Q), approx_median:
        "quantiles are called `quantile`, of a part from 0.0 to 1.0",
        "write `quantile(p.amount, 0.5)` for the median, and `quantile(p.amount, 0.99)` for the 99th percentile";
    CalledVariance [ThisFunction<T>: CalledVariance] var, var_samp, variance_samp, var_pop:
        "the variance is called `variance`, and that of a whole population `variance_pop`",
        "write `variance(p.amount)`, which divides by one less than the number of values, or `variance_pop(p.amount)`, which divides by \
         their number";
    CalledStddev [ThisFunction<T>: CalledStddev] std, std_dev, stdev, stddev_samp, std_dev_pop, standard_deviation:
        "the standard deviation is called `stddev`, and that of a whole population `stddev_pop`",
        "write `stddev(p.amount)`, the root of `variance`, or `stddev_pop(p.amount)`, the root of `variance_pop`";
    CalledMinOrMaxBy [ThisFunction<T>: CalledMinOrMaxBy] arg_min, arg_max, argmin, argmax:
        "a value of the row that has the least or greatest of another is called `min_by` and `max_by`",
        "write `max_by(p.shop, p.amount)`: the shop of the greatest amount";
    CalledWeightedMean [ThisFunction<T>: CalledWeightedMean] weighted_avg, weighted_average, avg_weighted, mean_weighted:
        "the mean by weight is called `weighted_mean`",
        "write `weighted_mean(p.price, p.pieces)`: the value, then its weight";
    OfTheWindow [ThisFunction<T>: OfTheWindow] key, start, end, window_start, window_end, wstart, wend, tumble_start(S), tumble_end(S), hop_start(S), hop_end(S):
        "a window's key, start and end are asked of the window",
        "it is the first parameter of `.select(|w, row| ..)`: write `w.key()`, `w.start()` and `w.end()`";
    CalledCollect [ThisFunction<T>: CalledCollect] collect_list, array_agg, string_agg(S), group_concat, list_agg, listagg(S), to_vec, to_list, list, values:
        "all values are collected by `collect`, up to a cap",
        "write `collect(p.shop, 100)`; it is a `Vec` in the order of event time, and a window with more values stops the run";
    CollectedOnce [ThisFunction<T>: CollectedOnce] collect_set, to_set, unique_values:
        "different values are counted, `distinct`, or all collected, `collect`",
        "write `distinct(p.shop)`, or `collect(p.shop, 100)` and take out what is alike with `.map(..)`";
    Anyone [ThisFunction<T>: Anyone] any, every, bool_or, bool_and:
        "whether something holds for one row or for all of them follows from counts",
        "write `count_if(p.paid) > 0` for one row, and `count_if(p.paid) == count()` for all";
    NoNull [ThisFunction<T>: NoNull] coalesce(A, B), nvl(A, B), ifnull(A, B):
        "what stands in for a value that is missing is said by `.unwrap_or(..)`",
        "write it behind a row's field that is an `Option`, `sum(p.tip.unwrap_or(0))`, or behind an aggregate that may have no value, \
         `max_if(p.amount, p.paid).unwrap_or(0)`; a `sum` and a `count` are 0 then, and always there";
    Ranked [ThisFunction<T>: Ranked] top(N), top_n(N), row_number, rank, dense_rank:
        "a window makes one row of its rows, and ranks none of them",
        "there are `min`, `max`, `first` and `last`; the rows of all keys' windows are ranked behind their `.select(..)`: \
         `.per_window().top(10, |r| desc(r.total)).select(|rank, r| ..)`";
    OfYourOwn [ThisFunction<T>: OfYourOwn] mode, corr, correlation, covar, covariance, covar_pop, covar_samp, skew, skewness, kurtosis, histogram(N), product, entropy, any_value, topk(N), top_k(N), first_by, last_by, mad:
        "there is no such aggregate yet",
        "there are `count`, `sum`, `mean`, `min`, `max`, `first`, `last`, `min_by`, `max_by`, `variance`, `stddev`, `weighted_mean`, `distinct`, `quantile` and `collect`; \
         one of your own implements `Aggregate`, and what is made of all values follows from `collect(p.amount, 1000)` behind, in a `.map(..)`";
    LooksBack [ThisFunction<T>: LooksBack] lag(N), lead(N), nth_value(N), cumsum, rolling_mean(N), moving_average(N):
        "rows look back over those before them by `.over(..)`, and not in a window",
        "write `.group_by(|p| p.card).over(last_rows(2)).select(|p, w| Row {{ before: first(w.amount), .. }})`: of two rows, the first is the one \
         before; `.over(last(5m))` with `mean(w.amount)` is a moving mean";
}
