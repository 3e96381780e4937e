//! What is said of windows behind their lengths, `tumbling(10s).by_clock()`, and what cannot be said of them.

use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, ExprLit, ExprMethodCall, Lit, parse_quote};

use crate::diagnostics::in_place;
use crate::duration::is_unit;
use crate::paths::runtime_aside;
use crate::vocabulary::{
    COUNT_WINDOWS, WINDOW_SETTINGS, WindowSetting, Windows, is_call_of, names_a_type, windows_of,
};
use crate::written::written;

use super::arguments::without_unit;

/// Puts errors in the place of windows whose settings there are not.
pub(super) fn check(argument: &mut Expr) {
    if let Expr::MethodCall(setting) = &mut *argument
        && count_windows(&mut setting.receiver).is_some()
    {
        let message = "windows of a number of rows have no settings: rows are counted in the order of event time, however far apart they are";
        *argument = in_place(&setting.method, message);
        return;
    }
    if let Some(error) = count_windows(argument).and_then(of_rows) {
        *argument = error;
        return;
    }
    if let Expr::Call(call) = argument
        && let Expr::Path(callee) = &*call.func
        && let Some(before) = callee.path.segments.iter().rev().nth(1)
        && let Some(windows) = windows_of(&before.ident.clone().into())
    {
        let Windows { example, .. } = windows;
        *argument = in_place(&*argument, format!("windows are made by one function: write `{example}`"));
        return;
    }
    let Some(windows) = windows_in(argument) else { return };
    if let Some((at, message)) = refused(argument, windows) {
        *argument = in_place(at, message);
    }
}

/// The call that makes windows of a number of rows, perhaps with settings behind it.
fn count_windows(argument: &mut Expr) -> Option<&mut ExprCall> {
    match argument {
        Expr::Call(call) => {
            let Expr::Path(callee) = &*call.func else { return None };
            callee.path.is_ident(COUNT_WINDOWS.0).then_some(call)
        }
        Expr::MethodCall(setting) => count_windows(&mut setting.receiver),
        _ => None,
    }
}

