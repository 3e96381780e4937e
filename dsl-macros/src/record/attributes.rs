//! The helper attributes: `#[record(...)]`, `#[field(...)]`, `#[variant(...)]`.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, LitInt, LitStr, Token, parenthesized, token};

use super::model::std_default;
use super::serde_attributes::{self, Cases};
use crate::diagnostics::Diagnostics;
use crate::written::written;

/// `#[record(retired(4, 5), serde = manual)]`.
#[derive(Default)]
pub(crate) struct RecordAttribute {
    /// Ids of dropped fields.
    pub(crate) retired: Vec<u16>,
    /// The user implements `Serialize` and `Deserialize`.
    pub(crate) serde_manual: bool,
    /// By `#[serde(rename_all = "..")]` and `#[serde(rename_all_fields = "..")]`.
    pub(super) cases: Cases,
}

/// `#[field(3, default = 1)]`.
#[derive(Default)]
pub(crate) struct FieldAttribute {
    pub(crate) id: Option<(u16, LitInt)>,
    pub(crate) default: Option<TokenStream>,
    /// By `#[serde(rename = "..")]`.
    pub(crate) rename: Option<LitStr>,
}

/// The `#[record(...)]` attributes of a type.
pub(crate) fn record(attributes: &[Attribute], errors: &mut Diagnostics) -> RecordAttribute {
    let mut found = RecordAttribute::default();
    for argument in arguments::<RecordArgument>(attributes, "record", errors) {
        match argument {
            RecordArgument::Retired(ids) => {
                found.retired.extend(ids.iter().filter_map(|id| errors.check(parse_id(id))));
            }
            RecordArgument::ManualSerde => found.serde_manual = true,
        }
    }
    found
}

/// The `#[field(...)]` attributes of a field, and serde's unless both of its traits are written by hand.
pub(crate) fn field(
    attributes: &[Attribute],
    serde_manual: bool,
    errors: &mut Diagnostics,
) -> FieldAttribute {
    let mut found = FieldAttribute::default();
    refuse_of_others(attributes, "variant", errors);
    refuse_of_others(attributes, "record", errors);
    refuse(
        attributes,
        "default",
        "what stands in for a field that a row was written without is said by `#[field(default)]` or `#[field(default = 7)]`",
        errors,
    );
    let of_topic = "a key and an event time are a topic's: they are named where it is declared, `topics! { Payments(\"payments\"): Payment { \
                    key: card, time: at } }`";
    refuse(attributes, "key", of_topic, errors);
    refuse(attributes, "time", of_topic, errors);
    for argument in arguments::<FieldArgument>(attributes, "field", errors) {
        match argument {
            FieldArgument::Id(token) => {
                if found.id.is_some() {
                    errors.error(&token, "a field has one id");
                } else {
                    found.id = errors.check(parse_id(&token)).map(|id| (id, token));
                }
            }
            FieldArgument::Default(expression) => found.default = Some(expression),
        }
    }
    if !serde_manual {
        let of_serde = serde_attributes::of_field(attributes, errors);
        found.rename = of_serde.rename;
        if let (Some(_), Some(second)) = (&found.default, &of_serde.default) {
            errors.error(second, "the field has a default already");
        }
        found.default = found.default.or(of_serde.default);
    }
    found
}

/// Refuses `#[record(..)]` and `#[variant(..)]` at a field: what is said of a field is said by `#[field(..)]`, what of the type stands before it.
fn refuse_of_others(attributes: &[Attribute], name: &str, errors: &mut Diagnostics) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        let of_type =
            attribute.parse_args_with(Punctuated::<RecordArgument, Token![,]>::parse_terminated).is_ok();
        let given = match &attribute.meta {
            syn::Meta::List(list) => written(&list.tokens),
            _ => String::new(),
        };
        let of_field =
            attribute.parse_args_with(Punctuated::<FieldArgument, Token![,]>::parse_terminated).is_ok();
        errors.error(
            attribute,
            match (of_type, of_field && !given.is_empty()) {
                (true, _) => format!("`#[{name}({given})]` is about the whole type: write it before the `struct`, as `#[record({given})]`"),
                (false, true) => format!("what is said of a field is said by `#[field(..)]`: write `#[field({given})]`"),
                (false, false) => {
                    "what is said of a field is said by `#[field(..)]`: its id, `#[field(3)]`, and what stands in for it in older rows, \
                     `#[field(default)]` or `#[field(default = 7)]`"
                        .to_owned()
                }
            },
        );
    }
}

