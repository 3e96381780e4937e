//! Closures over rows in every shape: of fields alone, and of whole rows. None of what says so warns.

use std::ops::Deref;

use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) struct Inner {
    pub(crate) level: u32,
    pub(crate) code: String,
}

#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) enum State {
    Open,
    Paid { by: String },
}

#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) r#type: String,
    pub(crate) inner: Inner,
    pub(crate) state: State,
    pub(crate) note: Option<String>,
    pub(crate) at: Timestamp,
}

impl Event {
    fn is_low(&self) -> bool {
        self.inner.level < 3
    }
}

#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) struct Out {
    pub(crate) id: u64,
    pub(crate) text: String,
}

/// What looks like a field of it may be one of what it derefs to.
#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) struct Wrapped {
    inner: Inner,
    rest: String,
}

impl Deref for Wrapped {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.inner
    }
}

topics! {
    Events("events"): Event { time: |event| event.at + Duration::from_millis(i64::from(event.inner.level)) }
    Nested("nested"): Event { time: at, key: inner.code }
    Wrappeds("wrappeds"): Wrapped {}
    Outs("outs"): Out { key: id }
}

fn is_low(event: &Event) -> bool {
    event.is_low()
}

#[pipeline]
fn of_fields(least: u64) {
    source(Events)
        .filter(|e| e.id > least && matches!(2, 1 | 2))
        .filter(|e: &Event| -> bool { !(e.r#type).is_empty() })
        .map(|r#e| {
            let text = e.inner.code.clone();
            let longer = |more: &str| text.clone() + more + &e.r#type;
            Out { id: e.id, text: longer("+") }
        })
        .sink(Outs);
}

#[pipeline]
fn of_none() {
    source(Nested).map(|_| Out { id: 1, text: String::new() }).sink(Outs);
}

#[pipeline]
fn of_a_state() {
    source(Nested)
        .flat_map(|e| match &e.state {
            State::Open => None,
            State::Paid { by } => Some(Out { id: e.id, text: by.clone() }),
        })
        .sink(Outs);
}

#[pipeline]
fn by_name() {
    source(Nested).filter(is_low).map(|e| Out { id: e.id, text: String::new() }).sink(Outs);
}

#[pipeline]
fn by_a_format() {
    source(Nested).map(|e| Out { id: e.id, text: format!("{}", e.inner.level) }).sink(Outs);
}

#[pipeline]
fn by_a_pattern() {
    source(Nested)
        .map(|Event { id, note, .. }| Out { id: *id, text: note.clone().unwrap_or_default() })
        .sink(Outs);
}

#[pipeline]
fn through_deref() {
    source(Wrappeds).map(|w| Out { id: u64::from(w.level), text: w.code.clone() }).sink(Outs);
}

#[track_caller]
fn reads(explained: &str, expected: &str) {
    assert!(explained.contains(&format!("     {expected}\n")), "{explained}");
}

#[test]
fn explain_says_what_is_read() {
    reads(&of_fields(3).explain().unwrap(), "reads 4 of 6 fields: id, type, inner, at");
    reads(&of_none().explain().unwrap(), "reads 1 of 6 fields: at");
    reads(&of_a_state().explain().unwrap(), "reads 3 of 6 fields: id, state, at");
    reads(&by_name().explain().unwrap(), "reads all fields: `is_low` takes the whole row");
    reads(&by_a_format().explain().unwrap(), "reads all fields: `format!` may read the whole row");
    reads(
        &by_a_pattern().explain().unwrap(),
        "reads all fields: the pattern `Event { id, note, .. }` takes the row apart",
    );
    reads(
        &through_deref().explain().unwrap(),
        "reads all fields: `Wrapped` implements `Deref`, so a field's name may be one of what it derefs to",
    );
}

#[test]
fn a_field_of_what_a_row_derefs_to_is_read() {
    let mut t = through_deref().test();
    t.push(Wrappeds, Wrapped { inner: Inner { level: 7, code: "c".to_owned() }, rest: String::new() });
    assert_eq!(t.rows(Outs), [Out { id: 7, text: "c".to_owned() }]);
}
