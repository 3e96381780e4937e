//! The names that state is kept under: that of a `let`, and without one that of the topic which the statement ends in.

use syn::visit::{self, Visit};
use syn::{Expr, ExprClosure, ExprMethodCall, Ident, Path};

use crate::ast::{LetPattern, Statement};
use crate::vocabulary::STATEFUL_OPERATORS;

/// The name that state of a statement is kept under, if there is one: its `let`, or the topic that it ends in.
pub(crate) fn name_of_state(statement: &Statement) -> Option<&Ident> {
    match statement {
        Statement::Let(statement) => match &statement.pattern {
            LetPattern::Name(name) => Some(name),
            LetPattern::Parts { .. } => None,
        },
        Statement::Expression(value) => topic_for_state(value)?.segments.last().map(|last| &last.ident),
    }
}

/// The topic of `rows.window(..).select(..).sink(Topic)`, where some operator in front of the sink keeps state: under its last word, `Totals`
/// of `topics::Totals`. Where none does, nothing is kept, and no name needed.
pub(super) fn topic_for_state(value: &Expr) -> Option<&Path> {
    let sink = match value {
        Expr::MethodCall(call) => call,
        Expr::Paren(inner) => return topic_for_state(&inner.expr),
        Expr::Group(inner) => return topic_for_state(&inner.expr),
        _ => return None,
    };
    let Expr::Path(topic) = sink.args.first()? else { return None };
    let is_sink = sink.method == "sink" || sink.method == "sink_with_headers";
    (is_sink && keeps_state(&sink.receiver)).then_some(&topic.path)
}

/// Whether an operator with state is called anywhere outside of closures.
fn keeps_state(value: &Expr) -> bool {
    #[derive(Default)]
    struct Called(bool);
    impl<'a> Visit<'a> for Called {
        fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
            self.0 |= STATEFUL_OPERATORS.iter().any(|(operator, _)| call.method == operator);
            visit::visit_expr_method_call(self, call);
        }

        fn visit_expr_closure(&mut self, _: &'a ExprClosure) {}
    }
    let mut called = Called::default();
    called.visit_expr(value);
    called.0
}
