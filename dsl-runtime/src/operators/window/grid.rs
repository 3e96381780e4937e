//! What windows are aligned to: stretches of time side by side, from the Unix epoch or from midnight in a time zone.
//!
//! ```text
//! tumbling(6h).offset(1h)                   01:00   07:00   13:00   19:00   01:00         of UTC
//! tumbling(1d).in_zone("Europe/Berlin")     30 March 00:00   31 March 00:00   1 April 00:00     23 h, as clocks go forward, and 24 h
//! ```
//!
//! # Contract
//! - A stretch is named by its first instant, and ends where the next one begins.
//! - In a time zone a stretch is some days of the calendar, counted from 1 January 1970 there, and an offset is a time of the day: a stretch begins at
//!   the first instant that the zone's clocks show this time or, where they pass over it, at the same time by the clock of before. So it has the length
//!   that these days have there.
//! - Times for which there is no calendar, before the year -9999 and behind 9999, belong to the first and to the last stretch.

use std::cell::Cell;

use jiff::civil::DateTime;

use super::zone::Zone;
use crate::time::{Duration, Timestamp};

/// Stretches of time side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    length: Duration,
    offset: Duration,
    zone: Option<Zone>,
}

/// A stretch: its first instant, and its last one.
type Stretch = (Timestamp, Timestamp);

const DAY: Duration = Duration::from_days(1);

impl Grid {
    /// Stretches of this length from the Unix epoch on.
    pub(super) const fn of(length: Duration) -> Grid {
        Grid { length, offset: Duration::ZERO, zone: None }
    }

    pub(super) fn length(self) -> Duration {
        self.length
    }

    pub(super) fn with_offset(self, offset: Duration) -> Grid {
        Grid { offset, ..self }
    }

    pub(super) fn in_zone(self, zone: Zone) -> Grid {
        Grid { zone: Some(zone), ..self }
    }

    pub(super) fn is_in_a_zone(self) -> bool {
        self.zone.is_some()
    }

    /// Stretches of a part of the length, each of which lies in one of these, where they are not in a time zone.
    pub(super) fn parts(self, length: Duration) -> Grid {
        let offset = self.offset.millis().checked_rem(length.millis()).unwrap_or(0);
        Grid::of(length).with_offset(Duration::from_millis(offset))
    }

    /// What is said of them behind the lengths, as the user writes it.
    pub(super) fn text(self) -> String {
        let offset =
            if self.offset == Duration::ZERO { String::new() } else { format!(".offset({})", self.offset) };
        let zone = self.zone.map_or_else(String::new, |zone| format!(".in_zone(\"{}\")", zone.name()));
        offset + &zone
    }

    /// Why there are none, if there are none: said of the windows. `whole` is what one of them is called.
    pub(super) fn refused(self, whole: &str) -> Option<String> {
        let Grid { length, offset, zone } = self;
        if offset < Duration::ZERO || offset >= length {
            return Some(format!(
                "is shifted by {offset}, and an offset is at least 0s and less than {whole}, which is {length}: the windows come again after that"
            ));
        }
        let zone = zone?;
        if let Some(reason) = zone.refused() {
            return Some(reason);
        }
        (length.millis() % DAY.millis() != 0).then(|| {
            format!(
                "is in a time zone, and {whole} is {length}, which is no number of whole days: an hour is the same in every zone, so leave \
                 `.in_zone(..)` out, and shift the windows by `.offset(..)` where it is not a whole number of hours from UTC"
            )
        })
    }

    /// The stretch that a time lies in.
    #[inline]
    pub(super) fn start_of(self, time: Timestamp) -> Timestamp {
        match self.zone {
            None => {
                let within = time.millis().rem_euclid(self.length.millis()) - self.offset.millis();
                let within = if within < 0 { within + self.length.millis() } else { within };
                Timestamp::from_millis(time.millis().saturating_sub(within))
            }
            Some(zone) => self.stretch_of(zone, time).0,
        }
    }

    /// The last instant of the stretch that begins here: 1 ms before the next one.
    #[inline]
    pub(super) fn last_of(self, start: Timestamp) -> Timestamp {
        match self.zone {
            None => Timestamp::from_millis(start.millis().saturating_add(self.length.millis() - 1)),
            Some(zone) => self.stretch_of(zone, start).1,
        }
    }

