//! Views against a naive fold: whatever is committed and aborted, a view is the latest row of each key as of one commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use proptest::prelude::*;
use waterwheel::log::{MemDisk, Producer, RecordsBuilder, StoreConfig};
use waterwheel::prelude::*;
use waterwheel::{Changes, Result, View, ViewAt, views};

#[derive(Debug, Clone, PartialEq, Record)]
struct Mark {
    name: String,
    commit: u64,
    n: u64,
}

topics! {
    Left("left"): Mark { key: name, format: json, partitions: 3 }
    Right("right"): Mark { key: (name, n), format: json, partitions: 2 }
    Closure("closure"): Mark { key: |row| row.n % 3 }
    Fragile("fragile"): Mark { key: |row| fragile(row.commit) }
}

/// Whether the key of one row cannot be had.
static BROKEN: AtomicBool = AtomicBool::new(false);

fn fragile(commit: u64) -> u64 {
    assert!(commit != 2 || !BROKEN.load(Ordering::Relaxed), "there is no key");
    commit
}

fn mark(name: u64, commit: u64) -> Mark {
    Mark { name: format!("key {name:02}"), commit, n: name % 2 }
}

fn store() -> Store {
    Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap()
}

type OfLeft = BTreeMap<String, Mark>;
type OfNameAndN = (String, u64);
type OfRight = BTreeMap<OfNameAndN, Mark>;

#[derive(Debug, Clone)]
enum Step {
    /// Rows of these keys in one transaction, in both topics; taken back if it is not to be committed.
    Write(Vec<u64>, bool),
    Open,
    Ask(usize),
    AskTogether(usize),
    Keep(usize),
    Subscribe(usize),
    Follow(usize, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let view = 0..3_usize;
    let step = prop_oneof![
        6 => (prop::collection::vec(0..12_u64, 1..5), prop::bool::weighted(0.8))
            .prop_map(|(keys, commits)| Step::Write(keys, commits)),
        1 => Just(Step::Open),
        2 => view.clone().prop_map(Step::Ask),
        2 => view.clone().prop_map(Step::AskTogether),
        1 => view.clone().prop_map(Step::Keep),
        1 => view.clone().prop_map(Step::Subscribe),
        3 => (view, 0..9_usize).prop_map(|(changes, count)| Step::Follow(changes, count)),
    ];
    prop::collection::vec(step, 1..60)
}

/// Changes, and what the view must be after those that were given.
struct Followed {
    changes: Changes<Left, String>,
    state: OfLeft,
}

struct World {
    store: Store,
    left: TypedTopic<Left>,
    right: TypedTopic<Right>,
    producer: Producer,
    commit: u64,
    /// The naive fold.
    of_left: OfLeft,
    of_right: OfRight,
    opened: Vec<(View<Left, String>, View<Right, OfNameAndN>)>,
    kept: Vec<(ViewAt<String, Mark>, OfLeft)>,
    followed: Vec<Followed>,
}

impl World {
    fn new() -> World {
        let store = store();
        let (left, right) =
            (TypedTopic::open(&store, Left).unwrap(), TypedTopic::open(&store, Right).unwrap());
        let producer = store.producer("the test's").unwrap();
        World {
            store,
            left,
            right,
            producer,
            commit: 0,
            of_left: OfLeft::new(),
            of_right: OfRight::new(),
            opened: Vec::new(),
            kept: Vec::new(),
            followed: Vec::new(),
        }
    }

    fn write(&mut self, keys: Vec<u64>, commits: bool) {
        self.commit += 1;
        let mut transaction = self.store.begin(&self.producer).unwrap();
        for key in keys {
            let mark = mark(key, self.commit);
            write(&mut transaction, self.left.topic(), &mark);
            write(&mut transaction, self.right.topic(), &mark);
            if commits {
                self.of_left.insert(mark.name.clone(), mark.clone());
                self.of_right.insert((mark.name.clone(), mark.n), mark);
            }
        }
        if commits { transaction.commit().map(drop).unwrap() } else { transaction.abort().unwrap() }
    }

