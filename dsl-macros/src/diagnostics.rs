//! The errors of one macro call, collected so that one build shows all of them.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Expr;

/// What is said of `.await` in a pipeline's body, wherever it stands.
pub(crate) const NOT_AWAITED: &str =
    "nothing is waited for in a pipeline's body, which only describes it: leave out `.await`";

/// Errors at the user's tokens, in the order they were found.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    errors: Vec<syn::Error>,
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

    /// Takes over an error that parsing reported.
    pub(crate) fn absorb(&mut self, error: syn::Error) {
        self.errors.extend(error);
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

    /// Takes over what `others` has found.
    pub(crate) fn append(&mut self, others: Diagnostics) {
        self.errors.extend(others.errors);
    }

    /// Hands over the first error, to be put in the place of what is wrong.
    pub(crate) fn take_first(&mut self) -> Option<syn::Error> {
        (!self.errors.is_empty()).then(|| self.errors.remove(0))
    }

    /// Whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// One `compile_error!` for each error, to stand beside the items that the macro emits.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors.iter().map(syn::Error::to_compile_error).collect()
    }
}

/// An error as an expression that stands where the wrong one stood. To rustc it is of whatever type is wanted, so that
/// nothing else is blamed for the same mistake.
pub(crate) fn in_place(tokens: impl ToTokens, message: impl Display) -> Expr {
    error_expression(&syn::Error::new_spanned(tokens, message))
}

/// An error as a type that stands where the wrong one would stand. To rustc it is whatever type is wanted: an array of a length that is
/// no number. (A macro call that stands there itself would be `()` to rustc.)
pub(crate) fn error_type(error: &syn::Error) -> TokenStream {
    let error = error.to_compile_error();
    quote!([(); #error])
}

/// The same as [`in_place`], for an error that parsing reported.
pub(crate) fn error_expression(error: &syn::Error) -> Expr {
    Expr::Verbatim(error.to_compile_error())
}
