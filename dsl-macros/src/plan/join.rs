//! The steps of a join, and its `.select(..)`: what is given to them where the user's words say more than their types.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, ExprMethodCall, ExprRange, ExprUnary, Lit, RangeLimits, UnOp};

use crate::ast::{Parameter, is_called_in};
use crate::diagnostics::in_place;
use crate::duration::is_unit;
use crate::vocabulary::{JoinKind, LOOKUP, STEPS_OF_A_JOIN, join_of};
use crate::written::written;

use super::arguments::{lent_key, without_unit};
use super::closure::{parameter_length, parameter_of};
use super::names::Names;
use super::no_closure::no_closure;
use super::{join_select, lookup, topic_argument};

/// Puts errors in the place of arguments that a step cannot take.
pub(super) fn check_step(call: &mut ExprMethodCall) {
    let step = call.method.to_string();
    let number = if step == "on" { 2 } else { 1 };
    if let Some((at, message)) = of_wrong_number(call, &step, number) {
        let is_key =
            |argument: &Expr| matches!(argument, Expr::Closure(closure) if closure.inputs.len() == 1);
        if step == "on" && call.args.len() == 1 && call.args.iter().all(is_key) {
            // The right key is still to be written: the left one stays, where an editor is asked for its fields.
            call.args.push(in_place(at, message));
            return;
        }
        // Told once, and of whatever types are wanted.
        call.args = std::iter::repeat_n(in_place(at, message), number).collect();
        return;
    }
    for argument in &mut call.args {
        let message = match step.as_str() {
            "on" => no_key(argument),
            "between" => no_range(argument),
            "at_most" => no_number(argument),
            _ => None,
        };
        match (message, argument) {
            (Some(message), argument) => *argument = in_place(&*argument, message),
            (None, Expr::Range(range)) => ends_without_unit(range),
            _ => {}
        }
    }
}

/// What is wrong with a call of `join`, or of another kind of joins, that is not given one stream: what stands behind it can only be misunderstood.
pub(super) fn refused(call: &ExprMethodCall, names: &Names) -> Option<String> {
    let word = join_of(&call.method)?.word;
    if word == LOOKUP {
        return lookup::refused(call);
    }
    Some(match call.args.first() {
        None => format!(
            "a join takes the other stream: `left.{word}(right).on(|l| l.id, |r| r.id).between(0s..=1h)`"
        ),
        Some(right) if call.args.len() == 1 && is_grouping(&call.receiver) && is_grouping(right) => format!(
            "the keys of a join are given behind it, and not by groups: leave both groupings out, and write `left.{word}(right).on(|l| l.id, \
             |r| r.id).between(0s..=4h)`"
        ),
        Some(side) if call.args.len() == 1 && names.is_side(side) => {
            let side = written(side);
            format!(
                "a side table has no times by which its rows could meet others: look each row up in it, `rows.lookup({side}).on(|row| row.id, |a| \
                 a.id)`, or join its topic as a stream, `source(..)`"
            )
        }
        Some(topic) if call.args.len() == 1 => {
            return topic_argument::is_asked(topic).then(|| {
                let topic = written(topic);
                format!(
                    "a topic is not yet a stream: write `.{word}(source({topic}).lateness(10s).late_drop())`"
                )
            });
        }
        Some(_) => format!(
            "a join takes one other stream, and the keys of both stand behind it: `left.{word}(right).on(|l| l.id, |r| r.id)`"
        ),
    })
}

/// What is said of a method behind a join that passes left rows on, where it is taken for one that makes rows.
pub(super) fn behind_passed_rows(call: &ExprMethodCall) -> Option<&'static str> {
    match call.method.to_string().as_str() {
        "select" => Some(
            "a semi join and an anti join pass the left rows on as they are, and know nothing of the right ones: leave the `.select(..)` out, \
             and make other rows of them with `.map(|l| Row { id: l.id })`; where fields of both are wanted, it is a `.join(..)` or a \
             `.left_join(..)`",
        ),
        "at_most" => Some(
            "a semi join and an anti join pass each left row on once at most, whatever it meets: leave this out",
        ),
        _ => None,
    }
}

