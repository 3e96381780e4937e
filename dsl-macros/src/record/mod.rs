//! `#[derive(Record)]`: schema, row layout, serde and aggregates' `Value` of structs, newtypes and enums.

mod attributes;
mod cases;
mod enum_impls;
mod field_types;
mod ids;
mod model;
mod newtype_impls;
mod schema;
mod serde_attributes;
mod serde_impls;
mod struct_impls;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, DeriveInput, Ident};

use crate::diagnostics::{Diagnostics, error_type};
use model::{Body, Model};

/// What the derive adds beside a type. Of one that cannot be read its name is, and it gets what a record has, so that nothing else is
/// blamed.
pub(crate) fn of_tokens(input: TokenStream) -> TokenStream {
    let error = match syn::parse2::<DeriveInput>(input.clone()) {
        Ok(input) => return expand(&input),
        Err(error) => error.to_compile_error(),
    };
    let mut tokens = input
        .into_iter()
        .skip_while(|token| !matches!(token, TokenTree::Ident(word) if word == "struct" || word == "enum"));
    let Some(TokenTree::Ident(name)) = tokens.nth(1) else { return error };
    let broken = broken(&name, &syn::Generics::default());
    quote!(#error #broken)
}

/// What the derive adds beside the type. With errors it still implements everything, so that no others follow.
pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    let mut errors = Diagnostics::new();
    if derived_again(&input.attrs, "Record", &mut errors) {
        return errors.into_tokens();
    }
    if !input.generics.params.is_empty() {
        let message = match input.generics.lifetimes().count() == input.generics.params.len() {
            true => {
                "a record owns its fields, as its rows are kept: leave the lifetime out, and write `String` for `&str`"
            }
            false => {
                "a record cannot be generic: its schema is one constant; write a struct for each row type"
            }
        };
        errors.error(&input.generics, message);
        let errors = errors.into_tokens();
        let broken = broken_generic(input);
        return quote!(#errors #broken);
    }
    crate::before::record(&input.ident);
    let model = Model::of(input, &mut errors);
    let name = &model.ident;
    let impls = match &model.body {
        Body::Struct(fields) => struct_impls::expand(&model, fields),
        Body::Newtype(inner) => newtype_impls::expand(name, inner),
        Body::Enum(variants) => enum_impls::expand(&model, variants),
        Body::Broken => {
            let instead = field_types::of_one_thread(input).then(|| errors.take_first()).flatten();
            struct_impls::broken(name, &input.generics, instead.map(|error| error_type(&error)))
        }
    };
    let serde = match (&model.body, model.attribute.serde_manual) {
        (Body::Broken, _) => serde_impls::broken(name, &input.generics),
        (_, true) => TokenStream::new(),
        (Body::Struct(fields), false) => serde_impls::of_struct(name, fields),
        (Body::Newtype(inner), false) => serde_impls::of_newtype(name, inner),
        (Body::Enum(variants), false) => serde_impls::of_enum(name, variants),
    };
    let value = value(name);
    let errors = errors.into_tokens();
    quote! {
        #errors
        #[automatically_derived]
        const _: () = {
            use ::waterwheel::__rt as __rt;
            #impls
            #serde
            #value
        };
    }
}

/// Whether another `#[derive(..)]` that follows this one has the same derive. Then that one implements everything, and this one says so.
pub(crate) fn derived_again(attributes: &[Attribute], derive: &str, errors: &mut Diagnostics) -> bool {
    let mut again = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        // Of what cannot be read rustc says what is wrong.
        let _ = attribute.parse_nested_meta(|meta| {
            let is_ours = meta.path.segments.len() == 1
                || meta.path.segments.first().is_some_and(|first| first.ident == "waterwheel");
            if is_ours && meta.path.segments.last().is_some_and(|last| last.ident == derive) {
                again = Some(meta.path);
            }
            Ok(())
        });
    }
    let is_again = again.is_some();
    if let Some(again) = again {
        errors
            .error(again, format_args!("`{derive}` is derived twice for one type: leave one of the two out"));
    }
    is_again
}

/// What a generic type implements, so that no topic of it is blamed as well: all that a record does, where it could be one.
fn broken_generic(input: &DeriveInput) -> TokenStream {
    let name = &input.ident;
    let mut generics = input.generics.clone();
    let (_, of, _) = input.generics.split_for_impl();
    let could_be: syn::WherePredicate = syn::parse_quote!(
        #name #of: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static
    );
    generics.make_where_clause().predicates.push(could_be);
    broken(name, &generics)
}

