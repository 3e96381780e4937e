//! What the user wrote, as far as the derive needs it: types with ids, and the errors found on the way.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{Data, DeriveInput, Fields, GenericArgument, Ident, PathArguments, Type, TypePath};

use super::attributes::{self, RecordAttribute};
use super::ids::{self, Numbered};
use crate::diagnostics::Diagnostics;
use crate::written::written;

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
        let attribute = attributes::record(&input.attrs, errors);
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
    let mut numbered = Vec::new();
    let mut read = Vec::new();
    let mut sound = true;
    for field in fields {
        let ident = field.ident.clone()?;
        let found = attributes::field(&field.attrs, errors);
        sound &= check_type(&field.ty, errors).is_some();
        numbered.push(Numbered { name: ident.clone(), id: found.id });
        read.push((ident, field.ty.clone(), found.default));
    }
    if let Some(first_too_many) = numbered.get(FIELDS_MAX) {
        errors.error(
            &first_too_many.name,
            format_args!("a record has at most {FIELDS_MAX} fields: put some into a nested record"),
        );
        sound = false;
    }
    let ids = ids::assign(&numbered, &attribute.retired, "field", errors);
    let field = |((ident, ty, default), id): ((Ident, Type, Option<TokenStream>), ids::Assigned)| Field {
        name: ident.unraw().to_string(),
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
    let mut numbered = Vec::new();
    let mut read = Vec::new();
    for variant in variants {
        let id = attributes::variant(&variant.attrs, errors);
        numbered.push(Numbered { name: variant.ident.clone(), id });
        read.push((variant.ident.clone(), content(variant, errors)));
    }
    let ids = ids::assign(&numbered, &attribute.retired, "variant", errors);
    let variant = |((ident, content), id): ((Ident, Option<Content>), ids::Assigned)| {
        Some(Variant {
            name: ident.unraw().to_string(),
            ident,
            id: id.id,
            explicit_id: id.explicit,
            index: id.index,
            content: content?,
        })
    };
    read.into_iter().zip(ids).map(variant).collect()
}

fn content(variant: &syn::Variant, errors: &mut Diagnostics) -> Option<Content> {
    match &variant.fields {
        Fields::Unit => Some(Content::Nothing),
        Fields::Named(named) => {
            named_fields(named.named.iter(), &RecordAttribute::default(), errors).map(Content::Named)
        }
        Fields::Unnamed(unnamed) if unnamed.unnamed.len() == 1 => {
            let field = &unnamed.unnamed[0];
            attributes::refuse(&field.attrs, "field", "the one value of a variant needs no id", errors);
            check_type(&field.ty, errors)?;
            Some(Content::One(Box::new(Field {
                ident: Ident::new("value", Span::mixed_site()),
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

/// Refuses what the traits would refuse, too, but without a place in the user's code, or without what to write instead.
fn check_type(ty: &Type, errors: &mut Diagnostics) -> Option<()> {
    if argument_of_option(ty).and_then(argument_of_option).is_some() {
        errors.error(
            ty,
            "an option of an option cannot be a field: `None` and `Some(None)` look alike in JSON",
        );
        return None;
    }
    if let Some(message) = no_field(ty) {
        errors.error(ty, message);
        return None;
    }
    let Type::Path(path) = ty else { return Some(()) };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Option" || last.ident == "Vec")
    else {
        return Some(());
    };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return Some(()) };
    match arguments.args.first() {
        Some(GenericArgument::Type(of)) => check_type(of, errors),
        _ => Some(()),
    }
}

/// What to write instead of a type that is no field by the looks of it.
fn no_field(ty: &Type) -> Option<String> {
    Some(match ty {
        Type::Reference(reference) => {
            let owned = match &*reference.elem {
                Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
                Type::Slice(slice) => format!("Vec<{}>", written(&slice.elem)),
                other => written(other),
            };
            format!("a record owns its fields, since it outlives what they are read from: write `{owned}`")
        }
        Type::Tuple(tuple) if tuple.elems.is_empty() => {
            "`()` holds nothing to store: leave the field out".to_owned()
        }
        Type::Tuple(_) => "a tuple cannot be a field, as its parts have no names to be kept under: make a nested record of it, \
                           `#[derive(Clone, Record)] struct Range { from: u64, to: u64 }`"
            .to_owned(),
        Type::Array(array) => format!("an array cannot be a field: write `Vec<{}>`", written(&array.elem)),
        Type::Path(path) => match path.path.get_ident()?.to_string().as_str() {
            "usize" => "`usize` has another size on other machines: write `u64` or `u32`".to_owned(),
            "isize" => "`isize` has another size on other machines: write `i64` or `i32`".to_owned(),
            "char" => "a `char` cannot be a field: write `String`".to_owned(),
            "str" => "`str` has no size: write `String`".to_owned(),
            _ => return None,
        },
        _ => return None,
    })
}

/// The `T` of an `Option<T>`.
fn argument_of_option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(argument)) => Some(argument),
        _ => None,
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
