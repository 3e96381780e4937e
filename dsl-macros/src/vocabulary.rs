//! The words of the language that the macro itself has to know; every other operator is just a method.

use syn::{Expr, ExprCall, Ident, Path};

/// The functions that read a topic: as a stream, and as a side table.
pub(crate) const READERS: &[&str] = &["source", "side"];

/// What other systems read a topic by: functions of the prelude that are refused.
pub(crate) const READ_BY_ANOTHER_WORD: &[&str] = &[
    "stream",
    "consume",
    "subscribe",
    "read",
    "read_topic",
    "from_topic",
    "from",
    "table",
    "ktable",
    "global_table",
];

/// The methods that set a source's policy; they stand right after `source(..)`.
pub(crate) const SOURCE_SETTINGS: &[&str] =
    &["lateness", "late_drop", "late_to", "idle", "ahead", "undecodable", "with_meta"];

/// The settings that say what becomes of late rows: a source has one of them.
pub(crate) const LATE_POLICIES: &[&str] = &["late_drop", "late_to"];

/// The methods of a stream.
pub(crate) const OPERATORS: &[&str] = &[
    "filter",
    "map",
    "filter_map",
    "flat_map",
    "inspect",
    "split",
    "union",
    "through",
    "distinct_by",
    "within",
    "group_by",
    "window",
    "over",
    "per_window",
    "top",
    "max_by",
    "min_by",
    "join",
    "left_join",
    "right_join",
    "full_join",
    "semi_join",
    "anti_join",
    "lookup",
    "on",
    "between",
    "at_most",
    "select",
    "sink",
    "sink_with_headers",
];

/// The operators that keep state under the name of their `let`, or of the topic that a statement without one ends in, each with the method that
/// completes it.
pub(crate) const STATEFUL_OPERATORS: &[(&str, &str)] = &[
    ("window", "select"),
    ("over", "select"),
    ("distinct_by", "within"),
    ("join", "select"),
    ("left_join", "select"),
    ("right_join", "select"),
    ("full_join", "select"),
    ("semi_join", "between"),
    ("anti_join", "between"),
    ("lookup", "select"),
    ("top", "select"),
    ("max_by", "max_by"),
    ("min_by", "min_by"),
];

/// The steps of a join, up to the one whose `.select(..)` makes its rows.
pub(crate) const STEPS_OF_A_JOIN: &[&str] = &[
    "join",
    "left_join",
    "right_join",
    "full_join",
    "semi_join",
    "anti_join",
    LOOKUP,
    "on",
    "between",
    "at_most",
];

/// What joins a stream with a side table: it has keys, and no range of time.
pub(crate) const LOOKUP: &str = "lookup";

/// A kind of joins: the method that begins it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JoinKind {
    pub(crate) word: &'static str,
    /// Whether its `.select(..)` is given a left and a right row that may be missing; `None` if it has no `.select(..)`, and passes left
    /// rows on.
    pub(crate) may_miss: Option<(bool, bool)>,
}

/// The kinds of joins, first the one that a step of a join is taken to be of where there is none.
pub(crate) const JOINS: &[JoinKind] = &[
    JoinKind { word: "join", may_miss: Some((false, false)) },
    JoinKind { word: "left_join", may_miss: Some((false, true)) },
    JoinKind { word: "right_join", may_miss: Some((true, false)) },
    JoinKind { word: "full_join", may_miss: Some((true, true)) },
    JoinKind { word: "semi_join", may_miss: None },
    JoinKind { word: "anti_join", may_miss: None },
    JoinKind { word: LOOKUP, may_miss: Some((false, true)) },
];

/// The kind of joins that a method begins.
pub(crate) fn join_of(method: &Ident) -> Option<&'static JoinKind> {
    JOINS.iter().find(|kind| method == kind.word)
}

/// What takes lengths of time as arguments that may be a parameter alone.
pub(crate) const TAKE_A_LENGTH: &[&str] =
    &["lateness", "idle", "ahead", "within", "tumbling", "sliding", "cumulate", "session", "offset", "ttl"];

/// The operators that take a closure over rows, for which a function's name may stand.
pub(crate) const TAKE_FUNCTIONS: &[&str] = &[
    "group_by",
    "distinct_by",
    "filter",
    "map",
    "filter_map",
    "flat_map",
    "inspect",
    "split",
    "max_by",
    "min_by",
    "on",
    "select",
];

/// The operators that pick rows of each window. They keep nothing, and yet are known by the name of their `let`.
pub(crate) const PICKS: &[&str] = &["top", "max_by", "min_by"];

/// The directions of what `.top(..)` goes by.
pub(crate) const DIRECTIONS: &[&str] = &["asc", "desc"];

/// What `.over(..)` takes.
pub(crate) const FRAMES: &[&str] = &["last", "last_rows"];

/// What may become of records that cannot be decoded.
pub(crate) const UNDECODABLE_POLICIES: &[&str] = &["fail", "skip", "dead_letter"];

