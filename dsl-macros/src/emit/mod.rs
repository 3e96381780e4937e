//! From the plan to code: flat calls to documented functions of the runtime, with the user's tokens as they were written.

mod pipeline;
mod topics;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

pub(crate) use pipeline::pipeline;
pub(crate) use topics::topics;

/// The path of everything that generated code may name. `span` is where rustc complains if a call to it is wrong.
pub(crate) fn runtime(span: Span) -> TokenStream {
    quote_spanned!(span=> ::waterwheel::__rt)
}
