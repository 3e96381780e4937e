//! Arithmetic and comparison in a closure over rows: as calls of the runtime, whose bounds name both types where they do not go together.
//!
//! ```text
//! |p| p.cents * p.pieces > limit        |p| is_greater(&limit, &apply(p.pieces, p.cents))
//! ```
//!
//! Only where both sides have types of their own: fields of a row, parameters, constants, variables, what is computed of these, what a function
//! gives, and a literal, which takes its type from the other side as it does beside a sign. Everything else is left to rustc as it is.

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{BinOp, Expr, ExprBinary, ExprClosure, ExprLit, Ident, Lit, Type, UnOp, parse_quote_spanned};

use crate::ast::Parameter;
use crate::paths::runtime_aside;

use super::closure::parameter_of;
use super::row_closure::names_in;
use super::shape::{binder, field_path};

/// Makes calls of the signs in a closure over rows.
pub(super) fn rewrite(closure: &mut ExprClosure, parameters: &[Parameter]) {
    let bound = names_in(closure);
    // A name that is given again inside is no longer the row, or the parameter.
    let is_row = |row: &&Ident| bound.iter().filter(|name| *name == *row).count() == 1;
    let rows: Vec<Ident> = closure.inputs.iter().filter_map(binder).filter(is_row).cloned().collect();
    if rows.is_empty() {
        return;
    }
    Signs { rows, bound, parameters }.visit_expr_mut(&mut closure.body);
}

/// The bound on what is computed for a field of a record, where rustc knows the type of the value without the field.
pub(super) fn computed(value: &Expr) -> Option<String> {
    let is_computed = match value {
        Expr::Call(call) => is_sign(&call.func),
        Expr::MethodCall(call) => {
            let gives_number = ROUND.iter().any(|method| call.method == method);
            (gives_number || call.method == "clone") && has_own_type(&call.receiver)
        }
        Expr::Cast(cast) => !matches!(&*cast.ty, Type::Infer(_)),
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => true,
        Expr::Paren(inner) => return computed(&inner.expr),
        _ => false,
    };
    is_computed.then(|| "TakesValue".to_owned())
}

/// Whether an expression is a call in the place of a sign, or made of one: its type is that of the values in it.
fn has_own_type(expr: &Expr) -> bool {
    match expr {
        Expr::Field(_) => true,
        Expr::Paren(inner) => has_own_type(&inner.expr),
        Expr::Call(call) => is_sign(&call.func),
        Expr::Cast(cast) => !matches!(&*cast.ty, Type::Infer(_)),
        _ => false,
    }
}

struct Signs<'a> {
    rows: Vec<Ident>,
    bound: Vec<Ident>,
    parameters: &'a [Parameter],
}

impl VisitMut for Signs<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if let Expr::Binary(binary) = expr
            && let Some(call) = self.call(binary)
        {
            *expr = call;
        }
    }
}

