//! What the user wrote, as far as the derive needs it: types with ids, and the errors found on the way.

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{Data, DeriveInput, Fields, Ident, LitStr, Type, TypePath};

use super::attributes::{self, RecordAttribute};
use super::cases::Case;
use super::field_types::check_type;
use super::ids::{self, Numbered};
use super::serde_attributes::{self, Cases, OfVariant};
use crate::diagnostics::Diagnostics;

/// The most fields that a record may have: the places in a field mask.
const FIELDS_MAX: usize = 128;

/// A type to derive for.
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) attribute: RecordAttribute,
    pub(crate) body: Body,
}

/// What kind of type it is.
pub(crate) enum Body {
    /// A struct with named fields.
    Struct(Vec<Field>),
    /// A tuple struct of one field.
    Newtype(Box<Type>),
    Enum(Vec<Variant>),
    /// None of these; there is an error.
    Broken,
}

/// A field, in the order of declaration.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    /// What code calls it.
    pub(crate) called: String,
    /// What JSON and messages call it: the same, unless `serde(rename)` or `serde(rename_all)` say otherwise.
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) id: u16,
    pub(crate) explicit_id: bool,
    /// Its place by ascending id.
    pub(crate) index: usize,
    /// The expression for rows without the field.
    pub(crate) default: Option<TokenStream>,
}

/// A variant, in the order of declaration.
pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// What JSON and messages call it.
    pub(crate) name: String,
    pub(crate) id: u16,
    pub(crate) explicit_id: bool,
    /// Its place by ascending id.
    pub(crate) index: usize,
    pub(crate) content: Content,
}

/// What a variant carries.
pub(crate) enum Content {
    Nothing,
    /// One unnamed value, kept as a field called `0`.
    One(Box<Field>),
    Named(Vec<Field>),
}

impl Model {
    /// Reads the type. Whatever is wrong goes to `errors`, and the model is as good as it can be.
    pub(crate) fn of(input: &DeriveInput, errors: &mut Diagnostics) -> Model {
        let mut attribute = attributes::record(&input.attrs, errors);
        if !attribute.serde_manual {
            attribute.cases = cases(input, errors);
        }
        if let Some(inside) = own_name(input) {
            errors.error(
                inside,
                format_args!(
                    "a record cannot contain itself, as its schema would have no end: give each `{0}` an id, and let the others name \
                     theirs by it",
                    input.ident
                ),
            );
            return Model { ident: input.ident.clone(), attribute, body: Body::Broken };
        }
        let body = match &input.data {
            Data::Struct(data) => struct_body(input, &data.fields, &attribute, errors),
            Data::Enum(data) if data.variants.is_empty() => {
                errors.error(&input.ident, "an enum without variants has no values to store");
                Body::Broken
            }
            Data::Enum(data) => {
                variants(data.variants.iter(), &attribute, errors).map_or(Body::Broken, Body::Enum)
            }
            Data::Union(data) => {
                errors.error(data.union_token, "a union cannot be a record: use an enum");
                Body::Broken
            }
        };
        Model { ident: input.ident.clone(), attribute, body }
    }
}

/// What serde's attributes say of the names in a type.
fn cases(input: &DeriveInput, errors: &mut Diagnostics) -> Cases {
    let of_the_type =
        "`#[field(..)]` is said of one field, and stands above it; of the whole type speaks `#[record(..)]`";
    attributes::refuse(&input.attrs, "field", of_the_type, errors);
    let (has_names, is_enum) = match &input.data {
        Data::Struct(data) => (matches!(data.fields, Fields::Named(_)), false),
        Data::Enum(_) => (true, true),
        Data::Union(_) => (false, false),
    };
    if !has_names {
        serde_attributes::refuse(&input.attrs, errors);
        return Cases::default();
    }
    serde_attributes::of_type(&input.attrs, is_enum, errors)
}

