//! `.over(last(5m))`: what a row looks back over. Its functions are named by their full path, as `last` is an aggregate, too.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, ExprMethodCall, LitInt, Path, parse_quote};

use crate::ast::Parameter;
use crate::diagnostics::in_place;
use crate::duration::{Duration, is_unit};
use crate::paths::runtime_aside;
use crate::vocabulary::{FRAMES, windows_of};
use crate::written::written;

use super::arguments::{integer, without_unit};
use super::closure::{parameter_length, parameter_of};

/// What to say of `.over(..)` beside `.window(..)`, and of what stands right behind it and is not its `.select(..)`.
pub(super) fn refused(word: &str, before: &str) -> Option<&'static str> {
    match (before, word) {
        ("window", "over") | ("over", "window") => Some(
            "a group is cut into windows, `.window(tumbling(1h))`, or each of its rows looks back, `.over(last(1h))`: leave one of the two out",
        ),
        ("over", "over") => {
            Some("a row looks back once: leave one of the two out, or name the group and use it twice")
        }
        ("over", "group_by") => {
            Some("grouping comes before `.over(..)`: `.group_by(|row| row.key).over(last(5m))`")
        }
        ("over", "ttl") => Some(
            "how long rows are kept is said of the frame: write `.over(last_rows(10).ttl(30d))`; `last(5m)` forgets by itself",
        ),
        ("over", word) if crate::vocabulary::is_aggregate_name(word) => Some(
            "aggregates stand in the `.select(..)` of `.over(..)`: write `.select(|p, w| Row { key: p.key, mean: mean(w.amount) })`",
        ),
        _ => None,
    }
}

/// Names the function of a frame by its full path, or puts an error in the place of what says nothing of how far a row looks back.
pub(super) fn check(call: &mut ExprMethodCall, parameters: &[Parameter]) {
    if let Some((at, message)) = of_wrong_number(call) {
        call.args = std::iter::once(in_place(at, message)).collect();
        return;
    }
    for argument in &mut call.args {
        if let Expr::MethodCall(setting) = argument {
            check_setting(setting);
        }
        let told = match frame(argument) {
            Some(frame) => check_frame(frame, parameters).map(|(at, message)| in_place(at, message)),
            None => no_frame(argument).map(|message| in_place(&*argument, message)),
        };
        if let Some(error) = told {
            *argument = error;
        }
    }
}

fn of_wrong_number(call: &ExprMethodCall) -> Option<(TokenStream, &'static str)> {
    match call.args.len() {
        0 => Some((
            call.method.to_token_stream(),
            "how far a row looks back has a bound: write `.over(last(5m))` for a length of time, `.over(last_rows(10))` for a number of rows",
        )),
        1 => None,
        _ => Some((
            call.args[1].to_token_stream(),
            "a row looks back over one thing, a length of time, `.over(last(5m))`, or a number of rows, `.over(last_rows(10))`",
        )),
    }
}

/// Puts an error in the place of a length that a setting of a frame cannot take.
fn check_setting(call: &mut ExprMethodCall) {
    for length in call.args.iter_mut().filter(|_| call.method == "ttl") {
        let nothing = integer(length).filter(|number| is_nothing(number)).map(|_| {
            "rows that are forgotten at once cannot be looked back over: give it at least `1ms`, for example `last_rows(10).ttl(30d)`"
                .to_owned()
        });
        if let Some(message) = nothing.or_else(|| without_unit(length)) {
            *length = in_place(&*length, message);
        }
    }
}

/// The call that makes a frame: `last(5m)`, also with a setting behind it.
fn frame(argument: &mut Expr) -> Option<&mut ExprCall> {
    match argument {
        Expr::Call(call) => {
            let Expr::Path(callee) = &*call.func else { return None };
            let is_frame =
                callee.path.get_ident().is_some_and(|name| FRAMES.iter().any(|frame| name == frame));
            is_frame.then_some(call)
        }
        Expr::MethodCall(setting) => frame(&mut setting.receiver),
        _ => None,
    }
}

