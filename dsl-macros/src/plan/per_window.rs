//! `.per_window()` and what picks rows of each window: `.top(10, |r| desc(r.total)).select(|rank, r| ..)`, `.max_by(|r| r.total)`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, ExprClosure, ExprLit, ExprMethodCall, Lit, LitInt, Stmt, UnOp, parse_quote};

use crate::diagnostics::in_place;
use crate::vocabulary::DIRECTIONS;
use crate::written::written;

use super::shape::{binder, field_path};

const EXAMPLE: &str = ".top(10, |r| desc(r.total))";

/// What to say of a method that stands right behind one of these and does not belong there.
pub(super) fn refused(word: &str, before: &str) -> Option<&'static str> {
    match (before, word) {
        ("per_window", "select") => Some(
            "which rows of each window stay is said before: `.per_window().top(10, |r| desc(r.total)).select(|rank, r| ..)`; all of them are made \
             others by `.map(|r| Row { .. })`, without `per_window`",
        ),
        ("per_window", "window" | "over") => Some(
            "rows are picked behind `.per_window()`, by `.max_by(|r| r.total)` or `.top(10, |r| desc(r.total))`; windows over windows need no \
             `per_window`: leave it out",
        ),
        ("per_window", "max" | "first" | "maximum" | "greatest" | "argmax" | "arg_max" | "best") => Some(
            "the rows of each window with the greatest value are `.per_window().max_by(|r| r.total)`, those with the least `.min_by(..)`",
        ),
        ("per_window", "min" | "last" | "minimum" | "least" | "argmin" | "arg_min") => Some(
            "the rows of each window with the least value are `.per_window().min_by(|r| r.total)`, those with the greatest `.max_by(..)`",
        ),
        (
            "per_window",
            "take" | "limit" | "head" | "sort_by" | "sort" | "order_by" | "sorted" | "rank" | "row_number",
        ) => Some(
            "the first rows of each window, in an order, are `.per_window().top(10, |r| desc(r.total)).select(|rank, r| ..)`",
        ),
        ("max_by" | "min_by", "select") => {
            Some("the rows that stay are as they were: others are made of them by `.map(|r| Row { .. })`")
        }
        _ => None,
    }
}

/// What to say of a closure that compares two rows.
pub(super) fn no_comparing(method: &str) -> String {
    format!("what rows go by is said of one row, and not by comparing two: write `.{method}(|r| r.total)`")
}

