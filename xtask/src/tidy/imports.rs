//! Which part of a crate may name which, and where other crates may be named.

use std::collections::BTreeMap;

use super::Finding;
use super::directions::{BACKWARD, CRATES_IN_PLACES, LAYERS, Layers};
use super::sources::{File, Sources};

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for layers in LAYERS {
        check_crate(layers, sources, &mut findings);
    }
    for file in sources.rust() {
        for place in CRATES_IN_PLACES {
            let allowed = place.allowed.iter().any(|allowed| file.path.starts_with(allowed));
            if !file.path.starts_with(place.inside) || allowed {
                continue;
            }
            for (line, text) in code_lines(file).filter(|(_, text)| names_crate(text, place.named)) {
                let message = format!(
                    "names `{}`, which only {} may: `{}`",
                    place.named,
                    place.allowed.join(", "),
                    text.trim()
                );
                findings.push(Finding::of_line(&file.path, line, message));
            }
        }
    }
    findings
}

fn check_crate(layers: &Layers, sources: &Sources, findings: &mut Vec<Finding>) {
    let root = format!("{}/src/", layers.krate);
    let Some(library) = sources.rust().find(|file| file.path == format!("{root}lib.rs")) else { return };
    let reexports = reexports(library);
    for file in sources.rust() {
        let Some(path) = file.path.strip_prefix(&root).and_then(|path| path.strip_suffix(".rs")) else {
            continue;
        };
        let mut module: Vec<&str> = path.split('/').collect();
        if module.last() == Some(&"mod") {
            module.pop();
        }
        // The root may name everything.
        if module == ["lib"] {
            continue;
        }
        let Some((_, allowed)) = layers.modules.iter().find(|(name, _)| *name == module[0]) else {
            let message = format!(
                "module `{}` has no place yet: say in `xtask/src/tidy/directions.rs` what it may import",
                module[0]
            );
            findings.push(Finding::of_file(&file.path, message));
            continue;
        };
        for (line, text) in code_lines(file) {
            for named in modules_named(text, &module) {
                let target = reexports.get(named).copied().unwrap_or(named);
                let is_excused = || {
                    BACKWARD
                        .iter()
                        .any(|each| each.krate == layers.krate && each.from == module[0] && each.to == target)
                };
                let is_module = layers.modules.iter().any(|(name, _)| *name == target);
                if is_module && target != module[0] && !allowed.contains(&target) && !is_excused() {
                    let message = format!(
                        "`{}` names `{target}`, and imports point the other way: move what it needs, or decide on the new arrow first",
                        module[0]
                    );
                    findings.push(Finding::of_line(&file.path, line, message));
                }
            }
        }
    }
}

/// The modules at the crate's root that a line names, by `crate::..` or by enough `super::`s. What the root re-exports comes
/// as its own name.
fn modules_named<'t>(text: &'t str, module: &[&'t str]) -> Vec<&'t str> {
    let mut named = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let stands_alone =
            !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$');
        if stands_alone {
            named.extend(first_name(&text[at + "crate::".len()..]));
        }
    }
    let mut rest = text;
    while let Some(at) = rest.find("super::") {
        rest = &rest[at..];
        let mut up = 0;
        while let Some(inner) = rest.strip_prefix("super::") {
            (rest, up) = (inner, up + 1);
        }
        // Fewer do not leave the module at the root.
        if up >= module.len() {
            named.extend(first_name(rest));
        }
    }
    named
}

fn first_name(path: &str) -> Option<&str> {
    let end = path.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(path.len());
    (end > 0).then(|| &path[..end])
}

/// The names that `lib.rs` re-exports, with the modules they come from.
fn reexports(library: &File) -> BTreeMap<&str, &str> {
    let mut names = BTreeMap::new();
    for statement in library.text.split(';') {
        let Some((_, path)) =
            statement.split_once("pub use ").or_else(|| statement.split_once("pub(crate) use "))
        else {
            continue;
        };
        let Some((module, items)) = path.split_once("::") else { continue };
        let items = items.trim_matches(|end: char| "{} \n".contains(end));
        for item in items.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            names.insert(item.rsplit("::").next().unwrap_or(item), module.trim());
        }
    }
    names
}

fn names_crate(text: &str, named: &str) -> bool {
    text.match_indices(named).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let alone = !before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == ':');
        alone && text[at + named.len()..].starts_with("::")
    })
}

/// The lines that are code: no comments, no tests.
fn code_lines(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let lines =
        file.lines_without_tests().map(|(line, text)| (line, text.split(" // ").next().unwrap_or(text)));
    lines.filter(|(_, text)| !text.trim_start().starts_with("//"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRATE: Layers =
        Layers { krate: "a", modules: &[("low", &[]), ("middle", &["low"]), ("high", &["low", "middle"])] };

    fn check_text(path: &str, text: &str) -> Vec<String> {
        let sources = Sources::of(&[
            ("a/src/lib.rs", "pub use high::{Best, Last};\npub use low::Least;\n"),
            (path, text),
        ]);
        let mut findings = Vec::new();
        check_crate(&CRATE, &sources, &mut findings);
        findings.iter().map(|finding| finding.message.clone()).collect()
    }

    #[test]
    fn an_import_against_the_direction_is_found() {
        assert_eq!(check_text("a/src/middle/b.rs", "use crate::low::Least;\n"), [""; 0]);
        assert!(
            check_text("a/src/middle/b.rs", "use crate::high::Best;\n")[0]
                .starts_with("`middle` names `high`")
        );
        assert!(
            check_text("a/src/low.rs", "let x = crate::middle::y();\n")[0]
                .starts_with("`low` names `middle`")
        );
    }

    #[test]
    fn a_path_by_super_and_a_name_of_the_root_are_seen_through() {
        assert_eq!(check_text("a/src/middle/b.rs", "use super::high;\n"), [""; 0]);
        assert_eq!(check_text("a/src/middle/b.rs", "use super::super::high::Best;\n").len(), 1);
        assert_eq!(check_text("a/src/middle/b.rs", "use crate::Best;\n").len(), 1);
        assert_eq!(check_text("a/src/middle/b.rs", "use crate::Least;\n"), [""; 0]);
    }

    #[test]
    fn comments_and_tests_may_name_everything() {
        let text = "//! As crate::high::Best.\n#[cfg(test)]\nmod tests {\n    use crate::high::Best;\n}\n";
        assert_eq!(check_text("a/src/low.rs", text), [""; 0]);
    }

    #[test]
    fn a_module_without_a_place_is_found() {
        assert!(check_text("a/src/new.rs", "fn a() {}\n")[0].contains("has no place yet"));
    }

    #[test]
    fn a_crate_is_named_by_a_path_of_its_own() {
        assert!(names_crate("use timely::Config;", "timely"));
        assert!(!names_crate("use crate::timely::Config; untimely::a()", "timely"));
    }
}
