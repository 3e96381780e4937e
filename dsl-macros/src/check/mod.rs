//! The rules that types cannot see. Each file is one family; every rule reports all its errors and changes nothing.

mod lets;
mod names;
mod operators;
mod parameters;
mod sinks;
mod state;
mod time;
mod topics;

use crate::ast::Pipeline;
use crate::diagnostics::Diagnostics;

pub(crate) use state::name_of_state;
pub(crate) use topics::topics;

/// Checks a pipeline against all rules.
pub(crate) fn pipeline(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    parameters::check(pipeline, diagnostics);
    names::check(pipeline, diagnostics);
    lets::check(pipeline, diagnostics);
    operators::check(pipeline, diagnostics);
    sinks::check(pipeline, diagnostics);
    time::check(pipeline, diagnostics);
}