    /// The first instant behind the stretch that begins here.
    pub(super) fn end_of(self, start: Timestamp) -> Timestamp {
        match self.zone {
            None => start + self.length,
            Some(zone) => self.stretch_of(zone, start).1 + Duration::from_millis(1),
        }
    }

    /// The stretch so many behind this one, or before it; the last or the first one where time ends.
    pub(super) fn moved(self, start: Timestamp, by: i64) -> Timestamp {
        match self.zone {
            None => {
                let by = self.length.millis().saturating_mul(by);
                self.start_of(Timestamp::from_millis(start.millis().saturating_add(by)))
            }
            Some(zone) => {
                let at = self.number_of(zone, start).saturating_add(by);
                self.boundary(zone, at).map_or(start, |(start, _)| start)
            }
        }
    }

    /// The stretch that a time lies in, by the calendar of a zone. That of the times before is remembered.
    fn stretch_of(self, zone: Zone, time: Timestamp) -> Stretch {
        thread_local! {
            static LAST: Cell<[Option<(Grid, Stretch)>; 4]> = const { Cell::new([None; 4]) };
        }
        let known = LAST.get();
        let is_it =
            |(grid, (first, last)): &(Grid, Stretch)| *grid == self && (*first..=*last).contains(&time);
        if let Some((_, stretch)) = known.iter().flatten().find(|known| is_it(known)) {
            return *stretch;
        }
        let number = self.number_of(zone, time);
        let stretch = self.boundary(zone, number).unwrap_or((Timestamp::MIN, Timestamp::MAX));
        LAST.set([Some((self, stretch)), known[0], known[1], known[2]]);
        stretch
    }

    /// The number of the stretch that a time lies in: the last one that begins by then.
    fn number_of(self, zone: Zone, time: Timestamp) -> i64 {
        let by_calendar = (zone.shown_at(time) - self.offset.millis()).div_euclid(self.length.millis());
        // Where clocks are changed, the calendar's may begin a little later, or one may be passed over.
        let begins = |number: i64| self.begins(zone, number);
        let mut number = by_calendar;
        while begins(number).is_some_and(|start| start > time) {
            number -= 1;
        }
        while begins(number + 1).is_some_and(|start| start <= time) {
            number += 1;
        }
        number
    }

    /// When a stretch begins; `None` for one that no calendar has.
    fn begins(self, zone: Zone, number: i64) -> Option<Timestamp> {
        zone.first_shown(number.checked_mul(self.length.millis())?.checked_add(self.offset.millis())?)
    }

    /// First and last instant of the stretch of this number.
    fn boundary(self, zone: Zone, number: i64) -> Option<Stretch> {
        let (start, end) = (self.begins(zone, number), self.begins(zone, number.checked_add(1)?));
        match (start, end) {
            (None, None) => None,
            (start, end) => Some((start.unwrap_or(Timestamp::MIN), end.map_or(Timestamp::MAX, last_before))),
        }
    }
}

/// The last instant before this one.
fn last_before(end: Timestamp) -> Timestamp {
    end - Duration::from_millis(1)
}

