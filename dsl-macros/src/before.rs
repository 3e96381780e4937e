//! What this run of the compiler has given to the macros before, though each call is expanded by itself: for messages alone
//! ([decision 93](../../docs/decisions/0093-what-macros-remember-is-for-messages.md)).
//!
//! # Contract
//!
//! A program that is right stays right, and means the same. Only rustc is believed, which expands each call once: an editor's server
//! does it again with each change.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use proc_macro2::Span;
use syn::{Ident, Type};

thread_local! {
    /// The names of the topics that were declared, and what their rows are called.
    static TOPICS: RefCell<Vec<(String, Option<String>)>> = RefCell::default();
    /// The names of the records.
    static RECORDS: RefCell<HashSet<String>> = RefCell::default();
    /// The type that a derive was asked for last, and the place of the derive.
    static DERIVED: RefCell<HashMap<&'static str, (String, String)>> = RefCell::default();
}

/// Takes note of a topic.
pub(crate) fn topic(name: &Ident, row: &Type) {
    if place(name.span()).is_none() {
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
    if place(name.span()).is_some() {
        RECORDS.with_borrow_mut(|records| records.insert(name.to_string()));
    }
}

/// The topics of the record that is called so, if no topic is.
pub(crate) fn topics_of_record(name: &Ident) -> Option<Vec<String>> {
    let is_record = RECORDS.with_borrow(|records| records.contains(&name.to_string()));
    (is_record && !is_topic(name)).then(|| {
        TOPICS.with_borrow(|topics| {
            let of_it = |(topic, row): &(String, Option<String>)| {
                row.as_ref().is_some_and(|row| name == row).then(|| topic.clone())
            };
            let mut of_it: Vec<String> = topics.iter().filter_map(of_it).collect();
            of_it.dedup();
            of_it
        })
    })
}

/// Whether the derive was asked for the same type just before, by other words in the same line: `#[derive(Record, Record)]`.
pub(crate) fn derived_just_before(derive: &'static str, name: &Ident) -> bool {
    let (Some(name_at), Some(derive_at)) = (place(name.span()), place(Span::call_site())) else {
        return false;
    };
    // Each derive has an expansion of its own, which says nothing of where it stands.
    let (_, derive_at) = derive_at;
    let of = format!("{name} {name_at:?}");
    DERIVED.with_borrow_mut(|derived| match derived.insert(derive, (of.clone(), derive_at.clone())) {
        Some((last, last_at)) => last == of && last_at != derive_at,
        None => false,
    })
}

/// The expansion and the bytes of a span, as rustc shows it, `#0 bytes(17..24)`; of nobody else.
fn place(span: Span) -> Option<(String, String)> {
    let shown = format!("{span:?}");
    let (expansion, bytes) = shown.strip_prefix('#')?.split_once(" bytes(")?;
    Some((expansion.to_owned(), bytes.to_owned()))
}
