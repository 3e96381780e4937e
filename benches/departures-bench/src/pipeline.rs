//! The pipeline that is measured: the one of the example `departures`, word for word.

use waterwheel::prelude::*;

use crate::flight::Flight;

/// What left an airport in an hour.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct AirportHour {
    pub(crate) origin: String,
    pub(crate) hour: Timestamp,
    pub(crate) scheduled: u64,
    pub(crate) departed: u64,
    pub(crate) cancelled: u64,
    pub(crate) mean_delay: Option<f64>,
}

topics! {
    pub(crate) Flights("flights"): Flight {
        key: carrier,
        time: |f| f.time_hour + Duration::from_mins(i64::from(f.minute)),
        partitions: 4,
    }
    pub(crate) DeparturesPerHour("departures-per-hour"): AirportHour { key: origin, time: hour }
}

/// Counts each airport's departures by the hour they were scheduled for.
#[pipeline]
pub(crate) fn departures() {
    let flights = source(Flights).lateness(24h).late_drop();

    let per_hour = flights.group_by(|f| f.origin).window(tumbling(1h)).select(|w, f| AirportHour {
        origin: w.key(),
        hour: w.start(),
        scheduled: count(),
        departed: count_if(f.dep_time.is_some()),
        cancelled: count_if(f.dep_time.is_none()),
        mean_delay: mean(f.dep_delay),
    });

    per_hour.sink(DeparturesPerHour);
}

#[cfg(test)]
mod tests {
    /// The statements of the pipeline, however they are laid out.
    fn statements(file: &str) -> String {
        let (_, body) =
            file.split_once("let flights = source(").expect("the pipeline begins with its source");
        let (body, _) = body.split_once("per_hour.sink(").expect("the pipeline ends with its sink");
        body.split_whitespace().collect()
    }

    #[test]
    fn it_is_the_pipeline_of_the_example() {
        let example = statements(include_str!("../../../examples/departures/main.rs"));
        assert_eq!(statements(include_str!("pipeline.rs")), example);
    }
}
