//! From the plan to code: flat calls to documented functions of the runtime, with the user's tokens as they were written.

mod pipeline;
mod topics;
mod written;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;

pub(crate) use pipeline::{camel_case, pipeline};
pub(crate) use topics::topics;
pub(crate) use written::written;

/// The path of everything that generated code may name. `span` is where rustc complains if a call to it is wrong.
pub(crate) fn runtime(span: Span) -> TokenStream {
    quote_spanned!(span=> ::waterwheel::__rt)
}

/// The path of something below [`runtime`] that stands for tokens of the user's. To rustc it lies at `at`, by the spans of
/// its colons; its names lie at `aside`, a bracket or a dot, so that an editor which looks for what stands at the user's
/// token finds that alone.
pub(crate) fn runtime_aside(at: Span, aside: Span, names: &[&str]) -> TokenStream {
    let names = ["waterwheel", "__rt"].iter().chain(names).map(|name| Ident::new(name, aside));
    quote_spanned!(at=> #(:: #names)*)
}
