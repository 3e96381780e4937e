//! What a `let` names: a stream. Another value would decide about rows, and be no part of what the pipeline is.

use crate::ast::{Pipeline, Statement};
use crate::diagnostics::Diagnostics;

/// Reports values that are no stream by the looks of them. Where only the type tells, the emitted code asks for it.
pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for statement in &pipeline.statements {
        let Statement::Let(statement) = statement else { continue };
        if let Some(error) = statement.refused(&pipeline.name) {
            diagnostics.absorb(error);
        }
    }
}
