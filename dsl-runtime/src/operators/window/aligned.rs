//! `.offset(..)` and `.in_zone(..)`: what windows are aligned to, where it is not the Unix epoch in UTC.

use super::zone::Zone;
use super::{Cumulate, Sliding, Tumbling};
use crate::time::Duration;

/// What every kind of aligned windows says of it.
macro_rules! aligned {
    ($($windows:ty: $hours:literal, $days:literal, $of:literal;)*) => {$(
        impl $windows {
            /// The same windows, shifted: they begin so much after a multiple of their length since the Unix epoch.
            ///
            #[doc = concat!("`", $hours, ".offset(15m)` begins a quarter past the hour. An offset is at least 0 s and less than ", $of, ",")]
            /// as windows come again after that; another one is refused before anything is read, and does not build where both are written out.
            ///
            /// ```
            /// use waterwheel::prelude::*;
            /// # use waterwheel_samples::*;
            ///
            /// #[pipeline]
            /// fn shifted() {
            ///     let payments = source(Payments).lateness(0s).late_drop();
            ///     let shifted = payments
            ///         .group_by(|p| p.card)
            #[doc = concat!("         .window(", $hours, ".offset(15m))")]
            ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
            ///     shifted.sink(CardMinutes);
            /// }
            ///
            /// let mut t = shifted().test();
            /// t.push_all(Payments, [payment(1, 250, 14 * 60), payment(1, 100, 16 * 60)]);
            /// t.close();
            /// let starts = t.rows(CardMinutes).into_iter().map(|row| row.from.millis() / 60_000);
            /// assert!(starts.clone().all(|minute| minute.rem_euclid(15) == 0 && minute % 60 != 0));
            /// assert!(starts.count() >= 2);
            /// ```
            pub fn offset(self, offset: Duration) -> Self {
                self.shifted(offset)
            }

            /// The same windows by the calendar of a time zone: days begin at midnight there.
            ///
            #[doc = concat!("`", $days, ".in_zone(\"Europe/Berlin\")` goes by the days of Berlin, of which one has 23 hours and one 25 where clocks are")]
            /// changed. Lengths are whole days there, counted from 1 January 1970; several days, such as weeks, begin where an offset says,
            #[doc = concat!("and a day that begins at six in the morning is `.offset(6h)`. ", $of, " is the length that counts.")]
            ///
            /// The name is one of the IANA database, which is built in, so that windows are the same on every machine. One that there is not is
            /// refused before anything is read. The zone is part of what the pipeline is, as the lengths are.
            ///
            /// ```
            /// use waterwheel::prelude::*;
            /// # use waterwheel_samples::*;
            ///
            /// #[pipeline]
            /// fn days() {
            ///     let payments = source(Payments).lateness(0s).late_drop();
            ///     let days = payments
            ///         .group_by(|p| p.card)
            #[doc = concat!("         .window(", $days, ".in_zone(\"Europe/Berlin\"))")]
            ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
            ///     days.sink(CardMinutes);
            /// }
            ///
            /// let mut t = days().test();
            /// t.push(Payments, payment(1, 250, 0));
            /// t.close();
            /// // In Berlin, 1970 began an hour earlier.
            /// assert!(t.rows(CardMinutes).iter().all(|row| row.from.millis().rem_euclid(86_400_000) == 23 * 3_600_000));
            /// ```
            pub fn in_zone(self, name: impl AsRef<str>) -> Self {
                self.of_zone(Zone::named(name.as_ref()))
            }
        }
    )*};
}

aligned! {
    Tumbling: "tumbling(1h)", "tumbling(1d)", "the size";
    Sliding: "sliding(2h, 1h)", "sliding(7d, 1d)", "the slide";
    Cumulate: "cumulate(1h, 30m)", "cumulate(1d, 1h)", "the longest window";
}

impl Tumbling {
    fn shifted(self, offset: Duration) -> Self {
        Tumbling { windows: self.windows.with_offset(offset) }
    }

    fn of_zone(self, zone: Zone) -> Self {
        Tumbling { windows: self.windows.in_zone(zone) }
    }
}

impl Sliding {
    fn shifted(self, offset: Duration) -> Self {
        Sliding { panes: self.panes.with_offset(offset), ..self }
    }

    fn of_zone(self, zone: Zone) -> Self {
        Sliding { panes: self.panes.in_zone(zone), ..self }
    }
}

impl Cumulate {
    fn shifted(self, offset: Duration) -> Self {
        let whole = self.whole.with_offset(offset);
        Cumulate { whole, steps: whole.parts(self.step), ..self }
    }

    fn of_zone(self, zone: Zone) -> Self {
        Cumulate { whole: self.whole.in_zone(zone), ..self }
    }
}
