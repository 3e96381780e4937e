//! What a `let` names: a stream. Another value would decide about rows, and be no part of what the pipeline is.

use syn::Expr;

use crate::ast::{Pipeline, Statement};
use crate::diagnostics::Diagnostics;

/// Reports values that are no stream by the looks of them. Where only the type tells, the emitted code asks for it.
pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for statement in &pipeline.statements {
        let Statement::Let(statement) = statement else { continue };
        let (name, function) = (&statement.name, &pipeline.name);
        if let Expr::MethodCall(call) = &statement.value
            && call.method == "sink"
        {
            let message = format!(
                "a sink is the end of a stream, so there is nothing to name: leave out `let {name} =`, or put the sink into a \
                 statement of its own, `{name}.sink(Topic);`"
            );
            diagnostics.error(&call.method, message);
        } else if is_no_stream(&statement.value) {
            let message = format!(
                "a `let` of a pipeline names a stream, and this is none. A value that decides about rows is a parameter, `fn \
                 {function}({name}: ..)`: it is then kept with the state, and a change of it is seen. One that a single closure \
                 needs stands inside of that closure"
            );
            diagnostics.error(&statement.value, message);
        }
    }
}

/// Whether a value may be a stream by the looks of it; if not, it is reported here.
pub(crate) fn names_stream(value: &Expr) -> bool {
    let is_sink = matches!(value, Expr::MethodCall(call) if call.method == "sink");
    !is_sink && !is_no_stream(value)
}

fn is_no_stream(value: &Expr) -> bool {
    match value {
        Expr::Paren(inner) => is_no_stream(&inner.expr),
        Expr::Group(inner) => is_no_stream(&inner.expr),
        Expr::Array(_)
        | Expr::Binary(_)
        | Expr::Cast(_)
        | Expr::Closure(_)
        | Expr::Lit(_)
        | Expr::Range(_)
        | Expr::Reference(_)
        | Expr::Repeat(_)
        | Expr::Struct(_)
        | Expr::Tuple(_)
        | Expr::Unary(_) => true,
        Expr::Macro(call) => OF_VALUES.iter().any(|name| call.mac.path.is_ident(name)),
        _ => false,
    }
}

/// The macros of `std` that give values.
const OF_VALUES: &[&str] = &["concat", "env", "format", "include_str", "matches", "option_env", "vec"];