fn is_grouping(chain: &Expr) -> bool {
    matches!(chain, Expr::MethodCall(call) if call.method == "group_by")
}

/// What is said of a method of a join, before its `.select(..)`, that is no step of it or stands in the wrong place.
pub(super) fn no_step(call: &ExprMethodCall, kind: &JoinKind) -> Option<&'static str> {
    if kind.word == LOOKUP {
        return lookup::no_step(call);
    }
    if is_out_of_order(call) {
        return Some(
            "the keys of a join come before its range of time: write `.on(|l| l.id, |r| r.id).between(0s..=1h)`",
        );
    }
    let word = call.method.to_string();
    if STEPS_OF_A_JOIN.contains(&word.as_str())
        && stands_in(&call.receiver, &word)
        && join_of(&call.method).is_none()
    {
        return Some("a join is given its keys once, and its range of time once: leave one of them out");
    }
    if (word == "between" && stands_in(&call.receiver, "window"))
        || (word == "window" && stands_in(&call.receiver, "between"))
    {
        return Some(
            "rows of a join meet that are so far apart, `.between(0s..=1h)`, or that lie in the same window, `.window(tumbling(1h))`: leave one \
             of the two out",
        );
    }
    if word == "window"
        && !stands_in(&call.receiver, "on")
        && matches!(call.receiver.as_ref(), Expr::MethodCall(before) if STEPS_OF_A_JOIN.iter().any(|step| before.method == step))
    {
        return Some(
            "the keys of a join come before its windows: write `.on(|l| l.id, |r| r.id).window(tumbling(10s))`",
        );
    }
    if kind.may_miss.is_none() && ["select", "at_most"].iter().any(|other| word == *other) {
        return Some(
            "a semi join and an anti join are complete behind `.on(|l| l.id, |r| r.id).between(0s..=1h)`, and pass the left rows on as they \
             are: write these in the place of this",
        );
    }
    NO_STEPS
        .iter()
        .find(|(words, _)| words.split_whitespace().any(|known| known == word))
        .map(|(_, says)| *says)
}

/// Whether the keys are given behind the range.
pub(super) fn is_out_of_order(call: &ExprMethodCall) -> bool {
    let is_behind = |step| stands_in(&call.receiver, step);
    call.method == "on" && (is_behind("between") || is_behind("window")) && !is_behind("on")
}

/// Whether a join meets in windows; `None` if that cannot be seen here.
fn is_windowed(chain: &Expr) -> Option<bool> {
    match chain {
        Expr::MethodCall(call) if call.method == "window" => Some(true),
        Expr::MethodCall(call) if call.method == "at_most" => is_windowed(&call.receiver),
        Expr::MethodCall(_) => Some(false),
        _ => None,
    }
}

/// Whether a step of a join stands in front.
pub(super) fn stands_in(chain: &Expr, step: &str) -> bool {
    is_called_in(chain, step, |method| {
        method == "window" || STEPS_OF_A_JOIN.iter().any(|known| method == known)
    })
}

/// What people take for the steps of a join, and what to write instead.
const NO_STEPS: &[(&str, &str)] = &[
    (
        "within windowed time_window within_window",
        "how far apart the times of joined rows may lie is `.between(0s..=1h)`, the right row's time less the left row's; rows of one window \
         meet with `.window(tumbling(10s))` in its place",
    ),
    (
        "lateness late_drop late_to idle undecodable",
        "a source's settings stand right behind it, `source(Payments).lateness(10s).late_drop()`, before it is joined",
    ),
    (
        "where_ when equals equal equal_to equalTo using by key keys on_key with_key",
        "the keys of a join are `.on(|l| l.id, |r| r.id)`, one for each side; rows meet where these are equal",
    ),
    (
        "filter having group_by",
        "a join has no rows before its `.select(..)`: what else has to hold of a pair is a `.filter(..)` behind that, and its rows are grouped there, too",
    ),
    (
        "map flat_map apply with project process map_pair reduce fold",
        "the row of each pair is made by `.select(|l, r| Row { id: l.id, of: r.of })`",
    ),
    (
        "left right outer full inner left_outer semi anti",
        "which join it is is said by its first word: `left.join(right)`, `.left_join(..)`, `.right_join(..)`, `.full_join(..)`, \
         `.semi_join(..)` or `.anti_join(..)`",
    ),
];

