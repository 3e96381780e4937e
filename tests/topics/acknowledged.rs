//! What was acknowledged is read back, whatever the sizes of the rows and whichever way they went in.

use std::sync::Arc;

use proptest::prelude::*;
use waterwheel::Error;
use waterwheel::log::{self, Fault, FaultyDisk, MAX_RECORD_BYTES, MemDisk, StoreConfig};
use waterwheel::prelude::*;

/// The largest record of the stores here, in bytes.
const LIMIT: usize = 2_000;

/// With key, offsets and whatever the log adds, a text of this length is just taken.
const LONGEST_TAKEN: usize = 1_900;
const SHORTEST_REFUSED: usize = 2_000;

#[derive(Debug, Clone, PartialEq, Record)]
struct Note {
    author: u64,
    text: String,
}

topics! {
    Notes("notes"): Note { key: author, partitions: 3 }
    NotesAsJson("notes-as-json"): Note { key: author, format: json }
    Longer("longer"): Note { key: author, partitions: 2 }
}

#[pipeline]
fn longer() {
    let doubled = source(Notes).map(|note| Note { author: note.author, text: note.text.repeat(2) });
    doubled.sink(Longer);
}

fn store() -> Store {
    let config = StoreConfig { record_bytes: LIMIT, ..StoreConfig::default() };
    Store::open_on(Arc::new(MemDisk::new()), config).unwrap()
}

fn note(author: u64, length: usize) -> Note {
    Note { author, text: "x".repeat(length) }
}

fn is_taken(note: &Note) -> bool {
    note.text.len() <= LONGEST_TAKEN
}

/// Notes far below the limit, just below it, and beyond it.
fn notes() -> impl Strategy<Value = Vec<Note>> {
    let length = prop_oneof![
        4 => 0..50_usize,
        2 => LONGEST_TAKEN - 20..=LONGEST_TAKEN,
        1 => SHORTEST_REFUSED..SHORTEST_REFUSED + 5_000,
    ];
    prop::collection::vec((0..5_u64, length).prop_map(|(author, length)| note(author, length)), 0..6)
}

fn sorted(mut notes: Vec<Note>) -> Vec<Note> {
    notes.sort_by_key(|note| (note.author, note.text.len()));
    notes
}

fn all_of<P: waterwheel::__rt::Topic<Row = Note>>(topic: &TypedTopic<P>) -> Vec<Note> {
    sorted(topic.rows().collect::<waterwheel::Result<_>>().unwrap())
}

#[track_caller]
fn check_refusal(error: &Error) {
    assert!(matches!(error, Error::Log(log::Error::RecordTooLarge { .. })), "{error}");
}

