//! The errors of one macro call, collected so that one build shows all of them.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Expr;

/// Errors at the user's tokens, in the order they were found.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    errors: Vec<syn::Error>,
    /// Messages that already stand in the emitted code, where an expression would.
    in_place: Vec<String>,
}

impl Diagnostics {
    /// Nothing found yet.
    pub(crate) fn new() -> Self {
        Diagnostics::default()
    }

    /// Reports an error that underlines all of `tokens`.
    pub(crate) fn error(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.errors.push(syn::Error::new_spanned(tokens, message));
    }

    /// Reports an error with an expression that stands where the wrong one stood. To rustc it is of whatever type is
    /// wanted, so that nothing else is blamed for the same mistake.
    pub(crate) fn in_place(&mut self, tokens: impl ToTokens, message: impl Display) -> Expr {
        self.error_expression(syn::Error::new_spanned(tokens, message))
    }

    /// The same, for an error that parsing reported.
    pub(crate) fn error_expression(&mut self, error: syn::Error) -> Expr {
        self.in_place.push(error.to_string());
        Expr::Verbatim(error.to_compile_error())
    }

    /// Takes over an error that parsing reported.
    pub(crate) fn absorb(&mut self, error: syn::Error) {
        self.errors.extend(error);
    }

    /// Takes over everything that was reported elsewhere.
    pub(crate) fn append(&mut self, other: Diagnostics) {
        self.errors.extend(other.errors);
        self.in_place.extend(other.in_place);
    }

    /// Hands over what `result` holds, or reports its error.
    pub(crate) fn check<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.absorb(error);
                None
            }
        }
    }

    /// The messages, for tests.
    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.errors.iter().map(ToString::to_string).chain(self.in_place.iter().cloned()).collect()
    }

    /// One `compile_error!` for each error, to stand beside the items that the macro emits.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors.iter().map(syn::Error::to_compile_error).collect()
    }
}
