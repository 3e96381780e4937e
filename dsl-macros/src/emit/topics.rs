//! The unit struct and the impl that one declaration of `topics!` becomes.

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, ExprClosure, Ident, Type};

use crate::ast::{FieldsOfRow, Format, Topic};
use crate::plan::{Reads, clone_row_fields};

use crate::paths::{runtime, runtime_aside};
use crate::written::written;

/// Emits all declarations.
pub(crate) fn topics(topics: &[Topic]) -> TokenStream {
    topics.iter().map(topic).collect()
}

fn topic(topic: &Topic) -> TokenStream {
    let Topic { attributes, visibility, ident, name, row, partitions, .. } = topic;
    if let Some(error) = &topic.called_as_its_row {
        return called_as_its_row(topic, error);
    }
    let rt = runtime(Span::call_site());
    let documented = attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
    let doc =
        (!documented).then(|| format!("The topic `{}`.", name.value())).map(|doc| quote!(#[doc = #doc]));
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let conditions = quote!(#(#conditions)*);
    let time_kind = time_kind(topic);
    let format = match topic.format {
        Format::Native => quote!(Native),
        Format::Json => quote!(Json),
        Format::Raw => quote!(Raw),
    };
    let (name_alone, beside) = (name_alone(topic), [holds_bytes(topic), keyed(topic)]);
    let key_text = topic.key.as_ref().map(|key| written(&key.value)).unwrap_or_default();
    let time_text = topic.time.as_ref().map(|time| written(&time.value)).unwrap_or_default();
    let encode_key = encode_key(topic.key.as_ref());
    let of_row = topic.time.as_ref().filter(|_| !topic.time_is_append);
    let time_fields = time_fields(of_row);
    let time = time(of_row);
    let kept = kept(topic);
    let holds = match row {
        Type::Verbatim(_) => quote!(impl<__T> #rt::Holds<__T> for #ident {}),
        _ => quote!(impl #rt::Holds<<#ident as #rt::Topic>::Row> for #ident {}),
    };
    quote! {
        #(#attributes)*
        #doc
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #visibility struct #ident;

        #conditions
        #[diagnostic::do_not_recommend]
        #holds

        #conditions
        #[diagnostic::do_not_recommend]
        impl #rt::NamesTopic for #ident {
            type Topic = Self;
            fn topic() -> Self {
                #ident
            }
        }

        #name_alone

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
            const TIME_FIELDS: ::core::option::Option<&'static [&'static str]> = #time_fields;
            #kept
            #encode_key
            #time
        }

        #(#beside)*
    }
}

/// The error in the place of the topic, for both meanings that its name has: who uses it is not blamed as well.
fn called_as_its_row(topic: &Topic, error: &TokenStream) -> TokenStream {
    let Topic { visibility, ident, .. } = topic;
    let rt = runtime(Span::call_site());
    quote! {
        #[allow(non_upper_case_globals, dead_code)]
        #visibility const #ident: <#ident as #rt::NamesTopic>::Topic = loop {};

        #[diagnostic::do_not_recommend]
        impl #rt::NamesTopic for #ident {
            type Topic = #error;
            fn topic() -> Self::Topic {
                ::core::unreachable!()
            }
        }
    }
}

/// The type that says whether rows have event time. Where an error leaves it open, it is as wrong as what is not known.
fn time_kind(topic: &Topic) -> TokenStream {
    let rt = runtime(Span::call_site());
    match (&topic.time_refused, &topic.row, &topic.time) {
        (Some(error), ..) => quote!(#error),
        (None, Type::Verbatim(_), _) => quote!(<Self as #rt::Topic>::Row),
        (None, _, Some(_)) => quote!(#rt::NoLateness),
        (None, _, None) => quote!(#rt::NoEventTime),
    }
}

/// What is said only where it is not as it is without being said.
fn kept(topic: &Topic) -> TokenStream {
    let retention = topic.retention_ms.map(|ms| {
        quote!(
            const RETENTION_MS: ::core::option::Option<u64> = ::core::option::Option::Some(#ms);
        )
    });
    let compression = topic.compression.map(|codec| {
        quote!(
            const COMPRESSION: ::core::option::Option<&'static str> = ::core::option::Option::Some(#codec);
        )
    });
    let durability = topic.durability.map(|durability| {
        quote!(
            const DURABILITY: ::core::option::Option<&'static str> = ::core::option::Option::Some(#durability);
        )
    });
    let time_is_append = topic.time_is_append.then(|| {
        quote!(
            const TIME_IS_APPEND: bool = true;
        )
    });
    quote!(#retention #compression #durability #time_is_append)
}

/// What is asked of a topic's name alone is answered by what it dereferences to.
fn name_alone(topic: &Topic) -> TokenStream {
    let Topic { attributes, ident, .. } = topic;
    let rt = runtime(Span::call_site());
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    quote! {
        #(#conditions)*
        impl ::core::ops::Deref for #ident {
            type Target = #rt::NameAlone<Self>;
            fn deref(&self) -> &Self::Target {
                #rt::NameAlone::NAME
            }
        }
    }
}

/// Views are of topics with a key.
fn keyed(topic: &Topic) -> Option<TokenStream> {
    let Topic { attributes, ident, .. } = topic;
    let rt = runtime(Span::call_site());
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    topic.key.is_some().then(|| {
        quote! {
            #(#conditions)*
            #[diagnostic::do_not_recommend]
            impl #rt::Keyed for #ident {}
        }
    })
}

/// What is said of a raw topic whose rows have another shape: its build stops there.
const RAW_ROW: &str = "a topic of the format `raw` holds bytes as they are: its row is a struct with one field, a `Vec<u8>` or a `String`; rows of \
                       several fields are `native` or `json`";

/// Records as they are go into a topic of bytes.
fn holds_bytes(topic: &Topic) -> Option<TokenStream> {
    let Topic { attributes, ident, .. } = topic;
    let rt = runtime(Span::call_site());
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let again = conditions.clone();
    matches!(topic.format, Format::Raw).then(|| {
        let (at, row) = (topic.row.span(), &topic.row);
        let checked = quote_spanned!(at=> const _: () = ::core::assert!(#rt::is_raw_row(<#row as #rt::Record>::SCHEMA), #RAW_ROW););
        let checked = quote!(#(#again)* #checked);
        quote! {
            #(#conditions)*
            #[diagnostic::do_not_recommend]
            impl #rt::HoldsRecordsAsTheyAre for #ident {}

            #checked
        }
    })
}

fn encode_key(key: Option<&FieldsOfRow>) -> TokenStream {
    let Some(FieldsOfRow { colon, value }) = key else {
        return quote! {
            fn encode_key(_: &Self::Row, _: &mut ::std::vec::Vec<u8>) -> bool {
                false
            }
        };
    };
    let at = value.span();
    let row = row_name(*colon);
    let out = quote_spanned!(Span::mixed_site()=> out);
    let key = match value {
        Expr::Closure(closure) => of_row(closure, *colon),
        Expr::Tuple(tuple) => {
            let clone = Ident::new("clone", *colon);
            let fields = tuple.elems.iter().map(|field| quote_spanned!(field.span()=> #row.#field.#clone()));
            quote_spanned!(at=> (#(#fields,)*))
        }
        // A single field is lent: no clone for each row that is written.
        field => quote_spanned!(at=> #row.#field),
    };
    let encode_key = runtime_aside(at, *colon, &["KeyCode", "encode_key"]);
    let call = quote_spanned!(at=> #encode_key(&#key, #out));
    quote! {
        fn encode_key(#row: &Self::Row, #out: &mut ::std::vec::Vec<u8>) -> bool {
            #call;
            true
        }
    }
}

fn time(time: Option<&FieldsOfRow>) -> TokenStream {
    let rt = runtime(Span::call_site());
    let Some(FieldsOfRow { colon, value }) = time else {
        return quote! {
            fn time(_: &Self::Row) -> #rt::Timestamp {
                #rt::Timestamp::MIN
            }
        };
    };
    let at = value.span();
    let row = row_name(*colon);
    let time = match value {
        Expr::Closure(closure) => of_row(closure, *colon),
        field => quote_spanned!(at=> #row.#field),
    };
    let event_time = runtime_aside(at, *colon, &["IsEventTime", "event_time"]);
    let call = quote_spanned!(at=> #event_time(&#time));
    quote! {
        fn time(#row: &Self::Row) -> #rt::Timestamp {
            #call
        }
    }
}

/// The fields that the event time is taken from.
fn time_fields(time: Option<&FieldsOfRow>) -> TokenStream {
    let reads = match time.map(|time| &time.value) {
        None => Reads::Fields(BTreeSet::new()),
        Some(closure @ Expr::Closure(_)) => Reads::of(closure),
        Some(field) => first_field(field).map_or_else(
            || Reads::Whole(written(field)),
            |name| Reads::Fields(BTreeSet::from([name.unraw().to_string()])),
        ),
    };
    match reads {
        Reads::Fields(names) => {
            let names = names.iter();
            quote!(::core::option::Option::Some(&[#(#names),*]))
        }
        Reads::Whole(_) => quote!(::core::option::Option::None),
    }
}

/// `owner` of `owner.at`.
fn first_field(value: &Expr) -> Option<&Ident> {
    match value {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Field(field) => first_field(&field.base),
        _ => None,
    }
}

/// Calls the user's closure, so that its parameter's type is known.
fn of_row(closure: &ExprClosure, colon: Span) -> TokenStream {
    let (at, row) = (closure.inputs_begin.span(), row_name(colon));
    let of_row = runtime_aside(at, colon, &["of_row"]);
    let closure = clone_row_fields(closure.clone());
    quote_spanned!(at=> #of_row(#row, #closure))
}

/// The row, as the macro's own variable. It lies in the setting, or rustc would underline the whole macro for it.
fn row_name(colon: Span) -> Ident {
    Ident::new("__row", colon)
}
