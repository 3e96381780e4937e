//! What stands in a `.select(..)` and cannot: names of nothing, words of other systems, aggregates that are given too much.

use syn::visit::Visit;
use syn::{
    BinOp, Expr, ExprBinary, ExprCall, ExprCast, ExprClosure, ExprLit, ExprMethodCall, ExprReturn, ExprUnary,
    Ident, Lit, Type, UnOp,
};

use crate::diagnostics::in_place;
use crate::vocabulary::{Takes, WINDOW_PROPERTIES, is_aggregate, is_aggregate_name, taken_by};
use crate::written::written;

use super::{Extract, Of, contains_aggregate, is_type_name};
use crate::plan::shape::{field_path, mentions};

impl Extract<'_> {
    /// The error for a value that is a name, and of nothing here: `card` and `start`, where a field or the window is meant.
    pub(super) fn no_name(&self, value: &Expr) -> Option<Expr> {
        let Expr::Path(path) = value else { return None };
        let name = path.path.get_ident().filter(|name| !self.known.contains(name))?;
        let text = name.to_string();
        if !text.starts_with(char::is_lowercase) || text == "self" {
            return None;
        }
        if self.of == Of::Frame {
            let row = self.window.map_or_else(|| "p".to_owned(), ToString::to_string);
            let rows = self.row.map_or_else(|| "w".to_owned(), ToString::to_string);
            let message = format!(
                "`{text}` is no name here: a field of the row is `{row}.{text}`, and of the rows that it looks back over there are \
                 aggregates, such as `mean({rows}.{text})`, where `|{row}, {rows}|` names both"
            );
            return Some(in_place(name, message));
        }
        let window = self.window.map_or_else(|| "w".to_owned(), ToString::to_string);
        let row = self.row.map_or_else(|| "p".to_owned(), ToString::to_string);
        let message = match text.trim_start_matches("window_") {
            property @ ("key" | "start" | "end") => {
                format!(
                    "the window is asked for its {property}: write `{window}.{property}()`, where `|{window}, {row}|` names it"
                )
            }
            _ => format!(
                "`{text}` is no name here: what the rows are grouped by is `{window}.key()`, and a field of the rows stands in an \
                 aggregate, such as `last({row}.{text})`"
            ),
        };
        Some(in_place(name, message))
    }

    /// The error for a value that leaves the whole closure.
    pub(super) fn leaves(&self, value: &Expr) -> Option<Expr> {
        struct Return<'a>(Option<&'a ExprReturn>);
        impl<'a> Visit<'a> for Return<'a> {
            fn visit_expr_return(&mut self, found: &'a ExprReturn) {
                self.0.get_or_insert(found);
            }
            fn visit_expr_closure(&mut self, _: &'a ExprClosure) {}
        }
        let mut search = Return(None);
        search.visit_expr(value);
        search.0.map(|found| {
            in_place(found, "`return` leaves the whole `.select(..)`, not this field: leave the word and the semicolon out")
        })
    }

    /// The error for what a window is not asked for: `w.begin()`, `w.count()`.
    pub(super) fn no_property(&self, call: &ExprMethodCall) -> Option<Expr> {
        let Expr::Path(receiver) = &*call.receiver else { return None };
        let window = self.window.filter(|window| self.of == Of::Window && receiver.path.is_ident(*window))?;
        let word = call.method.to_string();
        if WINDOW_PROPERTIES.contains(&word.as_str()) || word == "clone" {
            return None;
        }
        let message = match is_aggregate_name(&word) {
            true => format!("`{word}` is a function, not a method of the window: write `{word}(..)`"),
            false => format!(
                "a window has no `{word}`: it has `{window}.key()`, `{window}.start()` and `{window}.end()`; what is added up of its \
                 rows are aggregates, such as `count()` and `sum(p.amount)`"
            ),
        };
        Some(in_place(&call.method, message))
    }

    /// The error for `p.amount.sum()` and `p.count()`: an aggregate by a method.
    pub(super) fn aggregate_by_method(&self, call: &ExprMethodCall) -> Option<Expr> {
        let row = self.row?;
        let path = field_path(&call.receiver, std::slice::from_ref(row))?;
        let (word, value) = (call.method.to_string(), written(&call.receiver));
        let message = match (path.dot.is_some(), word.as_str()) {
            (false, "iter" | "into_iter" | "stream") => format!(
                "the rows of a window are not gone through one by one: what comes of all of them are aggregates, such as `sum({row}.amount)`"
            ),
            (false, "len") => "rows are counted by `count()`".to_owned(),
            (false, "count") => "an aggregate is a function: write `count()`".to_owned(),
            (true, word) if is_aggregate_name(word) && call.args.is_empty() => match word {
                "count" => {
                    format!("rows are counted by `count()`, and different values by `distinct({value})`")
                }
                _ => format!("an aggregate is a function, not a method of a value: write `{word}({value})`"),
            },
            _ => return None,
        };
        Some(in_place(&call.method, message))
    }

    /// The error for arithmetic between a number and an aggregate that may have no value: `stddev(p.amount) * 2.0`.
    pub(super) fn without_a_value(&self, binary: &ExprBinary) -> Option<Expr> {
        let is_arithmetic = matches!(
            binary.op,
            BinOp::Add(_) | BinOp::Sub(_) | BinOp::Mul(_) | BinOp::Div(_) | BinOp::Rem(_)
        );
        let aggregate = match (&*binary.left, &*binary.right) {
            (Expr::Call(call), Expr::Lit(_)) | (Expr::Lit(_), Expr::Call(call)) => call,
            _ => return None,
        };
        if !is_arithmetic || !is_aggregate(aggregate) || !may_have_no_value(&written(&aggregate.func)) {
            return None;
        }
        let call = written(aggregate);
        let message = format!(
            "`{}` gives an `Option`, as there may be no value: say what stands in then, `{call}.unwrap_or(0.0)`, before something is \
             computed with it",
            written(&aggregate.func)
        );
        Some(in_place(aggregate, message))
    }

    /// The error for `key(w)`.
    fn window_as_argument(&self, call: &ExprCall, name: &str) -> Option<Expr> {
        let (Some(Expr::Path(argument)), Some(window)) = (call.args.first(), self.window) else {
            return None;
        };
        let property = name.trim_start_matches("window_");
        let is_asked = self.of == Of::Window && WINDOW_PROPERTIES.contains(&property) && call.args.len() == 1;
        (is_asked && argument.path.is_ident(window)).then(|| {
            in_place(call, format!("the window is asked for its {property}: write `{window}.{property}()`"))
        })
    }

    /// The error for a built-in aggregate that is given too much or too little.
    pub(super) fn of_wrong_number(&self, call: &ExprCall) -> Option<Expr> {
        let Expr::Path(callee) = &*call.func else { return None };
        if let Some(error) = with_a_type(call, &callee.path) {
            return Some(error);
        }
        let name = callee.path.get_ident()?.to_string();
        if let Some(error) = self.window_as_argument(call, &name) {
            return Some(error);
        }
        if let [Expr::Lit(literal)] = &*call.args.iter().collect::<Vec<_>>()
            && is_aggregate_name(&name)
        {
            let message = format!(
                "`{}` takes a value of each row, and this is the same for all: rows are counted by `count()`, and those for which \
                 something holds by `count_if(p.paid)`",
                written(call)
            );
            return Some(in_place(literal, message));
        }
        let takes = taken_by(&name)?;
        if let Some(Expr::Closure(closure)) = call.args.iter().find(|value| matches!(value, Expr::Closure(_)))
        {
            let values = call.args.iter().map(|value| match value {
                Expr::Closure(closure) => written(&closure.body),
                value => written(value),
            });
            let mut values = values.collect::<Vec<_>>();
            with_the_value(&mut values, name.as_str(), takes);
            let values = values.join(", ");
            let message = format!("`{name}` takes the value itself, not a closure: write `{name}({values})`");
            return Some(in_place(closure, message));
        }
        if let Some(error) = distinct_in_a_count(call, &name) {
            return Some(error);
        }
        if let Some(argument) = call.args.iter().find(|argument| self.no_name(argument).is_some()) {
            let row = self.row.map_or_else(|| "p".to_owned(), ToString::to_string);
            let names = match self.of {
                Of::Window => format!("where `|w, {row}|` names the row"),
                Of::Frame => format!("where `|p, {row}|` names the rows that are looked back over"),
            };
            let message = format!(
                "`{argument}` is no name here: a field of the row is written `{row}.{argument}`, {names}",
                argument = written(argument)
            );
            return Some(in_place(argument, message));
        }
        if let Some(error) = self.wrong_setting(call, &name, takes) {
            return Some(error);
        }
        if call.args.len() == takes.len() || call.args.iter().any(contains_aggregate) {
            return None;
        }
        // What could not be read has an error of its own.
        if let Some(error) =
            call.args.iter().find(|argument| matches!(argument, Expr::Macro(_) | Expr::Verbatim(_)))
        {
            return Some(error.clone());
        }
        // With values that are not of the row it is another function of that name, such as `max(1, 2)`.
        if !call.args.is_empty() && !call.args.iter().any(|argument| self.mentions_row(argument)) {
            return None;
        }
        let wants = wanted(call, &name, takes);
        Some(in_place(call, format!("`{name}` {wants}")))
    }

    /// The error for a setting that is not one: of the row, or out of its bounds.
    fn wrong_setting(&self, call: &ExprCall, name: &str, takes: &[Takes]) -> Option<Expr> {
        if call.args.len() != takes.len() {
            return None;
        }
        let setting = call.args.iter().zip(takes).find(|(_, takes)| **takes == Takes::Setting)?.0;
        let form = name.trim_end_matches("_if");
        let with_setting = |setting: &str| {
            let arguments = call.args.iter().zip(takes).map(|(argument, takes)| match takes {
                Takes::Setting => setting.to_owned(),
                _ => written(argument),
            });
            format!("{name}({})", arguments.collect::<Vec<_>>().join(", "))
        };
        if self.mentions_row(setting) {
            let message = match form {
                "quantile" => format!(
                    "which quantile is the same for all rows, and the second argument: write `{name}({})`",
                    example("0.99", takes)
                ),
                _ => format!(
                    "the cap is the same for all rows, and the second argument: write `{name}({})`",
                    example("100", takes)
                ),
            };
            return Some(in_place(setting, message));
        }
        if matches!(setting, Expr::Array(_) | Expr::Tuple(_) | Expr::Reference(_)) && form == "quantile" {
            let message = format!("each quantile is a field of its own: write `{}`", with_setting("0.99"));
            return Some(in_place(setting, message));
        }
        let number = literal(setting)?;
        let message = match form {
            "quantile" if (1.0..=100.0).contains(&number) && number != 1.0 => {
                format!(
                    "a quantile is given as a part from 0.0 to 1.0: write `{}`",
                    with_setting(&(number / 100.0).to_string())
                )
            }
            "quantile" if !(0.0..=1.0).contains(&number) => {
                format!(
                    "a quantile is given as a part from 0.0 to 1.0: the 99th percentile is `{}`",
                    with_setting("0.99")
                )
            }
            "quantile" if matches!(setting, Expr::Lit(ExprLit { lit: Lit::Int(_), .. })) => {
                format!("a quantile is given as an `f64`: write `{}`", with_setting(&format!("{number:.1}")))
            }
            "collect" if number < 1.0 => "the cap is how many values a window may have, from 1 on".to_owned(),
            _ => return None,
        };
        Some(in_place(setting, message))
    }
}