/// A type's own name among the types of its fields.
fn own_name(input: &DeriveInput) -> Option<&Ident> {
    struct Search<'a> {
        name: &'a Ident,
        found: Option<&'a Ident>,
    }
    impl<'a> Visit<'a> for Search<'a> {
        fn visit_type_path(&mut self, path: &'a TypePath) {
            let own = path.path.get_ident().filter(|ident| *ident == self.name || *ident == "Self");
            self.found = self.found.or(own);
            visit::visit_type_path(self, path);
        }
    }
    let mut search = Search { name: &input.ident, found: None };
    search.visit_data(&input.data);
    search.found
}

impl Content {
    pub(crate) fn fields(&self) -> &[Field] {
        match self {
            Content::Nothing => &[],
            Content::One(field) => std::slice::from_ref(field),
            Content::Named(fields) => fields,
        }
    }
}

/// The fields by ascending id: the order of their places in a row.
pub(crate) fn by_id(fields: &[Field]) -> Vec<&Field> {
    let mut sorted: Vec<&Field> = fields.iter().collect();
    sorted.sort_by_key(|field| field.index);
    sorted
}

fn struct_body(
    input: &DeriveInput,
    fields: &Fields,
    attribute: &RecordAttribute,
    errors: &mut Diagnostics,
) -> Body {
    match fields {
        Fields::Named(named) => {
            named_fields(named.named.iter(), attribute, errors).map_or(Body::Broken, Body::Struct)
        }
        Fields::Unnamed(unnamed) if unnamed.unnamed.len() == 1 => {
            let field = &unnamed.unnamed[0];
            attributes::refuse(&field.attrs, "field", "the one field of a newtype needs no id", errors);
            refuse_serde(&field.attrs, attribute, errors);
            check_type(&field.ty, errors).map_or(Body::Broken, |()| Body::Newtype(Box::new(field.ty.clone())))
        }
        Fields::Unnamed(unnamed) => {
            errors.error(
                unnamed,
                "the fields of a record need names, as in `struct Payment { card: u64, amount: i64 }`; \
                 a tuple struct may have one field only",
            );
            Body::Broken
        }
        Fields::Unit => {
            errors.error(
                &input.ident,
                format_args!("a record needs named fields: write `struct {} {{ ... }}`", input.ident),
            );
            Body::Broken
        }
    }
}

/// The fields, or nothing if one of them cannot even be written down.
fn named_fields<'a>(
    fields: impl Iterator<Item = &'a syn::Field>,
    attribute: &RecordAttribute,
    errors: &mut Diagnostics,
) -> Option<Vec<Field>> {
    let (mut numbered, mut read, mut names) = (Vec::new(), Vec::new(), Names::default());
    let mut sound = true;
    for field in fields {
        let ident = field.ident.clone()?;
        let found = attributes::field(&field.attrs, attribute.serde_manual, errors);
        sound &= check_type(&field.ty, errors).is_some();
        let in_case = |called: &str| attribute.cases.names.map(|case| case.of_field(called));
        let name = names.take(&ident, found.rename.as_ref(), in_case, "fields", errors);
        numbered.push(Numbered { name: ident.clone(), id: found.id });
        read.push((ident, field.ty.clone(), found.default, name));
    }
    if let Some(first_too_many) = numbered.get(FIELDS_MAX) {
        errors.error(
            &first_too_many.name,
            format_args!("a record has at most {FIELDS_MAX} fields: put some into a nested record"),
        );
        sound = false;
    }
    let ids = ids::assign(&numbered, &attribute.retired, "field", errors);
    type Read = (Ident, Type, Option<TokenStream>, String);
    let field = |((ident, ty, default, name), id): (Read, ids::Assigned)| Field {
        called: ident.unraw().to_string(),
        name,
        ident,
        ty,
        id: id.id,
        explicit_id: id.explicit,
        index: id.index,
        default,
    };
    sound.then(|| read.into_iter().zip(ids).map(field).collect())
}

