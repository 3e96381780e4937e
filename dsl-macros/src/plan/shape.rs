//! Questions about the shape of an expression, without changing it.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Expr, ExprField, ExprPath, Ident, Macro, Member, Pat};

use crate::vocabulary::SOURCE_SETTINGS;

/// The name a closure's parameter binds, if it is a plain one: `p` of `|p|` and of `|p: &Payment|`.
pub(super) fn binder(pattern: &Pat) -> Option<&Ident> {
    match pattern {
        Pat::Ident(pattern) if pattern.subpat.is_none() => Some(&pattern.ident),
        Pat::Type(typed) => binder(&typed.pat),
        _ => None,
    }
}

/// The last name of a field path that starts at one of `roots`: `name` of `p.owner.name`, and `p` itself.
pub(super) fn field_path<'a>(expr: &'a Expr, roots: &[Ident]) -> Option<FieldPath<'a>> {
    match expr {
        Expr::Path(path) => {
            let root = path.path.get_ident()?;
            roots.contains(root).then_some(FieldPath { last: root, is_field: false })
        }
        Expr::Field(ExprField { base, member: Member::Named(name), .. }) => {
            field_path(base, roots).map(|_| FieldPath { last: name, is_field: true })
        }
        Expr::Field(ExprField { base, member: Member::Unnamed(_), .. }) => {
            field_path(base, roots).map(|path| FieldPath { is_field: true, ..path })
        }
        Expr::Paren(paren) => field_path(&paren.expr, roots),
        _ => None,
    }
}

/// A path of fields, by its last name.
pub(super) struct FieldPath<'a> {
    pub(super) last: &'a Ident,
    /// Whether a field is taken at all.
    pub(super) is_field: bool,
}

/// Whether `name` is used as a variable anywhere in `expr`.
pub(super) fn mentions(expr: &Expr, name: &Ident) -> bool {
    let mut search = Mentions { name, found: false };
    search.visit_expr(expr);
    search.found
}

struct Mentions<'n> {
    name: &'n Ident,
    found: bool,
}

impl<'a> Visit<'a> for Mentions<'_> {
    fn visit_expr_path(&mut self, path: &'a ExprPath) {
        self.found |= path.path.is_ident(self.name);
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        self.found |= tokens_mention(call.tokens.clone(), self.name);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Verbatim(tokens) => self.found |= tokens_mention(tokens.clone(), self.name),
            other => visit::visit_expr(self, other),
        }
    }
}

/// Whether `name` occurs among tokens that are not parsed, also inside a format string: `"{limit}"`.
fn tokens_mention(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == *name,
        TokenTree::Group(group) => tokens_mention(group.stream(), name),
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            text.contains(&format!("{{{name}}}")) || text.contains(&format!("{{{name}:"))
        }
        TokenTree::Punct(_) => false,
    })
}

/// Whether an expression is `source(..)`, perhaps with settings behind it.
pub(super) fn is_source_chain(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => matches!(&*call.func, Expr::Path(path) if path.path.is_ident("source")),
        Expr::MethodCall(call) => is_source_setting(&call.method) && is_source_chain(&call.receiver),
        _ => false,
    }
}

/// Whether a method sets a source's policy.
pub(super) fn is_source_setting(method: &Ident) -> bool {
    SOURCE_SETTINGS.iter().any(|setting| method == setting)
}

/// The tokens of anything as text with single spaces, to tell two apart.
pub(super) fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}
