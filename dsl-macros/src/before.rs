//! What this run of the compiler has given to the macros before, so that two of one name are told as that, though each call is expanded
//! by itself.
//!
//! # Contract
//!
//! A program that is right stays right, and means the same. Only rustc is believed, which expands each call once: an editor's server
//! does it again with each change.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use proc_macro2::Span;
use syn::Ident;

thread_local! {
    /// The names of the topics that were declared.
    static TOPICS: RefCell<HashSet<String>> = RefCell::default();
    /// How many of them had a name that another one has.
    static AGAIN: Cell<u32> = const { Cell::new(0) };
    /// The type that a derive was asked for last, and the place of the derive.
    static DERIVED: RefCell<HashMap<&'static str, (String, String)>> = RefCell::default();
}

/// A number for a topic that is named like one before it, of this module or of another.
pub(crate) fn topic_again(name: &Ident) -> Option<u32> {
    place(name.span())?;
    let again = !TOPICS.with_borrow_mut(|topics| topics.insert(name.to_string()));
    again.then(|| AGAIN.replace(AGAIN.get() + 1))
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
