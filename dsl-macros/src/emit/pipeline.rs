//! The function and the trait that one `#[pipeline] fn` becomes.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, Path, PathArguments, Type, parse_quote};

use crate::ast::{LetPattern, Parameter, ParameterDefault};
use crate::plan::{PlannedPipeline, PlannedStatement, Text, last_token};

use crate::paths::{camel_case, runtime, runtime_aside};
use crate::written::written;

/// Emits the whole pipeline.
pub(crate) fn pipeline(plan: &PlannedPipeline) -> TokenStream {
    let PlannedPipeline { attributes, visibility, name, parameters, .. } = plan;
    let ty = trait_name(name);
    let rt = runtime(Span::call_site());
    let names: Vec<&Ident> = parameters.iter().map(|parameter| &parameter.name).collect();
    let types = parameters.iter().map(|parameter| &parameter.ty);
    let declared = parameters.iter().map(|Parameter { name, ty, .. }| quote!(#name: #ty));
    let declared = plan.refused_parameters.clone().unwrap_or_else(|| quote!(#(#declared),*));
    let statements = plan.statements.iter().map(statement);
    let texts = texts(&plan.statements);
    let must_use = (!attributes.iter().any(|attribute| attribute.path().is_ident("must_use")))
        .then(|| quote!(#[must_use = "a pipeline does nothing until it is run: call `.main()`, or `.test()` in a test"]));
    let topics = topics(plan, &ty);
    let signature = signature(plan, &ty);
    let new = new_pipeline(plan);
    let used = plan.touches_more.then(|| used(&plan.statements));
    let made = match plan.refused_parameters {
        None => quote!(#rt::PipelineOf::new(#new #texts)),
        Some(_) => quote!(::core::unreachable!()),
    };
    quote! {
        #(#attributes)*
        #must_use
        #visibility fn #name(#declared) -> #rt::PipelineOf<dyn #ty> {
            #[allow(unused_parens, clippy::clone_on_copy, clippy::redundant_clone, clippy::unused_unit)]
            fn __body((#(#names,)*): (#(#types,)*)) {
                #[allow(unused_imports)]
                use #rt::dsl::*;
                #(#statements)*
                #used
            }
            #signature
            #made
        }
        #topics
    }
}

/// `DeparturesPipeline` for `departures`.
fn trait_name(function: &Ident) -> Ident {
    let camel = camel_case(&function.unraw().to_string());
    // It lies where the function's name does, and stays the macro's own: rustc proposes no change of it.
    format_ident!("{camel}Pipeline", span = Span::call_site().located_at(function.span()))
}

/// A parameter as the pipeline is made of it. A mistake in its type is reported at the type, and ends there.
fn checked(parameter: &Parameter) -> TokenStream {
    let Parameter { name, ty, .. } = parameter;
    let rt = runtime(Span::call_site());
    quote!(#rt::pipeline_parameter::<#ty>(&#name))
}

/// What the function gives. What rustc has to say of all parameters together, it says at the first one.
fn new_pipeline(plan: &PlannedPipeline) -> TokenStream {
    let aside = plan.parentheses.span.open();
    let at = plan.parameters.first().map_or(aside, |first| first.ty.span());
    let new = runtime_aside(at, aside, &["Pipeline", "new"]);
    let body = Ident::new("__body", aside);
    let text = plan.name.unraw().to_string();
    let parameters = plan.parameters.iter().map(checked);
    quote_spanned!(at=> #new(#text, (#(#parameters,)*), #body))
}

/// What the function says of its parameters without being called, for their flags. It stands inside of the function: where no item may
/// stand beside that, it is no error of its own.
fn signature(plan: &PlannedPipeline, trait_name: &Ident) -> Option<TokenStream> {
    if plan.parameters.is_empty() || plan.refused_parameters.is_some() {
        return None;
    }
    let rt = runtime(Span::call_site());
    let name = plan.name.unraw().to_string();
    let types = plan.parameters.iter().map(|parameter| &parameter.ty);
    let declared = plan.parameters.iter().map(|Parameter { name, ty, about, default }| {
        let (name, text) = (name.unraw().to_string(), written(ty));
        let or = default.as_ref().map(|ParameterDefault { text, value, millis }| {
            let given = match millis {
                Some(millis) => quote!(#rt::Duration::from_millis(#millis)),
                None => quote!(#value),
            };
            quote_spanned!(value.span()=> .or(#text, || #given))
        });
        quote!(#rt::Declared::<#ty>::new(#name, #text, #about) #or)
    });
    Some(quote! {
        #[allow(non_local_definitions)]
        impl #rt::Signature for dyn #trait_name {
            type Values = (#(#types,)*);
            const NAME: &'static str = #name;
            fn declared() -> <Self::Values as #rt::Values>::Declared {
                (#(#declared,)*)
            }
        }
    })
}

fn statement(statement: &PlannedStatement) -> TokenStream {
    let rt = runtime(Span::call_site());
    let value = &statement.value;
    // The semicolon takes the place of the statement's last token: with the macro's own, an error would cover everything.
    let end = value.to_token_stream().into_iter().last().map_or_else(Span::call_site, |last| last.span());
    let semicolon = quote_spanned!(end=> ;);
    match &statement.binding {
        Some(binding) => {
            let attributes = &binding.attributes;
            let ty = binding.ty.clone().map(with_any_time).map(|ty| quote!(: #ty));
            let value = if binding.asks_for_type {
                let named = runtime_aside(end, last_token(value), &["named"]);
                quote_spanned!(end=> #named(#value))
            } else {
                quote!(#value)
            };
            let (begins, pattern) = begins(&binding.pattern);
            quote! {
                #begins
                #(#attributes)*
                let #pattern #ty = #value #semicolon
            }
        }
        None => {
            let name = statement.ends_in.as_deref().unwrap_or_default();
            quote!(#rt::statement(#name); #value #semicolon)
        }
    }
}

/// Uses all names, where an error stands: what is left of it may not. It comes behind all statements, before which nothing depends on them.
fn used(statements: &[PlannedStatement]) -> TokenStream {
    let bindings = statements.iter().filter_map(|statement| statement.binding.as_ref());
    let names: Vec<&Ident> = bindings.flat_map(|binding| binding.pattern.names()).collect();
    quote!(let _ = (#(&#names,)*);)
}

/// What begins the statement of a `let`, and what stands in it before the `=`.
fn begins(pattern: &LetPattern) -> (TokenStream, TokenStream) {
    let rt = runtime(Span::call_site());
    let text = |name: &Ident| name.unraw().to_string();
    match pattern {
        LetPattern::Name(name) => {
            let text = text(name);
            (quote!(#rt::statement(#text);), quote!(#name))
        }
        LetPattern::Parts { pattern: tuple, names } => {
            let parts = names.iter().map(|name| name.as_ref().map(text).unwrap_or_default());
            let all = pattern.names().into_iter().map(text).collect::<Vec<_>>().join(", ");
            (quote!(#rt::statement_of_parts(#all, &[#(#parts),*]);), quote!(#tuple))
        }
    }
}

/// `Stream<Payment>` as `Stream<Payment, _>`: what is known of the rows' time follows from the value.
fn with_any_time(mut ty: Type) -> Type {
    if let Type::Path(path) = &mut ty
        && let Some(last) = path.path.segments.last_mut().filter(|last| last.ident == "Stream")
        && let PathArguments::AngleBracketed(arguments) = &mut last.arguments
        && arguments.args.len() == 1
    {
        arguments.args.push(parse_quote!(_));
    }
    ty
}

/// What is kept of the user's words, statement by statement. It stands behind the body: an editor that is asked for completions
/// expands the body once more, with a word put in at the place, and goes by the same place in both. Nothing before it may
/// depend on that word.
fn texts(statements: &[PlannedStatement]) -> Option<TokenStream> {
    if statements.iter().all(|statement| statement.texts.is_empty()) {
        return None;
    }
    let rt = runtime(Span::call_site());
    let statements = statements.iter().map(|statement| {
        let texts = statement.texts.iter().map(kept_text);
        quote!(&[#(#texts),*])
    });
    Some(quote!(.texts(|| #rt::texts(&[#(#statements),*]))))
}

/// A text that is kept, with the values of the constants that it names.
fn kept_text(Text { of, text, constants }: &Text) -> TokenStream {
    let rt = runtime(Span::call_site());
    let constants = constants.iter().map(|path| {
        let name = written(path);
        quote!((#name, {
            // Which of the three is called depends on what the constant's type can do.
            #[allow(unused_imports)]
            use #rt::constants::{AsJson as _, AsDebug as _, Unknown as _};
            (&&#rt::constants::Constant(&#path)).value()
        }))
    });
    quote!((#of, #text, &[#(#constants),*]))
}

/// The same for a pipeline with an error where a topic may be named: a test that names one shall not be blamed as well.
fn any_topics(plan: &PlannedPipeline, name: &Ident, at: Span) -> TokenStream {
    let rt = runtime(Span::call_site());
    let visibility = &plan.visibility;
    let conditions: Vec<_> =
        plan.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect();
    let declaration = quote_spanned!(at=> trait #name {});
    quote! {
        #(#conditions)*
        #[allow(dead_code)]
        #visibility #declaration
        #(#conditions)*
        impl<__P: #rt::Topic> #rt::Reads<__P> for dyn #name {}
        #(#conditions)*
        impl<__P: #rt::Topic> #rt::Writes<__P> for dyn #name {}
    }
}

/// The trait that stands for the topics which the pipeline reads and writes. It is the one name beside the function's: what rustc has to
/// say of a name that is there twice, it says once for each.
fn topics(plan: &PlannedPipeline, name: &Ident) -> TokenStream {
    let PlannedPipeline { visibility, name: function, reads, writes, .. } = plan;
    let rt = runtime(Span::call_site());
    let conditions = plan.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    // Where rustc shows the trait, it shows the function's name.
    let at = Span::call_site().located_at(function.span());
    let touches = |touches: &str, topic: &Path| {
        let touches = Ident::new(touches, Span::call_site());
        let touches = quote!(#rt::#touches);
        quote_spanned!(at=> #touches<#topic>)
    };
    let reads = reads.iter().map(|topic| touches("Reads", topic));
    let writes = writes.iter().map(|topic| touches("Writes", topic));
    let touched = reads.chain(writes);
    if plan.touches_more {
        return any_topics(plan, name, at);
    }
    let doc = format!("The topics that the pipeline [`{function}`] reads and writes, for its test's driver.");
    let declaration = quote_spanned!(at=> trait #name: #(#touched)+* {});
    quote! {
        #(#conditions)*
        #[doc = #doc]
        #[allow(dead_code, private_bounds)]
        #visibility #declaration
    }
}
