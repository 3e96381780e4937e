//! A damaged or missing `FORMAT` costs nothing, and no message about it leads anybody to give up the data beside it.

mod support;

use std::path::Path;

use log_store::{Error, FaultyDisk, Store, StoreConfig, TopicConfig};
use support::{open, records, tiny, values};

const FORMAT: &str = "FORMAT";

/// A store with rows, closed in order or not.
fn filled(close: bool) -> FaultyDisk {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    partition.append(records(["one", "two"])).unwrap();
    if close {
        store.close().unwrap();
    }
    disk.copy()
}

/// Opens the store with its rows and a `FORMAT` that is right again, and says whether it had to be written.
#[track_caller]
fn check_whole(disk: &FaultyDisk) -> bool {
    let store = open(disk).unwrap();
    assert_eq!(values(&store.topic("t").unwrap().partition(0).unwrap()).unwrap(), ["one", "two"]);
    assert_eq!(disk.content(Path::new(FORMAT)).unwrap(), b"waterwheel-log 2\n");
    assert!(!store.recovery().format_restored || !store.recovery().clean);
    store.recovery().format_restored
}

#[test]
fn every_value_of_every_byte_of_format_leaves_the_rows_or_is_told_as_what_it_says() {
    for disk in [filled(true), filled(false)] {
        let whole = disk.content(Path::new(FORMAT)).unwrap();
        let (mut restored, mut newer) = (0, 0);
        for place in 0..whole.len() {
            for byte in 0..=u8::MAX {
                let damaged = disk.copy();
                let mut content = whole.clone();
                content[place] = byte;
                damaged.set_content(Path::new(FORMAT), content);
                // A greater number is another version's, as far as anybody can tell. That it is no older one, the journal tells.
                if place == 15 && (b'3'..=b'9').contains(&byte) || place == 16 && byte.is_ascii_digit() {
                    let message = open(&damaged).err().expect("a newer version is refused").to_string();
                    assert!(message.contains("let that file hold the line `waterwheel-log 2`"), "{message}");
                    newer += 1;
                } else {
                    restored += u32::from(check_whole(&damaged));
                }
            }
        }
        assert_eq!(newer, 7 + 10);
        assert!(restored > 16 * 250, "{restored}");
    }
}

/// A store as version 1 wrote it: `FORMAT` and the frames' magic are all that tells it apart at its head.
fn of_version(version: u8, close: bool) -> FaultyDisk {
    let disk = filled(close);
    disk.set_content(Path::new(FORMAT), format!("waterwheel-log {version}\n").into_bytes());
    for journal in disk.files().iter().filter(|path| path.starts_with("journal")) {
        let mut content = disk.content(journal).unwrap();
        let frames: Vec<_> =
            (0..content.len() - 4).filter(|at| content[*at..].starts_with(b"WWJ2")).collect();
        assert!(!frames.is_empty());
        frames.into_iter().for_each(|at| content[at + 3] = b'0' + version);
        disk.set_content(journal, content);
    }
    disk
}

#[test]
fn a_directory_of_another_version_is_refused_and_left_as_it_is_whatever_became_of_its_format() {
    for close in [true, false] {
        for (version, remedy) in [
            (
                1,
                "has format version 1, and this program reads and writes version 2; nothing was changed. The release that wrote it",
            ),
            (
                3,
                "has format version 3, this program knows versions up to 2; use a newer release of the program",
            ),
        ] {
            let whole = of_version(version, close);
            let of_this_version = b"waterwheel-log 2\n".to_vec();
            let formats = [
                None,
                Some(whole.content(Path::new(FORMAT)).unwrap()),
                Some(of_this_version),
                Some(vec![0; 17]),
            ];
            for format in formats {
                let disk = match &format {
                    Some(content) => {
                        let disk = whole.copy();
                        disk.set_content(Path::new(FORMAT), content.clone());
                        disk
                    }
                    None => without(&whole, FORMAT),
                };
                let before: Vec<_> =
                    disk.files().into_iter().map(|path| (disk.content(&path), path)).collect();
                let message = open(&disk).err().expect("it is refused").to_string();
                assert!(message.contains(remedy), "{message}");
                let after: Vec<_> =
                    disk.files().into_iter().map(|path| (disk.content(&path), path)).collect();
                assert_eq!(before, after);
            }
        }
    }
}

