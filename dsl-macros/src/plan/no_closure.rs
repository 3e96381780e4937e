//! A value where an operator takes a closure that computes it of each row.

use syn::{Expr, ExprCall, ExprLit, Lit};

use crate::written::written;

/// A condition or a field where the closure that computes it of a row is meant.
pub(super) fn no_closure(argument: &Expr, method: &str) -> Option<String> {
    let is_value = matches!(
        argument,
        Expr::Binary(_)
            | Expr::Field(_)
            | Expr::Unary(_)
            | Expr::Struct(_)
            | Expr::Tuple(_)
            | Expr::Array(_)
            | Expr::Lit(_)
    );
    if let Expr::Macro(call) = argument
        && OF_VALUES.iter().any(|name| call.mac.path.is_ident(name))
    {
        let call = written(argument);
        return Some(format!(
            "`.{method}(..)` takes a closure, which is given each row: write `.{method}(|row| {call})`, with the closure's own name of the row"
        ));
    }
    let named = match argument {
        Expr::Call(call) => of_a_column(call),
        argument => Some(argument),
    };
    let example = match named {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(name), .. })) => format!("row.{}", name.value()),
        _ => "..".to_owned(),
    };
    let is_column = matches!(argument, Expr::Call(_)) && named.is_some();
    (is_value || is_column).then(|| {
        format!(
            "`.{method}(..)` takes a closure, which is given each row: write `.{method}(|row| {example})`"
        )
    })
}

/// The name in `col("amount")`, as systems have it in which columns are values.
fn of_a_column(call: &ExprCall) -> Option<&Expr> {
    let Expr::Path(function) = &*call.func else { return None };
    let is_column = ["col", "column", "field"].iter().any(|word| function.path.is_ident(word));
    let name = call.args.first().filter(|_| is_column && call.args.len() == 1)?;
    matches!(name, Expr::Lit(ExprLit { lit: Lit::Str(_), .. })).then_some(name)
}

/// The macros of `std` that never give a closure.
const OF_VALUES: &[&str] =
    &["println", "print", "eprintln", "eprint", "format", "matches", "vec", "assert", "todo", "panic"];
