//! The constants that a closure names: their values are no part of its text, and decide as much.

use std::collections::HashSet;

use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprPath, ExprUnsafe, Ident, ItemConst, ItemStatic, Macro, PatIdent, Path, Token};

use crate::written::written;

/// The constants and statics that an expression names, each once, by the looks of them: `LIMIT`, `limits::LOW`.
pub(super) fn named_in(expr: &Expr) -> Vec<Path> {
    named_in_all([expr])
}

/// The same for several expressions together.
pub(super) fn named_in_all<'a>(exprs: impl IntoIterator<Item = &'a Expr>) -> Vec<Path> {
    let mut constants = Constants::default();
    exprs.into_iter().for_each(|expr| constants.visit_expr(expr));
    let Constants { mut found, own } = constants;
    // What is made inside of the closure is part of its text, and cannot be named outside.
    found.retain(|path| path.get_ident().is_none_or(|name| !own.contains(name)));
    let mut seen = HashSet::new();
    found.retain(|path| seen.insert(written(path)));
    found
}

#[derive(Default)]
struct Constants {
    found: Vec<Path>,
    own: HashSet<Ident>,
}

/// The macros whose arguments are expressions.
const OF_EXPRESSIONS: &[&str] =
    &["format", "print", "println", "eprint", "eprintln", "assert", "assert_eq", "assert_ne", "panic", "vec"];

impl<'a> Visit<'a> for Constants {
    fn visit_expr_path(&mut self, expr: &'a ExprPath) {
        if expr.qself.is_none() && is_constant(&expr.path) {
            self.found.push(expr.path.clone());
        }
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        // What is called is no value that could be kept.
        if !matches!(&*call.func, Expr::Path(_)) {
            self.visit_expr(&call.func);
        }
        call.args.iter().for_each(|argument| self.visit_expr(argument));
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        let known = call
            .path
            .segments
            .last()
            .is_some_and(|last| OF_EXPRESSIONS.iter().any(|name| last.ident == name));
        let arguments = Punctuated::<Expr, Token![,]>::parse_terminated;
        if known && let Ok(arguments) = arguments.parse2(call.tokens.clone()) {
            let inner = named_in_all(&arguments);
            self.found.extend(inner);
        }
    }

    /// A `static mut`, which changes as it likes.
    fn visit_expr_unsafe(&mut self, _: &'a ExprUnsafe) {}

    fn visit_item_const(&mut self, item: &'a ItemConst) {
        self.own.insert(item.ident.clone());
        visit::visit_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'a ItemStatic) {
        self.own.insert(item.ident.clone());
        visit::visit_item_static(self, item);
    }

    fn visit_pat_ident(&mut self, pattern: &'a PatIdent) {
        self.own.insert(pattern.ident.clone());
    }
}

/// Whether a path ends as constants do: in capitals.
fn is_constant(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| {
        let name = last.ident.to_string();
        last.arguments.is_none() && name.contains(char::is_uppercase) && !name.contains(char::is_lowercase)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expr: &str, expected: &[&str]) {
        let expr: Expr = syn::parse_str(expr).expect("a sample is an expression");
        assert_eq!(named_in(&expr).iter().map(written).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn constants_are_known_by_their_capitals() {
        check("|p| p.amount > LIMIT", &["LIMIT"]);
        check("|p| p.amount.min(limits::HIGH_2) + LIMIT + LIMIT", &["limits::HIGH_2", "LIMIT"]);
        check("|p| Some(p.amount)", &[]);
        check("|p| Kind::Large", &[]);
        check("|p| MAKE(p.amount)", &[]);
        check("|p| format!(\"{} {}\", p.card, PREFIX)", &["PREFIX"]);
    }

    #[test]
    fn what_is_made_inside_of_the_closure_is_not_among_them() {
        check("|p| { const LIMIT: u64 = 3; p.amount > LIMIT }", &[]);
        check("|p| unsafe { COUNTER }", &[]);
    }
}
