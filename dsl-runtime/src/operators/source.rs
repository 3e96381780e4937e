//! `source`: where rows come in, and the pipeline's policy for late and for undecodable records.

use crate::error::Error;
use crate::flow::RowReader;
use crate::handles::{EventTime, KnowsWhatBecomesOfRowsAhead, NodeId, Source, Stream, TakesLateness, Topic};
use crate::plan::{Lowering, Node, OnUndecodablePolicy, SourceNode, TopicFacts, registry};
use crate::record::{FieldMask, Format, KeptSchemas, Record, TopicDecoder};
use crate::time::Duration;

use super::topic_reader::TopicReader;

/// Reads the topic's committed records, from its log start on, and goes on from the last commit when the pipeline runs
/// again. A topic that does not exist is created as it is declared.
///
/// What follows are the source's settings, in any order, then operators. Without any it is a stream without windows.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
///
/// #[pipeline]
/// fn large(least: i64) {
///     let payments = source(Payments).lateness(10s).late_drop().undecodable(skip);
///     payments.filter(|p| p.cents >= least).sink(Large);
/// }
///
/// let mut t = large(1_000).test();
/// t.push(Payments, payment(1, 1_200, 0));
/// t.restart(); // goes on behind the first payment
/// t.push(Payments, payment(2, 3_400, 1));
/// assert_eq!(t.rows(Large).len(), 2);
/// ```
///
/// # State
/// For each partition the next offset and the greatest event time seen, for ever.
///
/// # Errors
/// A run refuses to start if the topic exists with fewer partitions, another format or key than declared
/// ([`Error::TopicDiffers`](crate::Error::TopicDiffers)), or with rows that the row type cannot read
/// ([`Error::Schema`](crate::Error::Schema)).
pub fn source<P: Topic>(topic: P) -> Source<P, P::Time> {
    let _ = topic;
    Source::at(register::<P>())
}

impl<P: Topic, E: EventTime, T> Source<P, E, T> {
    /// How far a record may lie behind the greatest event time seen before it in its partition. A partition's
    /// *watermark* is that greatest event time minus the lateness, moved after every record.
    ///
    /// From 0 on, in milliseconds; a negative one is refused before anything is read. More lateness keeps windows open
    /// longer, and makes their results later, by that much event time. Without windows it changes nothing. It has no
    /// default: a window over a source without it does not build.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn card_minutes() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments
    ///         .group_by(|p| p.card)
    ///         .window(tumbling(1m))
    ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
    ///     per_minute.sink(CardMinutes);
    /// }
    ///
    /// let mut t = card_minutes().test();
    /// t.push_all(Payments, [payment(1, 250, 65), payment(1, 100, 55)]); // 10 s behind: not late
    /// t.close();
    /// assert_eq!((t.rows(CardMinutes).len(), t.late()), (2, 0));
    /// ```
    pub fn lateness(self, lateness: Duration) -> Source<P, E::WithLateness, T>
    where
        E: TakesLateness,
    {
        set(self.node(), |source| source.lateness = Some(lateness));
        self.cast()
    }

    /// Late rows are dropped by the operator they are late for, and counted: in the run's
    /// [`Summary::rows_late`](crate::Summary::rows_late), once for each operator that dropped them. A row that is late
    /// for one window may be in time for a longer one. Operators without windows never drop. Where the records are to be kept,
    /// [`late_to`](Source::late_to) writes them to a topic.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn card_minutes() {
    ///     let payments = source(Payments).lateness(0s).late_drop();
    ///     let per_minute = payments
    ///         .group_by(|p| p.card)
    ///         .window(tumbling(1m))
    ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
    ///     per_minute.sink(CardMinutes);
    ///     payments.sink(Large);
    /// }
    ///
    /// let mut t = card_minutes().test();
    /// t.push_all(Payments, [payment(1, 250, 65), payment(1, 100, 55)]);
    /// t.close();
    /// assert_eq!(t.rows(CardMinutes), [minute(1, 60, 250, 1)]);
    /// assert_eq!((t.late(), t.rows(Large).len()), (1, 2));
    /// ```
    pub fn late_drop(self) -> Source<P, E::WithLatePolicy, T>
    where
        E: TakesLateness,
    {
        set(self.node(), |source| source.late_to = None);
        self.cast()
    }

