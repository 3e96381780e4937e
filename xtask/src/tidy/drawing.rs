//! The order of the rooms as `ARCHITECTURE.md` draws it, against the table that imports are checked by.
//!
//! In a fenced block each crate has an entry: its name, then its modules from the bottom to the top, `a, b ◄ c ◄ d`, on one
//! line or several. A module may name those drawn left of it. An arrow against the order is a line of its own, `a ► d: why`.

use super::Finding;
use super::directions::{BACKWARD, Backward, LAYERS, Layers};
use super::sources::Sources;

const PAGE: &str = "ARCHITECTURE.md";

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    let Some(page) = sources.files().iter().find(|file| file.path == PAGE) else { return Vec::new() };
    let mut findings = Vec::new();
    for layers in LAYERS {
        let backward = BACKWARD.iter().filter(|arrow| arrow.krate == layers.krate);
        compare(layers, &backward.collect::<Vec<_>>(), &page.text, &mut findings);
    }
    findings
}

/// One crate's entry in the drawing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Drawing<'t> {
    /// From the bottom to the top.
    floors: Vec<Vec<&'t str>>,
    /// Against the order, as from and to.
    backward: Vec<(&'t str, &'t str)>,
}

fn compare(layers: &Layers, backward: &[&Backward], page: &str, findings: &mut Vec<Finding>) {
    let krate = layers.krate;
    let mut found = |message: String| findings.push(Finding::of_file(PAGE, message));
    let Some(drawing) = Drawing::of(krate, page) else {
        found(format!("the order of the modules of `{krate}` is not drawn"));
        return;
    };
    let floor_of = |module: &str| drawing.floors.iter().position(|floor| floor.contains(&module));
    for (module, allowed) in layers.modules {
        let Some(floor) = floor_of(module) else {
            found(format!("`{module}` of `{krate}` is not in the drawing"));
            continue;
        };
        for below in *allowed {
            if floor_of(below).is_none_or(|below| below >= floor) {
                found(format!("`{module}` of `{krate}` may name `{below}`, which is not drawn left of it"));
            }
        }
    }
    for module in drawing.floors.iter().flatten() {
        if !layers.modules.iter().any(|(name, _)| name == module) {
            found(format!("`{module}` is drawn in `{krate}`, and there is no such module in the table"));
        }
    }
    for arrow in backward.iter().filter(|arrow| !drawing.backward.contains(&(arrow.from, arrow.to))) {
        found(format!("`{} ► {}` of `{krate}` points back, and is not drawn", arrow.from, arrow.to));
    }
    for (from, to) in &drawing.backward {
        if !backward.iter().any(|arrow| (arrow.from, arrow.to) == (from, to)) {
            found(format!("`{from} ► {to}` is drawn in `{krate}`, and is no arrow any more"));
        }
    }
}

impl<'t> Drawing<'t> {
    fn of(krate: &str, page: &'t str) -> Option<Self> {
        let begins = |line: &&str| {
            line.strip_prefix(krate).is_some_and(|rest| rest.starts_with(' ') && rest.contains('◄'))
        };
        let mut lines = page.lines().skip_while(|line| !begins(line));
        let first = &lines.next()?[krate.len()..];
        let more = lines.take_while(|line| line.starts_with(' '));
        let mut drawing = Drawing::default();
        for line in std::iter::once(first).chain(more).map(str::trim) {
            match line.split_once('►') {
                Some((from, to)) => {
                    let to = to.split_once(':').map_or(to, |(to, _)| to);
                    drawing.backward.push((from.trim(), to.trim()));
                }
                None => {
                    let floors = line.split('◄').map(str::trim).filter(|floor| !floor.is_empty());
                    drawing
                        .floors
                        .extend(floors.map(|floor| floor.split(',').map(str::trim).collect::<Vec<_>>()));
                }
            }
        }
        Some(drawing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRATE: Layers =
        Layers { krate: "a", modules: &[("low", &[]), ("other", &[]), ("high", &["low", "other"])] };
    const BACK: Backward = Backward { krate: "a", from: "low", to: "high", reason: "for the test" };

    #[track_caller]
    fn check_page(page: &str, expected: &[&str]) {
        let mut findings = Vec::new();
        compare(&CRATE, &[&BACK], page, &mut findings);
        let found: Vec<String> = findings.iter().map(|finding| finding.message.clone()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_drawing_that_says_what_the_table_says_is_tidy() {
        check_page(
            "# A\n```text\nab     x ◄ y\na     low, other\n      ◄ high\n",
            &["the order of the modules of `a` is not drawn"],
        );
        check_page("a     low, other ◄\n      high\n      low ► high: for the test\n```\n", &[]);
    }

    #[test]
    fn what_is_drawn_otherwise_is_found() {
        check_page(
            "a   low ◄ high, other ◄ attic\n    other ► low: once\n",
            &[
                "`high` of `a` may name `other`, which is not drawn left of it",
                "`attic` is drawn in `a`, and there is no such module in the table",
                "`low ► high` of `a` points back, and is not drawn",
                "`other ► low` is drawn in `a`, and is no arrow any more",
            ],
        );
        check_page("a   low, other ◄ other\n    low ► high: why\n", &["`high` of `a` is not in the drawing"]);
    }
}