    fn step(&mut self, step: Step) {
        let (opened, followed) = (self.opened.len().max(1), self.followed.len().max(1));
        match step {
            Step::Write(keys, commits) => self.write(keys, commits),
            Step::Open => {
                self.opened.push((Left.view(&self.store).unwrap(), Right.view(&self.store).unwrap()));
            }
            Step::Ask(at) => {
                let Some((left, right)) = self.opened.get(at % opened) else { return };
                check(&left.now().unwrap(), &self.of_left);
                check(&right.now().unwrap(), &self.of_right);
                for key in 0..12 {
                    let name = mark(key, 0).name;
                    assert_eq!(left.get(name.as_str()).unwrap().as_deref(), self.of_left.get(&name));
                }
            }
            Step::AskTogether(at) => {
                let Some((left, right)) = self.opened.get(at % opened) else { return };
                let (right, left) = views((right, left)).unwrap();
                check(&left, &self.of_left);
                check(&right, &self.of_right);
            }
            Step::Keep(at) => {
                let Some((left, _)) = self.opened.get(at % opened) else { return };
                self.kept.push((left.now().unwrap(), self.of_left.clone()));
            }
            Step::Subscribe(at) => {
                let Some((left, _)) = self.opened.get(at % opened) else { return };
                let changes = left.subscribe().unwrap();
                check(changes.before(), &self.of_left);
                self.followed.push(Followed { changes, state: self.of_left.clone() });
            }
            Step::Follow(at, count) => {
                let Some(Followed { changes, state }) = self.followed.get_mut(at % followed) else { return };
                for _ in 0..count {
                    let Some(change) = changes.try_next().unwrap() else { break };
                    assert_eq!(change.after.name, change.key);
                    let before = state.insert(change.key, (*change.after).clone());
                    assert_eq!(change.before.as_deref(), before.as_ref());
                }
            }
        }
    }

    fn end(mut self) {
        for (kept, expected) in &self.kept {
            check(kept, expected);
        }
        for Followed { changes, state } in &mut self.followed {
            while let Some(change) = changes.try_next().unwrap() {
                state.insert(change.key, (*change.after).clone());
            }
            assert_eq!(*state, self.of_left);
        }
    }
}

/// Adds a row to a transaction, in the partition of its key.
fn write(transaction: &mut waterwheel::log::Transaction, topic: &waterwheel::log::Topic, mark: &Mark) {
    let mut records = RecordsBuilder::new();
    records.push(0, Some(mark.name.as_bytes()), Some(serde_json::to_string(mark).unwrap().as_bytes()));
    let partition = waterwheel::key::partition_of(mark.name.as_bytes(), topic.partitions());
    transaction.append(&topic.partition(partition).unwrap(), records).unwrap();
}

#[track_caller]
fn check<K: waterwheel::key::Key>(view: &ViewAt<K, Mark>, expected: &BTreeMap<K, Mark>) {
    assert_eq!(view.len(), expected.len());
    assert!(view.iter().eq(expected.iter()), "{view:?} is not {expected:?}");
    if let Some(middle) = expected.keys().nth(expected.len() / 2) {
        assert!(view.range(middle.clone()..).eq(expected.range(middle.clone()..)));
        assert!(view.range(..middle.clone()).rev().eq(expected.range(..middle.clone()).rev()));
        assert_eq!(view.get(middle), expected.get(middle));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_view_is_the_fold_of_the_rows_of_a_commit(steps in steps()) {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.step(step));
        world.end();
    }
}

#[test]
fn views_share_a_commit_while_others_ask_and_write() {
    const COMMITS: u64 = 1_000;
    let store = store();
    let (left, right) = (TypedTopic::open(&store, Left).unwrap(), TypedTopic::open(&store, Right).unwrap());
    let producer = store.producer("the test's").unwrap();
    let lefts: View<Left, String> = Left.view(&store).unwrap();
    let rights: View<Right, (String, u64)> = Right.view(&store).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for commit in 1..=COMMITS {
                let mut transaction = store.begin(&producer).unwrap();
                let mark = mark(commit % 7, commit);
                write(&mut transaction, right.topic(), &mark);
                write(&mut transaction, left.topic(), &mark);
                transaction.commit().unwrap();
            }
            done.store(true, Ordering::Release);
        });
        for swapped in [false, true] {
            let (lefts, rights, done) = (&lefts, &rights, &done);
            scope.spawn(move || {
                let mut last = 0;
                while !done.load(Ordering::Acquire) {
                    let (left, right) = match swapped {
                        false => views((lefts, rights)).unwrap(),
                        true => {
                            let (right, left) = views((rights, lefts)).unwrap();
                            (left, right)
                        }
                    };
                    let of_left = left.iter().map(|(_, mark)| mark.commit).max().unwrap_or(0);
                    let of_right = right.iter().map(|(_, mark)| mark.commit).max().unwrap_or(0);
                    assert_eq!(of_left, of_right, "of one commit");
                    assert!(of_left >= last, "it went back");
                    last = of_left;
                    // Alone, one is not behind what was seen of it.
                    let alone = lefts.now().unwrap().iter().map(|(_, mark)| mark.commit).max().unwrap_or(0);
                    assert!(alone >= last);
                }
            });
        }
    });
    let (left, right) = views((&lefts, &rights)).unwrap();
    assert_eq!((left.len(), right.len()), (7, 7));
    assert_eq!(left.iter().map(|(_, mark)| mark.commit).max(), Some(COMMITS));
}

