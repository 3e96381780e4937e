//! Calls of which rustc knows what they are, and the macro what may be meant: they are given a second meaning, behind the one that they have.
//!
//! ```text
//! max(p.cents, 0)           OfTwo::new(max, p.cents, 0).called()          the function that has this name, or what to write
//! .map(cost)                .map(OfRow::new(cost).given())                the function, if it takes a row
//! p.tags.contains("new")    { use HoldsText as _; p.tags.contains(..) }   of a list of texts, too
//! ```

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprCall, ExprLit, ExprMethodCall, ExprPath, Ident, Lit, UnOp, parse_quote_spanned};

use crate::paths::{runtime, runtime_aside};

/// Gives the calls in a closure their second meaning.
pub(super) struct Meant;

impl VisitMut for Meant {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        let meant = match expr {
            Expr::Call(call) => of_two(call),
            Expr::MethodCall(call) => holds_text(call),
            _ => None,
        };
        if let Some(meant) = meant {
            *expr = meant;
        }
    }
}

/// `.map(cost)`: the function, if it takes a row.
pub(super) fn of_one_row(function: &ExprPath, aside: Span) -> Expr {
    let at = function.span();
    let new = runtime_aside(at, aside, &["OfRow", "new"]);
    let given = Ident::new("given", at);
    // As an argument: of a chain of methods rustc would tell the types.
    let result = runtime_aside(at, aside, &["result"]);
    parse_quote_spanned!(at=> #result(#new(#function).#given()))
}

/// `max(a, b)`, of values: what is lent may become something else on its way into a function, and is left alone.
fn of_two(call: &ExprCall) -> Option<Expr> {
    let Expr::Path(function) = &*call.func else { return None };
    let is_aggregate = ["min", "max"].iter().any(|name| function.path.is_ident(name));
    let [first, second] = call.args.iter().collect::<Vec<_>>().try_into().ok()?;
    if !is_aggregate || !is_value(first) || !is_value(second) {
        return None;
    }
    let at = function.span();
    let of_two = runtime_aside(at, call.paren_token.span.open(), &["arithmetic", "OfTwo", "new"]);
    let called = Ident::new(CALLED, at);
    Some(parse_quote_spanned!(at=> #of_two(#function, #first, #second).#called()))
}

/// The method that calls a function of two values.
const CALLED: &str = "called";

/// A number, a field, or what is computed of these.
fn is_value(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => matches!(lit, Lit::Int(_) | Lit::Float(_)),
        Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && is_value(&unary.expr),
        Expr::Paren(inner) => is_value(&inner.expr),
        Expr::Cast(_) | Expr::Field(_) | Expr::Binary(_) | Expr::Path(_) => true,
        Expr::Call(call) => matches!(&*call.func, Expr::Path(path) if path.path.leading_colon.is_some()),
        Expr::MethodCall(call) => {
            ["unwrap_or", "abs", "millis", "len", "max", "min", CALLED].iter().any(|name| call.method == name)
        }
        _ => false,
    }
}

/// `p.tags.contains("new")`.
fn holds_text(call: &ExprMethodCall) -> Option<Expr> {
    let is_text = |argument: &Expr| matches!(argument, Expr::Lit(ExprLit { lit: Lit::Str(_), .. }));
    let argument = call.args.first().filter(|_| call.method == "contains" && call.args.len() == 1)?;
    let is_meant = match argument {
        Expr::Reference(lent) => is_text(&lent.expr),
        argument => is_text(argument),
    };
    let at = call.method.span();
    let runtime = runtime(at);
    // As an argument: a block at the beginning of a line would end there.
    is_meant.then(|| parse_quote_spanned!(at=> #runtime::result({ #[allow(unused_imports)] use #runtime::HoldsText as _; #call })))
}
