//! What this run of the compiler has given to the macros before, though each call is expanded by itself: for messages alone
//! ([decision 93](../../docs/decisions/0093-what-macros-remember-is-for-messages.md)).
//!
//! # Contract
//!
//! A program that is right stays right, and means the same. Only rustc is believed, which expands each call once: an editor's server
//! does it again with each change.

use std::cell::RefCell;

use proc_macro2::Span;
use syn::{Ident, Type};

thread_local! {
    /// The names of the topics that were declared, and what their rows are called.
    static TOPICS: RefCell<Vec<(String, Option<String>)>> = RefCell::default();
    /// The names of the records, each as often as it was declared.
    static RECORDS: RefCell<Vec<String>> = RefCell::default();
}

/// Takes note of a topic.
pub(crate) fn topic(name: &Ident, row: &Type) {
    if !is_of_rustc(name.span()) {
        return;
    }
    let row = match row {
        Type::Path(row) => row.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    };
    TOPICS.with_borrow_mut(|topics| topics.push((name.to_string(), row)));
}

fn is_topic(name: &Ident) -> bool {
    TOPICS.with_borrow(|topics| topics.iter().any(|(topic, _)| name == topic))
}

/// Takes note of a record.
pub(crate) fn record(name: &Ident) {
    if is_of_rustc(name.span()) {
        RECORDS.with_borrow_mut(|records| records.push(name.to_string()));
    }
}

/// The topics of the record that is called so, if one alone is, and no topic.
pub(crate) fn topics_of_record(name: &Ident) -> Option<Vec<String>> {
    let records = RECORDS.with_borrow(|records| records.iter().filter(|record| name == *record).count());
    (records == 1 && !is_topic(name)).then(|| {
        TOPICS.with_borrow(|topics| {
            let of_it = topics.iter().filter(|(_, row)| row.as_ref().is_some_and(|row| name == row));
            let mut names: Vec<String> = Vec::new();
            for (topic, _) in of_it {
                if !names.contains(topic) {
                    names.push(topic.clone());
                }
            }
            names
        })
    })
}

/// Whether rustc shows the span, `#0 bytes(17..24)`.
fn is_of_rustc(span: Span) -> bool {
    let shown = format!("{span:?}");
    shown.strip_prefix('#').is_some_and(|shown| shown.contains(" bytes("))
}
