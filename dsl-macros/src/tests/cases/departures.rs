/// Counts the departures of each hour.
pub fn departures(limit: u32) {
    let flights = source(Flights).lateness(24h).late_drop();

    let per_hour = flights
        .filter(|f| f.dep_delay < limit)
        .group_by(|f| f.origin)
        .window(tumbling(1h))
        .select(|w, f| DeparturesPerHour {
            origin: w.key(),
            hour: w.start(),
            scheduled: count(),
            departed: count_if(f.dep_time.is_some()),
            cancelled: count() - count_if(f.dep_time.is_some()),
            mean_delay: mean(f.dep_delay),
        });

    per_hour.sink(DeparturesPerHourTopic);
}
