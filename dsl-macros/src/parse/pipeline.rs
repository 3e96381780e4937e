//! The item under `#[pipeline]`: its signature, and its body as tokens.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Expr, ExprLit, FnArg, GenericParam, Ident, Lit, LitInt, Meta, Pat, PathArguments, ReturnType,
    Safety, Signature, Token, Type, TypeParamBound, Visibility, braced,
};

use crate::ast::{Parameter, ParameterDefault, Pipeline};
use crate::diagnostics::Diagnostics;
use crate::duration::{Duration, as_meant};
use crate::written::written;

use super::statements;

/// Parses the item; `None` if not even its signature can be read.
pub(crate) fn pipeline(item: TokenStream, diagnostics: &mut Diagnostics) -> Option<Pipeline> {
    let head = diagnostics.check(head.parse2(item))?;
    if let Some(receiver @ FnArg::Receiver(_)) = head.signature.inputs.first() {
        // Inside of an `impl` nothing that a pipeline is made of may stand, and each would be an error of its own.
        diagnostics.error(
            receiver,
            "a pipeline is a function of its own, not a method: move it out of the `impl`, and what it needs of `self` into parameters",
        );
        return None;
    }
    let parameters = signature(&head.signature, diagnostics);
    let inputs = &head.signature.inputs;
    let has_stream = inputs.iter().any(is_stream);
    let refused_parameters = (parameters.len() < inputs.len()
        && !has_stream
        && head.signature.generics.params.is_empty())
    .then(|| {
        let types = inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(&typed.ty),
            _ => None,
        });
        quote!(#(_: #types),*)
    });
    let body = statements::statements(head.body, diagnostics);
    Some(Pipeline {
        attributes: head.attributes,
        visibility: head.visibility,
        // What is given back instead may be what should be written.
        broken: body.broken || has_stream || !matches!(head.signature.output, ReturnType::Default),
        name: head.signature.ident,
        parameters,
        parentheses: head.signature.paren_token,
        refused_parameters,
        statements: body.statements,
    })
}

struct Head {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    body: TokenStream,
}

fn head(input: ParseStream) -> syn::Result<Head> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    let is_function = is_function(input);
    let signature = input.parse().map_err(|error: syn::Error| {
        let message = match is_function {
            true => format!("the head of this pipeline cannot be read: {error}"),
            false => format!("`#[pipeline]` goes on a function, `pub fn name(..) {{ .. }}`: {error}"),
        };
        syn::Error::new(error.span(), message)
    })?;
    let content;
    braced!(content in input);
    let body = content.parse()?;
    // What follows the body of a broken item is left to rustc, which has already complained of it.
    input.parse::<TokenStream>()?;
    Ok(Head { attributes, visibility, signature, body })
}

/// Whether the word `fn` comes, behind others that may stand before it.
fn is_function(input: ParseStream) -> bool {
    let ahead = input.fork();
    while let Ok(word) = ahead.call(Ident::parse_any) {
        if word == "fn" {
            return true;
        }
    }
    false
}

/// Reports what a pipeline's signature must not have, and gives its parameters.
fn signature(signature: &Signature, diagnostics: &mut Diagnostics) -> Vec<Parameter> {
    if let Some(token) = &signature.asyncness {
        diagnostics
            .error(token, "a pipeline is not `async`: its body only registers a plan, and waits for nothing");
    }
    if let Some(token) = &signature.constness {
        diagnostics.error(token, "a pipeline is not `const`: leave the word out");
    }
    match &signature.safety {
        Safety::Unsafe(token) => diagnostics.error(token, "a pipeline is not `unsafe`: leave the word out"),
        Safety::Safe(token) => diagnostics.error(token, "a pipeline needs no `safe`: leave the word out"),
        _ => {}
    }
    if let Some(abi) = &signature.abi {
        diagnostics.error(abi, "a pipeline has no ABI of its own: leave this out");
    }
    let generics = &signature.generics;
    let borrows = signature
        .inputs
        .iter()
        .any(|input| matches!(input, FnArg::Typed(typed) if matches!(&*typed.ty, Type::Reference(_))));
    // A lifetime is there for the sake of a borrowed parameter, which has an error of its own.
    if generics.params.iter().any(|parameter| !(borrows && matches!(parameter, GenericParam::Lifetime(_)))) {
        diagnostics.error(
            generics,
            "a pipeline cannot be generic: its topics, keys and state have fixed types. Put the generic part into a \
             function of streams and call it with `.through(function)`",
        );
    }
    if let Some(clause) = &signature.generics.where_clause {
        diagnostics.error(clause, "a pipeline has no `where` clause, as it cannot be generic");
    }
    if let ReturnType::Type(_, ty) = &signature.output {
        diagnostics.error(
            ty,
            "a pipeline has no return type of its own: what it makes goes to topics with `.sink(Topic)`, and calling it \
             gives the pipeline to run, explain or test",
        );
    }
    if let Some(extra) = signature.inputs.iter().nth(PARAMETERS_MAX) {
        diagnostics.error(
            extra,
            format!(
                "a pipeline takes at most {PARAMETERS_MAX} parameters: put some together in a struct with \
                 `#[derive(Clone, Record)]`"
            ),
        );
    }
    signature.inputs.iter().take(PARAMETERS_MAX).filter_map(|input| parameter(input, diagnostics)).collect()
}

/// As many as the runtime's `Params` has tuples for.
const PARAMETERS_MAX: usize = 8;