/// Milliseconds of a calendar's date and time since 1 January 1970, 0:00, of the same calendar.
pub(super) fn millis_of(shown: DateTime) -> i64 {
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    let since = shown.duration_since(epoch);
    since.as_secs() * 1_000 + i64::from(since.subsec_millis())
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;
    use jiff::tz::TimeZoneDatabase;
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn stretches_are_aligned_to_the_unix_epoch_and_their_offset_before_it_too() {
        let ten = Grid::of(Duration::from_millis(10));
        let start = |time| ten.start_of(at(time)).millis();
        assert_eq!(
            [start(-11), start(-10), start(-1), start(0), start(9), start(10)],
            [-20, -10, -10, 0, 0, 10]
        );
        assert_eq!(start(i64::MIN), i64::MIN);
        assert_eq!(ten.last_of(at(i64::MAX - 3)), Timestamp::MAX);
        let shifted = ten.with_offset(Duration::from_millis(3));
        let start = |time| shifted.start_of(at(time)).millis();
        assert_eq!([start(-8), start(-7), start(2), start(3), start(12), start(13)], [-17, -7, -7, 3, 3, 13]);
    }

    proptest! {
        #[test]
        fn a_stretch_holds_its_times_and_the_next_one_follows(
            length in 1..50_i64,
            offset in 0..50_i64,
            time in -500..500_i64,
        ) {
            prop_assume!(offset < length);
            let grid = Grid::of(Duration::from_millis(length)).with_offset(Duration::from_millis(offset));
            let start = grid.start_of(at(time));
            prop_assert_eq!((start.millis() - offset).rem_euclid(length), 0);
            prop_assert!(start <= at(time) && at(time) <= grid.last_of(start));
            prop_assert_eq!(grid.moved(start, 1), grid.end_of(start));
            prop_assert_eq!(grid.moved(grid.end_of(start), -1), start);
        }
    }

    const ZONES: [&str; 7] = [
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        // Clocks go forward at midnight, so that some days begin at 1:00.
        "America/Sao_Paulo",
        "Africa/Cairo",
        // 30 December 2011 was left out.
        "Pacific/Apia",
    ];

    /// The days that begin in these years, by jiff's calendar.
    fn days(zone: &str, years: std::ops::Range<i16>, offset_hours: i64) -> Vec<Timestamp> {
        let zone = TimeZoneDatabase::bundled().get(zone).unwrap();
        let (mut day, mut starts) = (date(years.start, 1, 1), Vec::new());
        while day.year() < years.end {
            let shown = day.at(0, 0, 0, 0).saturating_add(offset_hours.hours());
            starts.push(at(zone.to_timestamp(shown).unwrap().as_millisecond()));
            day = day.tomorrow().unwrap();
        }
        starts.dedup();
        starts
    }

    #[test]
    fn days_in_a_zone_begin_as_the_calendar_says_whatever_clocks_are_changed() {
        for zone in ZONES {
            for offset_hours in [0, 2, 6] {
                let days = days(zone, 2010..2026, offset_hours);
                let grid =
                    Grid::of(DAY).with_offset(Duration::from_hours(offset_hours)).in_zone(Zone::named(zone));
                assert_eq!(grid.refused("a day"), None);
                for pair in days.windows(2) {
                    let (start, end) = (pair[0], pair[1]);
                    let hour = Duration::from_hours(1);
                    for time in [start, start + hour, start + (end - start) - hour, last_before(end)] {
                        assert_eq!(
                            (grid.start_of(time), grid.last_of(start)),
                            (start, last_before(end)),
                            "{zone} {time}"
                        );
                    }
                }
                let lengths: std::collections::BTreeSet<i64> =
                    days.windows(2).map(|pair| (pair[1] - pair[0]).millis() / 60_000).collect();
                let expected: &[i64] = match zone {
                    "Asia/Kathmandu" => &[1440],
                    "Australia/Lord_Howe" => &[1410, 1440, 1470],
                    _ => &[1380, 1440, 1500],
                };
                assert!(
                    lengths.iter().all(|length| expected.contains(length)),
                    "{zone}: {lengths:?} minutes"
                );
            }
        }
    }

    #[test]
    fn stretches_of_several_days_go_on_over_changed_clocks() {
        let week = Grid::of(Duration::from_days(7))
            .with_offset(Duration::from_days(4))
            .in_zone(Zone::named("Europe/Berlin"));
        let of = |text: &str| text.parse::<Timestamp>().unwrap();
        // Mondays: 24 March 2025 in winter, 31 March in summer.
        let start = week.start_of(of("2025-03-30T12:00:00Z"));
        assert_eq!((start, week.end_of(start)), (of("2025-03-23T23:00:00Z"), of("2025-03-30T22:00:00Z")));
        assert_eq!(week.moved(start, 1), week.end_of(start));
        assert_eq!(week.moved(start, 2), of("2025-04-06T22:00:00Z"));
        assert_eq!(week.moved(start, -1), of("2025-03-16T23:00:00Z"));
    }

    #[test]
    fn times_without_a_calendar_lie_in_the_outermost_stretches() {
        let days = Grid::of(DAY).in_zone(Zone::named("Europe/Berlin"));
        for time in [Timestamp::MIN, Timestamp::MAX, at(i64::MIN / 2), at(i64::MAX / 2)] {
            let start = days.start_of(time);
            assert!(
                start <= time && time <= days.last_of(start),
                "{time}: {start} to {}",
                days.last_of(start)
            );
            assert!(days.moved(start, 1) >= start && days.moved(start, -1) <= start);
        }
    }
}