fn check_append<P: waterwheel::__rt::Topic<Row = Note>>(topic: P, appends: Vec<Vec<Note>>) {
    let store = store();
    let topic = TypedTopic::open(&store, topic).unwrap();
    let mut model = Vec::new();
    for rows in appends {
        match topic.append(&rows) {
            Ok(()) => model.extend(rows),
            Err(error) => {
                check_refusal(&error);
                assert!(!rows.iter().all(is_taken));
            }
        }
        assert_eq!(all_of(&topic), sorted(model.clone()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn rows_whose_append_returned_are_read_back(appends in prop::collection::vec(notes(), 1..6)) {
        check_append(Notes, appends.clone());
        check_append(NotesAsJson, appends);
    }

    #[test]
    fn rows_that_a_load_took_are_read_back_and_the_refused_ones_leave_no_trace(rows in notes()) {
        let store = store();
        let topic = TypedTopic::open(&store, Notes).unwrap();
        let mut loading = topic.load().unwrap();
        let mut model = Vec::new();
        for row in rows {
            match loading.push(&row) {
                Ok(()) => model.push(row),
                Err(error) => {
                    check_refusal(&error);
                    assert!(!is_taken(&row));
                }
            }
        }
        prop_assert_eq!(loading.commit().unwrap(), model.len() as u64);
        prop_assert_eq!(all_of(&topic), sorted(model));
    }

    #[test]
    fn rows_that_a_run_committed_are_read_back(rows in notes()) {
        let store = store();
        let rows: Vec<Note> = rows.into_iter().filter(is_taken).collect();
        TypedTopic::open(&store, Notes).unwrap().append(&rows).unwrap();
        let doubled: Vec<Note> = rows.iter().map(|row| note(row.author, 2 * row.text.len())).collect();
        let run = longer().start(&store, RunOptions::new().until_end()).and_then(|job| job.wait());
        let written = all_of(&TypedTopic::open(&store, Longer).unwrap());
        match run {
            Ok(_) => prop_assert_eq!(written, sorted(doubled)),
            Err(error) => {
                prop_assert!(!doubled.iter().all(is_taken), "{}", error);
                prop_assert!(written.iter().all(|row| doubled.contains(row)));
            }
        }
    }
}

#[test]
fn a_load_that_a_full_disk_has_ended_leaves_a_topic_that_counts_as_empty_and_is_done_again() {
    // More than a load keeps in memory.
    let rows: Vec<Note> = (0..1_500).map(|author| note(author, LONGEST_TAKEN)).collect();
    let mut left_something = 0;
    for step in 0..8 {
        let disk = FaultyDisk::new();
        let open = || Store::open_on(Arc::new(disk.clone()), StoreConfig::default()).unwrap();
        let store = open();
        let topic = TypedTopic::open(&store, Notes).unwrap();
        assert!(topic.is_empty());
        disk.fail_at(disk.changes() + 1 + step, Fault::NoSpace);
        let load = |topic: &TypedTopic<Notes>| -> waterwheel::Result<u64> {
            let mut loading = topic.load()?;
            rows.iter().try_for_each(|row| loading.push(row))?;
            loading.commit()
        };
        if load(&topic).is_ok() {
            continue;
        }
        let ends = topic.topic().snapshot();
        left_something += usize::from(ends.iter().any(|readable| readable.end.0 > 0));
        assert!(topic.is_empty(), "step {step}");
        drop((topic, store));
        // There is space again.
        let store = open();
        let topic = TypedTopic::open(&store, Notes).unwrap();
        assert!(topic.is_empty(), "step {step}, opened again");
        assert_eq!(load(&topic).unwrap(), 1_500);
        assert!(!topic.is_empty());
        assert_eq!(topic.rows().count(), 1_500);
    }
    assert!(left_something > 0, "no load got as far as the log");
}

#[test]
fn rows_before_one_that_cannot_be_read_come_before_its_error_and_nothing_comes_after() {
    let store = store();
    let topic = TypedTopic::open(&store, NotesAsJson).unwrap();
    topic.append(&[note(1, 1), note(2, 2), note(3, 3)]).unwrap();
    let mut records = log::RecordsBuilder::new();
    records.push(0, None, Some(b"[4]"));
    topic.topic().partition(0).unwrap().append(records).unwrap();
    topic.append(&[note(5, 5)]).unwrap();
    let read: Vec<_> = topic.rows().map(|row| row.map_err(|error| error.to_string())).collect();
    assert_eq!(read[..3], [Ok(note(1, 1)), Ok(note(2, 2)), Ok(note(3, 3))]);
    let text = read[3].as_ref().unwrap_err();
    assert!(text.starts_with("topic `notes-as-json` partition 0 offset "), "{text}");
    assert!(text.contains("a row is one JSON object, such as {\"id\":1}, and this is an array"), "{text}");
    assert_eq!(read.len(), 4);
}

#[test]
fn a_row_too_large_for_a_sink_stops_the_run_with_its_operator_and_its_input_row() {
    let store = store();
    TypedTopic::open(&store, Notes).unwrap().append(&[note(1, 10), note(1, 1_500)]).unwrap();
    let error = longer().start(&store, RunOptions::new().until_end()).unwrap().wait().unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("operator `sink longer` stopped at topic `notes` partition "), "{text}");
    assert!(text.contains(" offset 1: a row for topic `longer` has 3"), "{text}");
    assert!(text.contains("the log takes at most 2000; split it, or leave its large part out"), "{text}");
}

#[test]
fn a_topic_with_a_limit_of_its_own_refuses_single_rows_by_it() {
    let store = store();
    let topic = TypedTopic::open(&store, Notes).unwrap();
    topic.topic().alter(|config| config.max_message_bytes = Some(500)).unwrap();
    let mut loading = topic.load().unwrap();
    loading.push(&note(1, 10)).unwrap();
    let error = loading.push(&note(2, 1_000)).unwrap_err();
    assert!(error.to_string().contains("is larger than the limit of 500 bytes"), "{error}");
    loading.push(&note(3, 400)).unwrap();
    assert_eq!(loading.commit().unwrap(), 2, "the load goes on without it");
    check_refusal(&topic.append([note(4, 10), note(5, 1_000)]).unwrap_err());
    assert_eq!(all_of(&topic), [note(1, 10), note(3, 400)]);

    TypedTopic::open(&store, Longer)
        .unwrap()
        .topic()
        .alter(|config| config.max_message_bytes = Some(600))
        .unwrap();
    let error = longer().start(&store, RunOptions::new().until_end()).unwrap().wait().unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("operator `sink longer` stopped at topic `notes` partition "), "{text}");
    assert!(text.contains("the log takes at most 600; split it, or leave its large part out"), "{text}");
}

#[test]
fn a_row_of_more_than_64_mib_is_refused_by_every_typed_way_in() {
    let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
    let topic = TypedTopic::open(&store, Notes).unwrap();
    let large = note(1, MAX_RECORD_BYTES);
    let error = topic.append([&large]).unwrap_err();
    check_refusal(&error);
    let text = error.to_string();
    assert!(text.starts_with("topic `notes` partition "), "{text}");
    assert!(text.contains("is larger than the limit of 67108864 bytes; split it"), "{text}");
    let mut loading = topic.load().unwrap();
    check_refusal(&loading.push(&large).unwrap_err());
    assert_eq!(loading.commit().unwrap(), 0);
    assert_eq!(all_of(&topic), []);
}

#[test]
#[should_panic(expected = "is larger than the limit of 67108864 bytes")]
fn the_test_driver_refuses_a_row_of_more_than_64_mib() {
    longer().test().push(Notes, note(1, MAX_RECORD_BYTES));
}