fn parameter(input: &FnArg, diagnostics: &mut Diagnostics) -> Option<Parameter> {
    let typed = match input {
        FnArg::Typed(typed) => typed,
        other => {
            diagnostics.error(other, "a pipeline is a function of its own, not a method: it has no `self`");
            return None;
        }
    };
    let name = match &*typed.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.mutability.is_none() && pat.subpat.is_none() => {
            pat.ident.clone()
        }
        other => {
            diagnostics.error(other, "a pipeline's parameter is a plain name, such as `limit: u32`");
            return None;
        }
    };
    if is_stream(input) {
        diagnostics.error(
            &typed.ty,
            "a pipeline makes its streams itself, `source(Payments)`: leave `#[pipeline]` off a function of streams, and call it in a \
             pipeline, `.through(function)`",
        );
        return None;
    }
    match &*typed.ty {
        Type::FnPtr(ty) => {
            diagnostics.error(ty, NO_FUNCTION);
            return None;
        }
        Type::ImplTrait(ty) => {
            let message = match are_of_closures(&ty.bounds) {
                true => NO_FUNCTION,
                false => "a pipeline's parameter has one fixed type: name it instead of `impl ..`",
            };
            diagnostics.error(ty, message);
            return None;
        }
        Type::Reference(ty) if ty.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static") => {
            diagnostics.error(
                ty,
                "a pipeline keeps its parameters for as long as it runs: take an owned value, such as `String` for `&str`",
            );
            return None;
        }
        _ => {}
    }
    let (about, default) = attributes(&typed.attrs, diagnostics);
    let default =
        default.and_then(|default| diagnostics.check(no_unit(&typed.ty, &default)).map(|()| default));
    Some(Parameter { name, ty: (*typed.ty).clone(), about, default })
}

/// What is said of a function as a parameter.
const NO_FUNCTION: &str = "a pipeline's parameters are values, not functions or closures: they are kept with its state, so that after a restart the plan is the same. \
     Write a function, `fn is_hidden(path: &str) -> bool`, and call it in the closure, `.filter(|r| !is_hidden(&r.path))`; what it goes by can be a parameter, such as \
     `limit: u32`";

/// Whether bounds have that of closures: `Fn(..)`, `FnMut(..)`, `FnOnce(..)`.
fn are_of_closures(bounds: &Punctuated<TypeParamBound, Token![+]>) -> bool {
    bounds.iter().any(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return false };
        bound
            .path
            .segments
            .last()
            .is_some_and(|last| matches!(last.arguments, PathArguments::Parenthesized(_)))
    })
}

/// What stands above a parameter: its doc comment in one line, and its default.
fn attributes(attributes: &[Attribute], diagnostics: &mut Diagnostics) -> (String, Option<ParameterDefault>) {
    let (mut about, mut default): (Vec<String>, Option<ParameterDefault>) = (Vec::new(), None);
    for attribute in attributes {
        let path = attribute.path();
        if path.is_ident("doc") {
            about.extend(doc_line(attribute));
        } else if path.is_ident("default") {
            let value = attribute.parse_args::<Expr>();
            match value {
                Ok(_) if default.is_some() => {
                    diagnostics.error(attribute, "a parameter has one default: leave the others out");
                }
                Ok(value) => default = diagnostics.check(default_of(value)),
                Err(_) => diagnostics.error(
                    attribute,
                    "a parameter's default is a value in parentheses, `#[default(500)]`: the command line takes it where the flag is not given",
                ),
            }
        } else if !LINTS.iter().any(|lint| path.is_ident(lint)) {
            diagnostics.error(
                attribute,
                "above a pipeline's parameter stand its doc comment, which is the help of its flag, and `#[default(500)]`, and nothing else",
            );
        }
    }
    (about.join(" "), default)
}

/// The default that an expression gives. A literal with a unit of time is a duration, as in the body.
fn default_of(value: Expr) -> syn::Result<ParameterDefault> {
    let text = written(&value);
    let duration = match &value {
        Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) => Duration::of_literal(literal).transpose()?,
        _ => None,
    };
    Ok(ParameterDefault { text, value, millis: duration.map(|duration| duration.millis) })
}

/// Refuses the default of a `Duration` that is a number or a text.
fn no_unit(ty: &Type, default: &ParameterDefault) -> syn::Result<()> {
    let is_duration =
        matches!(ty, Type::Path(ty) if ty.path.segments.last().is_some_and(|last| last.ident == "Duration"));
    let length = match &default.value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => format!("{}s", number.base10_digits()),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value(),
        _ => return Ok(()),
    };
    if !is_duration || default.millis.is_some() {
        return Ok(());
    }
    let meant = syn::parse_str::<LitInt>(&length).ok();
    let meant = meant.and_then(|length| as_meant(length.base10_digits(), length.suffix()));
    let meant = meant.unwrap_or_else(|| "10s".to_owned());
    let message = format!(
        "the default of a `Duration` is a number with its unit, and no text: write `#[default({meant})]`"
    );
    Err(syn::Error::new_spanned(&default.value, message))
}

/// Attributes that rustc allows on parameters, and that change nothing.
const LINTS: &[&str] = &["allow", "warn", "deny", "forbid", "expect"];

/// A line of a doc comment; `None` if it is empty, or made by a macro.
fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(doc) = &attribute.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &doc.value else { return None };
    let line = line.value().trim().to_owned();
    (!line.is_empty()).then_some(line)
}

/// Whether a parameter is a stream, which only a function of streams has.
fn is_stream(input: &FnArg) -> bool {
    let FnArg::Typed(typed) = input else { return false };
    matches!(&*typed.ty, Type::Path(ty) if ty.path.segments.last().is_some_and(|last| last.ident == "Stream"))
}
