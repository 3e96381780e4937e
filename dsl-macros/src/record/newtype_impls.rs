//! `Field` of tuple structs with one field: on the wire, what they wrap.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, Type};

use super::schema;

pub(super) fn expand(name: &Ident, inner: &Type) -> TokenStream {
    let field = schema::as_field(inner);
    let by_serde = schema::by_serde();
    quote! {
        #[diagnostic::do_not_recommend]
        impl __rt::Field for #name {
            const KIND: __rt::Kind = #field::KIND;
            #[inline]
            fn put(&self, __out: &mut ::std::vec::Vec<u8>) {
                #field::put(&self.0, __out)
            }
            #[inline]
            fn take(
                __value: &[u8],
                __shape: &__rt::Shape,
            ) -> ::core::result::Result<Self, __rt::Fault> {
                #field::take(__value, __shape).map(#name)
            }
            #[inline]
            fn take_into(
                &mut self,
                __value: &[u8],
                __shape: &__rt::Shape,
            ) -> ::core::result::Result<(), __rt::Fault> {
                #field::take_into(&mut self.0, __value, __shape)
            }
            #[inline]
            fn not_decoded() -> Self {
                #name(#field::not_decoded())
            }
            #[inline]
            fn is_null(&self) -> bool {
                #field::is_null(&self.0)
            }
            #[inline]
            fn null() -> ::core::option::Option<Self> {
                #field::null().map(#name)
            }
            #by_serde
        }
    }
}
