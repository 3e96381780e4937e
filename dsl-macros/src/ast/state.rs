//! The name of state in a statement without a `let`: that of the topic which the statement ends in.

use syn::visit::{self, Visit};
use syn::{Expr, ExprClosure, ExprMethodCall, Ident, Path};

use crate::vocabulary::STATEFUL_OPERATORS;

/// The topic of `rows.window(..).select(..).sink(Topic)`, where some operator in front of the sink keeps state: under its last word, `Totals`
/// of `topics::Totals`. Where none does, nothing is kept, and no name needed.
pub(crate) fn topic_for_state(value: &Expr) -> Option<&Path> {
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

/// The name that is given by a topic: its last word.
pub(crate) fn name_of_topic(topic: &Path) -> Option<&Ident> {
    topic.segments.last().map(|last| &last.ident)
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