/// Puts errors in the place of what `top` cannot go by.
pub(super) fn check_top(call: &mut ExprMethodCall) {
    let count = call.args.first().and_then(wrong_count);
    if count.is_none()
        && call.args.len() == 2
        && let Some(Expr::Closure(order)) = call.args.last_mut()
    {
        if order.inputs.len() != 1 {
            let message = format!(
                "the order is said of one row, and not by comparing two: write `{EXAMPLE}` for the greatest first"
            );
            call.args = std::iter::repeat_n(in_place(&order.inputs, message), 2).collect();
            return;
        }
        let Some((at, message)) = without_direction(order) else { return };
        let begins_with_row = order.inputs.first().and_then(binder).is_some_and(|row| {
            let first = at.clone().into_iter().next();
            matches!(first, Some(TokenTree::Ident(word)) if word == *row)
        });
        let (value, error) = (&order.body, in_place(at, message));
        match begins_with_row {
            // What is there of the order stays, where an editor is asked for fields.
            true => *order.body = parse_quote!(match (#value) { _ => #error }),
            false => call.args = std::iter::repeat_n(error, 2).collect(),
        }
        return;
    }
    let wrong = count.or_else(|| wrong_order(call));
    if let Some((at, message)) = wrong {
        let error = in_place(at, message);
        call.args = std::iter::repeat_n(error, 2).collect();
    }
}

fn wrong_count(count: &Expr) -> Option<(TokenStream, String)> {
    let message = match count {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => of_number(number)?,
        Expr::Closure(_) => format!("how many rows of each window stay comes first: write `{EXAMPLE}`"),
        Expr::Unary(negative) if matches!(negative.op, UnOp::Neg(_)) => {
            "a number of rows is 1 or more; which end of them is said by the order, `desc(..)` or `asc(..)`"
                .to_owned()
        }
        _ => return None,
    };
    Some((count.to_token_stream(), message))
}

fn of_number(number: &LitInt) -> Option<String> {
    if crate::duration::is_unit(number.suffix()) {
        return Some(format!(
            "how many rows of each window stay is a number without a unit: write `{EXAMPLE}`"
        ));
    }
    let is_nothing = number.base10_parse::<u64>().is_ok_and(|rows| rows == 0);
    is_nothing.then(|| format!("of no rows nothing stays: take 1 or more, as in `{EXAMPLE}`"))
}

fn wrong_order(call: &ExprMethodCall) -> Option<(TokenStream, String)> {
    let order = match call.args.len() {
        0 => {
            let message = format!("how many rows of each window stay, and in which order: write `{EXAMPLE}`");
            return Some((call.method.to_token_stream(), message));
        }
        1 => {
            let message = format!(
                "a `top` has an order, or it is not said which rows come first: write `{EXAMPLE}` for the greatest first, `asc(..)` for the least"
            );
            return Some((call.method.to_token_stream(), message));
        }
        2 => &call.args[1],
        _ => {
            let message = "the order is one closure, and several values are a tuple: `.top(10, |r| (desc(r.total), asc(r.name)))`";
            return Some((call.args[2].to_token_stream(), message.to_owned()));
        }
    };
    match order {
        Expr::Call(_) | Expr::Field(_) | Expr::Tuple(_) | Expr::Lit(_) | Expr::Binary(_) | Expr::Unary(_) => {
            Some((
                order.to_token_stream(),
                format!("the order is a closure, which is given each row: write `{EXAMPLE}`"),
            ))
        }
        Expr::Path(word)
            if word.path.get_ident().is_some_and(|name| DIRECTIONS.iter().any(|known| name == known)) =>
        {
            Some((
                order.to_token_stream(),
                format!("by what rows are ranked is said, too: write `{EXAMPLE}`"),
            ))
        }
        _ => None,
    }
}

/// The first value of the order that does not say which way.
fn without_direction(closure: &ExprClosure) -> Option<(TokenStream, String)> {
    let row = closure.inputs.first().and_then(binder)?;
    of_value(&closure.body, row)
}

fn of_value(value: &Expr, row: &syn::Ident) -> Option<(TokenStream, String)> {
    let direction = |value: &Expr| {
        let value = written(value);
        format!(
            "`{value}` does not say which rows come first: write `desc({value})` for the greatest, `asc({value})` for the least"
        )
    };
    match value {
        Expr::Tuple(tuple) => tuple.elems.iter().find_map(|value| of_value(value, row)),
        Expr::Paren(inner) => of_value(&inner.expr, row),
        Expr::Block(block) => match block.block.stmts.last() {
            Some(Stmt::Expr(value, None)) => of_value(value, row),
            _ => None,
        },
        Expr::Unary(negative) if matches!(negative.op, UnOp::Neg(_)) => {
            Some((value.to_token_stream(), direction(&negative.expr)))
        }
        Expr::Call(call) if OTHER_DIRECTIONS.contains(&written(&call.func).as_str()) => {
            let of = call.args.first().unwrap_or(value);
            Some((call.func.to_token_stream(), direction(of)))
        }
        Expr::Call(call) if written(&call.func).ends_with("Reverse") => {
            let of = call.args.first().unwrap_or(value);
            Some((value.to_token_stream(), direction(of)))
        }
        Expr::Binary(_) => Some((value.to_token_stream(), direction(value))),
        value => {
            field_path(value, std::slice::from_ref(row)).map(|_| (value.to_token_stream(), direction(value)))
        }
    }
}

/// What other systems call `desc` and `asc`.
const OTHER_DIRECTIONS: &[&str] = &[
    "descending",
    "ascending",
    "Desc",
    "Asc",
    "DESC",
    "ASC",
    "reverse",
    "rev",
    "dsc",
    "down",
    "up",
    "largest",
    "smallest",
];

/// Puts an error in the place of what is no closure of a rank and a row.
pub(super) fn check_select(call: &mut ExprMethodCall) {
    match call.args.first() {
        Some(Expr::Closure(closure)) if call.args.len() == 1 && closure.inputs.len() == 2 => {
            if let (Some(first), Some(second)) = (binder(&closure.inputs[0]), binder(&closure.inputs[1]))
                && second == "rank"
            {
                let message = format!("the rank comes first, and then the row: write `|{second}, {first}|`");
                call.args = std::iter::once(in_place(&closure.inputs, message)).collect();
            }
            return;
        }
        Some(Expr::Path(_)) if call.args.len() == 1 => return,
        _ => {}
    }
    let message = "the `.select(..)` of `.top(..)` takes a closure of a rank, which begins with 1, and a row: \
                   `.select(|rank, r| Row { rank, name: r.name })`";
    let at = if call.args.is_empty() { call.method.to_token_stream() } else { call.args.to_token_stream() };
    call.args = std::iter::once(in_place(at, message)).collect();
}
