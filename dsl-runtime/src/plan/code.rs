//! The code of a pipeline as it is written: what a replay after a crash has to be computed with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The texts of all closures whose rows reach a sink, by the `let` they stand under; those of statements without one together.
///
/// Spacing, line breaks and comments are no part of a text. What a function does that a closure calls is not seen in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code(BTreeMap<String, Vec<(String, String)>>);

impl Code {
    /// Adds a text of a statement: what it is of, and the text.
    pub(crate) fn add(&mut self, statement: &str, of: &str, text: String) {
        self.0.entry(statement.to_owned()).or_default().push((of.to_owned(), text));
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("maps with string keys can be JSON")
    }

    pub(crate) fn from_json(text: &str) -> Result<Code, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// What is different from the code that committed something, a line each; empty if nothing is.
    pub(crate) fn differences(&self, then: &Code) -> Vec<String> {
        let mut names: Vec<&String> = then.0.keys().chain(self.0.keys()).collect();
        names.sort();
        names.dedup();
        let mut lines = Vec::new();
        let none = Vec::new();
        for name in names {
            let title = if name.is_empty() { "without a `let`".to_owned() } else { format!("`{name}`") };
            let before = only_in(then.0.get(name).unwrap_or(&none), self.0.get(name).unwrap_or(&none));
            let mut after = only_in(self.0.get(name).unwrap_or(&none), then.0.get(name).unwrap_or(&none));
            for (of, text) in before {
                let same = after.iter().position(|(now_of, _)| now_of == of);
                lines.push(match same.map(|at| after.remove(at)) {
                    Some((_, now)) => format!("  {title}: {of} was {text}, and is {now} now"),
                    None => format!("  {title}: {of} was {text}, and is gone now"),
                });
            }
            lines.extend(after.into_iter().map(|(of, text)| format!("  {title}: {of} {text} is new")));
        }
        lines
    }
}

/// The texts of one list that the other does not have, counted.
fn only_in<'a>(list: &'a [(String, String)], other: &[(String, String)]) -> Vec<&'a (String, String)> {
    let mut other: Vec<&(String, String)> = other.iter().collect();
    let mut missing = Vec::new();
    for text in list {
        match other.iter().position(|each| *each == text) {
            Some(at) => {
                other.remove(at);
            }
            None => missing.push(text),
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(texts: &[(&str, &str, &str)]) -> Code {
        let mut code = Code::default();
        texts.iter().for_each(|(statement, of, text)| code.add(statement, of, (*text).to_owned()));
        code
    }

    #[test]
    fn differences_name_the_let_and_the_operator() {
        let then = code(&[
            ("large", "filter", "|p| p.a > 1"),
            ("large", "filter", "|p| p.b"),
            ("large", "map", "|p| p.c"),
            ("", "filter", "|p| p.d"),
        ]);
        let now = code(&[
            ("large", "filter", "|p| p.b"),
            ("large", "filter", "|p| p.a > 2"),
            ("", "filter", "|p| p.e"),
            ("", "map", "|p| p.f"),
        ]);
        assert_eq!(
            now.differences(&then),
            [
                "  without a `let`: filter was |p| p.d, and is |p| p.e now",
                "  without a `let`: map |p| p.f is new",
                "  `large`: filter was |p| p.a > 1, and is |p| p.a > 2 now",
                "  `large`: map was |p| p.c, and is gone now",
            ]
        );
        assert_eq!(then.differences(&then), Vec::<String>::new());
        assert_eq!(Code::from_json(&then.to_json()), Ok(then));
    }
}
