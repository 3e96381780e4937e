//! `#[derive(Key)]`: newtypes, enums, and small structs of keys.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields, Ident, Index, Member, Type};

use crate::diagnostics::Diagnostics;
use crate::record::{derived_again, variant_ids};

/// What the derive adds beside the type.
pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    let mut errors = Diagnostics::new();
    let name = &input.ident;
    if derived_again(&input.attrs, "Key", &mut errors) {
        return errors.into_tokens();
    }
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
        Data::Struct(data) => {
            if let Some(float) = data.fields.iter().find(|field| is_float(&field.ty)) {
                return of_float(name, &float.ty, errors);
            }
            match (&data.fields, data.fields.iter().next()) {
                (Fields::Unnamed(_), Some(inner)) if data.fields.len() == 1 => newtype(name, inner),
                (fields, _) => parts(name, fields),
            }
        }
        Data::Enum(data) if data.variants.is_empty() => {
            errors.error(name, "an enum without variants has no values to group by");
            broken()
        }
        Data::Enum(data) => {
            match data.variants.iter().flat_map(|of| &of.fields).find(|of| is_float(&of.ty)) {
                Some(float) => return of_float(name, &float.ty, errors),
                None => variants(name, &data.variants.iter().collect::<Vec<_>>(), &mut errors),
            }
        }
        Data::Union(data) => {
            errors.error(data.union_token, "a union cannot be a key: use a struct or an enum");
            broken()
        }
    };
    // What else a key derives is asked in one bound, at the type.
    let derives = quote_spanned!(name.span()=> __rt::key_derives::<#name>(););
    implemented(name, &errors.into_tokens(), &derives, &body)
}

/// The impl, and beside it the errors. Where the type lacks what it `derives`, the handle of what is grouped by it is of no type, so that no
/// operator is blamed as well.
fn implemented(name: &Ident, errors: &TokenStream, derives: &TokenStream, body: &TokenStream) -> TokenStream {
    let text = name.to_string();
    quote! {
        #errors
        #[automatically_derived]
        const _: () = {
            use ::waterwheel::__rt as __rt;
            const __CHECKED: usize = {
                #derives
                1
            };
            #[diagnostic::do_not_recommend]
            impl __rt::KeyCode for #name {
                type Grouped<__T, __E> = <[(); __CHECKED] as __rt::Itself<__rt::Grouped<Self, __T, __E>>>::Type;
                fn type_name() -> ::std::string::String {
                    ::std::string::String::from(#text)
                }
                #body
            }
        };
    }
}

/// What else a key needs, such as an order, is no matter of a float: it is the one error.
fn of_float(name: &Ident, float: &Type, mut errors: Diagnostics) -> TokenStream {
    errors.error(
        float,
        "a float cannot be a key, because NaN equals nothing: round it to an integer first, and wrap that",
    );
    implemented(name, &errors.into_tokens(), &TokenStream::new(), &broken())
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
        #[inline]
        fn put_part(&self, __out: &mut ::std::vec::Vec<u8>) {
            #key::put_part(&self.0, __out)
        }
        #[inline]
        fn take_part(__parts: &mut __rt::KeyReader<'_>) -> ::core::result::Result<Self, __rt::DecodeError> {
            #key::take_part(__parts).map(#name)
        }
    }
}

