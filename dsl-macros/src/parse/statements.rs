//! The body of a pipeline, split into statements before any of them is parsed: a broken one does not take the others along.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser};
use syn::visit::Visit;
use syn::{
    Attribute, Block, Expr, ExprCall, ExprMacro, Ident, Local, Pat, PatIdent, PatTuple, Stmt, StmtMacro,
    Token, Type,
};

use crate::ast::{LetPattern, LetStatement, Statement};
use crate::diagnostics::{Diagnostics, NOT_AWAITED, error_expression};
use crate::vocabulary::names_a_type;

use super::foreign::is_name;
use super::{foreign, mend};

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
                // What is in a statement of another kind is not known.
                parsed.broken |= found.iter().any(|found| !is_known(found));
                parsed.statements.extend(found.into_iter().flat_map(|found| statement(found, diagnostics)));
            }
            Err(_) => {
                let meant = foreign::as_meant(chunk.clone(), diagnostics).unwrap_or(chunk);
                match Block::parse_within.parse2(meant.clone()) {
                    Ok(found) => {
                        parsed
                            .statements
                            .extend(found.into_iter().flat_map(|found| statement(found, diagnostics)));
                    }
                    Err(error) => parsed.statements.extend(salvage(meant, error, diagnostics)),
                }
                parsed.broken = true;
            }
        }
    }
    parsed
}

