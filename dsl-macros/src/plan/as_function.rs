//! An operator that is called as a function.

use syn::{Expr, ExprCall};

use crate::diagnostics::in_place;
use crate::vocabulary::{OPERATORS, READERS, SOURCE_SETTINGS};

use super::topic_argument;

/// The error for an operator that is called as a function, `sink(rows, Large)`, and for `source::<Payments>()`.
pub(super) fn as_function(call: &ExprCall) -> Option<Expr> {
    let Expr::Path(callee) = &*call.func else { return None };
    let word = callee.path.segments.first().filter(|_| callee.path.segments.len() == 1)?;
    if READERS.iter().any(|reader| word.ident == reader) {
        return topic_argument::of_reader(call, &word.ident);
    }
    if word.arguments.is_none() && SOURCE_SETTINGS.iter().any(|setting| word.ident == setting) {
        let word = &word.ident;
        let message = format!("`{word}` is a setting of a source: write `source(Payments).{word}(..)`");
        return Some(in_place(word, message));
    }
    let is_operator = word.arguments.is_none() && OPERATORS.iter().any(|operator| word.ident == operator);
    (is_operator && !call.args.is_empty()).then(|| {
        let word = &word.ident;
        let message = format!(
            "`{word}` is a method of a stream: write `rows.{word}(..)`; a function of your own with this name is called by its path, \
             `self::{word}(..)`"
        );
        in_place(word, message)
    })
}
