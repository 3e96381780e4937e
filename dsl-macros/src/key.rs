//! `#[derive(Key)]`: newtypes, enums without fields, and small structs of keys.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields, Ident, Index, Member, Type};

use crate::diagnostics::Diagnostics;
use crate::record::variant_ids;

/// What the derive adds beside the type.
pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    let mut errors = Diagnostics::new();
    let name = &input.ident;
    if !input.generics.params.is_empty() {
        errors.error(&input.generics, "a key cannot be generic: write a type for each key");
        return errors.into_tokens();
    }
    let body = match &input.data {
        Data::Struct(data) if data.fields.is_empty() => {
            errors
                .error(name, "a key without fields groups nothing: group by `()` for one group of all rows");
            broken()
        }
        Data::Struct(data) => match (&data.fields, data.fields.iter().next()) {
            (Fields::Unnamed(_), Some(inner)) if data.fields.len() == 1 => {
                if is_float(&inner.ty) {
                    // Whatever else a key needs, such as an order, is no matter of a float.
                    errors.error(
                        &inner.ty,
                        "a float cannot be a key, because NaN equals nothing: round it to an integer first, and wrap that",
                    );
                    return implemented(name, &errors.into_tokens(), &TokenStream::new(), &broken());
                }
                newtype(name, inner)
            }
            (fields, _) => parts(name, fields),
        },
        Data::Enum(data) => match data.variants.iter().find(|variant| !variant.fields.is_empty()) {
            Some(variant) => {
                errors.error(
                    &variant.fields,
                    "an enum with data cannot be a key: group by one of its fields, or by a field-less enum",
                );
                broken()
            }
            None => variants(name, &data.variants.iter().collect::<Vec<_>>(), &mut errors),
        },
        Data::Union(data) => {
            errors.error(data.union_token, "a union cannot be a key: use a struct or an enum without fields");
            broken()
        }
    };
    let errors = errors.into_tokens();
    // What else a key derives is asked in one bound, at the type.
    let derives = quote_spanned!(name.span()=> __rt::key_derives::<#name>(););
    implemented(name, &errors, &derives, &body)
}

/// The impl, and beside it the errors.
fn implemented(name: &Ident, errors: &TokenStream, derives: &TokenStream, body: &TokenStream) -> TokenStream {
    let text = name.to_string();
    quote! {
        #errors
        #[automatically_derived]
        const _: () = {
            use ::waterwheel::__rt as __rt;
            #[diagnostic::do_not_recommend]
            impl __rt::KeyCode for #name {
                type Grouped<__T, __E> = __rt::Grouped<Self, __T, __E>;
                fn type_name() -> ::std::string::String {
                    #derives
                    ::std::string::String::from(#text)
                }
                #body
            }
        };
    }
}

fn is_float(ty: &Type) -> bool {
    matches!(ty, Type::Path(ty) if ty.path.is_ident("f32") || ty.path.is_ident("f64"))
}

/// The key of what is wrapped.
fn newtype(name: &Ident, inner: &Field) -> TokenStream {
    let ty = &inner.ty;
    let key = as_key(ty);
    quote! {
        fn written_as() -> ::std::string::String {
            #key::written_as()
        }
        const WIDTH: ::core::option::Option<usize> = #key::WIDTH;
        #[inline]
        fn encode_key(&self, __out: &mut ::std::vec::Vec<u8>) {
            #key::encode_key(&self.0, __out)
        }
        #[inline]
        fn decode_key(__bytes: &[u8]) -> ::core::result::Result<Self, __rt::DecodeError> {
            #key::decode_key(__bytes).map(#name)
        }
    }
}

/// As a tuple of the fields in the order of declaration.
fn parts(name: &Ident, fields: &Fields) -> TokenStream {
    let text = name.to_string();
    let members = fields.iter().enumerate().map(|(at, field)| match &field.ident {
        Some(ident) => Member::Named(ident.clone()),
        None => Member::Unnamed(Index::from(at)),
    });
    let members: Vec<Member> = members.collect();
    let as_keys: Vec<TokenStream> = fields.iter().map(|field| as_key(&field.ty)).collect();
    let names = members.iter().map(|member| match member {
        Member::Named(ident) => ident.to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    });
    quote! {
        fn written_as() -> ::std::string::String {
            [#((#names, #as_keys::written_as())),*].map(|(__name, __key)| ::std::format!("{__name}: {__key}")).join(", ")
        }
        const WIDTH: ::core::option::Option<usize> = __rt::sum(&[#(#as_keys::WIDTH),*]);
        fn encode_key(&self, __out: &mut ::std::vec::Vec<u8>) {
            #(#as_keys::put_part(&self.#members, __out);)*
        }
        fn decode_key(__bytes: &[u8]) -> ::core::result::Result<Self, __rt::DecodeError> {
            let mut __parts = __rt::KeyReader::new(#text, __bytes);
            let __key = #name { #(#members: #as_keys::take_part(&mut __parts)?,)* };
            __parts.finish()?;
            ::core::result::Result::Ok(__key)
        }
    }
}

/// The variant's id in two bytes, the higher first.
fn variants(name: &Ident, variants: &[&syn::Variant], errors: &mut Diagnostics) -> TokenStream {
    let text = name.to_string();
    let ids = variant_ids(variants, errors);
    let idents: Vec<&Ident> = variants.iter().map(|variant| &variant.ident).collect();
    let names: Vec<String> = idents.iter().map(|ident| ident.to_string()).collect();
    quote! {
        fn written_as() -> ::std::string::String {
            [#(::std::format!("{} {}", #ids, #names)),*].join(" | ")
        }
        const WIDTH: ::core::option::Option<usize> = ::core::option::Option::Some(2);
        fn encode_key(&self, __out: &mut ::std::vec::Vec<u8>) {
            let __id: u16 = match *self { #(#name::#idents { .. } => #ids,)* };
            __rt::KeyCode::encode_key(&__id, __out)
        }
        fn decode_key(__bytes: &[u8]) -> ::core::result::Result<Self, __rt::DecodeError> {
            match <u16 as __rt::KeyCode>::decode_key(__bytes)? {
                #(#ids => ::core::result::Result::Ok(#name::#idents {}),)*
                __id => ::core::result::Result::Err(__rt::no_such_variant(#text, __id)),
            }
        }
    }
}

/// `<Type as KeyCode>`, at the type's place: there the compiler says that the type cannot be a key.
fn as_key(ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as __rt::KeyCode>)
}

fn broken() -> TokenStream {
    quote! {
        const WIDTH: ::core::option::Option<usize> = ::core::option::Option::None;
        fn encode_key(&self, _: &mut ::std::vec::Vec<u8>) {}
        fn decode_key(_: &[u8]) -> ::core::result::Result<Self, __rt::DecodeError> {
            ::core::unreachable!()
        }
    }
}
