//! Calls of which rustc knows what they are, and the macro what may be meant: they are given a second meaning, behind the one that they have.
//!
//! ```text
//! max(p.cents, 0)           OfTwo::new(max).called(p.cents, 0)                   the function that has this name, or what to write
//! .map(cost)                .map(OfRow::new(cost).given())                       the function, if it takes a row
//! p.tags.contains("new")    { use HoldsText as _; lent(&p.tags).contains(..) }   of a list of texts, too
//! ```

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, ExprCall, ExprClosure, ExprField, ExprLit, ExprMethodCall, ExprPath, Ident, Lit, Member, UnOp,
    parse_quote_spanned,
};

use crate::paths::{runtime, runtime_aside};

use super::shape::binder;

/// Gives the calls in a closure their second meaning.
pub(super) fn rewrite(closure: &mut ExprClosure) {
    let given = closure.inputs.iter().filter_map(binder).cloned().collect();
    Meant { given }.visit_expr_mut(&mut closure.body);
}

struct Meant {
    /// What closures are given: the rows, and what closures inside of these are.
    given: Vec<Ident>,
}

impl VisitMut for Meant {
    fn visit_expr_closure_mut(&mut self, closure: &mut ExprClosure) {
        let outer = self.given.len();
        self.given.extend(closure.inputs.iter().filter_map(binder).cloned());
        visit_mut::visit_expr_closure_mut(self, closure);
        self.given.truncate(outer);
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        let meant = match expr {
            Expr::Call(call) => of_two(call),
            Expr::MethodCall(call) => self.holds_text(call),
            _ => None,
        };
        if let Some(meant) = meant {
            *expr = meant;
        }
    }
}

impl Meant {
    /// `p.tags.contains("new")`.
    fn holds_text(&self, call: &ExprMethodCall) -> Option<Expr> {
        let is_text = |argument: &Expr| matches!(argument, Expr::Lit(ExprLit { lit: Lit::Str(_), .. }));
        let argument = call.args.first().filter(|_| call.method == "contains" && call.args.len() == 1)?;
        let is_meant = match argument {
            Expr::Reference(lent) => is_text(&lent.expr),
            argument => is_text(argument),
        };
        if !is_meant {
            return None;
        }
        let runtime = runtime(call.method.span());
        let (mut call, mut means) = (call.clone(), "ListHoldsText");
        if self.is_field(&call.receiver) {
            // What is asked is lent by a function: where it is asked itself, a method of a trait of the user's for it would stand beside this one.
            let asked = &call.receiver;
            (*call.receiver, means) =
                (parse_quote_spanned!(asked.span()=> #runtime::lent(&#asked)), "HoldsText");
        }
        let (at, means) = (call.method.span(), Ident::new(means, call.method.span()));
        // As an argument: a block at the beginning of a line would end there.
        Some(
            parse_quote_spanned!(at=> #runtime::result({ #[allow(unused_imports)] use #runtime::#means as _; #call })),
        )
    }

    /// Whether an expression is a named field of what a closure is given, which is lent or may be.
    fn is_field(&self, expr: &Expr) -> bool {
        let Expr::Field(ExprField { base, member: Member::Named(_), .. }) = expr else { return false };
        let is_given = |path: &ExprPath| path.path.get_ident().is_some_and(|name| self.given.contains(name));
        matches!(&**base, Expr::Path(path) if is_given(path)) || self.is_field(base)
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

/// `max(a, b)`, of values.
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
    Some(parse_quote_spanned!(at=> #of_two(#function).#called(#first, #second)))
}

/// The method that calls a function of two values.
const CALLED: &str = "called";

/// A number, a field, what is computed of these, or one of them, lent.
fn is_value(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => matches!(lit, Lit::Int(_) | Lit::Float(_)),
        Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && is_value(&unary.expr),
        Expr::Paren(inner) => is_value(&inner.expr),
        Expr::Reference(lent) => lent.mutability.is_none() && is_value(&lent.expr),
        Expr::Cast(_) | Expr::Field(_) | Expr::Binary(_) | Expr::Path(_) => true,
        Expr::Call(call) => matches!(&*call.func, Expr::Path(path) if path.path.leading_colon.is_some()),
        Expr::MethodCall(call) => {
            ["unwrap_or", "abs", "millis", "len", "max", "min", CALLED].iter().any(|name| call.method == name)
        }
        _ => false,
    }
}
