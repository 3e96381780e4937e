//! What is late is read again from its source: bad values, deletion, another schema.

use super::*;

#[pipeline]
pub(super) fn counted_parts() {
    let visits = source(CountedVisits).lateness(5s).late_to(LateVisits).undecodable(skip);
    let parts = visits.group_by(|v| v.user).window(tumbling(20s)).select(|w, v| Sum {
        user: w.key(),
        from: w.start(),
        n: count(),
    });
    parts.sink(Parts);
}

#[pipeline]
fn strictly_counted_parts() {
    let visits = source(CountedVisits).lateness(5s).late_to(LateVisits);
    let parts = visits.group_by(|v| v.user).window(tumbling(20s)).select(|w, v| Sum {
        user: w.key(),
        from: w.start(),
        n: count(),
    });
    parts.sink(Parts);
}

/// Appends a late visit whose note is no text, as bytes.
fn append_bad_note(store: &Store) {
    let log = store.topic("counted-visits").unwrap().partition(0).unwrap();
    let mut scan = log.scan(log.log_start_offset(), log.last_stable_offset());
    let mut bytes = None;
    while let Some(record) = scan.next().unwrap() {
        bytes = record.value.map(<[u8]>::to_vec);
    }
    let mut bytes = bytes.unwrap();
    let note = bytes.windows(4).position(|part| part == b"late").unwrap();
    bytes[note] = 0xff;
    let mut builder = waterwheel::log::RecordsBuilder::new();
    builder.push(0, None, Some(&bytes));
    log.append(builder).unwrap();
}

#[test]
fn a_bad_value_that_no_operator_reads_is_met_when_its_record_is_late() {
    let rows = [visit(1, "first", 100), visit(1, "late", 1)];
    let mut t = counted_parts().test();
    t.push_all(CountedVisits, rows.clone());
    append_bad_note(t.store());
    assert_eq!(t.rows(LateVisits), rows[1..]);
    assert_eq!(
        (t.late(), t.skipped()),
        (2, 1),
        "both rows are late, and one of the records cannot be written"
    );
    t.restart();
    assert_eq!((t.rows(LateVisits).len(), t.late(), t.skipped()), (1, 2, 1));

    let mut strict = strictly_counted_parts().test();
    strict.push_all(CountedVisits, rows);
    append_bad_note(strict.store());
    let error = strict.try_rows(LateVisits).unwrap_err().to_string();
    assert!(
        error.contains("counted-visits") && error.contains("offset 3") && error.contains("undecodable"),
        "{error}"
    );
}

fn delete_what_may_be(store: &Store) {
    let log = store.topic("counted-visits").unwrap().partition(0).unwrap();
    log.delete_records_before(log.last_stable_offset()).unwrap();
}

#[test]
fn what_a_pipeline_may_have_to_read_again_is_not_deleted() {
    let mut t = counted_parts().test().epoch_rows(1);
    t.push_all(CountedVisits, [visit(1, "first", 100), visit(1, "late", 1)]);
    for round in 0..20 {
        t.push(CountedVisits, visit(1, &format!("late {round}"), 2));
        if round % 3 == 0 {
            t.rows(LateVisits);
        }
        delete_what_may_be(t.store());
        if round % 4 == 0 {
            t.restart();
        }
    }
    let late = t.rows(LateVisits);
    let notes: Vec<&str> = late.iter().map(|visit| visit.note.as_str()).collect();
    let expected: Vec<String> =
        std::iter::once("late".to_owned()).chain((0..20).map(|round| format!("late {round}"))).collect();
    assert_eq!(notes, expected);
    let log = t.store().topic("counted-visits").unwrap().partition(0).unwrap();
    assert!(log.log_start_offset().0 > 0, "what is not needed any more was deleted");
}

/// As `Reading` was once.
#[derive(Debug, Clone, PartialEq, Record)]
struct OldReading {
    #[field(1)]
    id: u64,
    #[field(2)]
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Reading {
    #[field(1)]
    id: u64,
    #[field(2)]
    at: Timestamp,
    #[field(3, default = "unknown".to_owned())]
    place: String,
}

topics! {
    Readings("readings"): Reading { key: id, time: at }
    LateReadings("late-readings"): Reading { key: id, time: at }
    Counts("counts"): Sum { key: user }
}
topics! {
    OldReadings("readings"): OldReading { key: id, time: at }
    OldLateReadings("late-readings"): OldReading { key: id, time: at }
}

#[pipeline]
fn counted_readings() {
    let readings = source(Readings).lateness(0s).late_to(LateReadings);
    let counts = readings.group_by(|r| r.id).window(tumbling(10s)).select(|w, r| Sum {
        user: w.key(),
        from: w.start(),
        n: count(),
    });
    counts.sink(Counts);
}

#[test]
fn a_late_record_is_written_with_the_late_topics_own_schema() {
    let at = |second: i64| Timestamp::from_millis(second * 1000);
    let reading = |id, second, place: &str| Reading { id, at: at(second), place: place.to_owned() };
    // The same type has another number in each topic: in one it came second, in the other first.
    for old_source in [true, false] {
        let store = open(&MemDisk::new());
        let old = [OldReading { id: 1, at: at(100) }, OldReading { id: 2, at: at(1) }];
        let mut late = Vec::new();
        if old_source {
            append(&store, OldReadings, &old);
            late.push(reading(2, 1, "unknown"));
        } else {
            append(&store, OldLateReadings, &old);
            append(&store, Readings, &[reading(1, 100, "roof")]);
            late.extend([reading(1, 100, "unknown"), reading(2, 1, "unknown")]);
        }
        append(&store, Readings, &[reading(3, 2, "yard")]);
        late.push(reading(3, 2, "yard"));
        run(counted_readings(), &store, RunOptions::new().workers(1).close()).unwrap();
        assert_eq!(support::read(&store, LateReadings), late);
    }
}
