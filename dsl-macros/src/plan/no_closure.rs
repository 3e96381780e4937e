//! A value where an operator takes a closure that computes it of each row.

use syn::{Expr, ExprCall, ExprLit, Ident, Lit};

use crate::ast::Parameter;
use crate::diagnostics::in_place;
use crate::vocabulary::TAKE_FUNCTIONS;
use crate::written::written;

use super::bare_fields::closure_of;
use super::names::Names;

/// A condition or a field where the closure that computes it of a row is meant.
pub(super) fn no_closure(argument: &Expr, method: &str, parameters: &[Parameter]) -> Option<String> {
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
        Some(Expr::Lit(ExprLit { lit: Lit::Str(name), .. })) => format!("|row| row.{}", name.value()),
        Some(Expr::Array(_)) => "|row| ..".to_owned(),
        _ => closure_of(argument, parameters).unwrap_or_else(|| "|row| ..".to_owned()),
    };
    let is_column = matches!(argument, Expr::Call(_)) && named.is_some();
    (is_value || is_column).then(|| {
        format!("`.{method}(..)` takes a closure, which is given each row: write `.{method}({example})`")
    })
}

/// Puts an error in the place of a name where a closure is wanted, or of a value that is made of names: of a stream, a parameter, or a field.
pub(super) fn name_for_a_closure(
    argument: &mut Expr,
    method: &Ident,
    names: &Names,
    parameters: &[Parameter],
) {
    if let Some(error) = error_for_a_name(argument, method, names, parameters) {
        *argument = error;
    }
}

fn error_for_a_name(
    argument: &Expr,
    method: &Ident,
    names: &Names,
    parameters: &[Parameter],
) -> Option<Expr> {
    let takes_one = TAKE_FUNCTIONS.iter().any(|operator| method == operator) && method != "select";
    // In a block, functions and closures may have the names of fields.
    if !takes_one || !names.are_known() {
        return None;
    }
    if let Expr::MethodCall(_) = argument {
        let closure = closure_of(argument, parameters).filter(|_| !names.is_stream(argument))?;
        let message = format!(
            "`.{method}(..)` takes a closure, which is given each row: {}",
            write_it(method, &closure)
        );
        return Some(in_place(argument, message));
    }
    let Expr::Path(path) = argument else { return None };
    let name = path.path.get_ident()?;
    let message = if names.is_named_stream(name) {
        format!(
            "`{name}` is a stream, and `.{method}(..)` takes a closure, which is given each row: for a field of that name write `|row| row.{name}`"
        )
    } else if parameters.iter().any(|parameter| parameter.name == *name) {
        format!(
            "`{name}` is a parameter of the pipeline, and `.{method}(..)` takes a closure, which is given each row: write `|row| ..`, with `{name}` \
             in it"
        )
    } else if names.is_field(name) {
        let closure = format!("|row| row.{name}");
        format!(
            "`.{method}(..)` takes a closure, which is given each row: for the field `{name}` {}; a function of this name is given by its path, \
             `self::{name}`",
            write_it(method, &closure)
        )
    } else {
        return None;
    };
    Some(in_place(name, message))
}

/// What to write: of a step with two closures, the one.
fn write_it(method: &Ident, closure: &str) -> String {
    match method == "on" {
        true => format!("write `{closure}`"),
        false => format!("write `.{method}({closure})`"),
    }
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