impl Signs<'_> {
    fn call(&self, binary: &ExprBinary) -> Option<Expr> {
        let ExprBinary { left, op, right, .. } = binary;
        let (bound, method) = call_of(op)?;
        let is_typed = |side: &Expr| self.is_known(side) || self.has_name(side) || is_literal(side);
        let is_taken = is_typed(left) && is_typed(right);
        if !is_taken || !(self.is_of_row(left) || self.is_of_row(right)) || is_zero(right) {
            return None;
        }
        let at = op.span();
        let call = runtime_aside(at, at, &["arithmetic", bound, method]);
        Some(match method {
            // What is put behind a text is put behind a copy of it: the row's own stays where it is.
            "apply" if matches!(op, BinOp::Add(_)) && self.is_field(left) && is_text(right) => {
                let clone = Ident::new("clone", at);
                parse_quote_spanned!(at=> #call(#right, #left.#clone()))
            }
            "apply" => parse_quote_spanned!(at=> #call(#right, #left)),
            _ => {
                let (right, left) = (lent(right, at), lent(left, at));
                parse_quote_spanned!(at=> #call(#right, #left))
            }
        })
    }

    /// Whether an expression has a type without what stands around it.
    fn is_known(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Paren(inner) => self.is_known(&inner.expr),
            Expr::Cast(cast) => !matches!(&*cast.ty, Type::Infer(_)),
            Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && self.is_known(&unary.expr),
            Expr::Call(call) => is_sign(&call.func),
            Expr::MethodCall(call) => {
                let is_known = ROUND.iter().chain(OTHERS).any(|method| call.method == method);
                is_known && self.is_known(&call.receiver)
            }
            Expr::Path(_) => parameter_of(expr, self.parameters)
                .is_some_and(|parameter| !self.bound.contains(&parameter.name)),
            field => self.is_field(field),
        }
    }

    /// A variable, a constant, or what a function of that name gives. None of them is the row.
    fn has_name(&self, expr: &Expr) -> bool {
        let is_lower = |name: &str| !name.starts_with(char::is_uppercase);
        match expr {
            Expr::Path(path) if path.qself.is_none() => path.path.segments.last().is_some_and(|last| {
                let name = last.ident.to_string();
                let is_constant = name.len() > 1 && !name.contains(char::is_lowercase);
                let is_variable = path.path.get_ident().is_some_and(|name| self.bound.contains(name));
                is_constant || is_variable && !self.rows.contains(&last.ident)
            }),
            // Functions alone: `Some(5)` takes its type from what it is compared with.
            Expr::Call(call) => match &*call.func {
                Expr::Path(path) => {
                    path.path.segments.last().is_some_and(|last| is_lower(&last.ident.to_string()))
                }
                _ => false,
            },
            Expr::Paren(inner) => self.has_name(&inner.expr),
            _ => false,
        }
    }

    fn is_field(&self, expr: &Expr) -> bool {
        field_path(expr, &self.rows).is_some_and(|path| path.dot.is_some())
    }

    /// Whether a field of a row takes part in it.
    fn is_of_row(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Paren(inner) => self.is_of_row(&inner.expr),
            Expr::Cast(cast) => self.is_of_row(&cast.expr),
            Expr::Unary(unary) => self.is_of_row(&unary.expr),
            Expr::MethodCall(call) => self.is_of_row(&call.receiver),
            Expr::Call(call) => is_sign(&call.func),
            field => self.is_field(field),
        }
    }
}

/// Methods that give a number which may be of another type than is wanted.
const ROUND: &[&str] = &["round", "floor", "ceil", "trunc", "sqrt", "len", "millis"];

/// Other methods whose type is that of what they are called on.
const OTHERS: &[&str] = &["abs", "unwrap_or", "unwrap_or_default"];

/// `&value`, where that does not take a part of the value alone.
fn lent(value: &Expr, at: Span) -> Expr {
    match value {
        Expr::Cast(_) => parse_quote_spanned!(at=> &(#value)),
        _ => parse_quote_spanned!(at=> &#value),
    }
}

/// The bound that stands for a sign, and its method.
fn call_of(sign: &BinOp) -> Option<(&'static str, &'static str)> {
    Some(match sign {
        BinOp::Add(_) => ("AddedUpWith", "apply"),
        BinOp::Sub(_) => ("LessenedBy", "apply"),
        BinOp::Mul(_) => ("MultipliedBy", "apply"),
        BinOp::Div(_) => ("DivisibleBy", "apply"),
        BinOp::Rem(_) => ("WithRemainderBy", "apply"),
        BinOp::Lt(_) => ("OrderedWith", "is_less"),
        BinOp::Le(_) => ("OrderedWith", "is_at_most"),
        BinOp::Gt(_) => ("OrderedWith", "is_greater"),
        BinOp::Ge(_) => ("OrderedWith", "is_at_least"),
        BinOp::Eq(_) => ("EqualWith", "is_equal"),
        BinOp::Ne(_) => ("EqualWith", "is_unequal"),
        _ => return None,
    })
}

/// Whether a function is one that stands for a sign.
fn is_sign(function: &Expr) -> bool {
    let Expr::Path(path) = function else { return false };
    path.path.leading_colon.is_some() && path.path.segments.iter().any(|part| part.ident == "arithmetic")
}

/// A number or a text. What rustc says of a number alone, that it is too large or divides by nothing, it says of the sign.
fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => {
            matches!(lit, Lit::Int(_) | Lit::Float(_) | Lit::Str(_) | Lit::Bool(_))
        }
        Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && is_literal(&unary.expr),
        Expr::Paren(inner) => is_literal(&inner.expr),
        _ => false,
    }
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Lit(ExprLit { lit: Lit::Str(_), .. }))
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.to_token_stream().to_string() == "0")
}
