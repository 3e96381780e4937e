//! What the terminal shows: a row for each zone, a column for each minute.

use std::fmt::Write;

use waterwheel::{Duration, Timestamp};

use super::{Busiest, ZoneMinute};

/// From few rides to many.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// As many minutes as a terminal has room for.
const MOST_MINUTES: i64 = 90;

/// Rides by zone and minute as bars, of the last minutes; under each tenth minute stands its time.
pub(crate) fn chart(rows: &[ZoneMinute]) -> String {
    let Some(last) = rows.iter().map(|row| row.minute).max() else {
        return "no minute is over yet\n".to_owned();
    };
    let earliest = last - Duration::from_mins(MOST_MINUTES - 1);
    let rows: Vec<&ZoneMinute> = rows.iter().filter(|row| row.minute >= earliest).collect();
    let first = rows.iter().map(|row| row.minute).min().expect("the last row is among them");
    let column = |at: Timestamp| ((at - first).millis() / 60_000) as usize;
    let most = rows.iter().map(|row| row.rides).max().unwrap_or(1);
    let mut zones: Vec<&str> = rows.iter().map(|row| row.zone.as_str()).collect();
    zones.sort_unstable();
    zones.dedup();
    let mut text = format!("Rides a minute and zone, from none to {most} (█):\n\n");
    for zone in zones {
        let of_zone = || rows.iter().filter(|row| row.zone == zone);
        let mut bars = vec![BARS[0]; column(last) + 1];
        of_zone().for_each(|row| bars[column(row.minute)] = bar(row.rides, most));
        let (bars, rides): (String, u64) = (bars.iter().collect(), of_zone().map(|row| row.rides).sum());
        writeln!(text, "{zone:>12} {bars} {rides:>6}").expect("writing into a text does not fail");
    }
    let labels: String =
        (0..=column(last)).step_by(10).map(|minute| format!("{:<10}", clock(first, minute))).collect();
    text + &format!("{:>12} {}\n", "", labels.trim_end())
}

/// The busiest zones of every tenth minute.
pub(crate) fn busiest(rows: &[Busiest]) -> String {
    let Some(first) = rows.iter().map(|row| row.minute).min() else { return String::new() };
    let mut text = "The busiest zones of every tenth minute:\n\n".to_owned();
    let mut every_tenth: Vec<&Busiest> =
        rows.iter().filter(|row| (row.minute - first).millis() % 600_000 == 0).collect();
    every_tenth.sort_by_key(|row| (row.minute, row.rank));
    for row in every_tenth {
        let minute = if row.rank == 1 { clock(row.minute, 0) } else { String::new() };
        writeln!(text, "{minute:>12} {}. {} ({} rides)", row.rank, row.zone, row.rides)
            .expect("writing into a text does not fail");
    }
    text
}

/// Some rides are never shown as none.
fn bar(rides: u64, most: u64) -> char {
    let steps = (BARS.len() - 1) as u64;
    BARS[(rides * steps).div_ceil(most.max(1)) as usize]
}

/// Hour and minute, so many minutes behind a time.
fn clock(from: Timestamp, minutes: usize) -> String {
    let minutes = from.millis() / 60_000 + minutes as i64;
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}