#[test]
fn keys_of_another_type_are_refused_before_there_is_a_row() -> Result<()> {
    let store = store();
    let told = |error: waterwheel::Error| error.to_string();
    assert_eq!(
        told(Left.view::<u64>(&store).unwrap_err()),
        "the key of topic `left`, `name`, is of type `String`, and the view was asked for with keys of type `u64`: give it the key's type, \
         `.view::<..>(&store)`"
    );
    let error = told(Right.view::<(u64, String)>(&store).unwrap_err());
    assert!(error.contains("`(name, n)`, is of type `(String, u64)`"), "{error}");
    // Of a closure's nobody knows the type before there is a key.
    let closures = Closure.view::<u32>(&store)?;
    assert!(closures.now()?.is_empty());
    TypedTopic::open(&store, Closure)?.append(mark(4, 1))?;
    let error = told(closures.get(&1).unwrap_err());
    assert!(error.contains("is not of that type in a row"), "{error}");
    assert_eq!(told(closures.now().unwrap_err()), error, "the same again");
    assert_eq!(Closure.view::<u64>(&store)?.get(&0)?.unwrap().n, 0);
    Ok(())
}

#[test]
fn a_key_in_two_partitions_has_no_latest_row_and_the_view_says_so() -> Result<()> {
    let store = store();
    let topic = TypedTopic::open(&store, Left)?;
    let view = Left.view::<String>(&store)?;
    let mut changes = view.subscribe()?;
    topic.append_to(0, mark(1, 1))?;
    assert_eq!(view.get("key 01")?.unwrap().commit, 1);
    topic.append_to(2, mark(1, 2))?;
    let text = view.get("key 01").unwrap_err().to_string();
    assert_eq!(
        text,
        "topic `left` has rows of key \"key 01\" in its partitions 0 and 2, where nobody can tell which is the latest: a view needs all rows of \
         a key in one partition, as `append` puts them"
    );
    assert_eq!(view.now().unwrap_err().to_string(), text);
    assert_eq!(changes.next().unwrap()?.key, "key 01");
    assert_eq!(changes.next().unwrap().unwrap_err().to_string(), text);
    assert!(changes.next().is_none());
    Ok(())
}

#[test]
fn what_cannot_be_asked_is_told() -> Result<()> {
    let (store, other) = (store(), store());
    let (one, two): (View<_, String>, _) =
        (TypedTopic::open(&store, Left)?.view()?, Right.view::<(String, u64)>(&other)?);
    let error = views((&one, &two)).unwrap_err().to_string();
    assert!(error.contains("are of two stores, which have no commit in common"), "{error}");
    let error = views((&one, &one.clone())).unwrap_err().to_string();
    assert!(error.contains("is among the views twice"), "{error}");
    let kept = one.now()?;
    let mut changes = one.subscribe()?;
    store.close()?;
    assert!(kept.is_empty(), "what was asked before stays");
    for error in [one.now().map(drop), one.get("x").map(drop), one.subscribe().map(drop)] {
        assert!(error.unwrap_err().to_string().contains("closed"));
    }
    assert!(changes.next().is_none());
    let error = Right.view::<(String, u64)>(&other).map(|_| other.delete_topic("right"));
    error?.unwrap();
    assert!(two.now().unwrap_err().to_string().contains("deleted"));
    Ok(())
}

#[test]
fn a_view_that_a_panic_has_left_amid_a_commit_says_so_instead_of_leaving_rows_out() {
    let store = store();
    let topic = TypedTopic::open(&store, Fragile).unwrap();
    topic.append(mark(0, 1)).unwrap();
    let view = topic.view::<u64>().unwrap();
    topic.append([2, 3].map(|commit| mark(0, commit))).unwrap();
    BROKEN.store(true, Ordering::Relaxed);
    assert!(thread::scope(|scope| scope.spawn(|| view.now()).join()).is_err());
    BROKEN.store(false, Ordering::Relaxed);
    let refused = view.get(&2).unwrap_err().to_string();
    assert!(refused.starts_with("a view of topic `fragile` does not go on: the code of a row"), "{refused}");
    let another = topic.view::<u64>().unwrap();
    assert_eq!(another.now().unwrap().len(), 3);
    assert_eq!(view.get(&1).unwrap_err().to_string(), refused);
}
