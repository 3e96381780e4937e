//! Rows that may be missing in the `.select(..)` of a join: a field of such a row is an `Option` of the field.
//!
//! ```text
//! |o, s| State { order: o.id, shipped_at: s.at }       the right row may be missing: `s` is an `Option<&Shipment>`
//! |o, s| State { order: o.id, shipped_at: s.map(|row| row.at.clone()) }
//! ```
//!
//! What is not a path of fields that begins at the row is left as it is: `s.is_none()`, `s.map(|s| ..)`, `if let Some(s) = s { .. }`. In what
//! gives the name to something else, such as the last two, it means that.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Arm, BinOp, Block, Expr, ExprClosure, ExprForLoop, ExprIf, ExprStruct, ExprWhile, Ident, Pat, PatIdent,
    Stmt, parse_quote_spanned,
};

use crate::diagnostics::in_place;
use crate::written::written;

use super::closure::Closures;
use super::fields;
use super::row_closure::names_in;
use super::shape::{binder, field_path, is_to_be_written};

/// Rewrites the paths of fields of those rows that may be missing: the left, the right one. What the closure gives back of the other is cloned.
pub(super) fn rewrite(closure: &mut ExprClosure, (left, right): (bool, bool), closures: Closures<'_>) {
    // In front of them may be a window.
    let rows: Vec<Ident> = closure
        .inputs
        .iter()
        .rev()
        .zip([right, left])
        .filter(|(_, may_miss)| *may_miss)
        .filter_map(|(pattern, _)| binder(pattern).cloned())
        .collect();
    if rows.is_empty() {
        return;
    }
    closures.clone_given_back_but(closure, &rows);
    // A name that is given again inside may be that of a row that is there.
    let bound = names_in(closure);
    let given_once: Vec<Ident> =
        rows.iter().filter(|row| bound.iter().filter(|name| name == row).count() == 1).cloned().collect();
    let is_of_missing = |value: &Expr| is_path(value, &given_once).then(|| "TakesMissing".to_owned());
    let aside = closure.inputs_begin.spans[0];
    let body = std::mem::replace(&mut *closure.body, Expr::Verbatim(Default::default()));
    *closure.body = fields::checked(body, is_of_missing, aside);
    for row in rows {
        Paths { row }.visit_expr_mut(&mut closure.body);
    }
}