/// The id in the `#[variant(...)]` attributes of a variant.
pub(crate) fn variant(attributes: &[Attribute], errors: &mut Diagnostics) -> Option<(u16, LitInt)> {
    refuse(attributes, "field", "a variant's id is written `#[variant(...)]`", errors);
    let ids = arguments::<LitInt>(attributes, "variant", errors);
    let mut ids = ids.into_iter();
    let token = ids.next()?;
    if let Some(second) = ids.next() {
        errors.error(second, "a variant has one id");
    }
    errors.check(parse_id(&token)).map(|id| (id, token))
}

/// Refuses the helper attribute `name` where it would mean nothing.
pub(crate) fn refuse(attributes: &[Attribute], name: &str, why: &str, errors: &mut Diagnostics) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        errors.error(attribute, why);
    }
}

enum RecordArgument {
    Retired(Punctuated<LitInt, Token![,]>),
    ManualSerde,
}

enum FieldArgument {
    Id(LitInt),
    Default(TokenStream),
}

impl Parse for RecordArgument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        if name == "retired" {
            if !input.peek(token::Paren) {
                let message = "the ids of dropped fields stand in brackets behind the word: write `retired(4)`, or `retired(4, 7)`";
                return Err(syn::Error::new(name.span(), message));
            }
            let ids;
            parenthesized!(ids in input);
            return Punctuated::parse_terminated(&ids).map(RecordArgument::Retired).map_err(|error| {
                let message = "a field that was dropped is named by its id, which is a number: write `retired(4)`, or `retired(4, 7)`";
                syn::Error::new(error.span(), message)
            });
        }
        if name == "serde" {
            input.parse::<Token![=]>()?;
            let who: Ident = input.parse()?;
            return match who == "manual" {
                true => Ok(RecordArgument::ManualSerde),
                false => Err(syn::Error::new(who.span(), "only `serde = manual` can be said")),
            };
        }
        Err(syn::Error::new(
            name.span(),
            "expected `retired(4)`, the ids of dropped fields, or `serde = manual`",
        ))
    }
}

impl Parse for FieldArgument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitInt) {
            return input.parse().map(FieldArgument::Id);
        }
        let name: Ident = input.parse().map_err(|error| syn::Error::new(error.span(), EXPECTED_IN_FIELD))?;
        if name != "default" {
            let word = name.to_string();
            let meant =
                OTHERWISE_IN_FIELD.iter().find(|(words, _)| words.split(' ').any(|other| other == word));
            return Err(syn::Error::new(name.span(), meant.map_or(EXPECTED_IN_FIELD, |(_, says)| says)));
        }
        if input.peek(Token![:]) || input.peek(token::Paren) {
            return Err(input.error("a default stands behind an equals sign: write `#[field(default = 5)]`"));
        }
        if !input.peek(Token![=]) {
            return Ok(FieldArgument::Default(std_default(name.span())));
        }
        input.parse::<Token![=]>()?;
        Ok(FieldArgument::Default(input.parse::<Expr>()?.into_token_stream()))
    }
}

/// What is said of a field by other words, and how it is said.
const OTHERWISE_IN_FIELD: &[(&str, &str)] = &[
    (
        "name rename alias json column called rename_to",
        "a field is called as it is declared, and in JSON otherwise by `#[serde(rename = \"shopId\")]`, or all of a type by `#[serde(rename_all = \"camelCase\")]`",
    ),
    ("id tag number index order position", "a field's id is a number alone: write `#[field(3)]`"),
    (
        "optional nullable null required option",
        "a field that may be missing has the type `Option<..>`, and every other is always there: leave this out",
    ),
    (
        "skip ignore transient skip_serializing",
        "every field of a record is stored: leave out of the record what shall not be, and compute it where it is used",
    ),
    (
        "key primary_key partition_key time timestamp event_time rowtime",
        "key and event time belong to the topic: `topics! { Payments(\"payments\"): Payment { key: card, time: at } }`",
    ),
];

const EXPECTED_IN_FIELD: &str =
    "expected the field's id, as in `#[field(3)]`, or `default`, or `default = expression`";

fn arguments<T: Parse>(attributes: &[Attribute], name: &str, errors: &mut Diagnostics) -> Vec<T> {
    let of_name = attributes.iter().filter(|attribute| attribute.path().is_ident(name));
    let parsed =
        of_name.map(|attribute| attribute.parse_args_with(Punctuated::<T, Token![,]>::parse_terminated));
    let checked: Vec<_> = parsed.filter_map(|arguments| errors.check(arguments)).collect();
    checked.into_iter().flatten().collect()
}

fn parse_id(token: &LitInt) -> syn::Result<u16> {
    match token.base10_parse::<u16>() {
        Ok(id @ 1..) => Ok(id),
        _ => Err(syn::Error::new(token.span(), "ids are whole numbers from 1 to 65535")),
    }
}