/// Adds the value that is missing where by what it is chosen was given alone.
fn with_the_value(values: &mut Vec<String>, name: &str, takes: &[Takes]) {
    if takes.get(values.len()) != Some(&Takes::Value) {
        return;
    }
    let row = values[0].split('.').next().unwrap_or("p").to_owned();
    match name.contains("_by") {
        true => values.insert(0, format!("{row}.shop")),
        false => values.push(format!("{row}.pieces")),
    }
}

/// Whether an aggregate gives an `Option`, whatever it is given.
fn may_have_no_value(name: &str) -> bool {
    match name {
        "variance" | "stddev" | "weighted_mean" => true,
        "count_if" | "sum_if" | "distinct_if" | "approx_distinct_if" | "collect_if" => false,
        name => name.ends_with("_if"),
    }
}

/// The error for `count(distinct(..))`.
fn distinct_in_a_count(call: &ExprCall, name: &str) -> Option<Expr> {
    let Some(Expr::Call(inner)) = call.args.first().filter(|_| name == "count") else { return None };
    let is_distinct = matches!(&*inner.func, Expr::Path(callee) if callee.path.is_ident("distinct"));
    is_distinct.then(|| {
        let message =
            format!("the number of different values is an aggregate of its own: write `{}`", written(inner));
        in_place(call, message)
    })
}

