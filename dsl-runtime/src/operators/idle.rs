//! `idle`: after how long nobody waits for a partition that brings nothing.

use super::source;
use crate::handles::{EventTime, Source, TakesIdle, Topic};
use crate::time::Duration;

impl<P: Topic, E: EventTime, T> Source<P, E, T> {
    /// After how long nobody waits for a partition that brings nothing. Without it, never: windows close when the watermark of
    /// *every* partition has passed their end, so that one silent partition keeps all of them open.
    ///
    /// From 1 ms on; less is refused before anything is read. The time is the clock's, and counts only while the pipeline runs
    /// and has read all that the partition has. A partition that is idle is left out, and the least watermark of the others
    /// counts. If all are idle, it is the greatest of theirs, and stays there; it never goes back.
    ///
    /// A row that comes after all ends that. It is judged by its own partition's watermark as ever, but this begins where
    /// operators have come without it: what they have closed stays closed, and a row that belongs there is late.
    ///
    /// When a partition becomes idle, and when it is back, depends on the clock. Both are part of an epoch and kept with it, so
    /// that nothing computed again after a crash is different.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Ride { zone: u64, at: Timestamp }
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct ZoneMinute { zone: u64, from: Timestamp, rides: u64 }
    /// # fn ride(zone: u64, second: i64) -> Ride { Ride { zone, at: Timestamp::from_millis(second * 1000) } }
    /// topics! {
    ///     Rides("rides"): Ride { key: zone, time: at, partitions: 2 }
    ///     ZoneMinutes("zone-minutes"): ZoneMinute { key: zone }
    /// }
    ///
    /// #[pipeline]
    /// fn zone_minutes() {
    ///     let rides = source(Rides).lateness(0s).late_drop().idle(30s);
    ///     let per_minute = rides
    ///         .group_by(|r| r.zone)
    ///         .window(tumbling(1m))
    ///         .select(|w, r| ZoneMinute { zone: w.key(), from: w.start(), rides: count() });
    ///     per_minute.sink(ZoneMinutes);
    /// }
    ///
    /// let mut t = zone_minutes().test();
    /// t.push_all(Rides, [ride(1, 5), ride(1, 70)]); // all in one of the two partitions
    /// assert_eq!(t.rows(ZoneMinutes).len(), 0); // the other might still bring older ones
    /// t.advance_clock(Duration::from_secs(30));
    /// t.push(Rides, ride(1, 71));
    /// assert_eq!(t.rows(ZoneMinutes).len(), 1);
    /// ```
    ///
    /// # State
    /// For each partition whether it is idle, and where its watermark began when it came back, for ever.
    pub fn idle(self, after: Duration) -> Source<P, E, T>
    where
        E: TakesIdle,
    {
        source::set(self.node(), |source| source.idle = Some(after));
        self
    }
}
