//! The unit struct and the impl that one declaration of `topics!` becomes.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprClosure};

use crate::ast::{Format, Topic};
use crate::plan::clone_row_fields;

use super::runtime;

/// Emits all declarations.
pub(crate) fn topics(topics: &[Topic]) -> TokenStream {
    topics.iter().map(topic).collect()
}

fn topic(topic: &Topic) -> TokenStream {
    let Topic { attributes, visibility, ident, name, row, partitions, .. } = topic;
    let rt = runtime(Span::call_site());
    let documented = attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
    let doc =
        (!documented).then(|| format!("The topic `{}`.", name.value())).map(|doc| quote!(#[doc = #doc]));
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let conditions = quote!(#(#conditions)*);
    let time_kind = match topic.time {
        Some(_) => quote!(#rt::NoLateness),
        None => quote!(#rt::NoEventTime),
    };
    let format = match topic.format {
        Format::Native => quote!(Native),
        Format::Json => quote!(Json),
        Format::Raw => quote!(Raw),
    };
    let key_text = topic.key.as_ref().map(declared).unwrap_or_default();
    let time_text = topic.time.as_ref().map(declared).unwrap_or_default();
    let encode_key = encode_key(topic.key.as_ref());
    let time = time(topic.time.as_ref());
    quote! {
        #(#attributes)*
        #doc
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #visibility struct #ident;

        #conditions
        #[diagnostic::do_not_recommend]
        impl #rt::Holds<#row> for #ident {}

        #conditions
        #[diagnostic::do_not_recommend]
        impl #rt::NamesTopic for #ident {
            type Topic = Self;
            fn topic() -> Self {
                #ident
            }
        }

        #conditions
        #[diagnostic::do_not_recommend]
        #[allow(clippy::clone_on_copy)]
        impl #rt::Topic for #ident {
            type Row = #row;
            type Time = #time_kind;
            const NAME: &'static str = #name;
            const PARTITIONS: u32 = #partitions;
            const FORMAT: #rt::Format = #rt::Format::#format;
            const KEY: &'static str = #key_text;
            const TIME: &'static str = #time_text;
            #encode_key
            #time
        }
    }
}

/// A setting as the user wrote it but for its spacing, so that formatting a file changes nothing that is kept.
fn declared(value: &Expr) -> String {
    let mut text = String::new();
    append(value.to_token_stream(), &mut text);
    text
}

fn append(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                append(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) if punct.as_char() == ',' => text.push_str(", "),
            TokenTree::Punct(punct) => text.push(punct.as_char()),
            word => {
                if text.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
        }
    }
}

fn encode_key(key: Option<&Expr>) -> TokenStream {
    let Some(key) = key else {
        return quote! {
            fn encode_key(_: &Self::Row, _: &mut ::std::vec::Vec<u8>) -> bool {
                false
            }
        };
    };
    let row = row_name(key.span());
    let out = quote_spanned!(Span::mixed_site()=> out);
    let rt = runtime(key.span());
    let value = match key {
        Expr::Closure(closure) => of_row(closure),
        Expr::Tuple(tuple) => {
            let fields = tuple.elems.iter().map(owned_field);
            quote!((#(#fields,)*))
        }
        // A single field is lent: no clone for each row that is written.
        field => quote_spanned!(field.span()=> #row.#field),
    };
    let call = quote_spanned!(key.span()=> #rt::encode_key(&#value, #out));
    quote! {
        fn encode_key(#row: &Self::Row, #out: &mut ::std::vec::Vec<u8>) -> bool {
            #call;
            true
        }
    }
}

fn time(time: Option<&Expr>) -> TokenStream {
    let rt = runtime(Span::call_site());
    let Some(time) = time else {
        return quote! {
            fn time(_: &Self::Row) -> #rt::Timestamp {
                #rt::Timestamp::MIN
            }
        };
    };
    let row = row_name(time.span());
    let value = match time {
        Expr::Closure(closure) => of_row(closure),
        field => owned_field(field),
    };
    let call_rt = runtime(time.span());
    let call = quote_spanned!(time.span()=> #call_rt::event_time(#value));
    quote! {
        fn time(#row: &Self::Row) -> #rt::Timestamp {
            #call
        }
    }
}

/// Calls the user's closure, so that its parameter's type is known.
fn of_row(closure: &ExprClosure) -> TokenStream {
    let (row, rt) = (row_name(closure.span()), runtime(closure.span()));
    let closure = clone_row_fields(closure.clone());
    quote_spanned!(closure.span()=> #rt::of_row(#row, #closure))
}

fn owned_field(field: &Expr) -> TokenStream {
    let span = field.span();
    let row = row_name(span);
    quote_spanned!(span=> #row.#field.clone())
}

/// The row, as the macro's own variable. It has the span of what is done with it, or rustc would underline the whole macro.
fn row_name(span: Span) -> TokenStream {
    quote_spanned!(span=> __row)
}