/// Arguments as they are meant.
fn example(setting: &str, takes: &[Takes]) -> String {
    let argument = |takes: &Takes| match takes {
        Takes::Value => "p.amount",
        Takes::Setting => setting,
        Takes::Condition => "p.paid",
    };
    takes.iter().map(argument).collect::<Vec<_>>().join(", ")
}

/// The number that an expression is, if it is written as one.
fn literal(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Float(number), .. }) => number.base10_parse().ok(),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
            number.base10_parse::<u64>().ok().map(|number| number as f64)
        }
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => literal(expr).map(|number| -number),
        Expr::Paren(paren) => literal(&paren.expr),
        _ => None,
    }
}

/// What an aggregate takes, and what to write.
fn wanted(call: &ExprCall, name: &str, takes: &[Takes]) -> String {
    let condition =
        if takes.last() == Some(&Takes::Condition) { (", p.paid", ", and a condition") } else { ("", "") };
    let form = name.trim_end_matches("_if");
    match (form, takes) {
        ("count", []) => "counts rows, and takes no value: write `count()`; `count_if(p.paid)` counts those for which something holds".to_owned(),
        ("count", _) => "takes a condition: write `count_if(p.paid)`".to_owned(),
        ("min" | "max", [Takes::Value]) if call.args.len() == 2 => {
            let values = written(&call.args);
            format!(
                "takes one value: several together are a tuple, `{name}(({values}))`, which goes by the first of them first; a value of the \
                 row that has the {} of another is `{name}_by(p.shop, p.amount)`",
                if name == "min" { "least" } else { "greatest" }
            )
        }
        ("min" | "max" | "first" | "last", [Takes::Value]) if call.args.len() > 1 => {
            let tuple = format!("{name}(({}))", written(&call.args));
            let goes_by = if name.starts_with('m') { ", which goes by the first of them first" } else { "" };
            format!("takes one value: several together are a tuple, `{tuple}`{goes_by}")
        }
        ("distinct", [Takes::Value]) if call.args.len() > 1 => {
            let tuple = format!("{name}(({}))", written(&call.args));
            format!("takes one value: several together are a tuple, `{tuple}`")
        }
        ("min_by" | "max_by", _) => {
            let (code, and) = condition;
            format!("takes a value, and what it goes by{and}: `{name}(p.shop, p.amount{code})` gives the shop of the {} amount", if form == "min_by" { "least" } else { "greatest" })
        }
        ("collect", _) => {
            let (code, and) = condition;
            format!("keeps each value, so it takes a cap beside the value{and}: write `{name}(p.shop, 100{code})`; a window with more values than that stops the run")
        }
        ("quantile", _) => {
            let (code, and) = condition;
            format!("takes a value, and which part of the values lie below, from 0.0 to 1.0{and}: write `{name}(p.amount, 0.99{code})`, or 0.5 for the median")
        }
        ("weighted_mean", _) => {
            let (code, and) = condition;
            format!("takes a value and its weight{and}: write `{name}(p.price, p.pieces{code})`")
        }
        ("approx_distinct", [Takes::Value]) if call.args.len() == 2 && literal(&call.args[1]).is_some() => {
            format!("takes a value alone, as its error is 1.6 % everywhere: write `{name}({})`", written(&call.args[0]))
        }
        (_, [Takes::Value]) => {
            format!("takes one value: write `{name}(p.amount)`; several become one before, `{name}(p.price * p.pieces)`")
        }
        _ => format!("takes a value and a condition: write `{name}(p.amount, p.paid)`"),
    }
}