/// Whether an expression is a field of one of the rows, and not a row itself.
fn is_path(expr: &Expr, rows: &[Ident]) -> bool {
    field_path(expr, rows).is_some_and(|path| path.dot.is_some())
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

/// Makes options of the paths of fields that begin at a row.
struct Paths {
    row: Ident,
}

impl Paths {
    fn is_bound_by(&self, pattern: &Pat) -> bool {
        struct Binds<'r>(&'r Ident, bool);
        impl<'a> syn::visit::Visit<'a> for Binds<'_> {
            fn visit_pat_ident(&mut self, pattern: &'a PatIdent) {
                self.1 |= pattern.ident == *self.0;
                syn::visit::visit_pat_ident(self, pattern);
            }
        }
        let mut binds = Binds(&self.row, false);
        syn::visit::Visit::visit_pat(&mut binds, pattern);
        binds.1
    }

    /// Whether a condition gives the row's name to something: `if let Some(s) = s`.
    fn is_bound_in(&self, condition: &Expr) -> bool {
        match condition {
            Expr::Let(condition) => self.is_bound_by(&condition.pat),
            Expr::Binary(both) => self.is_bound_in(&both.left) || self.is_bound_in(&both.right),
            Expr::Paren(inner) => self.is_bound_in(&inner.expr),
            _ => false,
        }
    }

    /// Whether an expression is the row, or a clone of it.
    fn is_row(&self, expr: &Expr) -> bool {
        match expr {
            Expr::MethodCall(call) if call.method == "clone" => self.is_row(&call.receiver),
            other => {
                field_path(other, std::slice::from_ref(&self.row)).is_some_and(|path| path.dot.is_none())
            }
        }
    }

    /// The error for what is done with a field of the row as if it were there.
    fn taken_as_there(&self, expr: &Expr) -> Option<Expr> {
        let of_row = |value: &Expr| is_path(value, std::slice::from_ref(&self.row));
        match expr {
            Expr::Macro(call) if names_field(call.mac.tokens.clone(), &self.row) => {
                let row = &self.row;
                let message = format!(
                    "`{row}` may be missing here, and what stands in a macro is not looked into: write `{row}.map(|{row}| {}).unwrap_or_default()`",
                    written(call)
                );
                Some(in_place(&call.mac.path, message))
            }
            Expr::MethodCall(call)
                if self.is_row(&call.receiver) && (call.method == "unwrap" || call.method == "expect") =>
            {
                let row = &self.row;
                let message = format!(
                    "`{row}` may be missing here, and a panic would stop the run: a field of it is an `Option`, `{row}.name`, and what stands in is said by \
                     `{row}.name.unwrap_or_default()`; rows without it are left out by a `.filter(..)` behind this"
                );
                Some(in_place(&call.method, message))
            }
            Expr::Binary(binary) if is_arithmetic(&binary.op) => {
                let field = [&binary.left, &binary.right].into_iter().find(|side| of_row(side))?;
                let (row, path) = (&self.row, written(field));
                let message = format!(
                    "`{row}` may be missing here, and `{path}` is an `Option`: what is computed stands in a `map`, and what stands in behind it, \
                     `{row}.map(|{row}| {}).unwrap_or_default()`",
                    written(binary)
                );
                Some(in_place(&**field, message))
            }
            Expr::Call(call) if matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Some")) => {
                let field = call.args.first().filter(|field| of_row(field))?;
                let (row, path) = (&self.row, written(field));
                let message = format!(
                    "`{row}` may be missing here, so `{path}` is an `Option` already: write `{path}`, without `Some`"
                );
                Some(in_place(&call.func, message))
            }
            Expr::MethodCall(call)
                if of_row(&call.receiver) && OF_VALUES.iter().any(|method| call.method == method) =>
            {
                let (row, path, method) = (&self.row, written(&call.receiver), &call.method);
                let arguments = written(&call.args);
                let message = format!(
                    "`{row}` may be missing here, and `{path}` is an `Option`: write `{path}.map(|value| value.{method}({arguments}))`, an `Option` as well, or say \
                     first what stands in, `{path}.unwrap_or_default()`"
                );
                Some(in_place(method, message))
            }
            _ => None,
        }
    }

    fn option_of(&self, path: &Expr) -> Expr {
        let of = |expr: &Expr| field_path(expr, std::slice::from_ref(&self.row));
        let (last, aside) = match of(path) {
            Some(found) => (found.last, found.dot.unwrap_or(found.last)),
            None => (Span::call_site(), Span::call_site()),
        };
        let there = Ident::new("__there", aside);
        let mut inner = path.clone();
        let mut root = &mut inner;
        while let Expr::Field(_) | Expr::Paren(_) = root {
            root = match root {
                Expr::Field(field) => &mut field.base,
                Expr::Paren(paren) => &mut paren.expr,
                _ => unreachable!("it is one of the two"),
            };
        }
        let row = std::mem::replace(root, parse_quote_spanned!(aside=> #there));
        let (map, clone) = (Ident::new("map", aside), Ident::new("clone", aside));
        let at = if is_to_be_written(path) { aside } else { last };
        parse_quote_spanned!(at=> #row.#map(|#there| #inner.#clone()))
    }
}

impl VisitMut for Paths {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if is_path(expr, std::slice::from_ref(&self.row)) {
            *expr = self.option_of(expr);
            return;
        }
        if let Some(error) = self.taken_as_there(expr) {
            *expr = error;
            return;
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_expr_struct_mut(&mut self, record: &mut ExprStruct) {
        if let Some(rest) = record.rest.as_mut().filter(|rest| self.is_row(rest)) {
            let row = &self.row;
            let message = format!(
                "`{row}` may be missing here, and has no fields to give then: say of each field what stands in, such as \
                 `{row}.amount.unwrap_or(0)`; a `.join(..)` makes no rows without it"
            );
            **rest = in_place(&**rest, message);
        }
        visit_mut::visit_expr_struct_mut(self, record);
    }

    fn visit_expr_closure_mut(&mut self, closure: &mut ExprClosure) {
        if !closure.inputs.iter().any(|pattern| self.is_bound_by(pattern)) {
            self.visit_expr_mut(&mut closure.body);
        }
    }

    fn visit_expr_if_mut(&mut self, choice: &mut ExprIf) {
        self.visit_expr_mut(&mut choice.cond);
        if !self.is_bound_in(&choice.cond) {
            self.visit_block_mut(&mut choice.then_branch);
        }
        if let Some((_, otherwise)) = &mut choice.else_branch {
            self.visit_expr_mut(otherwise);
        }
    }

    fn visit_expr_while_mut(&mut self, repeated: &mut ExprWhile) {
        self.visit_expr_mut(&mut repeated.cond);
        if !self.is_bound_in(&repeated.cond) {
            self.visit_block_mut(&mut repeated.body);
        }
    }

    fn visit_expr_for_loop_mut(&mut self, repeated: &mut ExprForLoop) {
        self.visit_expr_mut(&mut repeated.expr);
        if !self.is_bound_by(&repeated.pat) {
            self.visit_block_mut(&mut repeated.body);
        }
    }

    fn visit_arm_mut(&mut self, arm: &mut Arm) {
        if !self.is_bound_by(&arm.pat) {
            visit_mut::visit_arm_mut(self, arm);
        }
    }

    fn visit_block_mut(&mut self, block: &mut Block) {
        for statement in &mut block.stmts {
            match statement {
                Stmt::Local(local) => {
                    if let Some(init) = &mut local.init {
                        self.visit_expr_mut(&mut init.expr);
                        if let Some((_, otherwise)) = &mut init.diverge {
                            self.visit_expr_mut(otherwise);
                        }
                    }
                    if self.is_bound_by(&local.pat) {
                        // From here on it is the name of something else.
                        return;
                    }
                }
                other => self.visit_stmt_mut(other),
            }
        }
    }
}
