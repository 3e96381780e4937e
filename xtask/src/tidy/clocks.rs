//! Tests neither sleep nor read a clock: they would be slow, and fail on a busy machine.
//!
//! `Instant::now` is allowed: a test that hands instants to what it tests needs one to begin with. What has passed since is not.

use super::Finding;
use super::sources::{File, Sources};

/// What a test must not call.
const CALLS: [&str; 4] = ["thread::sleep(", ".elapsed()", "SystemTime::now(", "Utc::now("];

/// A file whose tests may, and why.
struct Exception {
    file: &'static str,
    #[expect(dead_code, reason = "it is for the reader")]
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[Exception {
    file: "dsl-runtime/src/aggregates/exact_sum.rs",
    reason: "a measurement, which runs only if it is asked for",
}];

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources.rust() {
        let found = calls(file);
        match EXCEPTIONS.iter().any(|exception| exception.file == file.path) {
            false => findings.extend(found),
            true if found.is_empty() => {
                let message = "its exception in `xtask/src/tidy/clocks.rs` is not needed any more";
                findings.push(Finding::of_file(&file.path, message));
            }
            true => {}
        }
    }
    findings
}

fn calls(file: &File) -> Vec<Finding> {
    let tests = if file.is_test() { 0 } else { file.lines_without_tests().count() };
    let lines = file.text.lines().enumerate().skip(tests);
    let call = |text: &str| CALLS.into_iter().find(|call| text.contains(call));
    lines
        .filter_map(|(line, text)| Some((line, call(text)?)))
        .map(|(line, call)| {
            let message = format!("a test calls `{call}`: wait for what it waits for, or hand over the time");
            Finding::of_line(&file.path, line, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_sleep_or_take_times_are_found_and_other_code_is_not() {
        let nap = concat!("    std::thread::sle", "ep(NAP);\n");
        let foot = format!("//! A.\nfn a() {{\n{nap}}}\n\n#[cfg(test)]\nmod tests {{\n{nap}}}\n");
        let taken = concat!("let began = Instant::now();\nlet took = began.elap", "sed();\n");
        let sources = Sources::of(&[("a/src/b.rs", &foot), ("tests/c.rs", taken)]);
        let found: Vec<String> = check(&sources).iter().map(Finding::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("a/src/b.rs:8: a test calls `thread::sle"), "{found:?}");
        assert!(found[1].starts_with("tests/c.rs:2: a test calls `.elap"), "{found:?}");
    }
}