/// A kind of windows: the function that makes it.
pub(crate) struct Windows {
    pub(crate) name: &'static str,
    /// What to write, for messages.
    pub(crate) example: &'static str,
    /// Each of its lengths must be a multiple of the one behind it.
    pub(crate) divides: bool,
    /// Which of its lengths comes again and again, so that an offset is less.
    pub(crate) repeats: usize,
}

/// The kinds of windows, each of one or more lengths.
pub(crate) const WINDOWS: &[Windows] = &[
    Windows { name: "tumbling", example: "tumbling(1h)", divides: false, repeats: 0 },
    Windows { name: "sliding", example: "sliding(10m, 1m)", divides: true, repeats: 1 },
    Windows { name: "cumulate", example: "cumulate(1d, 1h)", divides: true, repeats: 0 },
    Windows { name: "session", example: "session(5m)", divides: false, repeats: 0 },
];

/// The windows of a number of rows: the function that makes them, and what to write.
pub(crate) const COUNT_WINDOWS: (&str, &str) = ("every", "every(100)");

/// What is said of windows behind their lengths: a method.
pub(crate) struct WindowSetting {
    pub(crate) name: &'static str,
    /// What to write, for messages; with empty brackets if it takes nothing.
    pub(crate) example: &'static str,
    /// Of which kinds of windows it is said.
    pub(crate) of: &'static [&'static str],
    /// Why not of the others.
    pub(crate) not_of_others: &'static str,
}

/// What is said of windows.
pub(crate) const WINDOW_SETTINGS: &[WindowSetting] = &[
    WindowSetting {
        name: "offset",
        example: ".offset(15m)",
        of: &["tumbling", "sliding", "cumulate"],
        not_of_others: "sessions are as long as their rows say, and aligned to nothing",
    },
    WindowSetting {
        name: "in_zone",
        example: ".in_zone(\"Europe/Berlin\")",
        of: &["tumbling", "sliding", "cumulate"],
        not_of_others: "sessions are as long as their rows say, and aligned to nothing",
    },
    WindowSetting {
        name: "by_clock",
        example: ".by_clock()",
        of: &["tumbling", "sliding", "cumulate", "session"],
        not_of_others: "",
    },
];

/// The kind of windows that a function makes.
pub(crate) fn windows_of(path: &Path) -> Option<&'static Windows> {
    WINDOWS.iter().find(|windows| ends_in(path, &[windows.name]))
}

/// What a window is asked for in its `.select(..)`.
pub(crate) const WINDOW_PROPERTIES: &[&str] = &["key", "start", "end"];

/// An argument of an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A value of each row.
    Value,
    /// What is the same for all rows, and goes to the function that makes the aggregate.
    Setting,
    /// Whether a row counts; the last argument.
    Condition,
}

const ONE: &[Takes] = &[Takes::Value];
const ONE_IF: &[Takes] = &[Takes::Value, Takes::Condition];
const ONE_SET: &[Takes] = &[Takes::Value, Takes::Setting];
const ONE_SET_IF: &[Takes] = &[Takes::Value, Takes::Setting, Takes::Condition];
const TWO: &[Takes] = &[Takes::Value, Takes::Value];
const TWO_IF: &[Takes] = &[Takes::Value, Takes::Value, Takes::Condition];

/// The built-in aggregates, with their arguments.
pub(crate) const AGGREGATES: &[(&str, &[Takes])] = &[
    ("count", &[]),
    ("sum", ONE),
    ("mean", ONE),
    ("min", ONE),
    ("max", ONE),
    ("first", ONE),
    ("last", ONE),
    ("variance", ONE),
    ("variance_pop", ONE),
    ("stddev", ONE),
    ("stddev_pop", ONE),
    ("weighted_mean", TWO),
    ("min_by", TWO),
    ("max_by", TWO),
    ("distinct", ONE),
    ("approx_distinct", ONE),
    ("quantile", ONE_SET),
    ("collect", ONE_SET),
    ("count_if", &[Takes::Condition]),
    ("sum_if", ONE_IF),
    ("mean_if", ONE_IF),
    ("min_if", ONE_IF),
    ("max_if", ONE_IF),
    ("first_if", ONE_IF),
    ("last_if", ONE_IF),
    ("variance_if", ONE_IF),
    ("variance_pop_if", ONE_IF),
    ("stddev_if", ONE_IF),
    ("stddev_pop_if", ONE_IF),
    ("weighted_mean_if", TWO_IF),
    ("min_by_if", TWO_IF),
    ("max_by_if", TWO_IF),
    ("distinct_if", ONE_IF),
    ("approx_distinct_if", ONE_IF),
    ("quantile_if", ONE_SET_IF),
    ("collect_if", ONE_SET_IF),
];

/// What a built-in aggregate takes, by its name.
pub(crate) fn taken_by(name: &str) -> Option<&'static [Takes]> {
    AGGREGATES.iter().find(|(known, _)| *known == name).map(|(_, takes)| *takes)
}

/// Whether a call is one of these functions.
pub(crate) fn is_call_of(call: &ExprCall, functions: &[&str]) -> bool {
    matches!(&*call.func, Expr::Path(path) if functions.iter().any(|function| path.path.is_ident(function)))
}

