//! What is done in the `.select(..)` of a join with a field of a row that may be missing, as if the row were there.

use proc_macro2::{TokenStream, TokenTree};
use syn::{BinOp, Expr, Ident, UnOp};

use crate::diagnostics::in_place;
use crate::written::written;

use super::missing::is_path;
use super::shape::field_path;

/// Whether an expression is the row, or a clone of it.
pub(super) fn is_row(expr: &Expr, row: &Ident) -> bool {
    match expr {
        Expr::MethodCall(call) if call.method == "clone" => is_row(&call.receiver, row),
        other => field_path(other, std::slice::from_ref(row)).is_some_and(|path| path.dot.is_none()),
    }
}

/// The error for what is done with a field of the row as if it were there.
pub(super) fn taken_as_there(expr: &Expr, row: &Ident) -> Option<Expr> {
    let of_row = |value: &Expr| is_path(value, std::slice::from_ref(row));
    match expr {
        Expr::Macro(call) if names_field(call.mac.tokens.clone(), row) => {
            let message = format!(
                "`{row}` may be missing here, and what stands in a macro is not looked into: write `{row}.map(|{row}| {}).unwrap_or_default()`",
                written(call)
            );
            Some(in_place(&call.mac.path, message))
        }
        Expr::MethodCall(call)
            if is_row(&call.receiver, row) && (call.method == "unwrap" || call.method == "expect") =>
        {
            let message = format!(
                "`{row}` may be missing here, and a panic would stop the run: a field of it is an `Option`, `{row}.name`, and what stands in is said by \
                 `{row}.name.unwrap_or_default()`; rows without it are left out by a `.filter(..)` behind this"
            );
            Some(in_place(&call.method, message))
        }
        Expr::Binary(binary) if is_arithmetic(&binary.op) => {
            let field = [&binary.left, &binary.right].into_iter().find(|side| of_row(side))?;
            let path = written(field);
            let message = format!(
                "`{row}` may be missing here, and `{path}` is an `Option`: what is computed stands in a `map`, and what stands in behind it, \
                 `{row}.map(|{row}| {}).unwrap_or_default()`",
                written(binary)
            );
            Some(in_place(&**field, message))
        }
        Expr::Call(call) if matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Some")) => {
            let field = call.args.first().filter(|field| of_row(field))?;
            let path = written(field);
            let message = format!(
                "`{row}` may be missing here, so `{path}` is an `Option` already: write `{path}`, without `Some`"
            );
            Some(in_place(&call.func, message))
        }
        Expr::MethodCall(call)
            if of_row(&call.receiver) && OF_VALUES.iter().any(|method| call.method == method) =>
        {
            let (path, method) = (written(&call.receiver), &call.method);
            let arguments = written(&call.args);
            let message = format!(
                "`{row}` may be missing here, and `{path}` is an `Option`: write `{path}.map(|value| value.{method}({arguments}))`, an `Option` as well, or say \
                 first what stands in, `{path}.unwrap_or_default()`"
            );
            Some(in_place(method, message))
        }
        other => condition_of(other, row),
    }
}

/// The error for a condition, a sign or a conversion that takes a field of the row for what it is an `Option` of.
fn condition_of(expr: &Expr, row: &Ident) -> Option<Expr> {
    let of_row = |value: &Expr| is_path(value, std::slice::from_ref(row));
    let instead = |field: &Expr, what: &str, instead: String| {
        let path = written(field);
        let message = format!("`{row}` may be missing here, and `{path}` is an `Option`: {what} `{instead}`");
        Some(in_place(field, message))
    };
    let asks = "what holds of a row that is there is asked by";
    match expr {
        Expr::Binary(binary) if is_comparison(&binary.op) => {
            let (left, right) = (&*binary.left, &*binary.right);
            let field = if is_literal(right) { left } else { right };
            if !of_row(field) || !(is_literal(left) || is_literal(right)) {
                return None;
            }
            instead(field, asks, format!("{row}.is_some_and(|{row}| {})", written(binary)))
        }
        Expr::Binary(binary) if matches!(binary.op, BinOp::And(_) | BinOp::Or(_)) => {
            let field = [&*binary.left, &*binary.right].into_iter().find(|side| of_row(side))?;
            instead(field, asks, format!("{row}.is_some_and(|{row}| {})", written(field)))
        }
        Expr::If(choice) if of_row(&choice.cond) => {
            // The error stands for the whole: the condition alone would have to be a `bool`.
            instead(&choice.cond, asks, format!("if {row}.is_some_and(|{row}| {})", written(&choice.cond)))
        }
        Expr::Unary(unary) if of_row(&unary.expr) => match unary.op {
            UnOp::Not(_) => {
                instead(&unary.expr, asks, format!("!{row}.is_some_and(|{row}| {})", written(&unary.expr)))
            }
            UnOp::Neg(_) => instead(
                &unary.expr,
                "what is computed stands in a `map`, and what stands in behind it,",
                format!("{row}.map(|{row}| {}).unwrap_or_default()", written(unary)),
            ),
            _ => None,
        },
        Expr::Cast(cast) if of_row(&cast.expr) => instead(
            &cast.expr,
            "what it becomes stands in a `map`, and what stands in behind it,",
            format!("{row}.map(|{row}| {}).unwrap_or_default()", written(cast)),
        ),
        _ => None,
    }
}

fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(_) => true,
        Expr::Unary(negative) => matches!(negative.op, UnOp::Neg(_)) && is_literal(&negative.expr),
        _ => false,
    }
}

fn is_comparison(operator: &BinOp) -> bool {
    matches!(
        operator,
        BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_)
    )
}

/// Whether tokens take a field of a row: `r.card`, and not `r.is_some()`.
fn names_field(tokens: TokenStream, row: &Ident) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.iter().any(|token| matches!(token, TokenTree::Group(group) if names_field(group.stream(), row)))
        || tokens.windows(3).enumerate().any(|(at, three)| {
            let is_call = matches!(tokens.get(at + 3), Some(TokenTree::Group(_)));
            let is_dot = matches!(&three[1], TokenTree::Punct(punct) if punct.as_char() == '.');
            let is_row = matches!(&three[0], TokenTree::Ident(name) if name == row);
            is_row && is_dot && !is_call && matches!(&three[2], TokenTree::Ident(_))
        })
}

fn is_arithmetic(operator: &BinOp) -> bool {
    matches!(operator, BinOp::Add(_) | BinOp::Sub(_) | BinOp::Mul(_) | BinOp::Div(_) | BinOp::Rem(_))
}

/// Methods of numbers, texts and instants that no `Option` has.
const OF_VALUES: &[&str] = &[
    "abs",
    "pow",
    "powi",
    "round",
    "floor",
    "ceil",
    "sqrt",
    "rem_euclid",
    "millis",
    "len",
    "to_lowercase",
    "to_uppercase",
    "trim",
    "contains",
    "starts_with",
    "ends_with",
    "as_str",
    "chars",
    "to_string",
    "split",
    "parse",
    "replace",
    "is_empty",
    "push_str",
];
