//! Rows that may be missing in the `.select(..)` of a join: a field of such a row is an `Option` of the field.
//!
//! ```text
//! |o, s| State { order: o.id, shipped_at: s.at }       the right row may be missing: `s` is an `Option<&Shipment>`
//! |o, s| State { order: o.id, shipped_at: s.map(|row| row.at.clone()) }
//! ```
//!
//! What is not a path of fields that begins at the row is left as it is: `s.is_none()`, `s.map(|s| ..)`, `if let Some(s) = s { .. }`. In what
//! gives the name to something else, such as the last two, it means that.

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Arm, Block, Expr, ExprClosure, ExprForLoop, ExprIf, ExprStruct, ExprWhile, Ident, Pat, PatIdent, Stmt,
    parse_quote_spanned,
};

use crate::diagnostics::in_place;

use super::closure::Closures;
use super::fields;
use super::shape::{binder, field_path, is_to_be_written};
use super::taken_as_there::{is_row, taken_as_there};

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
    // A name that is given again may be that of a row that is there.
    let mut given = Given::default();
    given_before(&closure.body, &mut given);
    let given_once: Vec<Ident> = rows.iter().filter(|row| !given.0.contains(row)).cloned().collect();
    let aside = closure.inputs_begin.spans[0];
    let body = std::mem::replace(&mut *closure.body, Expr::Verbatim(Default::default()));
    *closure.body = fields::checked(body, |value| of_missing(value, &given_once), aside);
    for row in rows {
        Paths { row }.visit_expr_mut(&mut closure.body);
    }
}

/// The names that are given on the way to what an expression may give back.
fn given_before(expr: &Expr, names: &mut Given) {
    match expr {
        Expr::Block(block) => given_in(&block.block, names),
        Expr::Paren(inner) => given_before(&inner.expr, names),
        Expr::If(choice) => {
            names.visit_expr(&choice.cond);
            given_in(&choice.then_branch, names);
            if let Some((_, otherwise)) = &choice.else_branch {
                given_before(otherwise, names);
            }
        }
        Expr::Match(choice) => {
            for arm in &choice.arms {
                names.visit_pat(&arm.pat);
                given_before(&arm.body, names);
            }
        }
        _ => {}
    }
}

fn given_in(block: &Block, names: &mut Given) {
    for statement in &block.stmts {
        match statement {
            Stmt::Local(local) => names.visit_pat(&local.pat),
            Stmt::Expr(tail, None) => given_before(tail, names),
            _ => {}
        }
    }
}

/// The names of patterns, but for those of closures, which are known in these alone.
#[derive(Default)]
struct Given(Vec<Ident>);

impl<'a> Visit<'a> for Given {
    fn visit_pat_ident(&mut self, pattern: &'a PatIdent) {
        self.0.push(pattern.ident.clone());
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_expr_closure(&mut self, _: &'a ExprClosure) {}
}

/// The bound on what a field of the record is given, if it is of one of the rows. A row itself becomes an `Option` of a row.
fn of_missing(value: &mut Expr, rows: &[Ident]) -> Option<String> {
    let of = match &*value {
        Expr::MethodCall(copied) if copied.method == "clone" => &*copied.receiver,
        value => value,
    };
    let path = field_path(of, rows)?;
    if path.dot.is_none() {
        let (row, at) = (of.clone(), path.last);
        let cloned = Ident::new("cloned", at);
        *value = parse_quote_spanned!(at=> #row.#cloned());
    }
    Some("TakesMissing".to_owned())
}

/// Whether an expression is a field of one of the rows, and not a row itself.
pub(super) fn is_path(expr: &Expr, rows: &[Ident]) -> bool {
    field_path(expr, rows).is_some_and(|path| path.dot.is_some())
}

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
        if let Some(error) = taken_as_there(expr, &self.row) {
            *expr = error;
            return;
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_expr_struct_mut(&mut self, record: &mut ExprStruct) {
        if let Some(rest) = record.rest.as_mut().filter(|rest| is_row(rest, &self.row)) {
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
