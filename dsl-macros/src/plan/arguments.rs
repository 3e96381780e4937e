//! Arguments that are no value of the right kind, where the user's words say more than their types.

use syn::{Expr, ExprCall, ExprLit, ExprMethodCall, Lit, LitInt};

use crate::diagnostics::in_place;
use crate::duration::is_unit;
use crate::signposts;
use crate::vocabulary::{UNDECODABLE_POLICIES, windows_of};

/// Puts errors in the place of arguments of an operator that cannot be what it takes.
pub(super) fn check(call: &mut ExprMethodCall) {
    let method = call.method.to_string();
    if let Some((argument, message)) = of_wrong_number(call, &method) {
        let error = in_place(argument, message);
        call.args = std::iter::once(error).collect();
        return;
    }
    for argument in &mut call.args {
        let message = match method.as_str() {
            "lateness" => without_unit(argument),
            "window" => length_without_window(argument).or_else(|| foreign_window(argument)),
            "undecodable" => unknown_policy(argument),
            "filter" | "map" | "flat_map" | "group_by" => no_closure(argument, &method),
            _ => None,
        };
        if let Some(message) = message {
            *argument = in_place(&*argument, message);
        }
    }
}

/// The same for a function that makes a window.
pub(super) fn check_window(call: &mut ExprCall) {
    if !matches!(&*call.func, Expr::Path(callee) if windows_of(&callee.path).is_some()) {
        return;
    }
    for argument in &mut call.args {
        if let Some(message) = without_unit(argument) {
            *argument = in_place(&*argument, message);
        }
    }
}

/// Two arguments where one is meant.
fn of_wrong_number<'a>(call: &'a ExprMethodCall, method: &str) -> Option<(&'a Expr, String)> {
    let second = call.args.iter().nth(1)?;
    let message = match method {
        "group_by" => {
            "rows are grouped by one key: several fields are a tuple, `.group_by(|row| (row.a, row.b))`"
        }
        "window" => {
            "a window is of a kind and a length, such as `tumbling(1h)`; sliding ones, of a length and a step, are not there yet"
        }
        "lateness" => "lateness is one duration, such as `.lateness(10s)`",
        _ => return None,
    };
    Some((second, message.to_owned()))
}

/// A condition or a field where the closure that computes it of a row is meant.
fn no_closure(argument: &Expr, method: &str) -> Option<String> {
    let is_value = matches!(
        argument,
        Expr::Binary(_) | Expr::Field(_) | Expr::Unary(_) | Expr::Struct(_) | Expr::Tuple(_) | Expr::Lit(_)
    );
    let example = match argument {
        Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => format!("row.{}", name.value()),
        _ => "..".to_owned(),
    };
    is_value.then(|| {
        format!(
            "`.{method}(..)` takes a closure, which is given each row: write `.{method}(|row| {example})`"
        )
    })
}

fn integer(argument: &Expr) -> Option<&LitInt> {
    match argument {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Some(number),
        _ => None,
    }
}

fn without_unit(argument: &Expr) -> Option<String> {
    if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = argument {
        let length = syn::parse_str::<LitInt>(&text.value()).ok().filter(|number| is_unit(number.suffix()));
        let example = length.map_or_else(|| "10s".to_owned(), |length| length.to_string());
        return Some(format!("a duration is no text: write `{example}`, without quotes"));
    }
    let number = integer(argument).filter(|number| !is_unit(number.suffix()))?;
    let (digits, suffix) = (number.base10_digits(), number.suffix());
    let what = if suffix.is_empty() {
        format!("`{digits}` is no duration yet")
    } else {
        format!("`{suffix}` is no unit of time")
    };
    Some(format!("{what}: write `{digits}ms`, `{digits}s`, `{digits}m`, `{digits}h` or `{digits}d`"))
}

fn length_without_window(argument: &Expr) -> Option<String> {
    let number = integer(argument)?;
    Some(match is_unit(number.suffix()) {
        true => format!("`{number}` is a length, not yet a window: write `tumbling({number})`"),
        false => "a window is of a kind and a length, such as `tumbling(1h)`".to_owned(),
    })
}

/// A window by a word of another system, or one that is not there yet.
fn foreign_window(argument: &Expr) -> Option<String> {
    let path = match argument {
        Expr::Call(call) => match &*call.func {
            Expr::Path(callee) => &callee.path,
            _ => return None,
        },
        Expr::Path(path) => &path.path,
        _ => return None,
    };
    // `SlidingWindows::of(..)`: the type says more than its function.
    path.segments.iter().find_map(|word| signposts::window(&word.ident.to_string()))
}

fn unknown_policy(argument: &Expr) -> Option<String> {
    let path = match argument {
        Expr::Path(path) => path,
        Expr::Call(call) => {
            let Expr::Path(callee) = &*call.func else { return None };
            let word = callee.path.get_ident()?.to_string();
            return Some(match UNDECODABLE_POLICIES.contains(&word.as_str()) {
                true => format!("a policy is written without a call: `undecodable({word})`"),
                false => format!(
                    "`{word}(..)` is not there yet: `fail` stops the run at an undecodable record, `skip` counts it and goes on"
                ),
            });
        }
        Expr::Lit(_) => {
            return Some(
                "a policy is a word, not a text: `undecodable(fail)` or `undecodable(skip)`".to_owned(),
            );
        }
        _ => return None,
    };
    let word = path.path.get_ident()?;
    if UNDECODABLE_POLICIES.iter().any(|policy| word == policy) {
        return None;
    }
    Some(format!(
        "`{word}` is not what can become of an undecodable record: `fail` stops the run at it, `skip` counts it and goes on"
    ))
}