/// As a tuple of the fields in the order of declaration.
fn parts(name: &Ident, fields: &Fields) -> TokenStream {
    let text = name.to_string();
    let members = members(fields);
    let as_keys: Vec<TokenStream> = fields.iter().map(|field| as_key(&field.ty)).collect();
    let written = written(fields);
    quote! {
        fn written_as() -> ::std::string::String {
            #written
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

/// The variant's id in two bytes, the higher first; then its fields as the parts of a tuple. Where these end can be told, so it stands
/// without a length among the parts of another key, and a variant is written alike whatever the other variants hold.
fn variants(name: &Ident, variants: &[&syn::Variant], errors: &mut Diagnostics) -> TokenStream {
    let text = name.to_string();
    let ids = variant_ids(variants, errors);
    let written = variants.iter().zip(&ids).map(|(variant, id)| {
        let ident = variant.ident.to_string();
        let as_keys = variant.fields.iter().map(|field| as_key(&field.ty));
        match &variant.fields {
            fields if fields.is_empty() => quote!(::std::format!("{} {}", #id, #ident)),
            Fields::Unnamed(_) => {
                quote!(::std::format!("{} {}({})", #id, #ident, [#(#as_keys::written_as()),*].join(", ")))
            }
            fields => {
                let written = written(fields);
                quote!(::std::format!("{} {} {{ {} }}", #id, #ident, #written))
            }
        }
    });
    let width = match variants.iter().all(|variant| variant.fields.is_empty()) {
        true => quote!(::core::option::Option::Some(2)),
        false => quote!(::core::option::Option::None),
    };
    let puts = variants.iter().zip(&ids).map(|(variant, id)| {
        let (ident, members, bound) = (&variant.ident, members(&variant.fields), bound(&variant.fields));
        let as_keys = variant.fields.iter().map(|field| as_key(&field.ty));
        quote! {
            #name::#ident { #(#members: #bound,)* } => {
                <u16 as __rt::KeyCode>::encode_key(&#id, __out);
                #(#as_keys::put_part(#bound, __out);)*
            }
        }
    });
    let takes = variants.iter().zip(&ids).map(|(variant, id)| {
        let (ident, members) = (&variant.ident, members(&variant.fields));
        let as_keys = variant.fields.iter().map(|field| as_key(&field.ty));
        quote!(#id => ::core::result::Result::Ok(#name::#ident { #(#members: #as_keys::take_part(__parts)?,)* }),)
    });
    quote! {
        fn written_as() -> ::std::string::String {
            [#(#written),*].join(" | ")
        }
        const WIDTH: ::core::option::Option<usize> = #width;
        fn encode_key(&self, __out: &mut ::std::vec::Vec<u8>) {
            match self { #(#puts)* }
        }
        fn decode_key(__bytes: &[u8]) -> ::core::result::Result<Self, __rt::DecodeError> {
            let mut __parts = __rt::KeyReader::new(#text, __bytes);
            let __key = <Self as __rt::KeyCode>::take_part(&mut __parts)?;
            __parts.finish()?;
            ::core::result::Result::Ok(__key)
        }
        #[inline]
        fn put_part(&self, __out: &mut ::std::vec::Vec<u8>) {
            <Self as __rt::KeyCode>::encode_key(self, __out)
        }
        fn take_part(__parts: &mut __rt::KeyReader<'_>) -> ::core::result::Result<Self, __rt::DecodeError> {
            match <u16 as __rt::KeyCode>::take_part(__parts)? {
                #(#takes)*
                __id => ::core::result::Result::Err(__rt::no_such_variant(#text, __id)),
            }
        }
    }
}

/// The fields by their names, or by their places if they have none.
fn members(fields: &Fields) -> Vec<Member> {
    let member = |(at, field): (usize, &Field)| match &field.ident {
        Some(ident) => Member::Named(ident.clone()),
        None => Member::Unnamed(Index::from(at)),
    };
    fields.iter().enumerate().map(member).collect()
}

/// Names of ours for the fields of a variant.
fn bound(fields: &Fields) -> Vec<Ident> {
    (0..fields.len()).map(|at| format_ident!("__part_{at}")).collect()
}

/// The expression for what the fields are written as, with their names.
fn written(fields: &Fields) -> TokenStream {
    let as_keys = fields.iter().map(|field| as_key(&field.ty));
    let names = members(fields).into_iter().map(|member| match member {
        Member::Named(ident) => ident.to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    });
    quote! {
        [#((#names, #as_keys::written_as())),*].map(|(__name, __key)| ::std::format!("{__name}: {__key}")).join(", ")
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