/// Gives a frame its full path, and takes a parameter as its length of time; what is wrong with its length, and where.
fn check_frame(call: &mut ExprCall, parameters: &[Parameter]) -> Option<(TokenStream, String)> {
    let name = written(&call.func);
    let example = if name == "last" { "last(5m)" } else { "last_rows(10)" };
    if call.args.len() != 1 {
        let at =
            call.args.iter().nth(1).map_or_else(|| call.func.to_token_stream(), ToTokens::to_token_stream);
        let takes = if name == "last" { "a length of time" } else { "a number of rows" };
        return Some((at, format!("`{name}` takes {takes}: write `{example}`")));
    }
    let length = &call.args[0];
    let number = integer(length);
    let message = match (name.as_str(), number) {
        ("last", Some(number)) if !is_unit(number.suffix()) && number.suffix().is_empty() => Some(format!(
            "`{digits}` is no duration yet: write `last({digits}s)` or `last({digits}m)`; the last {digits} rows are `last_rows({digits})`",
            digits = number.base10_digits()
        )),
        ("last", Some(number)) if is_nothing(number) => {
            Some("over no time a row looks back to nothing: give it at least `1ms`, for example `last(5m)`".to_owned())
        }
        ("last", _) => without_unit(length),
        (_, Some(number)) if is_unit(number.suffix()) => Some(format!(
            "`{number}` is a length of time, and `last_rows` takes a number of rows: write `last({number})` or `{example}`"
        )),
        (_, Some(number)) if number.base10_parse::<u64>().is_ok_and(|rows| rows == 0) => Some(
            "a row is itself the last of those that it looks back over: give it at least `1`, for example `last_rows(10)`".to_owned(),
        ),
        _ => None,
    };
    if let Some(message) = message {
        return Some((length.to_token_stream(), message));
    }
    let (function, at, aside) = (&call.func, call.func.span(), call.paren_token.span.open());
    let frames = runtime_aside(at, aside, &["frames"]);
    let path = quote_spanned!(at=> #frames::#function);
    *call.func = parse_quote!(#path);
    let length = &mut call.args[0];
    if let Some(parameter) = parameter_of(length, parameters).filter(|_| name == "last") {
        *length = parameter_length(parameter, length.span());
    }
    None
}

fn is_nothing(number: &LitInt) -> bool {
    matches!(Duration::of_literal(number), Some(Ok(Duration { millis: 0 })))
}

/// What is said of an argument that is no frame by the looks of it.
fn no_frame(argument: &Expr) -> Option<String> {
    if let Some(number) = integer(argument) {
        return Some(match is_unit(number.suffix()) {
            true => format!("how far a row looks back is said in words: write `last({number})`"),
            false => format!(
                "how far a row looks back is said in words: write `last_rows({number})`, or `last(5m)` for a length of time"
            ),
        });
    }
    let path: &Path = match argument {
        Expr::Call(call) => match &*call.func {
            Expr::Path(callee) => &callee.path,
            _ => return None,
        },
        Expr::Path(path) => &path.path,
        Expr::MethodCall(call) => return no_frame(&call.receiver),
        _ => return None,
    };
    let name = path.get_ident().or_else(|| path.segments.first().map(|first| &first.ident))?;
    if let Some(windows) = windows_of(path) {
        return Some(format!(
            "`{}` cuts a group into windows, `.window({})`; a row looks back over `last(5m)` or `last_rows(10)`",
            windows.name, windows.example
        ));
    }
    if ["partition_by", "partitionBy", "order_by", "orderBy"].iter().any(|word| name == word) {
        return Some(
            "whose rows are looked back over is said before, `.group_by(|row| row.key).over(last(5m))`, and their order is that of event time"
                .to_owned(),
        );
    }
    if ALL_BEFORE.iter().any(|word| name == word) {
        return Some(format!(
            "`{name}`: what a row looks back over has an end, so that its state does not grow for ever; a total from the first row on is not there \
             yet, so write how far back matters: `last(30d)` for a length of time, `last_rows(1000)` for a number of rows"
        ));
    }
    FOREIGN.iter().any(|word| name == word).then(|| {
        format!("`{name}` is not how a row looks back here: write `last(5m)` for a length of time, `last_rows(10)` for a number of rows")
    })
}

/// What other systems call all rows from the first one on.
const ALL_BEFORE: &[&str] = &[
    "unbounded",
    "UNBOUNDED",
    "unbounded_preceding",
    "unboundedPreceding",
    "all",
    "all_rows",
    "everything",
    "forever",
    "expanding",
    "running",
    "cumulative",
    "from_start",
    "from_beginning",
    "beginning",
    "start",
];

/// What other systems call a frame.
const FOREIGN: &[&str] = &[
    "rows",
    "range",
    "preceding",
    "rows_between",
    "range_between",
    "Rows",
    "Range",
    "Over",
    "sliding",
    "hop",
    "window",
    "every",
    "count",
    "lastRows",
    "last_n",
    "previous",
    "lookback",
];