/// Puts errors in the place of what is no closure of two rows, or takes them for something else.
pub(super) fn check_select(call: &mut ExprMethodCall, kind: Option<&JoinKind>, parameters: &[Parameter]) {
    let of_pairs = kind.and_then(|kind| kind.may_miss).unwrap_or_default() == (false, false);
    let is_single = call.args.len() == 1;
    let windowed = is_windowed(&call.receiver);
    let is_right = |inputs: usize| match windowed {
        Some(windowed) => inputs == if windowed { 3 } else { 2 },
        None => inputs == 2 || inputs == 3,
    };
    let message = match call.args.first_mut() {
        Some(Expr::Closure(closure)) if is_single && is_right(closure.inputs.len()) => {
            if let Some((at, message)) = join_select::mistake(closure, of_pairs, parameters) {
                *closure.body = in_place(at, message);
            }
            return;
        }
        Some(Expr::Path(_)) if is_single => return,
        _ if kind.is_some_and(|kind| kind.word == LOOKUP) => lookup::SELECT,
        _ if windowed == Some(true) => {
            "the `.select(..)` of a join in windows takes a closure of the window, a left and a right row, `.select(|w, l, r| Row { from: \
             w.start(), id: l.id, of: r.of })`"
        }
        _ => {
            "the `.select(..)` of a join takes a closure of a left and a right row, `.select(|l, r| Row { id: l.id, of: r.of })`"
        }
    };
    let at = match call.args.is_empty() {
        true => call.method.to_token_stream(),
        false => call.args.to_token_stream(),
    };
    call.args = std::iter::once(in_place(at, message)).collect();
}

fn of_wrong_number(call: &ExprMethodCall, step: &str, number: usize) -> Option<(TokenStream, String)> {
    let at = match call.args.iter().nth(number) {
        Some(extra) => extra.to_token_stream(),
        None if call.args.len() < number => match call.args.first() {
            Some(only) => only.to_token_stream(),
            None => call.method.to_token_stream(),
        },
        None => return None,
    };
    let message = match (step, call.args.first()) {
        ("between", Some(from)) if call.args.len() == 2 => {
            let (from, to) = (written(from), written(&call.args[1]));
            format!("the times of a join are one range, whose ends belong to it: write `.between({from}..={to})`")
        }
        ("at_most", _) => "how many rows of the other side one row may meet is one number: `.at_most(1_000)`".to_owned(),
        ("between", _) => {
            "how far apart the times may lie is one range, such as `.between(-1h..=4h)`".to_owned()
        }
        ("on", Some(Expr::Closure(closure))) if closure.inputs.len() == 2 => {
            "rows of a join meet where their keys are equal, and each side has a closure that gives its key: write \
             `.on(|l| l.id, |r| r.id)`; what else has to hold of a pair is a `.filter(..)` behind the `.select(..)`"
                .to_owned()
        }
        _ => {
            "a join has a key of each side, `.on(|l| l.id, |r| r.id)`; several fields are a tuple, \
             `.on(|l| (l.id, l.day), |r| (r.id, r.day))`"
                .to_owned()
        }
    };
    Some((at, message))
}

/// What is no closure of one row.
fn no_key(argument: &Expr) -> Option<String> {
    match argument {
        Expr::Closure(closure) if closure.inputs.len() != 1 => Some(
            "the key of each side is a closure of one row of it: write `.on(|l| l.id, |r| r.id)`".to_owned(),
        ),
        other => lent_key(other, "on").or_else(|| no_closure(other, "on", &[])),
    }
}

/// What is no number of rows.
fn no_number(argument: &Expr) -> Option<String> {
    match argument {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if is_unit(number.suffix()) => Some(
            "this is how many rows of the other side one row may meet, and no time: write `.at_most(1_000)`; how far apart the times may \
             lie is `.between(..)`"
                .to_owned(),
        ),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.base10_digits() == "0" => {
            Some("a join whose rows may meet no row makes none: allow at least `1`".to_owned())
        }
        _ => None,
    }
}

