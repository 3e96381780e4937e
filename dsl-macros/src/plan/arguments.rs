//! Arguments that are no value of the right kind, where the user's words say more than their types.

use syn::{Expr, ExprCall, ExprLit, ExprMethodCall, Lit, LitInt};

use crate::diagnostics::in_place;
use crate::duration::is_unit;
use crate::vocabulary::{UNDECODABLE_POLICIES, windows_of};

/// Puts errors in the place of arguments of an operator that cannot be what it takes.
pub(super) fn check(call: &mut ExprMethodCall) {
    let method = call.method.to_string();
    for argument in &mut call.args {
        let message = match method.as_str() {
            "lateness" => without_unit(argument),
            "window" => length_without_window(argument),
            "undecodable" => unknown_policy(argument),
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

fn integer(argument: &Expr) -> Option<&LitInt> {
    match argument {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Some(number),
        _ => None,
    }
}

fn without_unit(argument: &Expr) -> Option<String> {
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

fn unknown_policy(argument: &Expr) -> Option<String> {
    let Expr::Path(path) = argument else { return None };
    let word = path.path.get_ident()?;
    if UNDECODABLE_POLICIES.iter().any(|policy| word == policy) {
        return None;
    }
    Some(format!(
        "`{word}` is not what can become of an undecodable record: `fail` stops the run at it, `skip` counts it and goes on"
    ))
}
