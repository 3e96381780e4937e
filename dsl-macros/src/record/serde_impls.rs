//! `Serialize` and `Deserialize`, so that users need no serde of their own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Generics, Ident, Type, parse_quote};

use super::enum_impls::{pattern, scope};
use super::model::{Content, Field, Variant};
use super::schema::{as_field, default_name};

pub(super) fn of_struct(name: &Ident, fields: &[Field]) -> TokenStream {
    let text = name.to_string();
    let count = fields.len();
    let writes = fields.iter().map(|field| {
        let Field { ident, name, ty, .. } = field;
        let as_field = as_field(ty);
        quote!(#as_field::write_struct_field(&self.#ident, #name, &mut __fields)?;)
    });
    let builder = builder(&text, "", fields, &quote!(#name), &quote!(#name));
    let serialize = serialize(
        name,
        &quote! {
            let mut __fields = __rt::serde::Serializer::serialize_struct(__serializer, #text, #count)?;
            #(#writes)*
            __rt::serde::ser::SerializeStruct::end(__fields)
        },
    );
    let deserialize = deserialize(
        name,
        &quote!({
            #builder
            __rt::deserialize::<__Builder, __D>(__deserializer)
        }),
    );
    quote!(#serialize #deserialize)
}

pub(super) fn of_newtype(name: &Ident, inner: &Type) -> TokenStream {
    let (text, as_field) = (name.to_string(), as_field(inner));
    let serialize = serialize(name, &quote!(#as_field::write_newtype(&self.0, #text, __serializer)));
    let deserialize = deserialize(name, &quote!(#as_field::from_serde(__deserializer).map(#name)));
    quote!(#serialize #deserialize)
}

pub(super) fn of_enum(name: &Ident, variants: &[Variant]) -> TokenStream {
    let text = name.to_string();
    let names = variants.iter().map(|variant| &variant.name);
    let serialize_arms =
        (0_u32..).zip(variants).map(|(number, variant)| serialize_variant(&text, number, variant));
    let take_arms = variants.iter().enumerate().map(|(number, variant)| take_variant(name, number, variant));
    let serialize = serialize(name, &quote!(match self { #(#serialize_arms)* }));
    let deserialize = deserialize(name, &quote!(__rt::deserialize_enum::<__Variants, __D>(__deserializer)));
    quote! {
        #serialize
        struct __Variants;
        impl<'de> __rt::Variants<'de> for __Variants {
            type Output = #name;
            const NAME: &'static str = #text;
            const VARIANTS: &'static [&'static str] = &[#(#names),*];
            fn take<__A: __rt::serde::de::VariantAccess<'de>>(
                __index: usize,
                __access: __A,
            ) -> ::core::result::Result<#name, __A::Error> {
                match __index {
                    #(#take_arms)*
                    _ => ::core::unreachable!("the index of a variant that is not there"),
                }
            }
        }
        #deserialize
    }
}

/// For a type that cannot be a record.
pub(super) fn broken(name: &Ident, generics: &Generics) -> TokenStream {
    let (parameters, of, where_clause) = generics.split_for_impl();
    let mut of_input = generics.clone();
    of_input.params.insert(0, parse_quote!('de));
    let (of_input, _, _) = of_input.split_for_impl();
    quote! {
        impl #parameters __rt::serde::Serialize for #name #of #where_clause {
            fn serialize<__S: __rt::serde::Serializer>(&self, _: __S) -> ::core::result::Result<__S::Ok, __S::Error> {
                ::core::unreachable!()
            }
        }
        impl #of_input __rt::serde::Deserialize<'de> for #name #of #where_clause {
            fn deserialize<__D: __rt::serde::Deserializer<'de>>(_: __D) -> ::core::result::Result<Self, __D::Error> {
                ::core::unreachable!()
            }
        }
    }
}

fn serialize_variant(name: &str, number: u32, variant: &Variant) -> TokenStream {
    let Variant { ident, name: variant_name, content, .. } = variant;
    let pattern = pattern(content);
    let count = content.fields().len();
    let body = match content {
        Content::Nothing => quote! {
            __rt::serde::Serializer::serialize_unit_variant(__serializer, #name, #number, #variant_name)
        },
        Content::One(field) => {
            let (value, as_field) = (&field.ident, as_field(&field.ty));
            quote!(#as_field::write_newtype_variant(#value, (#name, #number, #variant_name), __serializer))
        }
        Content::Named(fields) => {
            let writes = fields.iter().map(|field| {
                let Field { ident, name, ty, .. } = field;
                let as_field = as_field(ty);
                quote!(#as_field::write_variant_field(#ident, #name, &mut __fields)?;)
            });
            quote! {{
                let mut __fields = __rt::serde::Serializer::serialize_struct_variant(
                    __serializer, #name, #number, #variant_name, #count,
                )?;
                #(#writes)*
                __rt::serde::ser::SerializeStructVariant::end(__fields)
            }}
        }
    };
    quote!(Self::#ident #pattern => #body,)
}

fn take_variant(name: &Ident, number: usize, variant: &Variant) -> TokenStream {
    let Variant { ident, content, .. } = variant;
    let body = match content {
        Content::Nothing => quote! {
            __rt::serde::de::VariantAccess::unit_variant(__access).map(|()| #name::#ident)
        },
        Content::One(field) => {
            let as_field = as_field(&field.ty);
            quote!(#as_field::from_variant(__access).map(#name::#ident))
        }
        Content::Named(fields) => {
            let builder =
                builder(&variant.name, &scope(variant), fields, &quote!(#name), &quote!(#name::#ident));
            quote! {{
                #builder
                __rt::variant_fields::<__Builder, __A>(__access)
            }}
        }
    };
    quote!(#number => #body,)
}

/// A struct of the same fields, each optional, that a map or sequence fills.
fn builder(
    text: &str,
    scope: &str,
    fields: &[Field],
    output: &TokenStream,
    make: &TokenStream,
) -> TokenStream {
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    let types = fields.iter().map(|field| &field.ty);
    let places = 0..fields.len();
    let as_fields = fields.iter().map(|field| as_field(&field.ty));
    let values = fields.iter().map(|field| {
        let Field { ident, name, ty, .. } = field;
        if field.default.is_some() {
            let default = default_name(scope, field);
            quote!(self.#ident.unwrap_or_else(#default))
        } else {
            let as_field = as_field(ty);
            quote!(#as_field::filled(self.#ident, #name)?)
        }
    });
    quote! {
        struct __Builder { #(#idents: ::core::option::Option<#types>,)* }
        impl ::core::default::Default for __Builder {
            fn default() -> Self {
                __Builder { #(#idents: ::core::option::Option::None,)* }
            }
        }
        impl<'de> __rt::Builder<'de> for __Builder {
            type Output = #output;
            const NAME: &'static str = #text;
            const FIELDS: &'static [&'static str] = &[#(#names),*];
            fn set<__S: __rt::Source<'de>>(
                &mut self,
                __index: usize,
                __source: &mut __S,
            ) -> ::core::result::Result<bool, __S::Error> {
                match __index {
                    #(#places => #as_fields::fill(&mut self.#idents, #names, __source),)*
                    _ => ::core::result::Result::Ok(false),
                }
            }
            fn finish<__E: __rt::serde::de::Error>(self) -> ::core::result::Result<#output, __E> {
                ::core::result::Result::Ok(#make { #(#idents: #values,)* })
            }
        }
    }
}

fn serialize(name: &Ident, body: &TokenStream) -> TokenStream {
    quote! {
        impl __rt::serde::Serialize for #name {
            fn serialize<__S: __rt::serde::Serializer>(
                &self,
                __serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                #body
            }
        }
    }
}

fn deserialize(name: &Ident, body: &TokenStream) -> TokenStream {
    quote! {
        impl<'de> __rt::serde::Deserialize<'de> for #name {
            fn deserialize<__D: __rt::serde::Deserializer<'de>>(
                __deserializer: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                #body
            }
        }
    }
}