/// Cuts after each `;`, and before a `let`, an attribute or a name that a forgotten `;` has left in the middle.
fn split(body: TokenStream) -> Vec<TokenStream> {
    let mut chunks = Vec::new();
    let mut chunk: Vec<TokenTree> = Vec::new();
    let mut only_attributes = true;
    for token in body {
        let starts_anew = match &token {
            TokenTree::Ident(word) if word == "let" => !only_attributes && !follows_condition(chunk.last()),
            TokenTree::Ident(word) => is_name(word) && chunk.last().is_some_and(ends_value),
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

/// Whether a value may end in a token, so that no name can follow it: `rows.sink(Topic) others.sink(Topic);`.
fn ends_value(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(word) => is_name(word),
        TokenTree::Group(group) => group.delimiter() == Delimiter::Parenthesis,
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
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
fn statement(found: Stmt, diagnostics: &mut Diagnostics) -> Vec<Statement> {
    match found {
        Stmt::Local(local) => let_statement(local, diagnostics),
        Stmt::Expr(Expr::Call(call), _) if is_value(&call) => {
            diagnostics.error(
                call,
                "a pipeline's body gives nothing back: it ends with `stream.sink(Topic);`, and calling the function gives the \
                 pipeline",
            );
            Vec::new()
        }
        Stmt::Expr(Expr::Try(question), _) if matches!(&*question.expr, Expr::MethodCall(_)) => {
            diagnostics.error(
                question.question_token,
                "nothing can fail in a pipeline's body, which only describes it: leave out `?`",
            );
            vec![Statement::Expression(*question.expr)]
        }
        Stmt::Expr(Expr::Await(waiting), _) if matches!(&*waiting.base, Expr::MethodCall(_)) => {
            diagnostics.error(waiting.await_token, NOT_AWAITED);
            vec![Statement::Expression(*waiting.base)]
        }
        Stmt::Expr(value @ (Expr::MethodCall(_) | Expr::Call(_) | Expr::Path(_) | Expr::Field(_)), _) => {
            vec![Statement::Expression(value)]
        }
        Stmt::Expr(Expr::Verbatim(tokens), _) if tokens.is_empty() => Vec::new(),
        Stmt::Macro(StmtMacro { mac, .. }) if mac.path.is_ident("topics") => {
            diagnostics.error(
                &mac.path,
                "topics are declared outside of a pipeline, as other pipelines name them too: move this in front of the function",
            );
            Vec::new()
        }
        Stmt::Macro(StmtMacro { mac, .. }) if PRINTING.iter().any(|name| mac.path.is_ident(name)) => {
            diagnostics.error(&mac.path, PRINTS);
            Vec::new()
        }
        Stmt::Expr(Expr::Macro(ExprMacro { mac, .. }), _)
            if PRINTING.iter().any(|name| mac.path.is_ident(name)) =>
        {
            diagnostics.error(&mac.path, PRINTS);
            Vec::new()
        }
        Stmt::Item(item) => {
            diagnostics
                .error(item, "items do not stand inside a pipeline: move this in front of the function");
            Vec::new()
        }
        other => {
            diagnostics.error(
                first_token(&other),
                "a pipeline's body is a list of `let name = stream..;` and `stream.sink(Topic);`: it is read once, to build \
                 the plan, not for each row. Put decisions about a row into a closure, such as `.filter(|row| ..)`, and \
                 those about the plan into a function of streams, called with `.through(function)`",
            );
            Vec::new()
        }
    }
}

/// The macros that print.
const PRINTING: &[&str] = &["println", "print", "eprintln", "eprint", "dbg"];

const PRINTS: &str = "the body is read once, to build the plan, and sees no rows: they are looked at in a topic, `.sink(Topic)`, which the \
                      program's `read` command prints, and in a test `t.rows(Topic)` gives its rows";

/// Whether all that a statement says of streams is looked at.
fn is_known(found: &Stmt) -> bool {
    match found {
        Stmt::Local(local) => named_sink(local).is_none(),
        Stmt::Expr(
            Expr::MethodCall(_) | Expr::Call(_) | Expr::Path(_) | Expr::Field(_) | Expr::Try(_),
            _,
        ) => true,
        Stmt::Expr(Expr::Verbatim(tokens), _) => tokens.is_empty(),
        _ => false,
    }
}

/// `Ok(())`, `Some(rows)`: a value, as functions end with it.
fn is_value(call: &ExprCall) -> bool {
    matches!(&*call.func, Expr::Path(callee) if names_a_type(&callee.path))
}

/// Whether a value begins as streams do, with a name or with `source(..)`.
fn may_be_stream(value: &Expr) -> bool {
    match value {
        Expr::MethodCall(call) => may_be_stream(&call.receiver),
        Expr::Call(call) => matches!(&*call.func, Expr::Path(callee) if callee.path.get_ident().is_some()),
        Expr::Path(_) => true,
        _ => false,
    }
}

/// The word `sink`, if a `let` names one. What is no stream has none: in `let large = rows. others.sink(Topic);` a word is still to
/// be written behind the first dot.
fn named_sink(local: &Local) -> Option<&Ident> {
    match local.init.as_ref().map(|init| &*init.expr) {
        Some(Expr::MethodCall(call))
            if call.method == "sink" && !matches!(*call.receiver, Expr::Field(_)) =>
        {
            Some(&call.method)
        }
        _ => None,
    }
}

fn let_statement(local: Local, diagnostics: &mut Diagnostics) -> Vec<Statement> {
    let sink = named_sink(&local).cloned();
    let mut changes = None;
    let (pattern, ty) = match local.pat {
        Pat::Type(typed) => (*typed.pat, Some(*typed.ty)),
        pattern => (pattern, None),
    };
    let pattern = match pattern {
        Pat::Ident(pat) if pat.subpat.is_none() => {
            let word = pat.by_ref.map(|by_ref| by_ref.to_token_stream());
            // Of what is no stream something else is said.
            let may_be_stream = local.init.as_ref().is_none_or(|init| may_be_stream(&init.expr));
            changes = pat.mutability.filter(|_| !may_be_stream);
            if let Some(word) = word
                .or(pat.mutability.map(|mutability| mutability.to_token_stream()))
                .filter(|_| may_be_stream)
            {
                let message = format!(
                    "a stream's name does not change: leave out `{word}`, and name what comes of it with another `let`"
                );
                diagnostics.error(word, message);
            }
            LetPattern::Name(pat.ident)
        }
        Pat::Tuple(tuple) => match parts(&tuple) {
            Some(names) => LetPattern::Parts { names, pattern: tuple },
            None => return several(&Pat::Tuple(tuple)),
        },
        other => return several(&other),
    };
    let Some(init) = local.init else {
        for name in pattern.names() {
            diagnostics
                .error(name, format!("`{name}` names no stream yet: write `let {name} = source(Topic)..;`"));
        }
        return Vec::new();
    };
    if let Some((word, _)) = &init.diverge {
        diagnostics.error(word, "a `let` of a pipeline has no `else`");
    }
    if let Some(word) = changes {
        let value = error_expression(&syn::Error::new_spanned(word, CHANGES));
        return vec![Statement::Let(Box::new(LetStatement {
            attributes: local.attrs,
            pattern,
            ty: None,
            value,
        }))];
    }
    let value = match sink {
        // In its place, so that what goes on with the name is not blamed as well.
        Some(sink) => {
            let names = pattern.names();
            let name = names.first().map_or_else(|| "rows".to_owned(), |name| name.to_string());
            let message = format!(
                "a sink is the end of a stream, so there is nothing to name: leave out `let {name} =`, or put the sink into a \
                 statement of its own, `{name}.sink(Topic);`"
            );
            error_expression(&syn::Error::new_spanned(sink, message))
        }
        None => *init.expr,
    };
    vec![Statement::Let(Box::new(LetStatement { attributes: local.attrs, pattern, ty, value }))]
}

/// What is said of a value that a closure would change.
const CHANGES: &str = "a closure over rows changes nothing outside of itself, as workers share the rows and a crash brings some again: leave this `let` out. \
    What is counted or added up is an aggregate, behind `.group_by(|row| row.key).window(tumbling(1h))` or `.over(last(5m))`; a row that was \
    there already is left out by `.distinct_by(|row| row.id).within(1h)`; a value that stays the same is a parameter of the pipeline";

/// The names of a tuple that is for the parts of a stream, if it has nothing else.
fn parts(tuple: &PatTuple) -> Option<Vec<Option<Ident>>> {
    let names = tuple.elems.iter().map(|part| match part {
        Pat::Ident(pat) if pat.subpat.is_none() && pat.by_ref.is_none() && pat.mutability.is_none() => {
            Some(Some(pat.ident.clone()))
        }
        Pat::Wild(_) => Some(None),
        _ => None,
    });
    names.collect()
}

/// For a pattern that is no plain name, an error in the place of each stream that it would name, so that none is missed.
fn several(pattern: &Pat) -> Vec<Statement> {
    let message = "a `let` of a pipeline gives a stream one plain name, `let payments = ..`, or each part of a `.split(..)`, `let (large, others) = ..`";
    let error = syn::Error::new_spanned(pattern, message);
    let mut names = NamesIn::default();
    names.visit_pat(pattern);
    let value = || error_expression(&error);
    if names.found.is_empty() {
        return vec![Statement::Expression(value())];
    }
    let named = |name| LetStatement {
        attributes: Vec::new(),
        pattern: LetPattern::Name(name),
        ty: None,
        value: value(),
    };
    names.found.into_iter().map(|name| Statement::Let(Box::new(named(name)))).collect()
}

#[derive(Default)]
struct NamesIn {
    found: Vec<Ident>,
}

impl<'a> Visit<'a> for NamesIn {
    fn visit_pat_ident(&mut self, pattern: &'a PatIdent) {
        self.found.push(pattern.ident.clone());
    }
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
    // Where it stops before its value, an editor is asked what there is for it: the place stays.
    let value = match without_semicolon(tokens.clone()).is_empty() {
        true => error_expression(&error),
        false => value(tokens, error, diagnostics)?,
    };
    let pattern = LetPattern::Name(name);
    Some(Statement::Let(Box::new(LetStatement { attributes, pattern, ty, value })))
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
        // Of `let payments := ..` the name is known, and its value.
        Some(_) if input.peek(Token![=]) => None,
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
