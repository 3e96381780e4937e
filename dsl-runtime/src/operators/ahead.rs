//! `ahead`: how far rows may lie in the future.

use super::source;
use crate::handles::{EventTime, Source, TakesAhead, Topic};
use crate::time::Duration;

impl<P: Topic, E: EventTime, T> Source<P, E, T> {
    /// How far a row may lie in the future. Without it, as far as it likes: a single row with a wrong date moves its partition's watermark
    /// there, and whatever comes after it is late.
    ///
    /// From 0 on, in milliseconds; less is refused before anything is read. A row whose event time is later than the clock and that much is
    /// *ahead*: the source gives it to no operator, also to none without windows, and it moves no watermark. It counts as late, in
    /// [`Summary::rows_late`](crate::Summary::rows_late), and by its cause in
    /// [`OperatorSummary::rows_ahead`](crate::OperatorSummary::rows_ahead) of the source. With [`late_to`](Source::late_to) the record is
    /// written there, with these headers beside its place and the watermark:
    ///
    /// | header | value |
    /// |---|---|
    /// | `waterwheel.cause` | `ahead` |
    /// | `waterwheel.operator` | the source: its `let` and its kind, `payments/source` |
    /// | `waterwheel.clock` | the clock that it was measured by, in milliseconds since the Unix epoch |
    ///
    /// The clock is read once for each epoch and kept with it, so that nothing computed again after a crash is different. A row that is not
    /// ahead any more when a pipeline reads it for the first time, because it was behind, is a row like others.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # topics! {
    /// #     LatePayments("late-payments"): Payment { key: card, time: at }
    /// # }
    /// #[pipeline]
    /// fn card_minutes() {
    ///     let payments = source(Payments).lateness(10s).ahead(1h).late_to(LatePayments);
    ///     let per_minute = payments
    ///         .group_by(|p| p.card)
    ///         .window(tumbling(1m))
    ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
    ///     per_minute.sink(CardMinutes);
    /// }
    ///
    /// let mut t = card_minutes().test(); // whose clock stands at the beginning of the year 2000
    /// let of_2099 = payment(1, 999, 4_070_908_800);
    /// t.push_all(Payments, [payment(1, 250, 5), of_2099.clone(), payment(1, 100, 65), payment(1, 1, 131)]);
    /// assert_eq!(t.rows(CardMinutes), [minute(1, 0, 250, 1), minute(1, 60, 100, 1)]);
    /// assert_eq!((t.rows(LatePayments), t.late()), (vec![of_2099], 1));
    /// ```
    ///
    /// # State
    /// None. The clock's reading is kept with each epoch.
    pub fn ahead(self, most: Duration) -> Source<P, E, T>
    where
        E: TakesAhead,
    {
        source::set(self.node(), |source| source.ahead = Some(most));
        self
    }
}
