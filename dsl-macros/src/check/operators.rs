//! Operators that keep state, and windows.

use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprClosure, ExprMethodCall, Ident, Lit};

use crate::ast::{Pipeline, Statement};
use crate::diagnostics::Diagnostics;
use crate::duration::Duration;
use crate::vocabulary::{STATEFUL_OPERATORS, WINDOWS, ends_in};

/// Reports windows of no length, and operators whose state would have no name of its own.
pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for statement in &pipeline.statements {
        let mut operators = Operators::default();
        operators.visit_expr(statement.value());
        stateful(statement, &operators.stateful, diagnostics);
        for length in operators.lengths {
            window_length(length, diagnostics);
        }
    }
}

/// What one statement calls outside of closures over rows.
#[derive(Default)]
struct Operators<'a> {
    stateful: Vec<&'a Ident>,
    lengths: Vec<&'a Expr>,
}

impl<'a> Visit<'a> for Operators<'a> {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        // Receiver first: operators are reported in the order they are written.
        self.visit_expr(&call.receiver);
        if STATEFUL_OPERATORS.iter().any(|operator| call.method == operator) {
            self.stateful.push(&call.method);
        }
        for argument in &call.args {
            match argument {
                Expr::Closure(closure) if call.method == "through" => self.visit_expr(&closure.body),
                other => self.visit_expr(other),
            }
        }
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if let Expr::Path(callee) = &*call.func
            && ends_in(&callee.path, WINDOWS)
        {
            self.lengths.extend(call.args.first());
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_closure(&mut self, _: &'a ExprClosure) {}
}

fn stateful(statement: &Statement, operators: &[&Ident], diagnostics: &mut Diagnostics) {
    let mut seen: Vec<&Ident> = Vec::new();
    for operator in operators {
        if seen.contains(operator) {
            diagnostics.error(
                operator,
                format!(
                    "a second `{operator}` in one statement: state is kept under the name of its `let`, so give the stream \
                     of the first one a `let` of its own"
                ),
            );
        } else if statement.name().is_none() {
            diagnostics.error(
                operator,
                format!(
                    "`{operator}` keeps state, and state is kept under the name of its `let`: write `let name = ..` up to \
                     here, then go on with `name`"
                ),
            );
        }
        seen.push(operator);
    }
}

fn window_length(length: &Expr, diagnostics: &mut Diagnostics) {
    let Expr::Lit(literal) = length else { return };
    let Lit::Int(number) = &literal.lit else { return };
    if let Some(Ok(Duration { millis: 0 })) = Duration::of_literal(number) {
        diagnostics.error(
            length,
            "a window of no length holds no rows: give it at least `1ms`, for example `tumbling(1h)`",
        );
    }
}
