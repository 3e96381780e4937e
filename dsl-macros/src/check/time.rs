//! Settings of a source about late rows and silent partitions, in a pipeline where nothing goes by event time.

use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprClosure, ExprMacro, ExprMethodCall, Ident};

use crate::ast::Pipeline;
use crate::diagnostics::Diagnostics;
use crate::vocabulary::{LOOKUP, READERS, SOURCE_SETTINGS, is_call_of};

/// Reports `late_to` and `idle` where they would be without effect. What is not known to go without event time counts as going by it.
pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    if pipeline.broken {
        return;
    }
    let mut words = Words::default();
    pipeline.statements.iter().for_each(|statement| words.visit_expr(statement.value()));
    if words.may_go_by_time {
        return;
    }
    let not = if words.looks_up { ", and a `.lookup(..)` does not" } else { "" };
    for setting in words.settings {
        let message = if setting == "late_to" {
            if words.may_be_ahead {
                continue;
            }
            format!(
                "nothing in this pipeline tells late rows from others, so that this topic would stay empty: windows, joins, `.within(..)`, \
                 `.over(..)` and a source's `.ahead(1h)` do{not}; leave `.late_to(..)` out"
            )
        } else {
            format!(
                "nothing in this pipeline waits for a partition: windows, joins, `.within(..)` and `.over(..)` do{not}; leave `.idle(..)` out"
            )
        };
        diagnostics.error(setting, message);
    }
}

/// The methods beside a source's settings that look at each row alone, whenever it comes. Of windows and joins, which have an `on` and a `select`
/// as well as a lookup has, another word tells; `csv` and `json` say what a side table is filled from.
const WITHOUT_TIME: &[&str] = &[
    "filter",
    "map",
    "filter_map",
    "flat_map",
    "inspect",
    "split",
    "union",
    "sink",
    LOOKUP,
    "on",
    "select",
    "csv",
    "json",
];

/// Whether it is a source that is given a lateness. One without it has an error of its own where there is more to say.
fn is_late_source(chain: &Expr) -> bool {
    match chain {
        Expr::MethodCall(call) if SOURCE_SETTINGS.iter().any(|setting| call.method == setting) => {
            call.method == "lateness" || is_late_source(&call.receiver)
        }
        _ => false,
    }
}

/// What the statements call outside of closures.
#[derive(Default)]
struct Words<'a> {
    may_go_by_time: bool,
    looks_up: bool,
    /// Whether a source tells of rows that are ahead, which go where late ones do.
    may_be_ahead: bool,
    /// Those that are without effect unless something goes by event time.
    settings: Vec<&'a Ident>,
}

impl<'a> Visit<'a> for Words<'a> {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        let takes_a_value = |value: &Expr| !matches!(value, Expr::Path(path) if path.path.is_ident("never"));
        if (call.method == "late_to" || call.method == "idle")
            && is_late_source(&call.receiver)
            && call.args.iter().all(takes_a_value)
        {
            self.settings.push(&call.method);
        }
        self.may_be_ahead |= call.method == "ahead";
        self.looks_up |= call.method == LOOKUP;
        self.may_go_by_time |= !WITHOUT_TIME.iter().chain(SOURCE_SETTINGS).any(|word| call.method == word);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        self.may_go_by_time |= !is_call_of(call, READERS);
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_macro(&mut self, _: &'a ExprMacro) {
        self.may_go_by_time = true;
    }

    fn visit_expr_closure(&mut self, _: &'a ExprClosure) {}
}
