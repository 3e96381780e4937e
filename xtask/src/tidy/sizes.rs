//! How large a file and a function may be, tests excluded.

use super::Finding;
use super::exceptions::{Exception, SIZES};
use super::sources::{File, Sources};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    check_with(sources, SIZES)
}

fn check_with(sources: &Sources, exceptions: &[Exception]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut used = vec![false; exceptions.len()];
    let mut excused = |file: &str, function: Option<&str>| {
        let at = exceptions.iter().position(|each| each.file == file && each.function == function);
        at.inspect(|at| used[*at] = true).is_some()
    };
    for file in sources.rust().filter(|file| !file.is_test()) {
        let lines = file.lines_without_tests().count();
        if lines > FILE_LINES_MAX && !excused(&file.path, None) {
            let message = format!("{lines} lines, and {FILE_LINES_MAX} are the most: split it by meaning");
            findings.push(Finding::of_file(&file.path, message));
        }
        for Function { line, name, lines } in functions(file) {
            if lines > FUNCTION_LINES_MAX && !excused(&file.path, Some(&name)) {
                let message = format!(
                    "`{name}` has {lines} lines, and {FUNCTION_LINES_MAX} are the most: give its parts names"
                );
                findings.push(Finding::of_line(&file.path, line, message));
            }
        }
    }
    for (exception, used) in exceptions.iter().zip(used) {
        if !used {
            let message =
                format!("is below the limit, and yet an exception ({}): remove it there", exception.reason);
            findings.push(Finding::of_file(exception.file, message));
        }
    }
    findings
}

struct Function {
    /// Counted from 0.
    line: usize,
    name: String,
    lines: usize,
}

/// The functions of a file. `rustfmt` puts the brace that ends one alone on a line, as far to the right as its beginning.
fn functions(file: &File) -> Vec<Function> {
    let lines: Vec<(usize, &str)> = file.lines_without_tests().collect();
    let mut functions = Vec::new();
    for (line, text) in &lines {
        let Some(name) = function_name(text.trim_start()) else { continue };
        let indent = &text[..text.len() - text.trim_start().len()];
        // What ends on its first line, or is only declared, is small.
        if text.ends_with('}') || text.ends_with(';') {
            continue;
        }
        let is_end = |text: &str| text.strip_prefix(indent) == Some("}");
        let declared_only = |text: &str| {
            text.strip_prefix(indent).is_some_and(|rest| rest.starts_with(')') && rest.ends_with(';'))
        };
        let end = lines[*line..].iter().find(|(_, text)| is_end(text) || declared_only(text));
        if let Some((end, _)) = end {
            functions.push(Function { line: *line, name: name.to_owned(), lines: end - line + 1 });
        }
    }
    functions
}

/// The name of the function that begins on a line.
fn function_name(line: &str) -> Option<&str> {
    let mut words = line.split(' ');
    let is_qualifier = |word: &str| {
        word.starts_with("pub")
            || ["const", "async", "extern", "\"C\"", "in"].contains(&word)
            || word.starts_with("super)")
    };
    let fn_word = words.find(|word| !is_qualifier(word))?;
    if fn_word != "fn" {
        return None;
    }
    let name = words.next()?;
    name.split(['(', '<']).next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_function(lines: usize) -> String {
        let body = "        step();\n".repeat(lines - 2);
        format!("impl Thing {{\n    pub(crate) fn run<T>(&self) {{\n{body}    }}\n}}\n")
    }

    #[test]
    fn a_function_is_as_long_as_from_its_name_to_its_brace() {
        let text = long_function(71);
        let found = check_with(&Sources::of(&[("a/src/b.rs", &text)]), &[]);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.starts_with("`run` has 71 lines"), "{}", found[0]);
        assert_eq!(found[0].line, 2);
        assert_eq!(check_with(&Sources::of(&[("a/src/b.rs", &long_function(70))]), &[]), []);
    }

    #[test]
    fn a_function_that_is_only_declared_has_no_body() {
        let text =
            format!("trait Thing {{\n    fn a(\n        &self,\n    );\n}}\n{}", "// line\n".repeat(80));
        assert_eq!(check_with(&Sources::of(&[("a/src/b.rs", &text)]), &[]), []);
    }

    #[test]
    fn tests_at_the_foot_do_not_count() {
        let text = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    // line\n".repeat(600));
        assert_eq!(check_with(&Sources::of(&[("a/src/b.rs", &text)]), &[]), []);
    }

    #[test]
    fn an_exception_excuses_until_it_is_not_needed() {
        let exception = || [Exception { file: "a/src/b.rs", function: None, reason: "a table" }];
        let long = "// line\n".repeat(501);
        assert_eq!(check_with(&Sources::of(&[("a/src/b.rs", &long)]), &[]).len(), 1);
        assert_eq!(check_with(&Sources::of(&[("a/src/b.rs", &long)]), &exception()), []);
        let found = check_with(&Sources::of(&[("a/src/b.rs", "// line\n")]), &exception());
        assert!(found[0].message.contains("remove it"), "{}", found[0]);
    }
}
