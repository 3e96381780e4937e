//! The two macros, each as the list of its stages. A stage that finds errors still hands on all it could make sense of.

use proc_macro2::TokenStream;
use quote::quote;

use crate::diagnostics::Diagnostics;
use crate::{check, emit, parse, plan};

/// `topics! { .. }`: parse, check, emit.
pub(crate) fn topics(input: TokenStream) -> TokenStream {
    let mut diagnostics = Diagnostics::new();
    let declarations = parse::topics(input, &mut diagnostics);
    let topics = check::topics(declarations, &mut diagnostics);
    let items = emit::topics(&topics);
    with_errors(items, diagnostics)
}

/// `#[pipeline] fn ..`: parse, check, plan, emit.
pub(crate) fn pipeline(arguments: TokenStream, item: TokenStream) -> TokenStream {
    if syn::parse2::<syn::ExprClosure>(item.clone()).is_ok() {
        // rustc has already said that no attribute stands on an expression.
        return item;
    }
    let mut diagnostics = Diagnostics::new();
    if !arguments.is_empty() {
        diagnostics.error(
            arguments,
            "`#[pipeline]` takes no arguments: what a pipeline needs are parameters of its function",
        );
    }
    let Some(pipeline) = parse::pipeline(item.clone(), &mut diagnostics) else {
        // Whatever else it is, it stays: what refers to it is not to blame.
        let other = syn::parse2::<syn::Item>(item).ok().filter(|item| !matches!(item, syn::Item::Fn(_)));
        return with_errors(quote!(#other), diagnostics);
    };
    check::pipeline(&pipeline, &mut diagnostics);
    if pipeline.name == "main" {
        // Without a `main`, and with one that gives a pipeline, rustc would complain as well.
        return with_errors(
            quote!(
                fn main() {}
            ),
            diagnostics,
        );
    }
    let mut plan = plan::pipeline(pipeline);
    plan.touches_more |= !diagnostics.is_empty();
    let items = emit::pipeline(&plan);
    with_errors(items, diagnostics)
}

fn with_errors(items: TokenStream, diagnostics: Diagnostics) -> TokenStream {
    let errors = diagnostics.into_tokens();
    quote!(#items #errors)
}