/// The error for `sum::<i64>(..)`.
pub(super) fn with_a_type(call: &ExprCall, callee: &syn::Path) -> Option<Expr> {
    let segment = callee.segments.first().filter(|_| callee.segments.len() == 1)?;
    let name = segment.ident.to_string();
    if segment.arguments.is_none() || !is_aggregate_name(&name) {
        return None;
    }
    let message =
        format!("an aggregate's type follows from its value: write `{name}({})`", written(&call.args));
    Some(in_place(&segment.arguments, message))
}

/// The aggregate that `SUM(..)` or `Count()` means.
pub(super) fn in_other_letters(call: &ExprCall) -> Option<String> {
    let Expr::Path(callee) = &*call.func else { return None };
    let written = callee.path.get_ident()?.to_string();
    let small = written.to_lowercase();
    (written != small && is_aggregate_name(&small)).then_some(small)
}

/// The error for a name that is given as in SQL, `sum(p.amount) as total`.
pub(super) fn renamed(cast: &ExprCast) -> Option<Expr> {
    let Type::Path(ty) = &*cast.ty else { return None };
    let name = ty.path.get_ident().filter(|name| !is_type_name(name))?;
    let value = written(&cast.expr);
    contains_aggregate(&cast.expr).then(|| {
        let message = format!(
            "a value is named by the field that it is given to, `{name}: {value}`; `as` turns it into another type, such as `f64`"
        );
        in_place(name, message)
    })
}

