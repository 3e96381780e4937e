//! `dead_letter`: records that cannot be decoded go to a topic as they are.

use std::marker::PhantomData;

use super::sink::sink_of;
use super::source::{self, OnUndecodable};
use crate::handles::{NodeId, Topic};
use crate::plan::OnUndecodablePolicy;

/// Records that cannot be decoded are counted ([`Summary::records_skipped`](crate::Summary::records_skipped)), and written to this topic as
/// they are, in the commit of the epoch that has read them: each once, whatever happens to the process.
///
/// The topic is of the format `raw`, and nothing else of the pipeline is written to it. Its record has the key, the value and the headers of
/// the one that cannot be decoded, byte by byte, and behind these:
///
/// | header | value, as text |
/// |---|---|
/// | `waterwheel.cause` | `undecodable` |
/// | `waterwheel.error` | why it cannot be decoded |
/// | `waterwheel.topic`, `waterwheel.partition`, `waterwheel.offset` | where it is in the source |
///
/// The key, or the value where there is none, chooses the partition. Take a row with one field that is a `Vec<u8>`: a `String` cannot be read
/// where the bytes are no text.
///
/// ```
/// use waterwheel::prelude::*;
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Click { page: u64 }
///
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Bytes { bytes: Vec<u8> }
///
/// topics! {
///     Clicks("clicks"): Click { format: json }
///     Seen("seen"): Click {}
///     NoClicks("no-clicks"): Bytes { format: raw }
/// }
///
/// #[pipeline]
/// fn seen() {
///     source(Clicks).undecodable(dead_letter(NoClicks)).sink(Seen);
/// }
///
/// let mut t = seen().test();
/// let mut record = waterwheel::log::RecordsBuilder::new();
/// record.push(0, None, Some(b"no JSON"));
/// t.store().topic("clicks").unwrap().partition(0).unwrap().append(record).unwrap();
/// t.push(Clicks, Click { page: 7 });
/// assert_eq!(t.rows(NoClicks), [Bytes { bytes: b"no JSON".to_vec() }]);
/// assert_eq!((t.rows(Seen), t.skipped()), (vec![Click { page: 7 }], 1));
/// ```
///
/// # Errors
/// A record of a type that came into the topic since, and that this program's type cannot read, is whole: it stops the run, as with
/// [`fail`](super::fail). So does a record that is too large for the log with the headers that are added.
pub fn dead_letter<P: Topic + HoldsRecordsAsTheyAre>(topic: P) -> DeadLetter<P> {
    let _ = topic;
    DeadLetter(PhantomData)
}

/// What [`dead_letter`] gives: the policy for [`undecodable`](crate::dsl::Source::undecodable).
#[derive(Debug, Clone, Copy)]
pub struct DeadLetter<P>(PhantomData<fn() -> P>);

/// A topic that takes any bytes. `topics!` implements it for those of the format `raw`.
#[diagnostic::on_unimplemented(
    message = "a record that cannot be decoded is written as it is, and topic `{Self}` holds rows",
    label = "this topic is not of the format `raw`",
    note = "declare one that holds bytes, and a row for it: `topics! {{ DeadLetters(\"dead-letters\"): Bytes {{ format: raw }} }}` and `struct Bytes {{ bytes: Vec<u8> }}`"
)]
pub trait HoldsRecordsAsTheyAre {}

impl<P: Topic> OnUndecodable for DeadLetter<P> {
    fn tell(self, source: NodeId) {
        source::set(source, |source| {
            source.undecodable = OnUndecodablePolicy::DeadLetter;
            source.dead_letters = Some(Box::new(sink_of::<P>()));
        });
    }
}
