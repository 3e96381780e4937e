//! The unit struct and the impl that one declaration of `topics!` becomes.

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, ExprClosure, Ident, Type, Visibility};

use crate::ast::{FieldsOfRow, Format, Topic};
use crate::plan::{Reads, clone_row_fields};

use crate::paths::{runtime, runtime_aside};
use crate::written::written;

/// Emits all declarations.
pub(crate) fn topics(topics: &[Topic]) -> TokenStream {
    topics.iter().enumerate().map(|(at, one)| topic(one, alike(one, &topics[..at]))).collect()
}

/// The first topic above one that has rows of the same type, by its words, and is surely seen wherever the one is: it stands in its impl.
fn alike<'a>(topic: &Topic, above: &'a [Topic]) -> Option<&'a Topic> {
    let sound = |topic: &Topic| topic.called_as_its_row.is_none() && !matches!(topic.row, Type::Verbatim(_));
    let is_there =
        |topic: &&Topic| !topic.attributes.iter().any(|attribute| attribute.path().is_ident("cfg"));
    let row = written(&topic.row);
    let is_seen = |other: &&Topic| {
        let (one, other) = (&topic.visibility, &other.visibility);
        matches!(other, Visibility::Public(_)) || one == other
    };
    let asks = |other: &Topic| of_fields(topic).is_none() || of_fields(other).is_some();
    above
        .iter()
        .filter(is_there)
        .filter(is_seen)
        .find(|other| sound(topic) && sound(other) && asks(other) && written(&other.row) == row)
}

/// `alike` is a topic above whose rows are the same: what is wrong with these is said there, and not once more.
fn topic(topic: &Topic, alike: Option<&Topic>) -> TokenStream {
    let Topic { attributes, visibility, ident, name, partitions, .. } = topic;
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
    let encode_key = encode_key(topic.key.as_ref(), alike);
    let of_row = topic.time.as_ref().filter(|_| !topic.time_is_append);
    let time_fields = time_fields(of_row);
    let time = time(of_row);
    let kept = kept(topic);
    let (row_type, row_named) = row_type(topic, alike);
    let holds = holds(topic);
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
            type Row = #row_type;
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

        #row_named

        #(#beside)*
    }
}

/// The key or the event time, if it is a field of the row.
fn of_fields(topic: &Topic) -> Option<&FieldsOfRow> {
    let time = topic.time.as_ref().filter(|_| !topic.time_is_append);
    topic.key.iter().chain(time).find(|taken| !matches!(taken.value, Expr::Closure(_)))
}

/// What rows may be written to it. Where an error leaves their type open, all.
fn holds(topic: &Topic) -> TokenStream {
    let (rt, ident) = (runtime(Span::call_site()), &topic.ident);
    match topic.row {
        Type::Verbatim(_) => quote!(impl<__T> #rt::Holds<__T> for #ident {}),
        _ => quote!(impl #rt::Holds<<#ident as #rt::Topic>::Row> for #ident {}),
    }
}

/// The type of a topic's rows; and the user's words for it, if they do not stand in that.
fn row_type(topic: &Topic, alike: Option<&Topic>) -> (TokenStream, Option<TokenStream>) {
    let Topic { attributes, row, .. } = topic;
    let (rt, at) = (runtime(Span::call_site()), row.span());
    match (row, alike) {
        // An error stands there.
        (Type::Verbatim(_), _) => (row.to_token_stream(), None),
        (_, None) => {
            let of = |function| runtime_aside(at, topic.name.span(), &[function]);
            let (is_record, are_cloned) = (of("is_record"), of("are_cloned"));
            let mut checked = quote_spanned!(at=> #are_cloned(&#is_record::<#row>()));
            if let Some(FieldsOfRow { colon, value }) = of_fields(topic) {
                let at = value.span();
                let have_fields = runtime_aside(at, *colon, &["have_fields"]);
                let is_record = runtime_aside(at, *colon, &["is_record"]);
                let rows = quote_spanned!(at=> &#is_record::<#row>());
                checked = quote!(#checked * #have_fields(#rows));
            }
            (quote!(<[(); #checked] as #rt::RowOf<#row>>::Row), None)
        }
        (_, Some(Topic { ident, .. })) => {
            let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
            let named = quote! {
                #(#conditions)*
                const _: () = {
                    #[allow(dead_code)]
                    type __Row = #row;
                };
            };
            (quote!(<#ident as #rt::Topic>::Row), Some(named))
        }
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

/// `alike` is a topic above with the same rows; where its key is by the same fields, it is the same, and what is wrong with it is said there.
fn encode_key(key: Option<&FieldsOfRow>, alike: Option<&Topic>) -> TokenStream {
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
    let same =
        alike.filter(|other| other.key.as_ref().is_some_and(|other| written(&other.value) == written(value)));
    let encoded = match same {
        Some(Topic { ident, .. }) => {
            let rt = runtime(Span::call_site());
            quote!(let _ = &#key; <#ident as #rt::Topic>::encode_key(#row, #out))
        }
        None => {
            let encode_key = runtime_aside(at, *colon, &["KeyCode", "encode_key"]);
            let call = quote_spanned!(at=> #encode_key(&#key, #out));
            quote!(#call; true)
        }
    };
    quote! {
        fn encode_key(#row: &Self::Row, #out: &mut ::std::vec::Vec<u8>) -> bool {
            #encoded
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