/// The error for what other systems say behind an aggregate: which rows count, and what it is called.
pub(super) fn of_an_aggregate(call: &ExprMethodCall) -> Option<Expr> {
    let Expr::Call(aggregate) = &*call.receiver else { return None };
    if !is_aggregate(aggregate) {
        return None;
    }
    let name = written(&aggregate.func);
    let value = aggregate.args.first().map(|value| written(value) + ", ").unwrap_or_default();
    let message = match call.method.to_string().as_str() {
        "filter" | "where_" | "having" | "only_if" | "when" => {
            let form = name.trim_end_matches("_if");
            format!(
                "which rows count is said in the aggregate: write `{form}_if({value}p.paid)`, with the condition in the place of `p.paid`"
            )
        }
        "over" | "window" => {
            "the rows of an aggregate are those of the window, or of the `.over(last(5m))`, before the `.select(..)`".to_owned()
        }
        "alias" | "as_" | "named" | "name" => {
            "a value is named by the field that it is given to, such as `total: sum(p.amount)`".to_owned()
        }
        "distinct" => {
            "different values are counted by an aggregate of their own, `distinct(p.shop)`".to_owned()
        }
        _ => return None,
    };
    Some(in_place(&call.method, message))
}

/// The error for a `.select(|w, p| ..)` behind `.over(..)` that is written as that of a window.
pub(super) fn swapped(closure: &ExprClosure, first: Option<&Ident>, second: Option<&Ident>) -> Option<Expr> {
    struct Asked<'a>(&'a Ident, bool);
    impl<'a> Visit<'a> for Asked<'_> {
        fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
            let of_it = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident(self.0));
            self.1 |=
                of_it && call.args.is_empty() && WINDOW_PROPERTIES.iter().any(|word| call.method == word);
            syn::visit::visit_expr_method_call(self, call);
        }
    }
    let first = first.filter(|first| ["w", "window", "win"].iter().any(|name| first == name))?;
    let mut asked = Asked(first, false);
    asked.visit_expr(&closure.body);
    asked.1.then(|| {
        let second = second.map_or_else(|| "p".to_owned(), ToString::to_string);
        let message = format!(
            "behind `.over(..)` there is no window: the row comes first, and then what it looks back over, `|{second}, {first}|`; the key is a \
             field of the row, and aggregates take their values from the other, `mean({first}.amount)`"
        );
        in_place(&closure.inputs, message)
    })
}

/// What to say of `p.amount` where one value of a whole window is wanted.
pub(super) fn bare(written: &str, is_field: bool) -> String {
    if is_field {
        format!(
            "`{written}` is one value per row, but `select` makes one row per window: wrap it in an aggregate, for example \
             `last({written})`, or put it into the key and take it from `w.key()`; what decides which rows count stands in the \
             aggregate, as in `count_if({written} == ..)`"
        )
    } else {
        format!(
            "`{written}` is one row, but `select` makes one row per window: wrap what you need of it in an aggregate, for \
             example `last({written}.field)`"
        )
    }
}

/// What to say of `w.amount` behind `.over(..)`, where one value of many rows is wanted.
pub(super) fn bare_of_frame(written: &str, rows: &Ident, row: Option<&Ident>) -> String {
    let row = row.map_or_else(|| "p".to_owned(), ToString::to_string);
    let field = written.strip_prefix(&format!("{rows}."));
    match field {
        Some(field) => format!(
            "`{written}` is of many rows, those that `{row}` looks back over: wrap it in an aggregate, for example `mean({written})`, or \
             write `{row}.{field}` for that of the row itself"
        ),
        None => format!(
            "`{written}` stands for many rows, those that `{row}` looks back over: aggregates take their values from it, for example \
             `mean({written}.field)`"
        ),
    }
}

/// What to say of an aggregate behind `.over(..)` that takes something of the row itself.
pub(super) fn of_the_row(row: &Ident, rows: Option<&Ident>, values: &[Expr]) -> String {
    let name = rows.map_or_else(|| "w".to_owned(), ToString::to_string);
    match rows.filter(|rows| values.iter().any(|value| mentions(value, rows))) {
        Some(_) => format!(
            "an aggregate takes its value from one of the rows that `{name}` stands for, which does not know `{row}`, the row that looks \
             back: use `{row}` outside of it"
        ),
        None => format!(
            "`{row}` is one row, and an aggregate goes over all that it looks back over: write `{name}` in the place of `{row}`, where \
             `|{row}, {name}|` names them; the row's own value stands without an aggregate"
        ),
    }
}