/// Whether an end of a range is a field of what closures call their rows: a parameter of the pipeline has a longer name.
fn is_of_a_row(end: &Expr) -> bool {
    let Expr::Field(field) = end else { return false };
    let Expr::Path(row) = &*field.base else { return false };
    row.path
        .get_ident()
        .is_some_and(|row| row.to_string().chars().count() == 1 || row == "left" || row == "right")
}

/// What is no range with two ends that belong to it.
fn no_range(argument: &Expr) -> Option<String> {
    let range = match argument {
        Expr::Range(range) => range,
        Expr::Paren(inner) => return no_range(&inner.expr),
        Expr::Lit(_) | Expr::Unary(_) => {
            let length = written(argument);
            let length = length.trim_start_matches('-');
            return Some(without_unit(argument).unwrap_or_else(|| {
                format!(
                    "how far apart the times may lie is a range of the right row's time less the left row's: `0s..={length}` for what \
                     comes up to `{length}` later, `-{length}..={length}` for both directions"
                )
            }));
        }
        Expr::Call(call) if makes_a_foreign_range(&call.func) => {
            let length = call.args.first().map_or_else(|| "4h".to_owned(), written);
            return Some(format!(
                "how far apart the times may lie is a range, which is written as one: `.between(-{length}..={length})` for both directions"
            ));
        }
        Expr::Tuple(_) | Expr::Array(_) | Expr::Closure(_) => {
            return Some("the times of a join are a range, such as `.between(-1h..=4h)`".to_owned());
        }
        _ => return None,
    };
    if [&range.start, &range.end].into_iter().flatten().any(|end| is_of_a_row(end)) {
        return Some(
            "the ends of the range are lengths of time, and not instants of rows: what follows within four hours is `.between(0s..=4h)`, of the right row's time less the left row's"
                .to_owned(),
        );
    }
    let (from, to) = (range.start.as_ref().map(written), range.end.as_ref().map(written));
    match (from, to, range.limits) {
        (Some(_), Some(_), RangeLimits::Closed(_)) => None,
        (Some(from), Some(to), RangeLimits::HalfOpen(_)) => {
            Some(format!("both ends belong to the range of a join: write `{from}..={to}`"))
        }
        (from, to, _) => {
            let from = from.unwrap_or_else(|| "0s".to_owned());
            let to = to.unwrap_or_else(|| "4h".to_owned());
            Some(format!(
                "a join keeps rows as long as its range says, so that it has two ends: for example `{from}..={to}`"
            ))
        }
    }
}

/// Whether it is a function by which other systems say how far apart the times of joined rows may lie.
fn makes_a_foreign_range(function: &Expr) -> bool {
    const TYPES: &[&str] =
        &["JoinWindows", "TimeWindows", "SlidingWindows", "Interval", "TimeInterval", "TimeRange"];
    matches!(function, Expr::Path(path) if path.path.segments.first().is_some_and(|first| TYPES.iter().any(|known| first.ident == known)))
}

/// Takes ends that are parameters, or the same as far in the past, as lengths of time: of the library's type or of std's.
pub(super) fn lengths_of_ends(range: &mut Expr, parameters: &[Parameter]) {
    match range {
        Expr::Range(range) => {
            [&mut range.start, &mut range.end]
                .into_iter()
                .flatten()
                .for_each(|end| length_of_end(end, parameters));
        }
        Expr::Paren(inner) => lengths_of_ends(&mut inner.expr, parameters),
        _ => {}
    }
}

fn length_of_end(end: &mut Expr, parameters: &[Parameter]) {
    match end {
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => length_of_end(expr, parameters),
        Expr::Paren(inner) => length_of_end(&mut inner.expr, parameters),
        end => {
            if let Some(parameter) = parameter_of(end, parameters) {
                *end = parameter_length(parameter, end.span());
            }
        }
    }
}

/// Puts errors in the place of ends that have no unit.
fn ends_without_unit(range: &mut ExprRange) {
    for end in [&mut range.start, &mut range.end].into_iter().flatten() {
        let number = match &mut **end {
            Expr::Unary(negative) => &mut negative.expr,
            _ => end,
        };
        if let Some(message) = without_unit(number) {
            **number = in_place(&**number, message);
        }
    }
}