#[test]
fn what_somebody_wrote_into_format_is_refused_and_left_as_it_is() {
    for disk in [filled(true), filled(false)] {
        for found in [
            "waterwheel 99",
            "kafka 3.7\n",
            "waterwheel-log one",
            "waterwheel-log 2 and more",
            "of the disk: ext4, of 2019\n",
        ] {
            let foreign = disk.copy();
            foreign.set_content(Path::new(FORMAT), found.as_bytes().to_vec());
            let error = open(&foreign).err().expect("it is refused");
            assert!(matches!(error, Error::ForeignFormat { .. }), "{error}");
            let message = error.to_string();
            assert!(message.contains(&format!("reads `{}`", found.trim())), "{message}");
            assert!(message.ends_with("let that file hold the line `waterwheel-log 2`"), "{message}");
            assert_eq!(foreign.content(Path::new(FORMAT)).unwrap(), found.as_bytes());
            foreign.set_content(Path::new(FORMAT), b"waterwheel-log 2".to_vec());
            assert!(!check_written(&foreign));
        }
        // Damage that no text is.
        for damaged in [vec![0; 17], vec![0xff; 4096], b"\n\n".to_vec()] {
            let copy = disk.copy();
            copy.set_content(Path::new(FORMAT), damaged);
            assert!(check_whole(&copy));
        }
    }
}

/// Opens the store, and says whether its `FORMAT` had to be written.
fn check_written(disk: &FaultyDisk) -> bool {
    open(disk).unwrap().recovery().format_restored
}

#[test]
fn a_format_cut_short_or_missing_is_written_again() {
    for disk in [filled(true), filled(false)] {
        let whole = disk.content(Path::new(FORMAT)).unwrap();
        for length in 0..whole.len() {
            let cut = disk.copy();
            cut.set_content(Path::new(FORMAT), whole[..length].to_vec());
            // Without the end of its line it still says which version.
            if length == whole.len() - 1 {
                assert!(!open(&cut).unwrap().recovery().format_restored);
            } else {
                assert!(check_whole(&cut), "cut to {length}");
                assert!(!check_whole(&cut), "it is written once");
            }
        }
        assert!(check_whole(&without(&disk, FORMAT)));
    }
}

#[test]
fn topics_without_rows_are_not_taken_for_a_new_directory() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    store.create_topic("orders", TopicConfig::default()).unwrap().set_property("owner", b"billing").unwrap();
    store.close().unwrap();
    let store = open(&without(&disk, FORMAT)).unwrap();
    assert_eq!(store.topic("orders").unwrap().property("owner").unwrap(), b"billing");
}

#[test]
fn with_the_journal_lost_too_the_message_names_it_and_nothing_is_changed() {
    let disk = filled(true);
    let mut journals = disk.files();
    journals.retain(|path| path.starts_with("journal"));
    assert_eq!(journals.len(), 3);
    let lost = without(&disk, FORMAT);
    for journal in &journals {
        let zeros = vec![0; lost.content(journal).unwrap().len()];
        lost.set_content(journal, zeros);
    }
    let before: Vec<_> = lost.files().into_iter().map(|path| (lost.content(&path), path)).collect();
    let error = open(&lost).err().unwrap();
    assert!(matches!(error, Error::CorruptJournal { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("journal") && message.ends_with("restore it from a copy"), "{message}");
    let after: Vec<_> = lost.files().into_iter().map(|path| (lost.content(&path), path)).collect();
    assert_eq!(before, after);
}

#[test]
fn an_interrupted_first_opening_is_begun_again() {
    let disk = FaultyDisk::new();
    open(&disk).unwrap();
    let whole = disk.changes();
    for change in 0..whole {
        let cut = FaultyDisk::new();
        cut.power_off_at(change);
        let opened = Store::open_on(std::sync::Arc::new(cut.clone()), StoreConfig { ..tiny() });
        drop(opened);
        for seed in 0..20 {
            let store = open(&cut.crash(seed)).unwrap_or_else(|error| panic!("change {change}: {error}"));
            assert!(store.topics().is_empty());
        }
        assert!(open(&cut.copy()).unwrap().topics().is_empty());
    }
}

#[test]
fn what_is_no_store_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let message = |name: &str, content: &str| {
        std::fs::write(dir.path().join(name), content).unwrap();
        let message = Store::open(dir.path()).err().unwrap().to_string();
        let mut left: Vec<_> =
            dir.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        (message, left)
    };
    let (said, left) = message("holiday.jpg", "");
    assert!(said.contains("it holds `holiday.jpg`; choose an empty or a new directory"), "{said}");
    assert_eq!(left, ["holiday.jpg"]);
    let (said, left) = message(FORMAT, "of the disk: ext4");
    assert!(said.contains("its file FORMAT is not a log's, and there is no journal beside it"), "{said}");
    assert_eq!(left, [FORMAT, "holiday.jpg"]);
}

fn without(disk: &FaultyDisk, file: &str) -> FaultyDisk {
    use log_store::Disk;
    let copy = disk.copy();
    copy.remove_file(Path::new(file)).unwrap();
    copy
}
