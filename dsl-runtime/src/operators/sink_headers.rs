//! `sink_with_headers`: writes every row to a topic, with headers made of it.

use std::rc::Rc;

use super::sink::{add_sink, sink_with};
use crate::flow::{Batch, RecordHeaders, in_hand};
use crate::handles::{EventTime, Holds, Stream, Topic};

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// As [`sink`](Stream::sink), and gives each record headers that are made of its row: a list of names, each with a value.
    ///
    /// A value is text, bytes (`Vec<u8>`), an integer or a `bool`, which become text in digits or as `true` and `false`, or an `Option` of
    /// these, whose `None` is a header without a value. Names may be there several times, and keep their order. A field that the closure
    /// gives back is cloned for you. Names that begin with `waterwheel.` are kept for what Waterwheel says itself: such a row stops the run.
    ///
    /// Headers are of the record and not of the row: who reads the topic's rows does not see them. `read TOPIC --headers` prints them, and a
    /// pipeline has them by [`with_meta`](crate::dsl::Source::with_meta).
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn large(least: i64) {
    ///     let large = source(Payments).filter(|p| p.cents >= least);
    ///     large.sink_with_headers(Large, |p| [("kind", "large".to_owned()), ("card", p.card.to_string())]);
    /// }
    ///
    /// let mut t = large(1_000).test();
    /// t.push(Payments, payment(7, 1_200, 0));
    /// assert_eq!(t.rows(Large), [payment(7, 1_200, 0)]);
    /// let log = t.store().topic("large").unwrap().partition(0).unwrap();
    /// let mut scan = log.scan(log.log_start_offset(), log.last_stable_offset());
    /// let record = scan.next().unwrap().unwrap();
    /// let headers: Vec<_> = record.headers().collect();
    /// assert_eq!(headers, [("kind", Some(&b"large"[..])), ("card", Some(&b"7"[..]))]);
    /// ```
    ///
    /// # State
    /// None.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the sink and the row's topic,
    /// partition and offset; so does a record that is too large for the log with its headers.
    pub fn sink_with_headers<P: Topic + Holds<T>, H: HeadersOfRow>(
        self,
        topic: P,
        headers: impl Fn(&T) -> H + 'static,
    ) {
        let _ = topic;
        let of_batch = move |rows: &Batch| {
            let of_row = |row: &crate::flow::Row<T>| {
                in_hand(row.meta.position());
                let mut made = RecordHeaders::default();
                headers(&row.value).add_to(&mut made);
                made
            };
            rows.rows::<T>().map(of_row).collect()
        };
        let mut sink = sink_with::<P>(Some(Rc::new(of_batch)));
        sink.has_headers = true;
        add_sink::<P>(self.node(), sink);
    }
}

/// The headers of a row: a list of pairs of name and value.
#[diagnostic::on_unimplemented(
    message = "the headers of a row are a list of names with values, and this is `{Self}`",
    label = "gives `{Self}`",
    note = "give pairs: `.sink_with_headers(Topic, |row| [(\"kind\", row.kind)])`; a value is text, bytes, an integer, a `bool`, or an `Option` of these, all of one type: values of several types are made text before, `row.id.to_string()`"
)]
pub trait HeadersOfRow {
    /// Adds them.
    #[doc(hidden)]
    fn add_to(self, headers: &mut dyn AddsHeaders);
}

/// What takes headers.
#[doc(hidden)]
pub trait AddsHeaders {
    /// Adds one.
    fn add(&mut self, name: &str, value: Option<&[u8]>);
}

impl AddsHeaders for RecordHeaders {
    fn add(&mut self, name: &str, value: Option<&[u8]>) {
        if name.starts_with("waterwheel.") {
            panic!(
                "a header `{name}` cannot be given: names that begin with `waterwheel.` are Waterwheel's own"
            );
        }
        RecordHeaders::add(self, name, value);
    }
}

#[diagnostic::do_not_recommend]
impl<I, N, V> HeadersOfRow for I
where
    I: IntoIterator<Item = (N, V)>,
    N: AsRef<str>,
    V: HeaderValue,
{
    fn add_to(self, headers: &mut dyn AddsHeaders) {
        for (name, value) in self {
            value.with_bytes(&mut |bytes| headers.add(name.as_ref(), bytes));
        }
    }
}

/// A value of a header.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a header",
    label = "no value of a header",
    note = "a value is text, bytes (`Vec<u8>`), an integer, a `bool`, or an `Option` of these; make text of others, `row.at.to_string()`"
)]
pub trait HeaderValue {
    /// Calls `take` with its bytes, or with none.
    #[doc(hidden)]
    fn with_bytes(&self, take: &mut dyn FnMut(Option<&[u8]>));
}

macro_rules! as_text {
    ($($ty:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl HeaderValue for $ty {
            fn with_bytes(&self, take: &mut dyn FnMut(Option<&[u8]>)) {
                take(Some(self.to_string().as_bytes()));
            }
        }
    )*};
}
as_text!(i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 bool);

macro_rules! as_bytes {
    ($($ty:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl HeaderValue for $ty {
            fn with_bytes(&self, take: &mut dyn FnMut(Option<&[u8]>)) {
                take(Some(self.as_ref()));
            }
        }
    )*};
}
as_bytes!(String &'static str Vec<u8>);

#[diagnostic::do_not_recommend]
impl<V: HeaderValue> HeaderValue for Option<V> {
    fn with_bytes(&self, take: &mut dyn FnMut(Option<&[u8]>)) {
        match self {
            Some(value) => value.with_bytes(take),
            None => take(None),
        }
    }
}
