//! Sinks: a pipeline that writes nothing does nothing.

use syn::ExprMethodCall;
use syn::visit::{self, Visit};

use crate::ast::Pipeline;
use crate::diagnostics::Diagnostics;

/// Reports a pipeline without any sink, unless the sink may stand in a part that could not be parsed.
pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    if pipeline.broken {
        return;
    }
    let mut sinks = Sinks { found: false };
    for statement in &pipeline.statements {
        sinks.visit_expr(statement.value());
    }
    if !sinks.found {
        let name = &pipeline.name;
        diagnostics.error(
            name,
            format!(
                "pipeline `{name}` writes nothing: end at least one stream in a topic, `stream.sink(Topic);`"
            ),
        );
    }
}

struct Sinks {
    found: bool,
}

impl<'a> Visit<'a> for Sinks {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        self.found |= call.method == "sink";
        visit::visit_expr_method_call(self, call);
    }
}
