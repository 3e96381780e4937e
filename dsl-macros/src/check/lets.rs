//! What a `let` names: a stream. Another value would decide about rows, and be no part of what the pipeline is.

use crate::ast::{Pipeline, Statement};
use crate::diagnostics::Diagnostics;

/// Reports values that are no stream by the looks of them. Where only the type tells, the emitted code asks for it.
pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for statement in &pipeline.statements {
        let Statement::Let(statement) = statement else { continue };
        let (name, function) = (&statement.name, &pipeline.name);
        if statement.names_no_stream() {
            let message = format!(
                "a `let` of a pipeline names a stream, and this is none. A value that decides about rows is a parameter, `fn \
                 {function}({name}: ..)`: it is then kept with the state, and a change of it is seen. One that a single closure \
                 needs stands inside of that closure"
            );
            diagnostics.error(&statement.value, message);
        }
    }
}
