//! The schema constants, and the functions that give fields their defaults.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::model::{Field, by_id};

/// `&[FieldSchema { .. }, ..]`, by ascending id.
pub(super) fn fields(fields: &[Field]) -> TokenStream {
    let schemas = by_id(fields).into_iter().map(|field| {
        let Field { id, explicit_id, name, ty, .. } = field;
        // The span makes "cannot be a field of a record" point at the type.
        let kind = quote_spanned!(ty.span()=> <#ty as __rt::Field>::KIND);
        let default = match &field.default {
            Some(expression) => {
                let text = expression.to_token_stream().to_string();
                quote!(::core::option::Option::Some(#text))
            }
            None => quote!(::core::option::Option::None),
        };
        quote! {
            __rt::FieldSchema { id: #id, explicit_id: #explicit_id, name: #name, kind: #kind, default: #default }
        }
    });
    quote!(&[#(#schemas),*])
}

/// One function for each default, so that the user's expression is emitted once.
pub(super) fn defaults(scope: &str, fields: &[Field]) -> TokenStream {
    let functions = fields.iter().filter_map(|field| {
        let expression = field.default.as_ref()?;
        let (name, ty) = (default_name(scope, field), &field.ty);
        Some(quote!(fn #name() -> #ty { #expression }))
    });
    quote!(#(#functions)*)
}

/// The name of a field's default function.
pub(super) fn default_name(scope: &str, field: &Field) -> Ident {
    format_ident!("__default_{}{}", scope, field.name)
}

/// The expression that reads a field from a row.
pub(super) fn decode(scope: &str, field: &Field, mask: &TokenStream) -> TokenStream {
    let index = field.index;
    if field.default.is_some() {
        let default = default_name(scope, field);
        quote!(__row.field_or(#index, #mask, #default)?)
    } else {
        let ty = &field.ty;
        quote_spanned!(ty.span()=> __row.field(#index, #mask)?)
    }
}

/// The statements that write fields, each of which `place` turns into an expression of type `&Field`.
pub(super) fn encode(fields: &[Field], place: impl Fn(&Field) -> TokenStream) -> TokenStream {
    let places: Vec<TokenStream> = by_id(fields).into_iter().map(place).collect();
    quote! {
        #(__row.head(#places);)*
        __row.table();
        #(__row.tail(#places);)*
    }
}
