//! What stands in a `.select(..)` and cannot: names of nothing, words of other systems, aggregates that are given too much.

use syn::visit::Visit;
use syn::{
    BinOp, Expr, ExprBinary, ExprCall, ExprCast, ExprClosure, ExprMethodCall, ExprReturn, ExprTry, Ident,
    Type,
};

use crate::diagnostics::in_place;
use crate::vocabulary::{WINDOW_PROPERTIES, is_aggregate, is_aggregate_name};
use crate::written::written;

use super::{Extract, Of, contains_aggregate, is_type_name};
use crate::plan::row_value;
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

    /// The error for the window itself, where something of it is wanted.
    pub(super) fn whole_window(&self, value: &Expr) -> Option<Expr> {
        let Expr::Path(path) = value else { return None };
        let window = self.window.filter(|window| self.of == Of::Window && path.path.is_ident(*window))?;
        let message = format!(
            "`{window}` is the window: what its rows are grouped by is `{window}.key()`, and its ends are `{window}.start()` and `{window}.end()`"
        );
        Some(in_place(value, message))
    }

    /// The error for `sum(p.amount)?`.
    pub(super) fn question_mark(&self, question: &ExprTry) -> Option<Expr> {
        let Expr::Call(call) = &*question.expr else { return None };
        let is_aggregate = is_aggregate(call);
        is_aggregate.then(|| {
            let message = "an aggregate does not fail, and a `.select(..)` gives a row in any case: leave `?` out, and say what stands in for a value that may \
                           be missing, `.unwrap_or(0)`";
            in_place(question.question_token, message)
        })
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
}

/// Whether an aggregate gives an `Option`, whatever it is given.
fn may_have_no_value(name: &str) -> bool {
    match name {
        "variance" | "stddev" | "weighted_mean" => true,
        "count_if" | "sum_if" | "distinct_if" | "approx_distinct_if" | "collect_if" => false,
        name => name.ends_with("_if"),
    }
}

/// Whether an aggregate gives a value of whatever rows, and none at all.
fn always_has_a_value(name: &str) -> bool {
    ["count", "sum", "distinct", "approx_distinct", "collect"].contains(&name.trim_end_matches("_if"))
}

/// The error for a `.select(..)` that gives a row or none.
pub(super) fn row_or_none(body: &Expr) -> Option<Expr> {
    let told = |at: &Expr| {
        in_place(
            at,
            "`.select(..)` makes one row of each window, and no `Option`: leave `Some(..)` out, and the windows that are not wanted by a \
             `.filter(|row| row.total > 100)` behind it",
        )
    };
    match body {
        Expr::Path(path) if path.path.is_ident("None") => Some(told(body)),
        Expr::Call(call) if matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Some")) => {
            Some(told(&call.func))
        }
        Expr::Block(block) => tail(&block.block).and_then(row_or_none),
        Expr::If(choice) => {
            let otherwise = choice.else_branch.as_ref().map(|(_, otherwise)| otherwise);
            let Some(otherwise) = otherwise else {
                return Some(in_place(
                    choice.if_token,
                    "`.select(..)` makes a row of each window, so an `if` has an `else`: the windows that are not wanted are left out behind \
                     it, by a `.filter(|row| row.total > 100)`",
                ));
            };
            tail(&choice.then_branch).and_then(row_or_none).or_else(|| row_or_none(otherwise))
        }
        Expr::Match(choice) => choice.arms.iter().find_map(|arm| row_or_none(&arm.body)),
        Expr::Paren(inner) => row_or_none(&inner.expr),
        _ => None,
    }
}

fn tail(block: &syn::Block) -> Option<&Expr> {
    match block.stmts.last() {
        Some(syn::Stmt::Expr(tail, None)) => Some(tail),
        _ => None,
    }
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
    if let Some((at, message)) = row_value::rounded_to_places(call) {
        return Some(in_place(at, message));
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
        "cumsum" | "cummax" | "cummin" | "cumcount" | "rolling" | "diff" | "pct_change" | "lag" | "lead" | "shift" | "running" => {
            "rows look back over those before them by `.over(..)`, in the place of `.window(..)`: `.group_by(|p| p.card).over(last(1h)).select(|p, w| Row { total: \
             sum(w.amount), .. })`"
                .to_owned()
        }
        "over" | "window" => {
            "the rows of an aggregate are those of the window, or of the `.over(last(5m))`, before the `.select(..)`".to_owned()
        }
        "alias" | "as_" | "named" | "name" => {
            "a value is named by the field that it is given to, such as `total: sum(p.amount)`".to_owned()
        }
        "unwrap" | "expect" | "unwrap_or" | "unwrap_or_default" if always_has_a_value(&name) => {
            format!("`{name}` always gives a value, also of no rows: leave `.{}(..)` out", call.method)
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
             example `last({written}.field)`; the key, the start and the end are the window's, `w.key()`, where `|w, {written}|` names it"
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