/// Whether a word is a method of a handle: a setting or an operator.
#[cfg(test)]
pub(crate) fn is_method(word: &str) -> bool {
    SOURCE_SETTINGS.contains(&word) || OPERATORS.contains(&word)
}

/// Whether the call is of a built-in aggregate: a bare name of the table, with that many arguments.
pub(crate) fn is_aggregate(call: &ExprCall) -> bool {
    let Expr::Path(callee) = &*call.func else { return false };
    let Some(name) = callee.path.get_ident() else { return false };
    taken_by(&name.to_string()).is_some_and(|takes| call.args.len() == takes.len())
}

/// Whether a word is a built-in aggregate.
pub(crate) fn is_aggregate_name(word: &str) -> bool {
    AGGREGATES.iter().any(|(known, _)| *known == word)
}

/// Whether a word is an aggregate of other systems, of which the runtime says what there is.
pub(crate) fn is_missing_aggregate(word: &str) -> bool {
    MISSING_AGGREGATES.contains(&word)
}

/// The functions of the runtime's `aggregates/missing.rs`.
pub(crate) const MISSING_AGGREGATES: &[&str] = &[
    "any",
    "any_value",
    "approx_count_distinct",
    "approx_median",
    "approx_n_unique",
    "approx_percentile",
    "approx_quantile",
    "approx_unique",
    "arg_max",
    "arg_min",
    "argmax",
    "argmin",
    "array_agg",
    "average",
    "avg",
    "avg_weighted",
    "bool_and",
    "bool_or",
    "coalesce",
    "collect_list",
    "collect_set",
    "corr",
    "correlation",
    "count_all",
    "count_distinct",
    "count_rows",
    "count_where",
    "covar",
    "covar_pop",
    "covar_samp",
    "covariance",
    "cumsum",
    "dense_rank",
    "distinct_count",
    "end",
    "entropy",
    "every",
    "first_by",
    "first_value",
    "group_concat",
    "histogram",
    "hll",
    "hop_end",
    "hop_start",
    "hyperloglog",
    "ifnull",
    "key",
    "kurtosis",
    "lag",
    "last_by",
    "last_value",
    "lead",
    "list",
    "list_agg",
    "listagg",
    "mad",
    "maximum",
    "mean_of",
    "mean_weighted",
    "median",
    "minimum",
    "mode",
    "moving_average",
    "n_unique",
    "nth_value",
    "nunique",
    "nvl",
    "p50",
    "p75",
    "p90",
    "p95",
    "p99",
    "p999",
    "percentile",
    "percentile_cont",
    "percentile_disc",
    "product",
    "rank",
    "rolling_mean",
    "row_count",
    "row_number",
    "skew",
    "skewness",
    "standard_deviation",
    "start",
    "std",
    "std_dev",
    "std_dev_pop",
    "stddev_samp",
    "stdev",
    "string_agg",
    "sum_all",
    "sum_of",
    "to_list",
    "to_set",
    "to_vec",
    "top",
    "top_k",
    "top_n",
    "topk",
    "tumble_end",
    "tumble_start",
    "unique_values",
    "values",
    "var",
    "var_pop",
    "var_samp",
    "variance_samp",
    "weighted_average",
    "weighted_avg",
    "wend",
    "window_end",
    "window_start",
    "wstart",
];

/// Whether a path's last word is one of `words`.
pub(crate) fn ends_in(path: &Path, words: &[&str]) -> bool {
    path.segments.last().is_some_and(|last| words.iter().any(|word| last.ident == word))
}

/// Whether a path ends as types, variants and topics do: in a capital letter.
pub(crate) fn names_a_type(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident.to_string().starts_with(char::is_uppercase))
}

/// The word of `known` that `written` may have been meant as.
pub(crate) fn similar<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let limit = (written.chars().count() / 3).clamp(1, 3);
    known
        .iter()
        .map(|word| (strsim::damerau_levenshtein(written, word), *word))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_close_by_is_found_and_a_strange_one_is_not() {
        assert_eq!(similar("latness", SOURCE_SETTINGS), Some("lateness"));
        assert_eq!(similar("fliter", OPERATORS), Some("filter"));
        assert_eq!(similar("materialized", OPERATORS), None);
        assert_eq!(similar("map", SOURCE_SETTINGS), None);
    }

    #[test]
    fn an_aggregate_is_known_by_name_and_number_of_values() {
        assert!(is_aggregate(&syn::parse_quote!(count())));
        assert!(is_aggregate(&syn::parse_quote!(sum_if(p.amount, p.ok))));
        assert!(is_aggregate(&syn::parse_quote!(quantile_if(p.amount, 0.99, p.ok))));
        assert!(!is_aggregate(&syn::parse_quote!(max(p.a, p.b))));
        assert!(!is_aggregate(&syn::parse_quote!(collect(p.a))));
        assert!(!is_aggregate(&syn::parse_quote!(self::last(p.a))));
    }
}
