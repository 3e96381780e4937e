//! `side`: a topic as a table that is read to its end before the streams begin.

use super::lookup::SideTable;
use crate::handles::{Lookup, Side, Stream, Timed, Topic};
use crate::not_there::not_there;
use crate::operators::names_stream::names_stream;
use crate::plan::{Lowering, Node, SourceNode, registry};

use super::source::of_topic;

/// Reads a topic as a side table, in which rows of a stream are [looked up](crate::dsl::Stream::lookup): all that it holds when the
/// pipeline reads the first row of any stream, and nothing that comes later.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Owner { card: u64, name: String }
///
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Named { name: Option<String>, cents: i64 }
///
/// topics! {
///     Owners("owners"): Owner { key: card }
///     NamedPayments("named-payments"): Named {}
/// }
///
/// #[pipeline]
/// fn named_payments() {
///     let owners = side(Owners);
///     let named = source(Payments)
///         .lookup(owners)
///         .on(|p| p.card, |o| o.card)
///         .select(|p, o| Named { name: o.name, cents: p.cents });
///     named.sink(NamedPayments);
/// }
///
/// let owner = |card, name: &str| Owner { card, name: name.to_owned() };
/// let named = |name: Option<&str>, cents| Named { name: name.map(str::to_owned), cents };
/// let mut t = named_payments().test();
/// t.push_all(Owners, [owner(1, "Ada"), owner(2, "Bob"), owner(1, "Ida")]);
/// t.push_all(Payments, [payment(1, 250, 0), payment(3, 100, 1)]);
/// assert_eq!(t.rows(NamedPayments), [named(Some("Ida"), 250), named(None, 100)]);
/// t.push(Owners, owner(3, "Cy")); // behind the end
/// t.push(Payments, payment(3, 70, 2));
/// assert_eq!(t.rows(NamedPayments)[2..], [named(None, 70)]);
/// ```
///
/// # Contract
/// - The table's end is bound once for all side tables of a pipeline: the end of each partition when the first row of a stream is
///   there to be read. Until then rows may come into the topic, also while the pipeline runs.
/// - It is whole before the first row of any stream is read, however large it is.
/// - The end is kept with the pipeline's state. Every later run, and whatever is computed again after a crash, meets the same
///   table; rows that are appended later are met after a `reset`.
/// - It may be that of a file, which is copied into the topic first: see [`csv`](Side::csv) and [`json`](Side::json).
/// - Its rows have no event time here: no watermark waits for it, and none of its rows is late.
///
/// # State
/// For each partition its end and the next offset. The rows are kept by the lookups.
///
/// # Errors
/// As of [`source`](super::source()). A record that cannot be decoded stops the run with
/// [`Error::Undecodable`](crate::Error::Undecodable).
pub fn side<P: Topic>(topic: P) -> Side<P> {
    let _ = topic;
    let source = SourceNode { is_side: true, ..of_topic::<P>() };
    let (lines, facts) = (said_of(&source), source.topic.facts());
    let keeps = "for each partition the end of the table and the next offset, for ever".to_owned();
    let node = Node::new("side", Vec::new(), Lowering::Source(source)).or_named(P::NAME);
    Side::at(registry::add(Node { lines, facts, keeps, ..node }))
}

/// What `explain` says of a side table.
pub(super) fn said_of(source: &SourceNode) -> Vec<String> {
    let topic = &source.topic;
    let file = source.file.as_ref().map(|file| {
        let (format, path) = (file.format, file.path.display());
        format!("copied from the {format} file {path} when the pipeline first runs; one that has changed since is refused")
    });
    let mut lines =
        vec![format!("topic {}, format {}, {} partition(s)", topic.name, topic.format, topic.partitions)];
    lines.extend(file);
    lines.push(
        "a side table: whole before the first row of any stream is read; what is appended to the topic later is met after a `reset`"
            .to_owned(),
    );
    lines.push("undecodable records: fail".to_owned());
    lines
}

names_stream! {
    <P: Topic> Side<P>;
}

/// A side table that is used as a stream: none.
#[diagnostic::on_unimplemented(
    message = "a side table is no stream: it has rows to be looked up, and none that come one after the other",
    label = "there are no rows that come by",
    note = "look the rows of a stream up in it: `payments.lookup(accounts).on(|p| p.card, |a| a.card).select(|p, a| Row {{ .. }})`",
    note = "as a stream its topic is read by `source(Accounts)`"
)]
pub trait SideWithRows {}

/// A side table with the settings of a source: none.
#[diagnostic::on_unimplemented(
    message = "a side table has no settings: its rows have no event time, and none of them is late",
    label = "this is a setting of a source",
    note = "leave it out: `side(Accounts)`; how late the rows of a stream may come is said at its `source(..)`"
)]
pub trait TakesSettingsOfASource {}

not_there! {
    [P: Topic] Side<P>:
    [<O>(self, _: impl Fn(&P::Row) -> O) -> Stream<O, Timed>] where [Self: SideWithRows]:
        map filter_map flat_map;
    [(self, _: impl Fn(&P::Row) -> bool) -> Stream<P::Row, Timed>] where [Self: SideWithRows]:
        filter;
    [<O>(self, _: O)] where [Self: SideWithRows]:
        sink;
    [<O>(self, _: O) -> Stream<P::Row, Timed>] where [Self: SideWithRows]:
        union group_by distinct_by;
    [<O>(self, _: O) -> Self] where [Self: TakesSettingsOfASource]:
        lateness idle ahead undecodable late_to;
    [(self) -> Self] where [Self: TakesSettingsOfASource]:
        late_drop with_meta;
    [<S: SideTable>(self, _: S) -> Lookup<P::Row, S::Row, Timed>] where [Self: SideWithRows]:
        lookup;
}
