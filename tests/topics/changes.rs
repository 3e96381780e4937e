//! The changes of a view in async code, against those of its iterator and a fold over the rows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use waterwheel::log::{MemDisk, StoreConfig};
use waterwheel::prelude::*;
use waterwheel::{Change, Result};

use crate::tails::block_on;

#[derive(Debug, Clone, PartialEq, Record)]
struct Mark {
    name: u64,
    number: u64,
}

topics! { Marks("marks"): Mark { key: name, partitions: 3 } }

fn store() -> Store {
    Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap()
}

/// As an iterator's changes come, apart from the order of partitions between two commits.
fn in_order(changes: &mut [Change<u64, Mark>]) {
    changes.sort_by_key(|change| (change.meta.partition, change.meta.offset));
}

#[test]
fn a_stream_of_changes_gives_what_the_iterator_gives_and_ends_when_the_store_is_closed() {
    const CHANGES: usize = 2_000;
    let store = store();
    let marks = TypedTopic::open(&store, Marks).unwrap();
    marks.append((0..30).map(|number| Mark { name: number % 10, number })).unwrap();
    let view = Marks.view::<u64>(&store).unwrap();
    let mut blocking = view.subscribe().unwrap();
    let mut stream = view.subscribe().unwrap().stream();
    assert_eq!(stream.before().get(&3).unwrap().number, 23);
    let (has_all, all) = std::sync::mpsc::channel();
    let follower = thread::spawn(move || {
        let mut given = Vec::new();
        while let Some(change) = block_on(stream.next()) {
            given.push(change.unwrap());
            if given.len() == CHANGES {
                has_all.send(()).unwrap();
            }
        }
        assert!(block_on(stream.next()).is_none());
        (given, stream.before().get(&3).unwrap().number)
    });
    // One by one while it waits, and more at once than it gives in a turn.
    for number in 0..400 {
        marks.append(Mark { name: number % 17, number: 100 + number }).unwrap();
    }
    for begin in [1_000, 2_000] {
        marks.append((begin..begin + 800).map(|number| Mark { name: number % 23, number })).unwrap();
    }
    let mut expected = Vec::new();
    while let Some(change) = blocking.try_next().unwrap() {
        expected.push(change);
    }
    all.recv().unwrap();
    let end = view.now().unwrap();
    store.close().unwrap();
    let (mut given, before) = follower.join().unwrap();
    in_order(&mut given);
    in_order(&mut expected);
    assert_eq!((given.len(), before), (CHANGES, 23));
    assert_eq!(given, expected);

    // Each has the row that it replaces, and together they are the view.
    let mut latest: BTreeMap<u64, u64> = (0..10).map(|name| (name, 20 + name)).collect();
    for change in given {
        assert_eq!(change.key, change.after.name);
        let before = latest.insert(change.key, change.after.number);
        assert_eq!(change.before.map(|row| row.number), before);
    }
    let of_view: BTreeMap<u64, u64> = end.iter().map(|(name, row)| (*name, row.number)).collect();
    assert_eq!(of_view, latest);
}

#[test]
fn a_stream_of_changes_gives_an_error_once_and_then_nothing() -> Result<()> {
    let store = store();
    let marks = TypedTopic::open(&store, Marks)?;
    let mut stream = Marks.view::<u64>(&store)?.subscribe()?.stream();
    marks.append_to(0, Mark { name: 1, number: 1 })?;
    marks.append_to(2, Mark { name: 1, number: 2 })?;
    assert_eq!(block_on(stream.next()).unwrap()?.after.number, 1);
    let said = block_on(stream.next()).unwrap().unwrap_err().to_string();
    assert!(said.contains("partition"), "{said}");
    assert!(block_on(stream.next()).is_none());
    Ok(())
}
