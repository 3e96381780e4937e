//! `#[serde(..)]`: what of it the derive does, and what it does not, with what to write instead.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, ExprPath, LitStr, Token};

use super::cases::Case;
use super::model::std_default;
use crate::diagnostics::Diagnostics;

/// What serde's attributes say of a field or a variant.
#[derive(Default)]
pub(super) struct SerdeAttribute {
    /// Its name in JSON, and in all that is said of it.
    pub(super) rename: Option<LitStr>,
    pub(super) default: Option<TokenStream>,
}

/// What serde's attributes say of the names of all that is in a type or variant.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cases {
    /// Of the fields of a struct or variant, of the variants of an enum.
    pub(super) names: Option<Case>,
    /// Of the fields of all variants.
    pub(super) of_fields: Option<Case>,
}

/// What they say of a variant.
#[derive(Default)]
pub(super) struct OfVariant {
    pub(super) rename: Option<LitStr>,
    /// The case of its fields' names.
    pub(super) case: Option<Case>,
}

/// Those of a struct with names, or of an enum.
pub(super) fn of_type(attributes: &[Attribute], is_enum: bool, errors: &mut Diagnostics) -> Cases {
    let mut found = Cases::default();
    each(attributes, errors, |meta| {
        if meta.path.is_ident("rename_all") {
            found.names = Some(case(meta)?);
        } else if meta.path.is_ident("rename_all_fields") && is_enum {
            found.of_fields = Some(case(meta)?);
        } else {
            return Err(refused(meta, IN_TYPES));
        }
        Ok(())
    });
    found
}

/// Those of a field.
pub(super) fn of_field(attributes: &[Attribute], errors: &mut Diagnostics) -> SerdeAttribute {
    let mut found = SerdeAttribute::default();
    each(attributes, errors, |meta| {
        if meta.path.is_ident("rename") {
            found.rename = Some(name(meta)?);
        } else if meta.path.is_ident("default") {
            found.default = Some(match meta.input.peek(Token![=]) {
                true => {
                    let path: ExprPath = meta.value()?.parse::<LitStr>()?.parse()?;
                    quote!(#path())
                }
                false => std_default(syn::spanned::Spanned::span(&meta.path)),
            });
        } else {
            return Err(refused(meta, IN_FIELDS));
        }
        Ok(())
    });
    found
}

/// Those of a variant.
pub(super) fn of_variant(attributes: &[Attribute], errors: &mut Diagnostics) -> OfVariant {
    let mut found = OfVariant::default();
    each(attributes, errors, |meta| {
        if meta.path.is_ident("rename") {
            found.rename = Some(name(meta)?);
        } else if meta.path.is_ident("rename_all") {
            found.case = Some(case(meta)?);
        } else {
            return Err(refused(meta, IN_VARIANTS));
        }
        Ok(())
    });
    found
}

/// Refuses those before what has no names.
pub(super) fn refuse(attributes: &[Attribute], errors: &mut Diagnostics) {
    each(attributes, errors, |meta| Err(refused(meta, IN_TYPES)));
}

fn each(
    attributes: &[Attribute],
    errors: &mut Diagnostics,
    mut take: impl FnMut(&ParseNestedMeta<'_>) -> syn::Result<()>,
) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        errors.check(attribute.parse_nested_meta(|meta| take(&meta)));
    }
}

fn name(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    if !meta.input.peek(Token![=]) {
        return Err(meta.error(
            "a field has one name, for writing and for reading: write `#[serde(rename = \"cardNumber\")]`",
        ));
    }
    meta.value()?.parse()
}

fn case(meta: &ParseNestedMeta<'_>) -> syn::Result<Case> {
    if !meta.input.peek(Token![=]) {
        return Err(meta.error(
            "a field has one name, for writing and for reading: write `#[serde(rename_all = \"camelCase\")]`",
        ));
    }
    Case::parse(&meta.value()?.parse::<LitStr>()?)
}

/// What stands behind a word is no matter, once it is refused.
fn refused(meta: &ParseNestedMeta<'_>, table: &[(&[&str], &str)]) -> syn::Error {
    let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
    let known = table.iter().find(|(words, _)| words.contains(&word.as_str()));
    let remedy = known.map_or(OTHERWISE, |(_, remedy)| remedy);
    meta.error(format_args!(
        "`Record` writes and reads rows itself, and does not do `serde({word})`: {remedy}"
    ))
}

const OTHERWISE: &str = "of serde's attributes it takes `rename` and `default` at fields, `rename` at variants, and `rename_all` at types and variants; `#[record(serde = manual)]` on the type leaves \
                         `Serialize` and `Deserialize` to you";

const IN_FIELDS: &[(&[&str], &str)] = &[
    (
        &["skip", "skip_serializing", "skip_deserializing"],
        "a field that is not stored is lost where rows are kept and read again, so results would depend on restarts. Leave it out of the record, and compute it where \
         it is used",
    ),
    (
        &["skip_serializing_if"],
        "in JSON a member that is missing and one that is null are the same, and all are written: leave it out",
    ),
    (&["flatten"], "a nested record is a member of its own: write its fields into this record"),
    (
        &["alias"],
        "a field has one name: choose it by `rename`, and let what others call otherwise be a field of its own with `#[field(default)]`",
    ),
    (
        &["with", "serialize_with", "deserialize_with", "getter"],
        "wrap the value in a newtype with `#[record(serde = manual)]`, whose `Serialize` and `Deserialize` you write",
    ),
    (&["borrow"], "a record owns its fields: write `String` for `&str`"),
    (&["rename_all"], "it says nothing of a field: write `#[serde(rename = \"..\")]`"),
];

const IN_VARIANTS: &[(&[&str], &str)] = &[
    (
        &["skip", "skip_serializing", "skip_deserializing"],
        "a value of that variant could not be stored: leave the variant out",
    ),
    (
        &["other"],
        "a variant that the type does not know is an error at the row that has it: give it a variant",
    ),
    (&["alias"], "a variant has one name: choose it by `rename`"),
    (&["rename_all_fields"], "the names of one variant's fields go by `#[serde(rename_all = \"..\")]`"),
    (
        &["with", "serialize_with", "deserialize_with"],
        "wrap the value in a newtype with `#[record(serde = manual)]`, whose `Serialize` and `Deserialize` you write",
    ),
];

const IN_TYPES: &[(&[&str], &str)] = &[
    (&["rename_all"], "there are no names in it: leave it out"),
    (
        &["rename_all_fields"],
        "it is of the fields of an enum's variants; the fields of a struct go by `#[serde(rename_all = \"..\")]`",
    ),
    (&["rename"], "the name of a type stands in no row: leave it out"),
    (&["default"], "defaults are those of fields: write `#[field(default)]` at each that rows may lack"),
    (
        &["deny_unknown_fields"],
        "a member that the type does not know is ignored, so that an older program reads what a newer one has written: leave it out",
    ),
    (
        &["tag", "content", "untagged"],
        "a variant is `\"Name\"` or `{\"Name\": ..}` in JSON: leave it out, or write `Serialize` and `Deserialize` by hand, with `#[record(serde = manual)]`",
    ),
    (&["transparent"], "a newtype is written as what it wraps anyway: leave it out"),
    (
        &["from", "try_from", "into", "remote"],
        "write `Serialize` and `Deserialize` by hand, with `#[record(serde = manual)]`",
    ),
];