/// Names windows of a number of rows by their full path; the error in the place of those of no number.
fn of_rows(call: &mut ExprCall) -> Option<Expr> {
    let (name, example) = COUNT_WINDOWS;
    let number = match call.args.first() {
        Some(Expr::Lit(ExprLit { lit: Lit::Int(number), .. })) => Some(number),
        _ => None,
    };
    let message = match number {
        _ if matches!(call.args.first(), Some(Expr::Lit(ExprLit { lit: Lit::Str(_), .. }))) => {
            format!("a number of rows is no text: write `{example}`, without quotes")
        }
        _ if call.args.len() != 1 => format!("`{name}` takes a number of rows: write `{example}`"),
        Some(number) if is_unit(number.suffix()) => format!(
            "`{number}` is a length of time, and `{name}` takes a number of rows: write `tumbling({number})`, or `{example}`"
        ),
        Some(number) if number.base10_parse::<u64>().is_ok_and(|rows| rows == 0) => {
            format!("a window of no rows is never there: give it at least `1`, for example `{example}`")
        }
        _ => {
            let (function, at, aside) = (&call.func, call.func.span(), call.paren_token.span.open());
            let windows = runtime_aside(at, aside, &["windows"]);
            let path = quote_spanned!(at=> #windows::#function);
            *call.func = parse_quote!(#path);
            return None;
        }
    };
    let at = call.args.first().map_or_else(|| call.func.to_token_stream(), ToTokens::to_token_stream);
    Some(in_place(at, message))
}

/// What to say of a setting of windows that stands elsewhere: behind `.window(..)`, say.
pub(super) fn misplaced(call: &ExprMethodCall) -> Option<String> {
    let WindowSetting { name, .. } = setting(call)?;
    let of_window = match &*call.receiver {
        Expr::MethodCall(before) if before.method == "window" => before.args.first(),
        _ => None,
    };
    // It is a word of other things, too.
    if of_window.is_none() && *name == "offset" {
        return None;
    }
    let windows = of_window.map_or_else(|| "tumbling(1h)".to_owned(), written);
    let arguments = call.args.iter().map(written).collect::<Vec<_>>().join(", ");
    Some(format!(
        "`.{name}(..)` is said of the windows, behind their lengths: write `.window({windows}.{name}({arguments}))`"
    ))
}

/// What to say of a `group_by` whose key has a window in it, or beside it.
pub(super) fn in_a_key(call: &ExprMethodCall) -> Option<String> {
    if call.method != "group_by" {
        return None;
    }
    let mut arguments = call.args.iter();
    let (row, mut parts) = match arguments.next()? {
        Expr::Closure(closure) => {
            let row = closure.inputs.first().map_or_else(|| "row".to_owned(), written);
            let parts = match &*closure.body {
                Expr::Tuple(tuple) => tuple.elems.iter().collect(),
                key => vec![key],
            };
            (row, parts)
        }
        key => ("row".to_owned(), vec![key]),
    };
    parts.extend(arguments);
    let (windows, key): (Vec<&Expr>, Vec<&Expr>) = parts.into_iter().partition(|part| is_window(part));
    let windows = match windows.first()? {
        Expr::Call(call) if is_call_of(call, &["window"]) => "tumbling(1h)".to_owned(),
        windows => written(windows),
    };
    let key = match &*key {
        [] => "()".to_owned(),
        [key] => written(key),
        several => format!("({})", several.iter().map(written).collect::<Vec<_>>().join(", ")),
    };
    let row = if key == "()" { "_".to_owned() } else { row };
    Some(format!(
        "a window is no part of the key, and stands behind the grouping: write `.group_by(|{row}| {key}).window({windows})`"
    ))
}

/// Whether an expression makes windows, perhaps with settings behind it, or is what another system calls one. A function of the user's may have
/// the name of either: a key that it computes is of what a row has, while lengths are written out, and another system has them in a text.
fn is_window(part: &Expr) -> bool {
    match part {
        Expr::Call(call) => {
            let is_known = matches!(&*call.func, Expr::Path(callee) if callee.path.get_ident().is_some() && windows_of(&callee.path).is_some());
            let is_literal = |argument: &Expr| matches!(argument, Expr::Lit(_));
            let is_length = |argument: &Expr| match argument {
                Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => is_unit(number.suffix()),
                Expr::Lit(ExprLit { lit, .. }) => matches!(lit, Lit::Str(_)),
                _ => false,
            };
            is_known && call.args.iter().all(is_literal)
                || is_call_of(call, &["window"]) && call.args.iter().any(is_length)
        }
        Expr::MethodCall(setting) => is_window(&setting.receiver),
        _ => false,
    }
}

fn setting(call: &ExprMethodCall) -> Option<&'static WindowSetting> {
    WINDOW_SETTINGS.iter().find(|setting| call.method == setting.name)
}

/// The windows that a chain of settings begins with.
fn windows_in(argument: &Expr) -> Option<&'static Windows> {
    let Expr::MethodCall(call) = argument else { return None };
    match &*call.receiver {
        Expr::Call(window) => match &*window.func {
            Expr::Path(callee) => windows_of(&callee.path),
            _ => None,
        },
        Expr::Path(path) => windows_of(&path.path),
        before => windows_in(before),
    }
}

/// What others say of a window, and where it is said.
const SAID_ELSEWHERE: &[(&str, &str)] = &[
    (
        "grace lateness allowed_lateness allowedLateness late_drop late_to side_output_late_data watermark until",
        "how late rows may come, and what becomes of those that come later, is said at the source, `source(Payments).lateness(10s).late_drop()`",
    ),
    (
        "trigger emit suppress early early_firing accumulate evictor discarding emit_strategy on_window_close",
        "a window makes one row, when event time has passed its end; what grows and is told in steps is `cumulate(1d, 1h)`",
    ),
];

