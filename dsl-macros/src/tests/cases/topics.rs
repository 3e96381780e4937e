/// Flights as scheduled.
pub Flights("flights"): Flight { key: carrier, time: |f| f.time_hour + f.minute_of_hour(), partitions: 4 }
pub(crate) DeparturesPerHourTopic("departures-per-hour"): DeparturesPerHour { key: (origin, hour), time: hour, format: json }
Plain("plain"): Plain {}
