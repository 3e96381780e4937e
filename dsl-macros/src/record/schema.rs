//! The schema constants, and the functions that give fields their defaults.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Type};

use super::model::{Field, by_id, std_default};

/// `&[FieldSchema { .. }, ..]`, by ascending id.
pub(super) fn fields(fields: &[Field]) -> TokenStream {
    let schemas = by_id(fields).into_iter().map(|field| {
        let Field { id, explicit_id, called, name, ty, .. } = field;
        let as_field = as_field(ty);
        let default = match &field.default {
            Some(expression) => {
                let text = expression.to_token_stream().to_string();
                quote!(::core::option::Option::Some(#text))
            }
            None => quote!(::core::option::Option::None),
        };
        quote! {
            __rt::FieldSchema { id: #id, explicit_id: #explicit_id, called: #called, name: #name, kind: #as_field::KIND, default: #default }
        }
    });
    quote!(&[#(#schemas),*])
}

/// One function for each default, so that the user's expression is emitted once.
pub(super) fn defaults(scope: &str, fields: &[Field]) -> TokenStream {
    let functions = fields.iter().filter_map(|field| {
        let expression = field.default.as_ref()?;
        let (name, ty) = (default_name(scope, field), &field.ty);
        // The type's own is asked for by a bound that says what to do where there is none.
        let asked = expression.to_string() == std_default(Span::call_site()).to_string();
        let value = match asked {
            true => quote_spanned!(expression.span()=> __rt::default_of_a_field()),
            false => expression.clone(),
        };
        Some(quote!(fn #name() -> #ty { #value }))
    });
    quote!(#(#functions)*)
}

/// The name of a field's default function.
pub(super) fn default_name(scope: &str, field: &Field) -> Ident {
    format_ident!("__default_{}{}", scope, field.called)
}

/// `<Type as Field>`, at the type's place: there the compiler says that the type cannot be a field.
pub(super) fn as_field(ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as __rt::Field>)
}

/// The methods of `Field` that are those of serde's traits, which the derive or the user implements.
pub(super) fn by_serde() -> TokenStream {
    quote! {
        #[inline]
        fn to_serde<__S: __rt::serde::Serializer>(&self, __serializer: __S) -> ::core::result::Result<__S::Ok, __S::Error> {
            __rt::serde::Serialize::serialize(self, __serializer)
        }
        #[inline]
        fn from_serde<'__de, __D: __rt::serde::Deserializer<'__de>>(__deserializer: __D) -> ::core::result::Result<Self, __D::Error> {
            __rt::serde::Deserialize::deserialize(__deserializer)
        }
    }
}

/// The expression that reads a field from a row.
pub(super) fn decode(scope: &str, field: &Field, row: &TokenStream, mask: &TokenStream) -> TokenStream {
    let (index, as_field) = (field.index, as_field(&field.ty));
    if field.default.is_some() {
        let default = default_name(scope, field);
        quote!(#as_field::read_or(#row, #index, #mask, #default)?)
    } else {
        quote!(#as_field::read(#row, #index, #mask)?)
    }
}

/// The statements that write fields, each of which `place` turns into an expression of type `&Field`.
pub(super) fn encode(fields: &[Field], place: impl Fn(&Field) -> TokenStream) -> TokenStream {
    let fields = by_id(fields);
    let as_fields: Vec<TokenStream> = fields.iter().map(|field| as_field(&field.ty)).collect();
    let places: Vec<TokenStream> = fields.into_iter().map(place).collect();
    quote! {
        #(#as_fields::head(#places, &mut __row);)*
        __row.table();
        #(#as_fields::tail(#places, &mut __row);)*
    }
}
