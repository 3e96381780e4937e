//! Repairs an expression with a syntax error: the smallest broken part gives way to the error itself.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, Token};

use crate::diagnostics::error_expression;

/// Puts errors in the place of arguments that cannot be parsed, innermost first: `rows.filter(|p| p.amount > ).map(f)`
/// keeps both operators. `None` if the error is not inside parentheses.
pub(super) fn arguments(tokens: &TokenStream) -> Option<Expr> {
    syn::parse2(inner_groups(tokens.clone())).ok()
}

/// The longest beginning that is an expression and stands for a stream. A field access at its end is more likely half a
/// method call: dropped.
pub(super) fn longest_stream(tokens: &TokenStream) -> Option<Expr> {
    prefixes(tokens).find(|prefix| !matches!(prefix, Expr::Field(_)))
}

/// All beginnings that are expressions, the longest first. The name of a record before its broken braces is none of them.
fn prefixes(tokens: &TokenStream) -> impl Iterator<Item = Expr> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let ends = tokens.clone();
    (1..tokens.len())
        .rev()
        .filter(move |length| !names_a_record(&ends, *length))
        .filter_map(move |length| syn::parse2(tokens[..length].iter().cloned().collect()).ok())
}

fn names_a_record(tokens: &[TokenTree], length: usize) -> bool {
    let braces =
        |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    let capital = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word.to_string().starts_with(char::is_uppercase));
    tokens.get(length).is_some_and(braces) && tokens.get(length - 1).is_some_and(capital)
}

fn inner_groups(tokens: TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => TokenTree::Group(mend_group(group)),
            other => other,
        })
        .collect()
}

fn mend_group(group: Group) -> Group {
    if group.delimiter() != Delimiter::Parenthesis {
        return regroup(&group, inner_groups(group.stream()));
    }
    if let Err(error) = parse_arguments(group.stream()) {
        let inner = inner_groups(group.stream());
        if parse_arguments(inner.clone()).is_ok() {
            return regroup(&group, inner);
        }
        let hole = hole(group.stream(), &located(error, group.span_close()));
        return regroup(&group, hole);
    }
    group
}

/// Says in words what cannot be read. An error at the end of the input has no place of its own: it gets `end`.
pub(super) fn located(error: syn::Error, end: Span) -> syn::Error {
    let text = error.to_string();
    match text.strip_prefix("unexpected end of input, ") {
        Some(expected) => {
            syn::Error::new(end, format!("this part of the pipeline cannot be read: {expected}"))
        }
        None => syn::Error::new(error.span(), format!("this part of the pipeline cannot be read: {text}")),
    }
}

/// What stands in the place of arguments that cannot be parsed. The part that can be read stays, and of a closure its parameters,
/// too: that is where an editor is asked for completions.
fn hole(arguments: TokenStream, error: &syn::Error) -> TokenStream {
    let error = error_expression(error);
    let (whole, broken) = whole_arguments(arguments);
    let (parameters, value) = closure(broken.clone()).unwrap_or_else(|| (TokenStream::new(), broken));
    match prefixes(&value).next() {
        // Nothing is moved, and no type is asked for, which an editor would go by.
        Some(prefix) => quote!(#whole #parameters match (#prefix) { _ => #error }),
        None => quote!(#whole #parameters #error),
    }
}

/// Cuts behind the last comma in front of which all arguments can be read: `3, |m| m.` after the `3,`.
fn whole_arguments(arguments: TokenStream) -> (TokenStream, TokenStream) {
    let tokens: Vec<TokenTree> = arguments.into_iter().collect();
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let of = |tokens: &[TokenTree]| tokens.iter().cloned().collect::<TokenStream>();
    let ends = (1..tokens.len()).rev().filter(|end| is_comma(&tokens[end - 1]));
    let end = ends.into_iter().find(|end| parse_arguments(of(&tokens[..*end])).is_ok()).unwrap_or(0);
    (of(&tokens[..end]), of(&tokens[end..]))
}

/// Cuts `|a, b| body` after the second bar.
fn closure(arguments: TokenStream) -> Option<(TokenStream, TokenStream)> {
    let tokens: Vec<TokenTree> = arguments.into_iter().collect();
    let is_bar = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '|');
    let first = tokens.iter().position(is_bar).filter(|first| *first <= 1)?;
    let second = first + 1 + tokens[first + 1..].iter().position(is_bar)?;
    let (parameters, body) = tokens.split_at(second + 1);
    let parameters: TokenStream = parameters.iter().cloned().collect();
    // The parameters alone have to parse, or the closure is no better than what it stands for.
    syn::parse2::<Expr>(quote!(#parameters ())).ok()?;
    Some((parameters, body.iter().cloned().collect()))
}

fn parse_arguments(tokens: TokenStream) -> syn::Result<Punctuated<Expr, Token![,]>> {
    Punctuated::parse_terminated.parse2(tokens)
}

fn regroup(group: &Group, content: TokenStream) -> Group {
    let mut mended = Group::new(group.delimiter(), content);
    mended.set_span(group.span());
    mended
}
