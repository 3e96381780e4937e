//! Several sources, idle ones, what `explain` says, and what is refused.

use super::read_again::counted_parts;
use super::*;

/// The rows of three sources as one: two have a topic for what is late, of which one has another format, and one only counts.
#[pipeline]
fn of_several_sources() {
    let visits = source(Visits).lateness(5s).late_to(LateVisits);
    let others = source(OtherVisits).late_to(LateOthers).lateness(5s);
    let counted = source(CountedVisits).lateness(5s).late_drop();
    let all = visits.union(others).union(counted);
    let parts = all.group_by(|v| v.user).window(tumbling(20s)).select(|w, v| Sum {
        user: w.key(),
        from: w.start(),
        n: count(),
    });
    parts.sink(Parts);
}

#[test]
fn each_source_of_a_union_gets_its_own_late_records() {
    let mut random = Random(7919);
    let (visits, others) = (random_visits(&mut random, 200, 3), random_visits(&mut random, 150, 2));
    let counted = random_visits(&mut random, 100, 1);
    let late = |visits: &[Visit], partitions, topic: &str| {
        let (log, mut expected) = (logged(visits, partitions), Expected::default());
        let rows: Vec<_> = log.iter().map(|row| (row, late_for_windows(row, WINDOW_MS))).collect();
        expected.operator(topic, "parts/window", &rows);
        assert!(expected.rows > 5, "the sample has late rows of `{topic}`: {}", expected.rows);
        expected
    };
    let (of_visits, of_others) = (late(&visits, 3, "visits"), late(&others, 2, "other-visits"));
    let of_counted = late(&counted, 1, "counted-visits");
    for way in SOME_WAYS {
        let (store, summary) = way.run(of_several_sources(), |store| {
            append(store, Visits, &visits);
            append(store, OtherVisits, &others);
            append(store, CountedVisits, &counted);
        });
        assert_same_rows(late_records(&store, LateVisits), of_visits.records.clone(), way);
        assert_same_rows(late_records(&store, LateOthers), of_others.records.clone(), way);
        assert_eq!(summary.rows_late, of_visits.rows + of_others.rows + of_counted.rows, "{way}");
    }
}

#[test]
fn explain_shows_where_late_records_come_from_and_go() {
    let text = many_operators().explain().unwrap();
    for part in [
        "event time: at; lateness 5s, late rows counted, their records to topic late-visits",
        "late_to  late-visits  from #5 (late), #7 (late), #12 (late), #15 (late), #17 (late), #20 (late), #23 (late)",
        "records of `visits` that an operator drops as late, with its name and theirs in headers: read again, with every field",
        "topic late-visits, format native, key user, 2 partition(s)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = counted_parts().explain().unwrap();
    assert!(
        text.contains("reads 2 of 5 fields: user, at"),
        "what is late is read again, so nothing more is decoded: {text}"
    );
}

#[pipeline]
fn idle_parts() {
    let visits = source(Visits).lateness(5s).idle(30s).late_to(LateVisits);
    let parts = visits.group_by(|v| v.user).window(tumbling(20s)).select(|w, v| Sum {
        user: w.key(),
        from: w.start(),
        n: count(),
    });
    let of_parts = parts.group_by(|p| p.user).window(tumbling(20s)).select(|w, p| Sum {
        user: w.key(),
        from: w.start(),
        n: count(),
    });
    of_parts.sink(Parts);
}

#[test]
fn what_comes_back_from_being_idle_is_late_by_where_its_partition_goes_on() {
    let at = |page: u64, second: i64| Visit { page, ..visit(1, "", second) };
    let page =
        |partition_number: u32| (0..).find(|page| partition(&at(*page, 0), 3) == partition_number).unwrap();
    let mut t = idle_parts().test();
    t.push_all(Visits, [at(page(0), 10), at(page(1), 100)]);
    t.advance_clock(Duration::from_secs(60));
    t.push(Visits, at(page(1), 200));
    assert_eq!(t.rows(Parts).len(), 2, "nobody waits for the others");
    t.push_all(Visits, [at(page(0), 50), at(page(2), 300)]);
    let late = t.rows(LateVisits);
    t.restart();
    assert_eq!(late, [at(page(0), 50)]);
    let records = late_records(t.store(), LateVisits);
    assert_eq!(records.len(), 1);
    let headers = &records[0].1;
    assert_eq!(headers["waterwheel.operator"], "parts/window");
    assert_eq!(headers["waterwheel.watermark"], "195000", "where the operators had come without it");
    assert_eq!(t.late(), 1);
}

fn visits_of<P: Topic<Row = Visit, Time = waterwheel::dsl::NoLateness>>(topic: P) -> Stream<Visit> {
    source(topic).lateness(Duration::from_secs(5)).late_to(LateVisits).stream()
}

#[pipeline]
fn two_in_one_topic() {
    let one = visits_of(waterwheel::dsl::topic::<Visits>());
    let other = visits_of(waterwheel::dsl::topic::<OtherVisits>());
    let parts = one.union(other).group_by(|v| v.user).window(tumbling(20s)).select(|w, v| Sum {
        user: w.key(),
        from: w.start(),
        n: count(),
    });
    parts.sink(Parts);
}

#[test]
fn what_a_function_of_streams_hides_from_the_macro_is_refused_before_anything_is_read() {
    assert_eq!(
        two_in_one_topic().explain().unwrap_err().to_string(),
        "pipeline `two_in_one_topic` writes two streams to topic `late-visits`: the late records of a source have a topic of their own, \
         which nothing else is written to, and so have those that cannot be decoded"
    );
}

mod then {
    use super::*;

    /// As `counted_parts` was, before what is late was kept.
    #[pipeline]
    pub(super) fn counted_parts() {
        let visits = source(CountedVisits).lateness(5s).late_drop().undecodable(skip);
        let parts = visits.group_by(|v| v.user).window(tumbling(20s)).select(|w, v| Sum {
            user: w.key(),
            from: w.start(),
            n: count(),
        });
        parts.sink(Parts);
    }
}

#[test]
fn a_topic_for_what_is_late_is_another_output_and_a_reset_drops_it() {
    let store = open(&MemDisk::new());
    append(&store, CountedVisits, &[visit(1, "first", 100), visit(1, "late", 1)]);
    let until_end = || RunOptions::new().workers(1).until_end();
    run(then::counted_parts(), &store, until_end()).unwrap();
    let refused = run(counted_parts(), &store, until_end()).unwrap_err().to_string();
    assert!(refused.contains("`late-visits`: is new"), "{refused}");
    assert_eq!(counted_parts().reset(&store).unwrap(), ["late-visits", "parts"]);
    run(counted_parts(), &store, until_end()).unwrap();
    assert_eq!(support::read(&store, LateVisits), [visit(1, "late", 1)]);
}
