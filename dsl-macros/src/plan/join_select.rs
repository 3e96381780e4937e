//! What people write in the `.select(..)` of a join that is meant for a window, or for rows that may be missing.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Expr, ExprClosure, ExprMethodCall, Ident, PatIdent};

use crate::ast::Parameter;
use crate::vocabulary::WINDOW_PROPERTIES;

use super::row_closure::names_in;
use super::shape::binder;

/// The first mistake, and where. `of_pairs` says that the join makes rows of pairs only: both are then there, and records.
pub(super) fn mistake(
    closure: &ExprClosure,
    of_pairs: bool,
    parameters: &[Parameter],
) -> Option<(TokenStream, String)> {
    let bound = names_in(closure);
    let mut rows: Vec<&Ident> = closure.inputs.iter().filter_map(binder).filter(|_| of_pairs).collect();
    GivenAgain(&mut rows).visit_expr(&closure.body);
    let mut search = Search { rows, bound: &bound, parameters, found: None };
    search.visit_expr(&closure.body);
    search.found
}

struct Search<'a> {
    rows: Vec<&'a Ident>,
    bound: &'a [Ident],
    parameters: &'a [Parameter],
    found: Option<(TokenStream, String)>,
}

impl<'a> Visit<'a> for Search<'a> {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        let receiver = match &*call.receiver {
            Expr::Path(path) => path.path.get_ident(),
            _ => None,
        };
        if let Some(name) = receiver
            && self.found.is_none()
        {
            self.found = self.said_of(name, call).map(|message| (call.method.to_token_stream(), message));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_closure(&mut self, closure: &'a ExprClosure) {
        let outer = self.rows.clone();
        let mut given = GivenAgain(&mut self.rows);
        closure.inputs.iter().for_each(|input| given.visit_pat(input));
        self.visit_expr(&closure.body);
        self.rows = outer;
    }
}

/// The rows whose names are not given to something else.
struct GivenAgain<'r, 'a>(&'r mut Vec<&'a Ident>);

impl Visit<'_> for GivenAgain<'_, '_> {
    fn visit_pat_ident(&mut self, pattern: &PatIdent) {
        self.0.retain(|row| *row != &pattern.ident);
        visit::visit_pat_ident(self, pattern);
    }

    // It gives names for itself.
    fn visit_expr_closure(&mut self, closure: &ExprClosure) {
        self.visit_expr(&closure.body);
    }
}

impl Search<'_> {
    fn said_of(&self, name: &Ident, call: &ExprMethodCall) -> Option<String> {
        let method = &call.method;
        let is_property = call.args.is_empty() && WINDOW_PROPERTIES.iter().any(|property| method == property);
        let is_known =
            self.bound.contains(name) || self.parameters.iter().any(|parameter| parameter.name == *name);
        if is_property && !is_known {
            return Some(
                "a join has no window: its `.select(|l, r| ..)` is given both rows, whose key and times are fields, such as `l.id` and `r.at`"
                    .to_owned(),
            );
        }
        let is_row = self.rows.contains(&name);
        (is_row && OF_AN_OPTION.iter().any(|known| method == known)).then(|| {
            format!(
                "`{name}` is a row, and always there: a join makes a row of each pair, and none of a row that has no partner; its fields are \
                 `{name}.id`"
            )
        })
    }
}

/// The methods that ask whether something is there.
const OF_AN_OPTION: &[&str] = &[
    "is_some",
    "is_none",
    "is_some_and",
    "is_none_or",
    "unwrap",
    "expect",
    "unwrap_or",
    "unwrap_or_default",
    "unwrap_or_else",
    "map",
    "map_or",
    "map_or_else",
    "and_then",
    "ok_or",
];
