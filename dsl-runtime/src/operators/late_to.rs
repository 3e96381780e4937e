//! `late_to`: what is late goes to a topic.

use super::sink::sink_of;
use super::source;
use crate::handles::{EventTime, Source, TakesLateness, Topic};

/// The topic's rows are of the type of the source's: `Own` is the topic's, and `T` the source's.
#[diagnostic::on_unimplemented(
    message = "the late records of this source are `{T}` rows, and topic `{Self}` holds `{Own}` rows",
    label = "this topic's rows are not the source's",
    note = "what is late is written as the source has it: declare a topic for it, `topics! {{ LateRows(\"late-rows\"): {T} {{ .. }} }}`"
)]
pub trait HoldsLateRows<T, Own> {}

#[diagnostic::do_not_recommend]
impl<P: Topic, T> HoldsLateRows<T, T> for P {}

impl<P: Topic, E: EventTime, T> Source<P, E, T> {
    /// Late rows are dropped by the operator they are late for, and counted, as with [`late_drop`](Source::late_drop); and the
    /// *records* that they came in are written to this topic, in the commit of the epoch that has read them: each once, whatever
    /// happens to the process.
    ///
    /// A record is written once for each operator that dropped it. It is what the source holds, with every field, whatever
    /// operators in between have made of it. If a [`flat_map`](crate::dsl::Stream::flat_map) made several rows of it, it is
    /// written if the operator has dropped all of them. Rows that operators have made of several, such as those of windows, are
    /// no records of a source: if they are late, they are counted and no more; and so is what nobody had waited for, as it stood in an
    /// operator whose partitions were [`idle`](Source::idle).
    ///
    /// The topic is one of the source's own row type, and no other stream of the pipeline is written to it; it may have another
    /// key, format and number of partitions. Each record has these headers:
    ///
    /// | header | value |
    /// |---|---|
    /// | `waterwheel.cause` | `late` |
    /// | `waterwheel.operator` | the operator that dropped it: its `let` and its kind, `per_minute/window` |
    /// | `waterwheel.watermark` | the watermark of its partition before it, in milliseconds since the Unix epoch |
    /// | `waterwheel.topic`, `waterwheel.partition`, `waterwheel.offset` | where it is in the source |
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # topics! {
    /// #     LatePayments("late-payments"): Payment { key: card, time: at }
    /// # }
    /// #[pipeline]
    /// fn card_minutes() {
    ///     let payments = source(Payments).lateness(10s).late_to(LatePayments);
    ///     let per_minute = payments
    ///         .filter(|p| p.cents > 0)
    ///         .group_by(|p| p.card)
    ///         .window(tumbling(1m))
    ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
    ///     per_minute.sink(CardMinutes);
    /// }
    ///
    /// let mut t = card_minutes().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(1, 100, 70), payment(1, 50, 59)]);
    /// assert_eq!(t.rows(LatePayments), [payment(1, 50, 59)]);
    /// assert_eq!((t.rows(CardMinutes), t.late()), (vec![minute(1, 0, 250, 1)], 1));
    /// ```
    ///
    /// # State
    /// None. What is late is read again from the source's topic, which keeps it as long as the pipeline may have to.
    ///
    /// # Errors
    /// A record of which a field cannot be decoded that no operator reads is met here for the first time: what becomes of it is
    /// said by [`undecodable`](Source::undecodable). A run stops with [`Error::InputGone`](crate::Error::InputGone) if the record
    /// is not there any more, which takes hands that reach around the store.
    pub fn late_to<L>(self, topic: L) -> Source<P, E::WithLatePolicy, T>
    where
        L: Topic + HoldsLateRows<P::Row, L::Row>,
        E: TakesLateness,
    {
        let _ = topic;
        source::set(self.node(), |source| source.late_to = Some(Box::new(sink_of::<L>())));
        self.cast()
    }
}