    /// What becomes of a record that cannot be decoded, written without a call: `undecodable(fail)` (the default) stops
    /// the run at it and loses nothing; `undecodable(skip)` counts it
    /// ([`Summary::records_skipped`](crate::Summary::records_skipped)) and goes on; `undecodable(dead_letter(Topic))` counts it, too, and
    /// writes it [as it is](fn@super::dead_letter) to a topic of the format `raw`.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Click { page: u64 }
    /// # topics! {
    /// #     Clicks("clicks"): Click { format: json }
    /// #     Seen("seen"): Click {}
    /// # }
    /// #[pipeline]
    /// fn seen() {
    ///     source(Clicks).undecodable(skip).sink(Seen);
    /// }
    ///
    /// let mut t = seen().test();
    /// let mut record = waterwheel::log::RecordsBuilder::new();
    /// record.push(0, None, Some(b"no JSON"));
    /// t.store().topic("clicks").unwrap().partition(0).unwrap().append(record).unwrap();
    /// t.push(Clicks, Click { page: 7 });
    /// assert_eq!((t.rows(Seen), t.skipped()), (vec![Click { page: 7 }], 1));
    /// ```
    ///
    /// # Errors
    /// With `fail` the run stops with [`Error::Undecodable`](crate::Error::Undecodable): topic, partition, offset and
    /// reason.
    pub fn undecodable(self, policy: impl OnUndecodable) -> Source<P, E, T> {
        policy.tell(self.node());
        self
    }

    /// The rows. Inside `#[pipeline]` this call is made for you, after the last of a source's settings.
    pub fn stream(self) -> Stream<T, E> {
        self.rows()
    }

    /// The same of a source with [`ahead`](Source::ahead), whose rows may be late.
    #[doc(hidden)]
    pub fn stream_with_ahead(self) -> Stream<T, E>
    where
        E: KnowsWhatBecomesOfRowsAhead,
    {
        self.rows()
    }
}

/// A policy for records that cannot be decoded: [`fail`] or [`skip`], written without a call, or [`dead_letter(Topic)`](fn@super::dead_letter).
pub trait OnUndecodable {
    /// Tells a source.
    #[doc(hidden)]
    fn tell(self, source: NodeId);
}

impl<F: FnOnce() -> OnUndecodablePolicy> OnUndecodable for F {
    fn tell(self, source: NodeId) {
        let policy = self();
        set(source, |source| (source.undecodable, source.dead_letters) = (policy, None));
    }
}

/// Stop the run at a record that cannot be decoded, naming topic, partition, offset and reason. The default.
pub fn fail() -> OnUndecodablePolicy {
    OnUndecodablePolicy::Fail
}

/// Skip a record that cannot be decoded, and count it.
pub fn skip() -> OnUndecodablePolicy {
    OnUndecodablePolicy::Skip
}

fn register<P: Topic>() -> NodeId {
    let source = of_topic::<P>();
    let (lines, facts) = (lines(&source), facts(&source));
    let keeps = "for each partition the next offset and the greatest event time, for ever".to_owned();
    let node = Node::new("source", Vec::new(), Lowering::Source(source)).or_named(P::NAME);
    registry::add(Node { lines, facts, keeps, ..node })
}

/// A topic as a source of which nothing is set yet.
pub(super) fn of_topic<P: Topic>() -> SourceNode {
    SourceNode {
        topic: TopicFacts::of::<P>(),
        is_side: false,
        file: None,
        lateness: None,
        idle: None,
        undecodable: OnUndecodablePolicy::Fail,
        ahead: None,
        late_to: None,
        dead_letters: None,
        mask: mask_of::<P>,
        with_meta: false,
        reader: reader::<P>,
        rows_alone: reader::<P>,
    }
}

