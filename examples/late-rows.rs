//! Rows that come late: how long they are waited for, and where they go after that.
//!
//! Run it with `cargo run --example late-rows`.

use std::error::Error;
use std::path::Path;

use waterwheel::prelude::*;

/// What a thermometer measured.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Reading {
    sensor: String,
    degrees: f64,
    at: Timestamp,
}

/// What a thermometer measured in ten minutes.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct TenMinutes {
    sensor: String,
    from: Timestamp,
    readings: u64,
    mean: f64,
}

topics! {
    pub(crate) Readings("readings"): Reading { key: sensor, time: at }
    pub(crate) Means("means"): TenMinutes { key: sensor, time: from }
    /// Not lost, and not in any mean: somebody may look at them, or a pipeline may.
    pub(crate) LateReadings("late-readings"): Reading { key: sensor, time: at }
}

/// Means of ten minutes. Each is told a minute after its end, by event time; what comes behind that goes to a topic of its own.
#[pipeline]
pub(crate) fn means() {
    let readings = source(Readings).lateness(1m).late_to(LateReadings);
    let ten_minutes = readings.group_by(|r| r.sensor).window(tumbling(10m)).select(|w, r| TenMinutes {
        sensor: w.key(),
        from: w.start(),
        readings: count(),
        mean: mean(r.degrees),
    });
    ten_minutes.sink(Means);
}

/// A reading of the roof's thermometer, `minute` minutes after noon.
pub(crate) fn reading(minute: i64, degrees: f64) -> Reading {
    let noon: Timestamp = "2026-06-01T12:00:00Z".parse().expect("this is a time");
    Reading { sensor: "roof".to_owned(), degrees, at: noon + Duration::from_mins(minute) }
}

/// The means, and the late readings.
pub(crate) fn run(dir: &Path) -> waterwheel::Result<(Vec<TenMinutes>, Vec<Reading>)> {
    let store = Store::open(dir)?;
    let readings = TypedTopic::open(&store, Readings)?;
    // That of the 9th minute comes behind that of the 10th, which is less than the lateness. That of the 2nd minute comes when
    // the ten minutes to which it belongs have been told.
    readings.append(&[
        reading(1, 20.0),
        reading(10, 22.0),
        reading(9, 21.0),
        reading(12, 23.0),
        reading(2, 90.0),
    ])?;
    means().start(&store, RunOptions::new().close())?.wait()?;

    let means = TypedTopic::open(&store, Means)?.rows().collect::<waterwheel::Result<_>>()?;
    let late = TypedTopic::open(&store, LateReadings)?.rows().collect::<waterwheel::Result<_>>()?;
    Ok((means, late))
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let (means, late) = run(dir.path())?;
    for mean in means {
        println!(
            "{} from {}: {:.1} degrees, the mean of {}",
            mean.sensor, mean.from, mean.mean, mean.readings
        );
    }
    for reading in late {
        println!("too late: {} at {}: {:.1} degrees", reading.sensor, reading.at, reading.degrees);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_behind_the_lateness_is_in_no_window_but_in_the_topic_of_late_rows() {
        let (means, late) = run(tempfile::tempdir().unwrap().path()).unwrap();
        assert_eq!(
            means.iter().map(|mean| (mean.readings, mean.mean)).collect::<Vec<_>>(),
            [(2, 20.5), (2, 22.5)]
        );
        assert_eq!(late, [reading(2, 90.0)]);
    }

    #[test]
    fn in_another_order_it_is_not_late() {
        let mut t = means().test();
        t.push_all(Readings, [reading(1, 20.0), reading(2, 90.0), reading(12, 23.0)]);
        t.close();
        assert_eq!(t.rows(Means)[0].readings, 2);
        assert_eq!(t.rows(LateReadings), []);
    }
}
