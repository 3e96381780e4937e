//! `Field` and `Record` of enums: the variant's id, then its fields as a row; an enum that is a row is its one field.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Ident;

use super::model::{Content, Model, Variant};
use super::schema;

pub(super) fn expand(model: &Model, variants: &[Variant]) -> TokenStream {
    let name = &model.ident;
    let text = name.to_string();
    let schemas = schemas(variants);
    let defaults = variants.iter().map(|variant| schema::defaults(&scope(variant), variant.content.fields()));
    let puts = variants.iter().map(put);
    let takes = variants.iter().map(take);
    let not_decoded = not_decoded(&variants[0]);
    let split = split_by_variant(name, variants);
    let by_serde = schema::by_serde();
    let as_row = as_row(model, variants);
    quote! {
        const __ENUM: __rt::EnumSchema = __rt::EnumSchema { name: #text, variants: #schemas };
        #(#defaults)*
        #[diagnostic::do_not_recommend]
        impl __rt::Field for #name {
            const KIND: __rt::Kind = __rt::Kind::Enum(&__ENUM);
            fn put(&self, __out: &mut ::std::vec::Vec<u8>) {
                match self { #(#puts)* }
            }
            fn take(
                __value: &[u8],
                __shape: &__rt::Shape,
            ) -> ::core::result::Result<Self, __rt::Fault> {
                let (__variant, __row) = __rt::variant(__value, __shape)?;
                match __variant {
                    #(#takes)*
                    _ => ::core::result::Result::Err(__rt::Fault::Shape),
                }
            }
            #[inline]
            fn not_decoded() -> Self {
                #not_decoded
            }
            #by_serde
        }
        #as_row
        #split
    }
}

/// An enum as a row. A `Clone` that is missing is no matter of enums that are fields alone, so it is asked for where it is used as a row,
/// by a higher-ranked bound.
fn as_row(model: &Model, variants: &[Variant]) -> TokenStream {
    let (name, text) = (&model.ident, model.ident.to_string());
    let is_bare = |variant: &Variant| matches!(variant.content, Content::Nothing);
    let has_bare_variants = !model.attribute.serde_manual && variants.iter().any(is_bare);
    let place = quote!(const { __rt::FieldPlace::of(__SCHEMA.fields, 0) });
    let current = quote! {
        let __row = __rt::CurrentRow::new(__layout, __row, const { __rt::RowShape::of(__SCHEMA.fields) })?;
    };
    quote! {
        const __SCHEMA: __rt::Schema = __rt::Schema::of_enum(
            #text,
            &const { [__rt::FieldSchema::of_enum(<#name as __rt::Field>::KIND)] },
        );
        impl __rt::IsRecord for #name {
            type Row = #name;
        }
        #[diagnostic::do_not_recommend]
        impl __rt::Record for #name
        where
            for<'__a> #name: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync,
        {
            const SCHEMA: &'static __rt::Schema = &__SCHEMA;
            // Nothing that a closure names is the name of its one field.
            const DEREFS: bool = false;
            const HAS_BARE_VARIANTS: bool = #has_bare_variants;
            fn encode(&self, __out: &mut ::std::vec::Vec<u8>) {
                let mut __row = __rt::RowWriter::begin(const { __rt::RowShape::of(__SCHEMA.fields) }, __out);
                <Self as __rt::Field>::head(self, &mut __row);
                __row.table();
                <Self as __rt::Field>::tail(self, &mut __row);
            }
            fn decode(
                __row: &__rt::RowRef<'_>,
                __mask: __rt::FieldMask,
            ) -> ::core::result::Result<Self, __rt::DecodeError> {
                <Self as __rt::Field>::read(__row, 0, __mask)
            }
            fn decode_current(
                __layout: &__rt::RowLayout,
                __row: &[u8],
                __mask: __rt::FieldMask,
            ) -> ::core::result::Result<Self, __rt::DecodeError> {
                #current
                <Self as __rt::Field>::read_current(&__row, #place, __mask)
            }
            fn decode_current_into(
                &mut self,
                __layout: &__rt::RowLayout,
                __row: &[u8],
                __mask: __rt::FieldMask,
            ) -> ::core::result::Result<(), __rt::DecodeError> {
                #current
                <Self as __rt::Field>::read_current_into(self, &__row, #place, __mask)
            }
        }
    }
}

/// The most parts that a `split` has.
const PARTS_MAX: usize = 8;

/// A stream is split by such an enum if each variant has one value or none.
fn split_by_variant(name: &Ident, variants: &[Variant]) -> Option<TokenStream> {
    let is_simple = |variant: &Variant| !matches!(variant.content, Content::Named(_));
    if !(2..=PARTS_MAX).contains(&variants.len()) || !variants.iter().all(is_simple) {
        return None;
    }
    let types = variants.iter().map(|variant| match &variant.content {
        Content::One(field) => field.ty.to_token_stream(),
        _ => quote!(()),
    });
    let arms = variants.iter().enumerate().map(|(at, variant)| {
        let ident = &variant.ident;
        let (pattern, part) = match &variant.content {
            Content::One(_) => (quote!((__value)), quote!(__value)),
            _ => (TokenStream::new(), quote!(())),
        };
        let parts = (0..variants.len()).map(|other| match other == at {
            true => quote!(::core::option::Option::Some(#part)),
            false => quote!(::core::option::Option::None),
        });
        quote!(Self::#ident #pattern => (#(#parts,)*),)
    });
    Some(quote! {
        #[diagnostic::do_not_recommend]
        impl __rt::SplitByVariant for #name {
            type Parts = (#(::core::option::Option<#types>,)*);
            fn parts(self) -> Self::Parts {
                match self { #(#arms)* }
            }
        }
    })
}

fn schemas(variants: &[Variant]) -> TokenStream {
    let mut sorted: Vec<&Variant> = variants.iter().collect();
    sorted.sort_by_key(|variant| variant.index);
    let schemas = sorted.into_iter().map(|variant| {
        let Variant { id, explicit_id, name, .. } = variant;
        let fields = schema::fields(variant.content.fields());
        quote! {
            __rt::VariantSchema { id: #id, explicit_id: #explicit_id, name: #name, fields: #fields }
        }
    });
    quote!(&[#(#schemas),*])
}

fn put(variant: &Variant) -> TokenStream {
    let Variant { ident, id, content, .. } = variant;
    let pattern = pattern(content);
    let id = quote!(__out.extend_from_slice(&u16::to_le_bytes(#id)););
    let fields = content.fields();
    if fields.is_empty() {
        return quote!(Self::#ident #pattern => { #id });
    }
    let schemas = schema::fields(fields);
    let encode = schema::encode(fields, |field| {
        let ident = &field.ident;
        quote!(#ident)
    });
    quote! {
        Self::#ident #pattern => {
            #id
            let mut __row = __rt::RowWriter::begin(const { __rt::RowShape::of(#schemas) }, __out);
            #encode
        }
    }
}

fn take(variant: &Variant) -> TokenStream {
    let Variant { ident, index, content, .. } = variant;
    let (row, mask) = (quote!(&__row), quote!(__rt::FieldMask::ALL));
    let scope = scope(variant);
    let values = content.fields().iter().map(|field| schema::decode(&scope, field, &row, &mask));
    let value = match content {
        Content::Nothing => quote!(Self::#ident),
        Content::One(_) => quote!(Self::#ident(#(#values)*)),
        Content::Named(fields) => {
            let idents = fields.iter().map(|field| &field.ident);
            quote!(Self::#ident { #(#idents: #values,)* })
        }
    };
    quote!(#index => ::core::result::Result::Ok(#value),)
}

fn not_decoded(variant: &Variant) -> TokenStream {
    let ident = &variant.ident;
    match &variant.content {
        Content::Nothing => quote!(Self::#ident),
        Content::One(field) => {
            let as_field = schema::as_field(&field.ty);
            quote!(Self::#ident(#as_field::not_decoded()))
        }
        Content::Named(fields) => {
            let (idents, as_fields): (Vec<_>, Vec<_>) =
                fields.iter().map(|field| (&field.ident, schema::as_field(&field.ty))).unzip();
            quote!(Self::#ident { #(#idents: #as_fields::not_decoded(),)* })
        }
    }
}

/// The pattern behind a variant's name that binds each field under its own.
pub(super) fn pattern(content: &Content) -> TokenStream {
    match content {
        Content::Nothing => TokenStream::new(),
        Content::One(field) => {
            let ident = &field.ident;
            quote!((#ident))
        }
        Content::Named(fields) => {
            let idents = fields.iter().map(|field| &field.ident);
            quote!({ #(#idents,)* })
        }
    }
}

/// Keeps the default functions of different variants apart.
pub(super) fn scope(variant: &Variant) -> String {
    format!("{}_", syn::ext::IdentExt::unraw(&variant.ident))
}