/// What reads the topic's rows.
fn reader<P: Topic>(
    kept: &KeptSchemas,
    undecodable: OnUndecodablePolicy,
    mask: FieldMask,
) -> crate::error::Result<Box<dyn RowReader>> {
    let rows = TopicDecoder::<P::Row>::open(kept, P::FORMAT)
        .map_err(|source| Error::Schema { topic: P::NAME.to_owned(), source })?;
    Ok(Box::new(TopicReader::<P, P::Row>::new(rows, undecodable, mask)))
}

/// The fields of these names, and those that the event time is taken from; or why it has to be every field.
fn mask_of<P: Topic>(names: &[&str]) -> Result<FieldMask, String> {
    let (row, schema) = (P::Row::SCHEMA.name, P::Row::SCHEMA);
    if P::FORMAT == Format::Json {
        return Err("rows of the format `json` are read whole".to_owned());
    }
    if P::Row::DEREFS {
        return Err(format!("`{row}` implements `Deref`, so a field's name may be one of what it derefs to"));
    }
    let Some(of_time) = P::TIME_FIELDS else {
        return Err(format!("the event time of topic `{}` is taken from the whole row", P::NAME));
    };
    let names: Vec<&str> = names.iter().chain(of_time).copied().collect();
    match names.iter().find(|name| schema.field_index(name).is_none()) {
        Some(unknown) => Err(format!("`{unknown}` is no field of `{row}`")),
        None => Ok(schema.mask(&names)),
    }
}

/// Changes what is set of a source, and with it what the source says of itself.
pub(super) fn set(node: NodeId, change: impl FnOnce(&mut SourceNode)) {
    registry::edit(node, |node| {
        let Lowering::Source(source) = &mut node.lowering else { return };
        change(source);
        (node.lines, node.facts) = (lines(source), facts(source));
        node.refused = refused(source);
    });
}

fn refused(source: &SourceNode) -> Option<String> {
    let lateness = source.lateness.filter(|lateness| *lateness < Duration::from_millis(0));
    let idle = source.idle.filter(|idle| *idle < Duration::from_millis(1));
    let ahead = source.ahead.filter(|ahead| *ahead < Duration::from_millis(0));
    lateness
        .map(|lateness| format!("a lateness cannot be negative, and this one is {lateness}"))
        .or(ahead.map(|ahead| {
            format!("how far rows may lie in the future cannot be negative, and this says {ahead}")
        }))
        .or(idle.map(|idle| format!("a partition is idle after 1 ms at least, and this says {idle}")))
}

fn lines(source: &SourceNode) -> Vec<String> {
    let topic = &source.topic;
    let mut lines =
        vec![format!("topic {}, format {}, {} partition(s)", topic.name, topic.format, topic.partitions)];
    if topic.time.is_empty() {
        lines.push("event time: none".to_owned());
    } else {
        let late = source.late_to.as_ref().map_or("dropped and counted".to_owned(), |late| {
            format!("counted, their records to topic {}", late.topic.name)
        });
        let lateness = source
            .lateness
            .map_or("no lateness".to_owned(), |lateness| format!("lateness {lateness}, late rows {late}"));
        lines.push(format!("event time: {}; {lateness}", topic.time));
        let idle = source.idle.map(|idle| format!("partitions: not waited for after {idle} without a row"));
        lines.extend(idle);
        let ahead = source.ahead.map(|ahead| {
            format!("rows more than {ahead} in the future: late, given to nobody, and move no watermark")
        });
        lines.extend(ahead);
    }
    if source.with_meta {
        lines.push("rows come with partition, offset, append time and headers".to_owned());
    }
    lines.push(match &source.dead_letters {
        Some(dead) => format!("undecodable records: counted, and as they are to topic {}", dead.topic.name),
        None => format!("undecodable records: {:?}", source.undecodable).to_lowercase(),
    });
    lines
}

fn facts(source: &SourceNode) -> Vec<(&'static str, String)> {
    let mut facts = source.topic.facts();
    // What becomes of undecodable records may change: no committed row depends on it. So may the time until a partition is
    // idle: that it was is kept with the epochs.
    facts.push(("lateness", source.lateness.map_or("none".to_owned(), |lateness| lateness.to_string())));
    facts.extend(source.ahead.map(|ahead| ("ahead", ahead.to_string())));
    facts
}
