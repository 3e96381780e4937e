//! What a closure over rows gives back, where rustc would speak of `()` and of lifetimes: an `if` that says nothing of the other case, and rows
//! that are made later of the one that is lent.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, ExprClosure, ExprMethodCall, Ident, Stmt};

use crate::written::written;

use super::row_closure::{BORROWING, LAZY, names_in};
use super::shape::{binder, mentions};

/// What is wrong with what the closure of an operator gives back, and where.
pub(super) fn mistake(closure: &ExprClosure, operator: &str) -> Option<(TokenStream, String)> {
    let end = end_of(&closure.body)?;
    if let Expr::If(choice) = end
        && choice.else_branch.is_none()
    {
        let condition = written(&choice.cond);
        let message = match operator {
            "filter_map" => format!(
                "`.filter_map(..)` is given a row or none in each case: write `if {condition} {{ Some(..) }} else {{ None }}`"
            ),
            "map" | "flat_map" => format!(
                "`.{operator}(..)` makes a row of each: say which in an `else`, or leave the others out before, by `.filter(..)` with `{condition}`"
            ),
            "filter" => format!(
                "a filter's closure says yes or no in each case: write `{condition} && ..` where the others are left out, and `!({condition}) || ..` where they stay"
            ),
            _ => return None,
        };
        return Some((choice.if_token.to_token_stream(), message));
    }
    // A name that is given again inside is no longer the row.
    let is_row = |row: &&Ident| names_in(closure).iter().filter(|name| name == row).count() == 1;
    let row = closure.inputs.first().and_then(binder).filter(is_row)?;
    if operator == "flat_map"
        && let Expr::MethodCall(call) = end
        && looks_later(call, row)
    {
        let message = format!(
            "the rows that `.flat_map(..)` gives are its own, and these are made later, of `{row}`, which is lent: put `.collect::<Vec<_>>()` behind"
        );
        return Some((call.method.to_token_stream(), message));
    }
    None
}

/// The expression that is the value of a body.
fn end_of(body: &Expr) -> Option<&Expr> {
    match body {
        Expr::Block(block) => match block.block.stmts.last() {
            Some(Stmt::Expr(end, None)) => end_of(end),
            _ => None,
        },
        Expr::Paren(inner) => end_of(&inner.expr),
        end => Some(end),
    }
}

/// Whether a closure of an iterator looks at the row when it is asked for rows. An `Option`'s methods of the same names do so at once.
fn looks_later(call: &ExprMethodCall, row: &Ident) -> bool {
    let looks = |argument: &Expr| matches!(argument, Expr::Closure(_)) && mentions(argument, row);
    is_lazy(call)
        && (call.args.iter().any(looks)
            || matches!(&*call.receiver, Expr::MethodCall(before) if looks_later(before, row)))
}

/// Whether a method of an iterator is called, which gives another one.
fn is_lazy(call: &ExprMethodCall) -> bool {
    let gives_iterator = |before: &ExprMethodCall| {
        before.method == "into_iter" || BORROWING.iter().any(|word| before.method == word)
    };
    LAZY.iter().any(|word| call.method == word)
        && match &*call.receiver {
            Expr::MethodCall(before) => gives_iterator(before) || is_lazy(before),
            Expr::Paren(inner) => matches!(&*inner.expr, Expr::Range(_)),
            _ => false,
        }
}
