//! Rows that have a field called `meta` of their own, or by what they dereference to, beside those of a source that gives what the log knows.

use std::ops::Deref;

use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Record)]
struct Origin {
    offset: u64,
}

#[derive(Clone, Debug, PartialEq, Record)]
struct Read {
    id: u64,
    #[serde(rename = "origin")]
    meta: Origin,
    at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Record)]
struct Wrapped {
    inner: Inner,
}

#[derive(Clone, Debug, PartialEq, Record)]
struct Inner {
    meta: u64,
}

impl Deref for Wrapped {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

#[derive(Clone, Debug, PartialEq, Record)]
struct Plain {
    id: u64,
}

topics! {
    Reads("reads"): Read { key: id, time: at }
    WrappedOnes("wrapped"): Wrapped {}
    Plains("plains"): Plain {}
    Greatest("greatest"): Plain {}
}

#[pipeline]
fn of_their_own() {
    let reads = source(Reads).lateness(1s).late_drop();
    let early = reads.filter(|r| r.meta.offset < 5);
    early
        .group_by(|r| r.meta.offset)
        .window(tumbling(1m))
        .select(|w, r| Plain { id: max(r.meta.offset) + w.key() })
        .sink(Greatest);
}

#[pipeline]
fn by_what_they_dereference_to() {
    source(WrappedOnes).filter(|w| w.meta > 1).map(|w| Plain { id: w.meta }).sink(Plains);
}

#[pipeline]
fn of_the_log() {
    let plains = source(Plains);
    let asked = source(Plains).with_meta().filter(|p| p.meta.offset == 0);
    let made = plains.map(|p| Inner { meta: p.id }).filter(|p| p.meta > 0).map(|p| Plain { id: p.meta });
    let hidden = plains.filter(|p| {
        let p = Inner { meta: p.id };
        p.meta > 0
    });
    made.union(hidden).union(asked.map(|p| Plain { id: p.id })).sink(Greatest);
}

#[test]
fn fields_are_the_rows_own() {
    let mut t = of_their_own().test();
    let read = |id, offset| Read { id, meta: Origin { offset }, at: Timestamp::from_millis(1) };
    t.push(Reads, vec![read(1, 2), read(2, 7)]);
    t.close();
    assert_eq!(t.rows(Greatest), [Plain { id: 4 }]);

    let mut t = by_what_they_dereference_to().test();
    t.push(WrappedOnes, Wrapped { inner: Inner { meta: 3 } });
    assert_eq!(t.rows(Plains), [Plain { id: 3 }]);

    let mut t = of_the_log().test();
    t.push(Plains, Plain { id: 8 });
    assert_eq!(t.rows(Greatest).len(), 3);
}
