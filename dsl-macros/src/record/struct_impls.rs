//! `Record` and `Field` of structs with named fields.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Generics, Ident, parse_quote};

use super::model::{Field, Model};
use super::schema;

pub(super) fn expand(model: &Model, fields: &[Field]) -> TokenStream {
    let Model { ident: name, attribute, .. } = model;
    let text = name.to_string();
    let retired = &attribute.retired;
    let schemas = schema::fields(fields);
    let defaults = schema::defaults("", fields);
    let functions = functions(name, fields);
    let (is_record, as_field) = (is_record(name), as_field(name, fields));
    quote! {
        const __SCHEMA: __rt::Schema = __rt::Schema { name: #text, fields: #schemas, retired: &[#(#retired),*] };
        #defaults
        #functions
        #is_record
        #[diagnostic::do_not_recommend]
        impl __rt::Record for #name
        where
            for<'__a> #name: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync,
        {
            const SCHEMA: &'static __rt::Schema = &__SCHEMA;
            const DEREFS: bool = {
                #[allow(unused_imports)]
                use __rt::DerefsNot as _;
                <__rt::Derefs<#name>>::DEREFS
            };
            #[inline]
            fn encode(&self, __out: &mut ::std::vec::Vec<u8>) {
                <Self as __Row>::__encode(self, __out);
            }
            #[inline]
            fn decode(
                __row: &__rt::RowRef<'_>,
                __mask: __rt::FieldMask,
            ) -> ::core::result::Result<Self, __rt::DecodeError> {
                <Self as __Row>::__decode(__row, __mask)
            }
            #[inline]
            fn decode_current(
                __layout: &__rt::RowLayout,
                __row: &[u8],
                __mask: __rt::FieldMask,
            ) -> ::core::result::Result<Self, __rt::DecodeError> {
                <Self as __Row>::__decode_current(__layout, __row, __mask)
            }
            #[inline]
            fn decode_current_into(
                &mut self,
                __layout: &__rt::RowLayout,
                __row: &[u8],
                __mask: __rt::FieldMask,
            ) -> ::core::result::Result<(), __rt::DecodeError> {
                <Self as __Row>::__decode_current_into(self, __layout, __row, __mask)
            }
        }
        #as_field
    }
}

/// A struct as rows of topics. A missing `Clone` is an error here, and nowhere else: the impl of `Record` asks for it by a higher-ranked bound, which
/// is checked at its uses, and topics use it through this alone.
fn is_record(name: &Ident) -> TokenStream {
    let derives = quote_spanned!(name.span()=> __rt::record_derives::<#name>(););
    quote! {
        const __CHECKED: usize = {
            #derives
            1
        };
        #[diagnostic::do_not_recommend]
        impl __rt::IsRecord for #name {
            type Row = <[(); __CHECKED] as __rt::Itself<#name>>::Type;
        }
        #[diagnostic::do_not_recommend]
        impl __rt::HasFields for #name {}
    }
}

/// What encodes and decodes, beside the traits, so that a missing `Clone` is one error and not one at each use. They are of a
/// trait that nobody else sees: neither an editor nor the compiler offers them, and of a type that is derived twice each is there once
/// for each time.
fn functions(name: &Ident, fields: &[Field]) -> TokenStream {
    let encode = schema::encode(fields, |field| {
        let ident = &field.ident;
        quote!(&self.#ident)
    });
    let (row, mask) = (quote!(__row), quote!(__mask));
    let decode = fields.iter().map(|field| {
        let (ident, value) = (&field.ident, schema::decode("", field, &row, &mask));
        quote!(#ident: #value)
    });
    let decode_current = decode_current(fields);
    let decode_current_into = decode_current_into(fields);
    quote! {
        trait __Row: ::core::marker::Sized {
            fn __encode(&self, __out: &mut ::std::vec::Vec<u8>);
            fn __decode(
                __row: &__rt::RowRef<'_>,
                __mask: __rt::FieldMask,
            ) -> ::core::result::Result<Self, __rt::DecodeError>;
            fn __decode_current(
                __layout: &__rt::RowLayout,
                __row: &[u8],
                __mask: __rt::FieldMask,
            ) -> ::core::result::Result<Self, __rt::DecodeError>;
            fn __decode_current_into(
                &mut self,
                __layout: &__rt::RowLayout,
                __row: &[u8],
                __mask: __rt::FieldMask,
            ) -> ::core::result::Result<(), __rt::DecodeError>;
        }
        impl __Row for #name {
            #[inline]
            fn __encode(&self, __out: &mut ::std::vec::Vec<u8>) {
                let mut __row = __rt::RowWriter::begin(const { __rt::RowShape::of(__SCHEMA.fields) }, __out);
                #encode
            }
            #[inline]
            fn __decode(
                __row: &__rt::RowRef<'_>,
                __mask: __rt::FieldMask,
            ) -> ::core::result::Result<Self, __rt::DecodeError> {
                ::core::result::Result::Ok(#name { #(#decode,)* })
            }
            #[inline]
            fn __decode_current(
                __layout: &__rt::RowLayout,
                __row: &[u8],
                __mask: __rt::FieldMask,
            ) -> ::core::result::Result<Self, __rt::DecodeError> {
                let __shape = const { __rt::RowShape::of(__SCHEMA.fields) };
                let __row = __rt::CurrentRow::new(__layout, __row, __shape)?;
                ::core::result::Result::Ok(#name { #decode_current })
            }
            #[inline]
            fn __decode_current_into(
                &mut self,
                __layout: &__rt::RowLayout,
                __row: &[u8],
                __mask: __rt::FieldMask,
            ) -> ::core::result::Result<(), __rt::DecodeError> {
                let __shape = const { __rt::RowShape::of(__SCHEMA.fields) };
                let __row = __rt::CurrentRow::new(__layout, __row, __shape)?;
                #decode_current_into
                ::core::result::Result::Ok(())
            }
        }
    }
}

/// The fields of a row of today's schema.
fn decode_current(fields: &[Field]) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let (ident, as_field, index) = (&field.ident, schema::as_field(&field.ty), field.index);
        quote! {
            #ident: #as_field::read_current(
                &__row,
                const { __rt::FieldPlace::of(__SCHEMA.fields, #index) },
                __mask,
            )?,
        }
    });
    quote!(#(#fields)*)
}

/// The statements that read them into a row that there is already.
fn decode_current_into(fields: &[Field]) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let (ident, as_field, index) = (&field.ident, schema::as_field(&field.ty), field.index);
        quote! {
            #as_field::read_current_into(
                &mut self.#ident,
                &__row,
                const { __rt::FieldPlace::of(__SCHEMA.fields, #index) },
                __mask,
            )?;
        }
    });
    quote!(#(#fields)*)
}

/// A record as a field of another.
fn as_field(name: &Ident, fields: &[Field]) -> TokenStream {
    let by_serde = schema::by_serde();
    let not_decoded = fields.iter().map(|field| {
        let (ident, as_field) = (&field.ident, schema::as_field(&field.ty));
        quote!(#ident: #as_field::not_decoded())
    });
    quote! {
        #[diagnostic::do_not_recommend]
        impl __rt::Field for #name {
            const KIND: __rt::Kind = __rt::Kind::Record(&__SCHEMA);
            fn put(&self, __out: &mut ::std::vec::Vec<u8>) {
                <Self as __Row>::__encode(self, __out);
            }
            fn take(
                __value: &[u8],
                __shape: &__rt::Shape,
            ) -> ::core::result::Result<Self, __rt::Fault> {
                ::core::result::Result::Ok(<Self as __Row>::__decode(&__rt::nested(__value, __shape)?, __rt::FieldMask::ALL)?)
            }
            #[inline]
            fn not_decoded() -> Self {
                #name { #(#not_decoded,)* }
            }
            #by_serde
        }
    }
}

/// For a type that cannot be a record: what keeps the compiler from complaining about its uses as well. Where it could not even be a row,
/// an error stands `instead` of the type.
pub(super) fn broken(name: &Ident, generics: &Generics, instead: Option<TokenStream>) -> TokenStream {
    let (text, by_serde) = (name.to_string(), schema::by_serde());
    let (parameters, of, where_clause) = generics.split_for_impl();
    let row = instead.unwrap_or_else(|| quote!(#name #of));
    let mut sent = generics.clone();
    if sent.params.is_empty() {
        sent.make_where_clause().predicates.push(parse_quote!(
            for<'__a> #name: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
        ));
    }
    let sent = &sent.where_clause;
    quote! {
        const __SCHEMA: __rt::Schema = __rt::Schema { name: #text, fields: &[], retired: &[] };
        #[diagnostic::do_not_recommend]
        impl #parameters __rt::IsRecord for #name #of #where_clause {
            type Row = #row;
        }
        #[diagnostic::do_not_recommend]
        impl #parameters __rt::HasFields for #name #of #where_clause {}
        #[diagnostic::do_not_recommend]
        impl #parameters __rt::Record for #name #of #sent {
            const SCHEMA: &'static __rt::Schema = &__SCHEMA;
            const DEREFS: bool = false;
            fn encode(&self, _: &mut ::std::vec::Vec<u8>) {}
            fn decode(
                _: &__rt::RowRef<'_>,
                _: __rt::FieldMask,
            ) -> ::core::result::Result<Self, __rt::DecodeError> {
                ::core::unreachable!()
            }
            fn decode_current(
                _: &__rt::RowLayout,
                _: &[u8],
                _: __rt::FieldMask,
            ) -> ::core::result::Result<Self, __rt::DecodeError> {
                ::core::unreachable!()
            }
        }
        #[diagnostic::do_not_recommend]
        impl #parameters __rt::Field for #name #of #where_clause {
            const KIND: __rt::Kind = __rt::Kind::Record(&__SCHEMA);
            fn put(&self, _: &mut ::std::vec::Vec<u8>) {}
            fn take(_: &[u8], _: &__rt::Shape) -> ::core::result::Result<Self, __rt::Fault> {
                ::core::unreachable!()
            }
            fn not_decoded() -> Self {
                ::core::unreachable!()
            }
            #by_serde
        }
    }
}
