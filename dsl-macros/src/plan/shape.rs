//! Questions about the shape of an expression, without changing it.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, ExprField, ExprPath, Ident, Macro, Pat};

use crate::vocabulary::{OPERATORS, SOURCE_SETTINGS};

/// The method that ends a source's settings. What it asks for beside what they ask for themselves, it asks at the setting.
pub(super) fn source_stream(settings: &Expr) -> Ident {
    let mut at = settings;
    while let Expr::MethodCall(call) = at {
        if call.method == "ahead" {
            return Ident::new("stream_with_ahead", call.method.span());
        }
        at = &call.receiver;
    }
    Ident::new("stream", last_token(settings))
}

/// Whether all methods of a chain are the language's own, so that what it gives is known to be a handle.
pub(super) fn is_chain_of_operators(chain: &Expr) -> bool {
    match chain {
        Expr::MethodCall(call) => {
            let known = belongs_to_stream(&call.method) || is_source_setting(&call.method);
            known && is_chain_of_operators(&call.receiver)
        }
        Expr::Paren(inner) => is_chain_of_operators(&inner.expr),
        _ => true,
    }
}

/// Whether a method that stands right after a source's settings is one of the stream's.
pub(super) fn belongs_to_stream(method: &Ident) -> bool {
    OPERATORS.iter().any(|operator| method == operator) && !is_source_setting(method)
}

/// Whether rust-analyzer has put in the last word, as nothing is written behind the dot yet. It takes away again whatever lies there.
pub(super) fn is_to_be_written(tokens: &impl ToTokens) -> bool {
    let last = tokens.to_token_stream().into_iter().last();
    matches!(last, Some(TokenTree::Ident(word)) if word == "__ra_fixup")
}

/// The name a closure's parameter binds, if it is a plain one: `p` of `|p|` and of `|p: &Payment|`.
pub(super) fn binder(pattern: &Pat) -> Option<&Ident> {
    match pattern {
        Pat::Ident(pattern) if pattern.subpat.is_none() => Some(&pattern.ident),
        Pat::Type(typed) => binder(&typed.pat),
        _ => None,
    }
}

/// A field path that starts at one of `roots`: `p.owner.name`, and `p` itself.
pub(super) fn field_path(expr: &Expr, roots: &[Ident]) -> Option<FieldPath> {
    match expr {
        Expr::Path(path) => {
            let root = path.path.get_ident()?;
            roots.contains(root).then(|| FieldPath { last: root.span(), dot: None })
        }
        Expr::Field(ExprField { base, dot_token, member, .. }) => {
            field_path(base, roots).map(|_| FieldPath { last: member.span(), dot: Some(dot_token.span) })
        }
        Expr::Paren(paren) => field_path(&paren.expr, roots),
        _ => None,
    }
}

/// A path of fields.
pub(super) struct FieldPath {
    /// Its last name.
    pub(super) last: Span,
    /// The dot before its last field, if a field is taken at all.
    pub(super) dot: Option<Span>,
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

/// Where the first token of an expression lies.
pub(super) fn first_token(expr: &Expr) -> Span {
    expr.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| match token {
        TokenTree::Group(group) => group.span_open(),
        token => token.span(),
    })
}

/// Where the last token of an expression lies. Brackets are asked of the expression itself: those that are made of it anew have
/// one place for all that is between them, so that a name which takes it seems to lie at each word there.
pub(crate) fn last_token(expr: &Expr) -> Span {
    match expr {
        Expr::Array(array) => array.bracket_token.span.close(),
        Expr::Binary(binary) => last_token(&binary.right),
        Expr::Block(block) => block.block.brace_token.span.close(),
        Expr::Call(call) => call.paren_token.span.close(),
        Expr::Closure(closure) => last_token(&closure.body),
        Expr::If(branch) => match &branch.else_branch {
            Some((_, otherwise)) => last_token(otherwise),
            None => branch.then_branch.brace_token.span.close(),
        },
        Expr::Index(index) => index.bracket_token.span.close(),
        Expr::Macro(call) => call.mac.delimiter.span().close(),
        Expr::Match(choice) => choice.brace_token.span.close(),
        Expr::MethodCall(call) => call.paren_token.span.close(),
        Expr::Paren(paren) => paren.paren_token.span.close(),
        Expr::Reference(reference) => last_token(&reference.expr),
        Expr::Struct(record) => record.brace_token.span.close(),
        Expr::Tuple(tuple) => tuple.paren_token.span.close(),
        Expr::Unary(unary) => last_token(&unary.expr),
        other => {
            other.to_token_stream().into_iter().last().map_or_else(Span::call_site, |token| token.span())
        }
    }
}

/// The tokens of anything as text with single spaces, to tell two apart.
pub(super) fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}
