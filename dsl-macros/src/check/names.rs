//! Names: one for each stream, because state is kept under it.

use crate::ast::Pipeline;
use crate::diagnostics::Diagnostics;

/// Reports names that are given twice. A name that is never given is rustc's to report: it also says what was meant.
pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    if pipeline.name == "main" {
        diagnostics.error(
            &pipeline.name,
            "`main` is where the program begins: give the pipeline a name of its own, and run it there, `fn main() -> \
             std::process::ExitCode { name().main() }`",
        );
    }
    let mut given: Vec<String> = Vec::new();
    for parameter in &pipeline.parameters {
        if given.contains(&parameter.name.to_string()) {
            diagnostics
                .error(&parameter.name, format!("`{}` is already the name of a parameter", parameter.name));
        }
        given.push(parameter.name.to_string());
    }
    let parameters = given.len();
    for name in pipeline.statements.iter().flat_map(|statement| statement.names()) {
        if name.to_string().starts_with(char::is_uppercase) {
            let small = name.to_string().to_lowercase();
            diagnostics.error(name, format!("a stream's name begins with a small letter, as types and topics have the capital ones: write `{small}`"));
        }
    }
    for name in pipeline.statements.iter().flat_map(|statement| statement.names()) {
        match given.iter().position(|earlier| name == earlier) {
            Some(place) if place < parameters => diagnostics.error(
                name,
                format!("`{name}` is already the name of a parameter: give the stream another name"),
            ),
            Some(_) => diagnostics.error(
                name,
                format!(
                    "`{name}` already names a stream of this pipeline: give this one another name, as state is kept under it"
                ),
            ),
            None => given.push(name.to_string()),
        }
    }
}
