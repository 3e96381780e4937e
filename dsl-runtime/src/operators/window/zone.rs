//! Time zones by name, from the data that is built in.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp as Instant, civil::DateTime};

use super::grid::millis_of;
use crate::time::Timestamp;

/// A time zone that somebody has named, whether there is one of that name or not. It is free to copy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zone(&'static Named);

#[derive(Debug)]
struct Named {
    /// As the database writes it; as it was given, if there is none.
    name: String,
    zone: Option<TimeZone>,
}

/// The database that is built in, so that windows are the same on every machine.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        std::ptr::eq(self.0, other.0) || self.name() == other.name()
    }
}
impl Eq for Zone {}

impl Zone {
    /// The zone of this name of the IANA database. Each name that a program gives is kept as long as it runs.
    pub(super) fn named(name: &str) -> Zone {
        static NAMED: Mutex<BTreeMap<String, Zone>> = Mutex::new(BTreeMap::new());
        let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
        *named.entry(name.to_owned()).or_insert_with(|| {
            let zone = DATABASE.get(name).ok();
            let name = zone.as_ref().and_then(TimeZone::iana_name).unwrap_or(name).to_owned();
            Zone(Box::leak(Box::new(Named { name, zone })))
        })
    }

    pub(super) fn name(self) -> &'static str {
        &self.0.name
    }

    /// Why there is none, said of the windows.
    pub(super) fn refused(self) -> Option<String> {
        if self.0.zone.is_some() {
            return None;
        }
        let asked = self.name().to_lowercase();
        let city = |name: &str| name.rsplit('/').next().unwrap_or(name).to_lowercase();
        let same_city: Vec<String> = DATABASE
            .available()
            .map(|known| known.as_str().to_owned())
            .filter(|known| known.contains('/') && city(known) == city(&asked))
            .collect();
        let example = same_city.first().map_or("Europe/Berlin", String::as_str);
        Some(format!(
            "is in the time zone `{}`, and there is none of that name: take a name of the IANA database, such as `{example}`",
            self.name()
        ))
    }

    /// What the zone's clocks show at a time, in milliseconds since they showed 1 January 1970, 0:00; the nearest that a calendar has.
    pub(super) fn shown_at(self, time: Timestamp) -> i64 {
        let time = Instant::from_millisecond(time.millis()).unwrap_or(if time.millis() < 0 {
            Instant::MIN
        } else {
            Instant::MAX
        });
        self.0.zone.as_ref().map_or(0, |zone| millis_of(zone.to_datetime(time)))
    }

    /// The first instant at which the zone's clocks show this; where they pass over it, that at which they would have. `None` where no
    /// calendar has it.
    pub(super) fn first_shown(self, millis: i64) -> Option<Timestamp> {
        let shown = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        let shown = shown.checked_add(jiff::SignedDuration::from_millis(millis)).ok()?;
        let at = self.0.zone.as_ref()?.to_timestamp(shown).ok()?;
        Some(Timestamp::from_millis(at.as_millisecond()))
    }
}
