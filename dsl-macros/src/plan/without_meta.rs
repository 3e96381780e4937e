//! `p.meta` of rows whose source is not asked for it: `source(Payments).filter(|p| p.meta.partition == 0)`.
//!
//! A record may have a field of that name, which its schema tells when the program is built: the topic is then checked in the place where its
//! source names it, and is none if its rows have no such field, so that rustc says nothing more of them.

use std::collections::BTreeMap;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::visit::{self, Visit};
use syn::{Expr, ExprClosure, ExprField, ExprMethodCall, Ident, Member, Pat, PatIdent, Path};

use crate::ast::{Pipeline, Statement};
use crate::paths::runtime;
use crate::vocabulary::{SOURCE_SETTINGS, is_call_of};
use crate::written::written;

/// The operators that are given one row of those that come.
const OF_A_ROW: &[&str] =
    &["filter", "map", "filter_map", "flat_map", "inspect", "split", "group_by", "distinct_by"];

/// The methods behind which the rows are the same.
const PASS_ON: &[&str] = &["filter", "inspect", "union", "group_by", "window"];

/// The topics, as they are written, of whose rows `meta` is taken though their source does not give it; and the place of that word.
pub(super) fn topics_in(pipeline: &Pipeline) -> BTreeMap<String, Span> {
    let mut search = Search::default();
    for statement in &pipeline.statements {
        match statement {
            Statement::Let(statement) => {
                search.visit_expr(&statement.value);
                let topic = search.topic_of(&statement.value).cloned();
                for name in statement.pattern.names() {
                    match &topic {
                        Some(topic) => search.streams.insert(name.to_string(), topic.clone()),
                        None => search.streams.remove(&name.to_string()),
                    };
                }
            }
            Statement::Expression(value) => search.visit_expr(value),
        }
    }
    search.found
}

/// The type of a topic whose rows are asked for `meta`.
pub(super) fn checked(topic: &Path, meta: Span) -> TokenStream {
    let rt = runtime(Span::call_site());
    let message = format!(
        "`meta` is what the log knows of a row, and comes with `.with_meta()`: write `source({}).with_meta()`",
        written(topic)
    );
    let row = quote!(<#topic as #rt::Topic>::Row);
    let check = quote_spanned!(meta=> ::core::assert!(#rt::may_have_field::<#row>("meta"), #message));
    quote!(<[(); { #check; 1 }] as #rt::Itself<#topic>>::Type)
}

#[derive(Default)]
struct Search {
    /// The streams of a topic's rows as they are, by name.
    streams: BTreeMap<String, Path>,
    found: BTreeMap<String, Span>,
}

impl Search {
    /// The topic whose rows, as they are, a stream or a group of it has.
    fn topic_of<'a>(&'a self, stream: &'a Expr) -> Option<&'a Path> {
        match stream {
            Expr::Call(call) if is_call_of(call, &["source"]) => match call.args.first() {
                Some(Expr::Path(topic)) => Some(&topic.path),
                _ => None,
            },
            Expr::MethodCall(call) => {
                let is_setting = SOURCE_SETTINGS.iter().any(|setting| call.method == setting);
                let passes_on = PASS_ON.iter().any(|method| call.method == method);
                ((is_setting && call.method != "with_meta") || passes_on)
                    .then(|| self.topic_of(&call.receiver))
                    .flatten()
            }
            Expr::Paren(inner) => self.topic_of(&inner.expr),
            Expr::Path(path) => self.streams.get(&path.path.get_ident()?.to_string()),
            _ => None,
        }
    }
}

impl<'a> Visit<'a> for Search {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        visit::visit_expr_method_call(self, call);
        let (Some(Expr::Closure(closure)), 1) = (call.args.first(), call.args.len()) else { return };
        let row = match closure.inputs.len() {
            1 if OF_A_ROW.iter().any(|operator| call.method == operator) => &closure.inputs[0],
            2 if call.method == "select" && is_window(&call.receiver) => &closure.inputs[1],
            _ => return,
        };
        let (Pat::Ident(row), Some(topic)) = (row, self.topic_of(&call.receiver)) else { return };
        let topic = written(topic);
        if let Some(meta) = taken_of(&row.ident, closure) {
            self.found.entry(topic).or_insert(meta);
        }
    }
}

fn is_window(grouped: &Expr) -> bool {
    matches!(grouped, Expr::MethodCall(call) if call.method == "window")
}

/// The place of `meta` in the first `row.meta` of a closure, unless the row's name may mean something else in there.
fn taken_of(row: &Ident, closure: &ExprClosure) -> Option<Span> {
    struct Taken<'a> {
        row: &'a Ident,
        at: Option<Span>,
        is_given_again: bool,
    }
    impl<'a> Visit<'a> for Taken<'_> {
        fn visit_expr_field(&mut self, field: &'a ExprField) {
            visit::visit_expr_field(self, field);
            if let (Expr::Path(base), Member::Named(name)) = (&*field.base, &field.member)
                && base.path.is_ident(self.row)
                && name == "meta"
            {
                self.at.get_or_insert(name.span());
            }
        }

        fn visit_pat_ident(&mut self, pattern: &'a PatIdent) {
            self.is_given_again |= pattern.ident == *self.row;
            visit::visit_pat_ident(self, pattern);
        }
    }
    let mut taken = Taken { row, at: None, is_given_again: false };
    taken.visit_expr(&closure.body);
    taken.at.filter(|_| !taken.is_given_again)
}
