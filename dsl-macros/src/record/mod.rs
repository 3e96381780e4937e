//! `#[derive(Record)]`: schema, row layout and serde of structs, newtypes and enums.

mod attributes;
mod enum_impls;
mod ids;
mod model;
mod newtype_impls;
mod schema;
mod serde_impls;
mod struct_impls;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::diagnostics::Diagnostics;
use model::{Body, Model};

/// What the derive adds beside the type. With errors it still implements everything, so that no others follow.
pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    let mut errors = Diagnostics::new();
    if !input.generics.params.is_empty() {
        errors.error(
            &input.generics,
            "a record cannot be generic: its schema is one constant; write a struct for each row type",
        );
        return errors.into_tokens();
    }
    let model = Model::of(input, &mut errors);
    let name = &model.ident;
    let impls = match &model.body {
        Body::Struct(fields) => struct_impls::expand(&model, fields),
        Body::Newtype(inner) => newtype_impls::expand(name, inner),
        Body::Enum(variants) => enum_impls::expand(name, variants),
        Body::Broken => struct_impls::broken(name),
    };
    let serde = match (&model.body, model.attribute.serde_manual) {
        (Body::Broken, _) => serde_impls::broken(name),
        (_, true) => TokenStream::new(),
        (Body::Struct(fields), false) => serde_impls::of_struct(name, fields),
        (Body::Newtype(inner), false) => serde_impls::of_newtype(name, inner),
        (Body::Enum(variants), false) => serde_impls::of_enum(name, variants),
    };
    let errors = errors.into_tokens();
    quote! {
        #errors
        #[automatically_derived]
        const _: () = {
            use ::waterwheel::__rt as __rt;
            #impls
            #serde
        };
    }
}

/// The ids of an enum's variants, for other derives on the same enum.
pub(crate) fn variant_ids(variants: &[&syn::Variant], errors: &mut Diagnostics) -> Vec<u16> {
    let numbered = variants.iter().map(|variant| ids::Numbered {
        name: variant.ident.clone(),
        id: attributes::variant(&variant.attrs, errors),
    });
    let numbered: Vec<_> = numbered.collect();
    ids::assign(&numbered, &[], "variant", errors).into_iter().map(|assigned| assigned.id).collect()
}