/// The variants, or nothing if one of them cannot even be written down.
fn variants<'a>(
    variants: impl Iterator<Item = &'a syn::Variant>,
    attribute: &RecordAttribute,
    errors: &mut Diagnostics,
) -> Option<Vec<Variant>> {
    let (mut numbered, mut read, mut names) = (Vec::new(), Vec::new(), Names::default());
    for variant in variants {
        let id = attributes::variant(&variant.attrs, errors);
        numbered.push(Numbered { name: variant.ident.clone(), id });
        let of_serde = match attribute.serde_manual {
            true => OfVariant::default(),
            false => serde_attributes::of_variant(&variant.attrs, errors),
        };
        let in_case = |called: &str| attribute.cases.names.map(|case| case.of_variant(called));
        let name = names.take(&variant.ident, of_serde.rename.as_ref(), in_case, "variants", errors);
        let case = of_serde.case.or(attribute.cases.of_fields);
        read.push((variant.ident.clone(), name, content(variant, attribute, case, errors)));
    }
    let ids = ids::assign(&numbered, &attribute.retired, "variant", errors);
    let variant = |((ident, name, content), id): ((Ident, String, Option<Content>), ids::Assigned)| {
        Some(Variant { ident, name, id: id.id, explicit_id: id.explicit, index: id.index, content: content? })
    };
    read.into_iter().zip(ids).map(variant).collect()
}

/// `case` is that of the names of the variant's fields.
fn content(
    variant: &syn::Variant,
    attribute: &RecordAttribute,
    case: Option<Case>,
    errors: &mut Diagnostics,
) -> Option<Content> {
    match &variant.fields {
        Fields::Unit => Some(Content::Nothing),
        Fields::Named(named) => {
            // Ids that are retired are those of variants.
            let cases = Cases { names: case, of_fields: None };
            let attribute =
                RecordAttribute { serde_manual: attribute.serde_manual, retired: Vec::new(), cases };
            named_fields(named.named.iter(), &attribute, errors).map(Content::Named)
        }
        Fields::Unnamed(unnamed) if unnamed.unnamed.len() == 1 => {
            let field = &unnamed.unnamed[0];
            attributes::refuse(&field.attrs, "field", "the one value of a variant needs no id", errors);
            refuse_serde(&field.attrs, attribute, errors);
            check_type(&field.ty, errors)?;
            Some(Content::One(Box::new(Field {
                ident: Ident::new("value", Span::mixed_site()),
                called: "0".to_owned(),
                name: "0".to_owned(),
                ty: field.ty.clone(),
                id: 1,
                explicit_id: true,
                index: 0,
                default: None,
            })))
        }
        Fields::Unnamed(unnamed) => {
            errors.error(
                unnamed,
                "a variant holds one value, or several that have names, as in `Paid { by: u64, amount: i64 }`",
            );
            None
        }
    }
}

fn refuse_serde(attributes: &[syn::Attribute], of_type: &RecordAttribute, errors: &mut Diagnostics) {
    if !of_type.serde_manual {
        serde_attributes::refuse(attributes, errors);
    }
}

/// The names that are taken.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    /// What JSON and messages call it: as `rename` says, or else as it is called in the case of its type's names.
    fn take(
        &mut self,
        called: &Ident,
        rename: Option<&LitStr>,
        in_case: impl FnOnce(&str) -> Option<String>,
        what: &str,
        errors: &mut Diagnostics,
    ) -> String {
        let plain = called.unraw().to_string();
        let name = rename.map(LitStr::value).or_else(|| in_case(&plain)).unwrap_or(plain);
        if !self.0.insert(name.clone()) {
            let message = format!("two {what} are called `{name}`: in JSON a member has one meaning");
            match rename {
                Some(token) => errors.error(token, message),
                None => errors.error(called, message),
            }
        }
        name
    }
}

/// The expression that `default` without a value stands for.
pub(crate) fn std_default(span: Span) -> TokenStream {
    let default = quote!(::core::default::Default::default());
    default
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}
