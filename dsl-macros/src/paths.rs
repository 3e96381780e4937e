//! The paths and names by which code that is put in the place of the user's refers to the runtime.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;

/// The path of everything that generated code may name. `span` is where rustc complains if a call to it is wrong.
pub(crate) fn runtime(span: Span) -> TokenStream {
    quote_spanned!(span=> ::waterwheel::__rt)
}

/// The path of something below [`runtime`] that is written in the place of a token of the user's.
///
/// Two readers look at where its parts stand. rustc takes the place of an error from the colons, so these get `at`, the
/// user's token. An editor that is asked what stands at the user's token looks at names, and must find only the user's; so
/// the path's names get `aside`, a bracket or a dot nearby.
pub(crate) fn runtime_aside(at: Span, aside: Span, names: &[&str]) -> TokenStream {
    let names = ["waterwheel", "__rt"].iter().chain(names).map(|name| Ident::new(name, aside));
    quote_spanned!(at=> #(:: #names)*)
}

/// `CardMinutes` for `card_minutes`.
pub(crate) fn camel_case(words: &str) -> String {
    words.split('_').map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
