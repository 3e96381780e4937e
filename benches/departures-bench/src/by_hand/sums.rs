//! What is counted of an hour of an airport, and the table in which a worker adds up the rows of an epoch.

use hashbrown::{Equivalent, HashMap};
use serde::{Deserialize, Serialize};
use waterwheel::Timestamp;

use crate::pipeline::AirportHour;

/// The counts of an hour of an airport, or of a part of its rows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Sums {
    scheduled: u64,
    departed: u64,
    delay: i64,
    delays: u64,
}

/// Sums by hour and airport. The hash is hashbrown's own, which is made for speed.
#[derive(Default)]
pub(super) struct Table(HashMap<Key, Sums>);

/// An hour of an airport.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) hour: i64,
    pub(super) origin: String,
}

/// The same, borrowed: a row that meets a key for the second time copies nothing.
#[derive(Hash)]
pub(super) struct KeyRef<'a> {
    pub(super) hour: i64,
    pub(super) origin: &'a str,
}

impl Equivalent<Key> for KeyRef<'_> {
    #[inline]
    fn equivalent(&self, key: &Key) -> bool {
        self.hour == key.hour && self.origin == key.origin
    }
}

impl Table {
    /// Adds a flight to its hour.
    #[inline]
    pub(super) fn add(&mut self, key: &KeyRef<'_>, departed: bool, delay: Option<i16>) {
        if let Some(sums) = self.0.get_mut(key) {
            sums.add(departed, delay);
            return;
        }
        let owned = Key { hour: key.hour, origin: key.origin.to_owned() };
        self.0.entry(owned).or_default().add(departed, delay);
    }

    /// Empties the table, and keeps its memory.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Key, Sums)> + '_ {
        self.0.drain()
    }
}

impl Sums {
    #[inline]
    fn add(&mut self, departed: bool, delay: Option<i16>) {
        self.scheduled += 1;
        self.departed += u64::from(departed);
        if let Some(delay) = delay {
            self.delay += i64::from(delay);
            self.delays += 1;
        }
    }

    /// Adds other flights of the same hour.
    pub(super) fn merge(&mut self, other: &Sums) {
        self.scheduled += other.scheduled;
        self.departed += other.departed;
        self.delay += other.delay;
        self.delays += other.delays;
    }

    /// The result row.
    pub(super) fn row(self, origin: String, hour: i64) -> AirportHour {
        AirportHour {
            origin,
            hour: Timestamp::from_millis(hour),
            scheduled: self.scheduled,
            departed: self.departed,
            cancelled: self.scheduled - self.departed,
            mean_delay: (self.delays > 0).then(|| self.delay as f64 / self.delays as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_borrowed_key_finds_and_makes_the_owned_one() {
        let mut table = Table::default();
        let key = KeyRef { hour: 7, origin: "EWR" };
        table.add(&key, true, Some(2));
        table.add(&key, false, None);
        let mut rows = table.drain().map(|(key, sums)| sums.row(key.origin, key.hour));
        let row = rows.next().unwrap();
        assert_eq!((row.scheduled, row.departed, row.cancelled, row.mean_delay), (2, 1, 1, Some(2.0)));
        assert!(rows.next().is_none());
    }
}