fn said_elsewhere(word: &str) -> Option<&'static str> {
    let found = SAID_ELSEWHERE.iter().find(|(words, _)| words.split(' ').any(|other| other == word));
    found.map(|(_, says)| *says)
}

/// The first setting of a chain that there is not, and what to say of it.
fn refused(argument: &Expr, windows: &Windows) -> Option<(proc_macro2::TokenStream, String)> {
    let Expr::MethodCall(call) = argument else { return None };
    if let Some(first) = refused(&call.receiver, windows) {
        return Some(first);
    }
    let Windows { name, example, .. } = windows;
    if matches!(&*call.receiver, Expr::Path(_)) {
        return Some((
            argument.to_token_stream(),
            format!("`{name}` is given its lengths in brackets: write `{example}`"),
        ));
    }
    let word = call.method.to_string();
    if *name == "session"
        && ["max", "max_size", "max_length", "max_duration", "up_to", "limit"].contains(&&*word)
    {
        return Some((call.method.to_token_stream(), NO_GREATEST_LENGTH.to_owned()));
    }
    let known = || {
        let settings = WINDOW_SETTINGS.iter().filter(|setting| setting.of.contains(name));
        let written: Vec<String> =
            settings.map(|setting| format!("`{example}{}`", setting.example)).collect();
        written.join(", ")
    };
    let at = call.method.to_token_stream();
    if let Some(says) = said_elsewhere(&word) {
        return Some((at, format!("{says}; the window is `{example}` alone")));
    }
    let Some(setting) = setting(call) else {
        return Some((
            at,
            format!(
                "windows have no `.{word}(..)`: write `{example}`, or what else is said of them, {}",
                known()
            ),
        ));
    };
    if !setting.of.contains(name) {
        return Some((
            at,
            format!("`.{word}(..)` is not said of `{name}`: {}; there is {}", setting.not_of_others, known()),
        ));
    }
    let expected = usize::from(!setting.example.ends_with("()"));
    if call.args.len() != expected {
        return Some((at, format!("`.{word}(..)` is written `{example}{}`", setting.example)));
    }
    if word == "offset"
        && let Some((argument, message)) =
            call.args.first().and_then(|argument| Some((argument, without_unit(argument)?)))
    {
        return Some((argument.to_token_stream(), message));
    }
    if let Some(argument) = call.args.first().filter(|argument| word == "in_zone" && is_a_bare_name(argument))
    {
        let name = written(argument).replace(' ', "");
        let name = if name.contains('/') { name } else { "Europe/Berlin".to_owned() };
        let message = format!("a time zone is named by a text: write `.in_zone(\"{name}\")`");
        return Some((argument.to_token_stream(), message));
    }
    if word != "by_clock" && stands_in(&call.receiver, "by_clock") {
        return Some((
            at,
            format!("`.by_clock()` comes last: write `{example}{}.by_clock()`", setting.example),
        ));
    }
    let twice = stands_in(&call.receiver, &word);
    twice.then(|| (at, format!("`.{word}(..)` is said twice of these windows: leave one of them out")))
}

/// `Berlin`, or `Europe/Berlin`, without quotes.
fn is_a_bare_name(argument: &Expr) -> bool {
    match argument {
        Expr::Path(path) => names_a_type(&path.path),
        Expr::Binary(binary) => is_a_bare_name(&binary.left) && is_a_bare_name(&binary.right),
        _ => false,
    }
}

const NO_GREATEST_LENGTH: &str = "a session has no greatest length, as which rows belong to it is settled when it ends: to cut sessions at every full hour, \
    group by the hour, too, `.group_by(|row| (row.key, row.at.millis() / 3_600_000)).window(session(5m))`; windows of one length are \
    `tumbling(1h)`";

fn stands_in(chain: &Expr, method: &str) -> bool {
    match chain {
        Expr::MethodCall(call) => call.method == method || stands_in(&call.receiver, method),
        _ => false,
    }
}
