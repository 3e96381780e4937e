//! What an aggregate in a `.select(..)` is given, and cannot be: names of nothing, references, closures, settings out of their bounds, too much or
//! too little.

use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprLit, ExprUnary, Ident, Lit, UnOp};

use crate::diagnostics::in_place;
use crate::vocabulary::{Takes, WINDOW_PROPERTIES, is_aggregate, is_aggregate_name, taken_by};
use crate::written::written;

use super::{Extract, Of, contains_aggregate, text};

impl Extract<'_> {
    /// The error for `sum(payment.amount)` where the row is called otherwise.
    fn of_another_name(&self, argument: &Expr) -> Option<Expr> {
        fn root(value: &Expr) -> Option<&Ident> {
            match value {
                Expr::Field(field) => root(&field.base),
                Expr::Path(path) => path.path.get_ident(),
                _ => None,
            }
        }
        let Expr::Field(field) = argument else { return None };
        let (name, row) = (root(argument)?, self.row?);
        let is_unknown =
            !self.known.contains(name) && name.to_string().starts_with(char::is_lowercase) && name != "self";
        is_unknown.then(|| {
            let message = format!(
                "`{name}` is no name here: the row is called `{row}`, and its field `{row}.{}`",
                quote::ToTokens::to_token_stream(&field.member)
            );
            in_place(name, message)
        })
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
        if let Some(Expr::Lit(literal)) = call.args.first()
            && (call.args.len() == 1 || matches!(literal.lit, Lit::Str(_)))
            && is_aggregate_name(&name)
        {
            return Some(in_place(literal, self.the_same_for_all(call, &literal.lit)));
        }
        if ["len", "length"].contains(&name.as_str())
            && call.args.iter().all(|argument| self.mentions_row(argument))
        {
            let row = self.row.map_or_else(|| "p".to_owned(), ToString::to_string);
            let message = format!(
                "rows are counted by `count()`; how long a text is says `{row}.shop.len()`, in an aggregate, such as `max({row}.shop.len())`"
            );
            return Some(in_place(&call.func, message));
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
        let error = distinct_in_a_count(call, &name).or_else(|| of_an_aggregate(call));
        if let Some(error) = error.or_else(|| self.wrong_argument(call, &name)) {
            return Some(error);
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

    /// What to say of an aggregate of a number, or of a text, which may be the name of a field.
    fn the_same_for_all(&self, call: &ExprCall, value: &Lit) -> String {
        let row = self.row.map_or_else(|| "p".to_owned(), ToString::to_string);
        let (called, name) = (written(call), text(&call.func));
        let field = match value {
            Lit::Str(text) => syn::parse_str::<Ident>(&text.value()).ok(),
            _ => None,
        };
        match field {
            Some(_) if name == "count" => {
                "`count` counts rows, and takes no value: write `count()`".to_owned()
            }
            Some(field) => {
                let others = call.args.iter().skip(1).map(|argument| format!(", {}", written(argument)));
                let others: String = others.collect();
                format!(
                    "a field is named by itself, and not by a text: write `{name}({row}.{field}{others})`"
                )
            }
            None => format!(
                "`{called}` takes a value of each row, and this is the same for all: rows are counted by `count()`, and those for which something \
                 holds by `count_if({row}.paid)`"
            ),
        }
    }

    /// The error for an argument by a name that nothing has, or lent.
    fn wrong_argument(&self, call: &ExprCall, name: &str) -> Option<Expr> {
        if let Some(Expr::MethodCall(lent)) = call.args.first()
            && ["as_str", "as_ref", "as_deref", "as_slice", "trim"].iter().any(|word| lent.method == word)
            && self.mentions_row(&lent.receiver)
            && ["min", "max", "first", "last", "collect", "min_by", "max_by"]
                .contains(&name.trim_end_matches("_if"))
        {
            let value = written(&lent.receiver);
            let message = match lent.method == "trim" {
                true => format!(
                    "an aggregate keeps values, and this is only lent: write `{value}.trim().to_owned()`"
                ),
                false => format!("an aggregate keeps values, and this is only lent: write `{value}`"),
            };
            return Some(in_place(&lent.method, message));
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
        if let Some(error) = call.args.iter().find_map(|argument| self.of_another_name(argument)) {
            return Some(error);
        }
        if let Some(Expr::Reference(lent)) =
            call.args.iter().find(|argument| matches!(argument, Expr::Reference(_)))
        {
            let values = call.args.iter().map(|argument| match argument {
                Expr::Reference(lent) => written(&lent.expr),
                other => written(other),
            });
            let values = values.collect::<Vec<_>>().join(", ");
            let message =
                format!("an aggregate takes a value as it is, without `&`: write `{name}({values})`");
            return Some(in_place(lent.and_token, message));
        }
        None
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

/// A value as a method is asked of it.
fn asked(value: &Expr) -> String {
    match value {
        Expr::Path(_)
        | Expr::Field(_)
        | Expr::MethodCall(_)
        | Expr::Call(_)
        | Expr::Paren(_)
        | Expr::Index(_) => written(value),
        _ => format!("({})", written(value)),
    }
}

/// The error for `max(count())`.
fn of_an_aggregate(call: &ExprCall) -> Option<Expr> {
    struct Inner<'a>(Option<&'a ExprCall>);
    impl<'a> Visit<'a> for Inner<'a> {
        fn visit_expr_call(&mut self, call: &'a ExprCall) {
            match is_aggregate(call) {
                true => _ = self.0.get_or_insert(call),
                false => visit::visit_expr_call(self, call),
            }
        }
    }
    // With another number of arguments it is another function, `max(sum(p.paid), sum(p.owed))`.
    if !is_aggregate(call) {
        return None;
    }
    let mut search = Inner(None);
    call.args.iter().for_each(|argument| search.visit_expr(argument));
    let (outer, inner) = (written(&call.func), search.0?);
    let name = written(&inner.func);
    let message = format!(
        "an aggregate takes values of rows, not another aggregate: `{name}` makes rows of its own first, \
         `let counts = rows.group_by(|p| (p.shop, p.card)).window(tumbling(1h)).select(..);`, and `{outer}` takes a field of those in a second window, \
         `counts.group_by(|c| c.shop).window(tumbling(1h)).select(..)`; the rows of each window with the most are `counts.per_window().max_by(|c| c.n)`. A \
         function of your own is called by its path, `self::{name}(..)`"
    );
    Some(in_place(&inner.func, message))
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
            let (values, other) = (written(&call.args), written(&call.args[1]));
            let (which, one) = if form == "min" { ("least", "lesser") } else { ("greatest", "greater") };
            format!(
                "takes one value: the {one} of two of each row is `{name}({}.{form}({other}))`; what the row with the {which} of one value has of another \
                 is `{name}_by(p.shop, p.amount)`, and several together are a tuple, `{name}(({values}))`, which goes by the first of them first",
                asked(&call.args[0])
            )
        }
        ("first" | "last", [Takes::Value]) if call.args.len() == 2 => {
            let (value, other) = (written(&call.args[0]), written(&call.args[1]));
            let (by, which) = if form == "first" { ("min_by", "least") } else { ("max_by", "greatest") };
            format!(
                "takes one value, and goes by event time: write `{name}({value})`; that of the row with the {which} of another is `{by}({value}, {other})`, and \
                 several together are a tuple, `{name}(({value}, {other}))`"
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
        (_, [Takes::Value]) if call.args.len() == 2 => {
            let (value, other) = (written(&call.args[0]), written(&call.args[1]));
            format!(
                "takes one value: write `{name}({value})`, or `{name}_if({value}, {other})` if `{other}` says which rows count; several become one before, \
                 `{name}(p.price * p.pieces)`"
            )
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
