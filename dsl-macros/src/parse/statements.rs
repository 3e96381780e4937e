//! The body of a pipeline, split into statements before any of them is parsed: a broken one does not take the others along.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Block, Expr, Ident, Local, Pat, Stmt, Token, Type};

use crate::ast::{LetStatement, Statement};
use crate::diagnostics::{Diagnostics, error_expression};

use super::mend;

/// The statements of a body.
pub(super) struct Body {
    pub(super) statements: Vec<Statement>,
    /// Whether some statement had a syntax error, so that not all of the body is known.
    pub(super) broken: bool,
}

/// Parses each statement alone.
pub(super) fn statements(body: TokenStream, diagnostics: &mut Diagnostics) -> Body {
    let mut parsed = Body { statements: Vec::new(), broken: false };
    for chunk in split(body) {
        match Block::parse_within.parse2(chunk.clone()) {
            Ok(found) => {
                parsed.statements.extend(found.into_iter().filter_map(|found| statement(found, diagnostics)));
            }
            Err(error) => {
                parsed.broken = true;
                parsed.statements.extend(salvage(chunk, error, diagnostics));
            }
        }
    }
    parsed
}

/// Cuts after each `;`, and before a `let` or an attribute that a forgotten `;` has left in the middle.
fn split(body: TokenStream) -> Vec<TokenStream> {
    let mut chunks = Vec::new();
    let mut chunk: Vec<TokenTree> = Vec::new();
    let mut only_attributes = true;
    for token in body {
        let starts_anew = match &token {
            TokenTree::Ident(word) => word == "let" && !only_attributes && !follows_condition(chunk.last()),
            TokenTree::Punct(punct) => punct.as_char() == '#' && !only_attributes,
            _ => false,
        };
        if starts_anew {
            chunks.push(chunk.drain(..).collect());
            only_attributes = true;
        }
        let ends = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ';');
        only_attributes &= is_attribute_part(&token, chunk.last());
        chunk.push(token);
        if ends {
            chunks.push(chunk.drain(..).collect());
            only_attributes = true;
        }
    }
    if !chunk.is_empty() {
        chunks.push(chunk.into_iter().collect());
    }
    chunks
}

/// `if let`, `while let` and `&& let` go on; only other `let`s begin a statement.
fn follows_condition(before: Option<&TokenTree>) -> bool {
    match before {
        Some(TokenTree::Ident(word)) => word == "if" || word == "while",
        Some(TokenTree::Punct(punct)) => punct.as_char() == '&',
        _ => false,
    }
}

fn is_attribute_part(token: &TokenTree, before: Option<&TokenTree>) -> bool {
    match token {
        TokenTree::Punct(punct) => punct.as_char() == '#',
        TokenTree::Group(_) => matches!(before, Some(TokenTree::Punct(punct)) if punct.as_char() == '#'),
        _ => false,
    }
}

/// What a statement may be: a `let` with one name, or an expression that ends in a call.
fn statement(found: Stmt, diagnostics: &mut Diagnostics) -> Option<Statement> {
    match found {
        Stmt::Local(local) => let_statement(local, diagnostics),
        Stmt::Expr(value @ (Expr::MethodCall(_) | Expr::Call(_) | Expr::Path(_) | Expr::Field(_)), _) => {
            Some(Statement::Expression(value))
        }
        Stmt::Expr(Expr::Verbatim(tokens), _) if tokens.is_empty() => None,
        Stmt::Item(item) => {
            diagnostics
                .error(item, "items do not stand inside a pipeline: move this in front of the function");
            None
        }
        other => {
            diagnostics.error(
                first_token(&other),
                "a pipeline's body is a list of `let name = stream..;` and `stream.sink(Topic);`: it is read once, to build \
                 the plan, not for each row. Put decisions about a row into a closure, such as `.filter(|row| ..)`, and \
                 those about the plan into a function of streams, called with `.through(function)`",
            );
            None
        }
    }
}

fn let_statement(local: Local, diagnostics: &mut Diagnostics) -> Option<Statement> {
    let (pattern, ty) = match local.pat {
        Pat::Type(typed) => (*typed.pat, Some(*typed.ty)),
        pattern => (pattern, None),
    };
    let name = match pattern {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.mutability.is_none() && pat.subpat.is_none() => {
            pat.ident
        }
        other => {
            diagnostics.error(
                other,
                "a `let` of a pipeline gives one stream one plain name, such as `let payments = ..`",
            );
            return None;
        }
    };
    let Some(init) = local.init else {
        diagnostics
            .error(&name, format!("`{name}` names no stream yet: write `let {name} = source(Topic)..;`"));
        return None;
    };
    if let Some((word, _)) = &init.diverge {
        diagnostics.error(word, "a `let` of a pipeline has no `else`");
    }
    Some(Statement::Let(Box::new(LetStatement { attributes: local.attrs, name, ty, value: *init.expr })))
}

fn first_token(tokens: &impl ToTokens) -> Option<TokenTree> {
    tokens.to_token_stream().into_iter().next()
}

/// What can be kept of a statement with a syntax error. Its name stays known, and where the error lies inside the
/// parentheses of an operator, so does its type.
fn salvage(chunk: TokenStream, error: syn::Error, diagnostics: &mut Diagnostics) -> Option<Statement> {
    let end = chunk.clone().into_iter().last().map_or_else(Span::call_site, |last| last.span());
    let error = mend::located(error, end);
    let Ok(opening) = opening.parse2(chunk.clone()) else {
        let value = value(chunk, error, diagnostics)?;
        return Some(Statement::Expression(value));
    };
    let Opening { attributes, name, ty, value: tokens } = opening;
    let value = value(tokens, error, diagnostics)?;
    Some(Statement::Let(Box::new(LetStatement { attributes, name, ty, value })))
}

/// Mends an expression that `error` was found in. `None`, with the error reported, if nothing of it can be kept.
fn value(tokens: TokenStream, error: syn::Error, diagnostics: &mut Diagnostics) -> Option<Expr> {
    let tokens = without_semicolon(tokens);
    if tokens.is_empty() {
        diagnostics.absorb(error);
        return None;
    }
    if let Some(mended) = mend::arguments(&tokens) {
        return Some(mended);
    }
    let prefix = mend::longest_stream(&tokens);
    let hole = error_expression(&error);
    Some(match prefix {
        Some(prefix) => syn::parse_quote!({ let _ = #prefix; #hole }),
        None => hole,
    })
}

/// The part of a `let` before its value.
struct Opening {
    attributes: Vec<Attribute>,
    name: Ident,
    ty: Option<Type>,
    value: TokenStream,
}

fn opening(input: ParseStream) -> syn::Result<Opening> {
    let attributes = input.call(Attribute::parse_outer)?;
    input.parse::<Token![let]>()?;
    let name = input.parse()?;
    let ty = match input.parse::<Option<Token![:]>>()? {
        Some(_) => Some(Type::parse(input)?),
        None => None,
    };
    // A `let` that stops here has no value to mend; its name is still known.
    if !input.is_empty() && !input.peek(Token![;]) {
        input.parse::<Token![=]>()?;
    }
    Ok(Opening { attributes, name, ty, value: input.parse()? })
}

fn without_semicolon(tokens: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    if matches!(tokens.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == ';') {
        tokens.pop();
    }
    tokens.into_iter().collect()
}
