//! The closure of a `.select(..)`, and which of its two parameters is which.

use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprClosure, ExprMethodCall, Ident, Pat};

use super::Of;
use crate::plan::shape::{binder, mentions};
use crate::vocabulary::{WINDOW_PROPERTIES, is_aggregate};

pub(super) struct Parts<'a> {
    /// The first of the closure's two: of `over` it is the row.
    pub(super) window: Option<&'a Ident>,
    /// The one that aggregates take their values from.
    pub(super) row: Option<&'a Ident>,
    /// The row as it stands between the bars, perhaps with a type.
    pub(super) row_pattern: &'a Pat,
    pub(super) closure: &'a ExprClosure,
}

pub(super) fn parts(call: &ExprMethodCall, of: Of) -> syn::Result<Parts<'_>> {
    let expected = if of == Of::Frame { EXPECTED_OF_FRAME } else { EXPECTED };
    let Some(Expr::Closure(closure)) = call.args.first().filter(|_| call.args.len() == 1) else {
        return Err(syn::Error::new(call.method.span(), expected));
    };
    if closure.inputs.len() != 2 {
        return Err(syn::Error::new_spanned(&closure.inputs, expected));
    }
    let row = &closure.inputs[1];
    if !matches!(row, Pat::Wild(_)) && binder(row).is_none() {
        return Err(syn::Error::new_spanned(
            row,
            "the row of a `.select(..)` is a plain name, such as `p`: aggregates take their values from it, `sum(p.amount)`",
        ));
    }
    if let (Some(first), Some(second)) = (binder(&closure.inputs[0]), binder(row))
        && is_swapped(of, &closure.body, first, second)
    {
        let order = match of {
            Of::Window => "the window comes first, then the row",
            Of::Frame => "the row comes first, then what stands for the rows that it looks back over",
        };
        return Err(syn::Error::new_spanned(
            &closure.inputs,
            format!("{order}: write `|{second}, {first}|`"),
        ));
    }
    Ok(Parts { window: binder(&closure.inputs[0]), row: binder(row), row_pattern: row, closure })
}

/// Whether the second of the closure's two is used as the first should be, and the first is not.
fn is_swapped(of: Of, body: &Expr, first: &Ident, second: &Ident) -> bool {
    match of {
        Of::Window => Asks::of(body, second) && !Asks::of(body, first),
        Of::Frame => {
            let (first, second) = (Uses::of(body, first), Uses::of(body, second));
            first.in_aggregates && !first.outside && second.outside && !second.in_aggregates
        }
    }
}

/// Where a name is used.
struct Uses<'a> {
    name: &'a Ident,
    in_aggregates: bool,
    outside: bool,
}

impl<'a> Uses<'a> {
    fn of(body: &Expr, name: &'a Ident) -> Self {
        let mut uses = Uses { name, in_aggregates: false, outside: false };
        uses.visit_expr(body);
        uses
    }
}

impl<'a> Visit<'a> for Uses<'_> {
    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        match is_aggregate(call) {
            true => self.in_aggregates |= call.args.iter().any(|argument| mentions(argument, self.name)),
            false => visit::visit_expr_call(self, call),
        }
    }

    fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
        self.outside |= path.path.is_ident(self.name);
    }
}

/// Whether something is asked what only a window is asked: `w.key()`.
struct Asks<'a> {
    name: &'a Ident,
    found: bool,
}

impl<'a> Asks<'a> {
    fn of(body: &Expr, name: &'a Ident) -> bool {
        let mut search = Asks { name, found: false };
        search.visit_expr(body);
        search.found
    }
}

impl<'a> Visit<'a> for Asks<'_> {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        let of_name = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident(self.name));
        self.found |=
            of_name && call.args.is_empty() && WINDOW_PROPERTIES.iter().any(|word| call.method == word);
        visit::visit_expr_method_call(self, call);
    }
}

const EXPECTED: &str = "`.select(..)` takes a closure of a window and a row, `.select(|w, p| Row { total: sum(p.amount) })`; one row of each row is made by \
     `.map(|p| Row { .. })`";

const EXPECTED_OF_FRAME: &str = "the `.select(..)` of `.over(..)` takes a closure of a row and of the rows that it looks back over, \
     `.select(|p, w| Row { card: p.card, mean: mean(w.amount) })`";