/// What stands for the traits of a type with an error.
fn broken(name: &Ident, generics: &syn::Generics) -> TokenStream {
    let record = struct_impls::broken(name, generics, None);
    let serde = serde_impls::broken(name, generics);
    quote! {
        #[automatically_derived]
        const _: () = {
            use ::waterwheel::__rt as __rt;
            #record
            #serde
        };
    }
}

/// What lets aggregates take the type.
///
/// `Value` asks for `Clone`. As a bound, and a higher-ranked one, which the compiler checks at its uses only, a missing
/// `Clone` stays the one error of `Record`, and a field that no aggregate takes needs none.
fn value(name: &Ident) -> TokenStream {
    quote! {
        #[diagnostic::do_not_recommend]
        impl __rt::Value for #name
        where
            for<'__a> #name: ::core::clone::Clone + ::core::marker::Send,
        {
            type Order = __rt::Natural;
        }
    }
}

/// The ids of an enum's variants, for other derives on the same enum.
pub(crate) fn variant_ids(variants: &[&syn::Variant], errors: &mut Diagnostics) -> Vec<u16> {
    let numbered = variants.iter().map(|variant| ids::Numbered {
        name: variant.ident.clone(),
        id: attributes::variant(&variant.attrs, errors),
    });
    let numbered: Vec<_> = numbered.collect();
    ids::assign(&numbered, &[], "variant", errors).into_iter().map(|assigned| assigned.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expands `source`; its errors are the `expected` ones, and the traits are implemented all the same.
    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let expansion = expand(&syn::parse_str(source).expect("the source is a type")).to_string();
        let file: syn::File =
            syn::parse_str(&expansion).unwrap_or_else(|error| panic!("{error}: {expansion}"));
        let messages = file.items.iter().filter_map(|item| match item {
            syn::Item::Macro(call) => {
                let message: syn::LitStr = call.mac.parse_body().expect("compile_error! takes a text");
                Some(message.value())
            }
            _ => None,
        });
        assert_eq!(messages.collect::<Vec<_>>(), expected);
        assert!(expansion.contains("Field for") || source.contains('<'), "{expansion}");
        assert!(expansion.contains("Value for") || source.contains('<'), "{expansion}");
    }

    #[test]
    fn records_newtypes_and_enums_are_expanded() {
        check("struct Payment { card: u64, #[field(default)] amount: i64 }", &[]);
        check("struct CardId(String);", &[]);
        check("enum Paid { Cash, #[variant(7)] Card { id: u64 }, Voucher(u64) }", &[]);
        check(
            "struct Raw { r#type: u8, #[field(2)] second: u8, #[field(9, default = 1 + 2)] last: u8 }",
            &[],
        );
    }

    #[test]
    fn all_errors_of_a_type_are_reported_at_once() {
        check(
            "#[record(retired(4), colour)] struct Payment { #[field(0)] a: u8, #[field(3)] b: u8, c: u8, d: u8 }",
            &[
                "expected `retired(4)`, the ids of dropped fields, or `serde = manual`",
                "ids are whole numbers from 1 to 65535",
                "field `b` has id 3, too; `c` got it by its place among the declarations: \
                 write `#[field(5)]` before the one of the two that is new",
            ],
        );
        check(
            "enum Paid { #[field(1)] Cash, #[variant(2)] #[variant(3)] Card, Both(u8, u8), Five(#[field(1)] u8) }",
            &[
                "a variant's id is written `#[variant(...)]`",
                "a variant has one id",
                "a variant holds one value, or several that have names, as in `Paid { by: u64, amount: i64 }`",
                "the one value of a variant needs no id",
            ],
        );
    }

    #[test]
    fn attributes_of_serde_are_taken_or_refused_by_name_but_with_both_traits_by_hand() {
        check(
            "struct Payment { #[serde(rename = \"Card\", default)] card: u64, #[serde(default = \"one\")] amount: i64 }",
            &[],
        );
        check(
            "enum Paid { #[serde(rename = \"cash\")] Cash, Card { #[serde(rename = \"no\")] number: u64 } }",
            &[],
        );
        check(
            "#[serde(transparent)] struct Payment { #[serde(skip)] card: u64, #[serde(flatten, rename = \"x\")] amount: i64 }",
            &[
                "`Record` writes and reads rows itself, and does not do `serde(transparent)`: a newtype is written as what it wraps anyway: \
                 leave it out",
                "`Record` writes and reads rows itself, and does not do `serde(skip)`: a field that is not stored is lost where rows are kept \
                 and read again, so results would depend on restarts. Leave it out of the record, and compute it where it is used",
                "`Record` writes and reads rows itself, and does not do `serde(flatten)`: a nested record is a member of its own: write its \
                 fields into this record",
            ],
        );
        check(
            "struct Payment { #[serde(rename = \"b\")] a: u64, b: i64, #[field(3, default)] #[serde(default)] c: u8 }",
            &[
                "two fields are called `b`: in JSON a member has one meaning",
                "the field has a default already",
            ],
        );
        check(
            "#[serde(rename_all = \"camelCase\")] enum Paid { ByCard { #[serde(rename = \"no\")] card_number: u64 }, #[serde(rename_all = \"kebab-case\")] \
             Cash { in_cents: i64 } }",
            &[],
        );
        check(
            "#[serde(rename_all = \"Camel\", rename_all_fields = \"lowercase\")] struct Payment { #[serde(rename_all = \"lowercase\")] card: u64 }",
            &[
                "`Camel` is no case of names: there are \"lowercase\", \"UPPERCASE\", \"PascalCase\", \"camelCase\", \"snake_case\", \
                 \"SCREAMING_SNAKE_CASE\", \"kebab-case\", \"SCREAMING-KEBAB-CASE\"",
                "`Record` writes and reads rows itself, and does not do `serde(rename_all)`: it says nothing of a field: write \
                 `#[serde(rename = \"..\")]`",
            ],
        );
        check(
            "#[serde(rename_all = \"camelCase\")] struct Payment { card_no: u64, #[serde(rename = \"cardNo\")] other: u64 }",
            &["two fields are called `cardNo`: in JSON a member has one meaning"],
        );
        check(
            "#[serde(rename_all = \"camelCase\")] struct CardId(u64);",
            &[
                "`Record` writes and reads rows itself, and does not do `serde(rename_all)`: there are no names in it: leave it out",
            ],
        );
        check(
            "#[serde(rename_all_fields = \"camelCase\")] struct Payment { card: u64 }",
            &[
                "`Record` writes and reads rows itself, and does not do `serde(rename_all_fields)`: it is of the fields of an enum's variants; the \
               fields of a struct go by `#[serde(rename_all = \"..\")]`",
            ],
        );
        check(
            "#[record(serde = manual)] #[serde(rename_all = \"camelCase\")] struct Payment { card: u64 }",
            &[],
        );
    }

    #[test]
    fn an_id_is_used_once_and_a_retired_one_never() {
        check(
            "struct Twice { #[field(5)] a: u8, #[field(5)] b: u8, #[field(5, 6)] c: u8 }",
            &[
                "a field has one id",
                "field `a` has id 5, too: 6 is free",
                "field `a` has id 5, too: 7 is free",
            ],
        );
        check(
            "#[record(retired(1, 9))] struct Payment { a: u8, #[field(9)] b: u8 }",
            &[
                "id 1 was retired, and `a` got it by its place among the declarations. If a field was dropped before it, write the id that it had \
                 until then, `#[field(2)]`, and so for those behind it; if `a` is new, write `#[field(10)]`; if none was dropped, take 1 out of \
                 `retired(..)`",
                "id 9 was retired and must not be used again: 11 is free; if no field was dropped that had it, take it out of `retired(..)`",
            ],
        );
        check(
            "struct Fee { account: u64, cents: i64, #[field(2, default)] waived: bool }",
            &["field `cents` has id 2, by its place among the declarations: 3 is free, write `#[field(3)]`"],
        );
        check(
            "enum Paid { Cash, Card, #[variant(1)] Voucher }",
            &[
                "variant `Cash` has id 1, by its place among the declarations: 3 is free, write `#[variant(3)]`",
            ],
        );
    }

    #[test]
    fn types_that_cannot_be_records_say_what_to_write_instead() {
        check(
            "struct Pair(u64, u64);",
            &["the fields of a record need names, as in `struct Payment { card: u64, amount: i64 }`; \
               a tuple struct may have one field only"],
        );
        check("struct Unit;", &["a record needs named fields: write `struct Unit { ... }`"]);
        check("union Both { a: u8 }", &["a union cannot be a record: use an enum"]);
        check("enum Never {}", &["an enum without variants has no values to store"]);
        check(
            "struct Generic<T> { a: T }",
            &["a record cannot be generic: its schema is one constant; write a struct for each row type"],
        );
        check(
            "struct Maybe { a: Option<std::option::Option<u8>> }",
            &["an option of an option cannot be a field: `None` and `Some(None)` look alike in JSON"],
        );
        let fields: String = (0..129).map(|at| format!("f{at}: u8, ")).collect();
        check(
            &format!("struct Wide {{ {fields} }}"),
            &["a record has at most 128 fields: put some into a nested record"],
        );
    }
}
