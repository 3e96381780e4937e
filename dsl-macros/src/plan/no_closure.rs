//! A value where an operator takes a closure that computes it of each row.

use syn::{Expr, ExprCall, ExprLit, ExprUnary, Ident, Lit, UnOp};

use crate::ast::Parameter;
use crate::diagnostics::in_place;
use crate::vocabulary::TAKE_FUNCTIONS;
use crate::written::written;

use super::bare_fields::{bare_names, closure_of};
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
    ) && !is_of_a_constant(argument);
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

/// Whether a value is a field of a constant, or what one refers to, which may be a function: `RULES.large`, `*IS_LARGE`. Types, and so topics, have
/// small letters as well.
fn is_of_a_constant(value: &Expr) -> bool {
    match value {
        Expr::Field(field) => is_of_a_constant(&field.base),
        Expr::Unary(ExprUnary { op: UnOp::Deref(_), expr, .. }) => is_of_a_constant(expr),
        Expr::Paren(inner) => is_of_a_constant(&inner.expr),
        Expr::Path(path) => path.path.segments.last().is_some_and(|last| {
            let name = last.ident.to_string();
            name.contains(char::is_uppercase) && !name.contains(char::is_lowercase)
        }),
        _ => false,
    }
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
    match argument {
        Expr::MethodCall(_) if !names.is_stream(argument) => {
            return of_bare_fields(argument, names, parameters).map(|(closure, by_path)| {
                let write_it = write_it(method, &closure);
                let message =
                    format!("`.{method}(..)` takes a closure, which is given each row: {write_it}{by_path}");
                in_place(argument, message)
            });
        }
        Expr::Call(call) => {
            return called_with_row(call, method, names, parameters)
                .map(|message| in_place(argument, message));
        }
        _ => {}
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

/// The closure that is meant by a value of bare fields, and what is said of a function that is called as one of them. A name that no field has
/// may be a function's, of which another one makes a third: `is_large.negated()`.
fn of_bare_fields(value: &Expr, names: &Names, parameters: &[Parameter]) -> Option<(String, String)> {
    let closure = closure_of(value, parameters)?;
    let bare = bare_names(value, parameters);
    let by_path = bare.first().map_or_else(String::new, |name| {
        format!("; a function of the name `{name}` is given by its path, `self::{name}`")
    });
    bare.iter().all(|name| names.is_field(name)).then_some((closure, by_path))
}

/// A function that is called with a row that nothing names, `large(p)`, or with a field of one. What it is called with may be a function as
/// well, `negated(is_large)`: a row goes by a name that rows have here, or everywhere.
fn called_with_row(
    call: &ExprCall,
    method: &Ident,
    names: &Names,
    parameters: &[Parameter],
) -> Option<String> {
    let row = call.args.iter().find_map(|argument| row_of(argument, names, parameters));
    let written_call = written(call);
    let Some(row) = row else {
        let (closure, by_path) = of_bare_fields(&Expr::Call(call.clone()), names, parameters)?;
        let write_it = write_it(method, &closure);
        return Some(format!(
            "a function is called by a closure, which is given each row: {write_it}{by_path}"
        ));
    };
    let is_alone = call.args.len() == 1 && matches!(&call.args[0], Expr::Path(_) | Expr::Reference(_));
    let alone = if is_alone {
        format!(", or its name alone, `.{method}({})`", written(&call.func))
    } else {
        String::new()
    };
    Some(format!(
        "a function is called by a closure, which is given each row: write `.{method}(|{row}| {written_call})`{alone}"
    ))
}

/// The row that an argument is, or is a field of, whether lent or not.
fn row_of<'e>(argument: &'e Expr, names: &Names, parameters: &[Parameter]) -> Option<&'e Ident> {
    fn root(value: &Expr) -> Option<&Ident> {
        match value {
            Expr::Path(path) => path.path.get_ident(),
            Expr::Field(field) => root(&field.base),
            _ => None,
        }
    }
    let argument = match argument {
        Expr::Reference(lent) => &lent.expr,
        argument => argument,
    };
    let row = root(argument)?;
    let text = row.to_string();
    let is_variable = text.starts_with(char::is_lowercase)
        && text != "self"
        && !parameters.iter().any(|parameter| parameter.name == *row);
    let is_row = || {
        matches!(argument, Expr::Field(_)) || names.is_row(row) || text == "row" || text.chars().count() == 1
    };
    (is_variable && is_row()).then_some(row)
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
