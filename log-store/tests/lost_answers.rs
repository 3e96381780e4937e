//! What becomes of a request whose answer is lost, of a transaction whose owner goes, and of a client that others have passed: with
//! somebody between the owner and its client, who cuts what it likes.

mod support;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use log_store::{Error, Offset, Partition, RecordsBuilder, Store, StoreConfig, TopicConfig};
use support::between::{Between, Cut};

/// The first bytes of requests, as `docs/formats/socket.md` has them.
const APPEND: u8 = 0;
const COMMIT: u8 = 1;
const ASK: u8 = 13;

fn one(value: &str) -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    records.push(0, None, Some(value.as_bytes()));
    records
}

fn values(partition: &Partition) -> Vec<String> {
    let mut scan = partition.scan(Offset(0), Offset(u64::MAX));
    let mut values = Vec::new();
    while let Some(record) = scan.next().unwrap() {
        values.push(String::from_utf8_lossy(record.value.unwrap()).into_owned());
    }
    values
}

/// A store that owns a directory, one that works through it by somebody who stands between, and a partition as each has it.
fn shared(dir: &Path) -> (Store, Store, Arc<Mutex<Between>>, [Partition; 2]) {
    let owner = Store::open(dir).unwrap();
    let orders = owner.create_topic("orders", TopicConfig::default()).unwrap().partition(0).unwrap();
    let between = Between::begin(dir);
    let client = Store::open(dir).unwrap();
    let theirs = client.topic("orders").unwrap().partition(0).unwrap();
    (owner, client, between, [orders, theirs])
}

/// Has one exchange cut, and gives the kinds of requests that came to the owner or were on their way to it.
fn cut(kind: u8, cut: Cut, ask: impl FnOnce(&Store, &Partition)) -> (Vec<u8>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let (_owner, client, between, [own, theirs]) = shared(dir.path());
    between.lock().unwrap().cuts.push((kind, cut));
    ask(&client, &theirs);
    let came = between.lock().unwrap().came.clone().into_iter();
    let came = came.filter(|kind| [APPEND, COMMIT, ASK].contains(kind)).collect();
    assert_eq!(between.lock().unwrap().cuts.len(), 0, "it was cut");
    assert_eq!(values(&own), values(&theirs));
    (came, values(&own))
}

fn appends(client: &Store, partition: &Partition) {
    let _ = client;
    assert_eq!(partition.append(one("a")).unwrap(), Offset(0));
    assert_eq!(partition.append(one("b")).unwrap(), Offset(1));
}

/// As an epoch is committed: records, and a property that must be as it was.
fn commits(client: &Store, partition: &Partition) {
    let topic = client.topic("orders").unwrap();
    let producer = client.producer("pipeline").unwrap();
    for (epoch, before) in [("1", None), ("2", Some(&b"1"[..]))] {
        let mut transaction = client.begin(&producer).unwrap();
        transaction.append(partition, one(epoch)).unwrap();
        transaction.replace_property(&topic, "epoch", before, epoch.as_bytes());
        transaction.commit().unwrap();
        assert_eq!(topic.property("epoch").as_deref(), Some(epoch.as_bytes()));
    }
}

#[test]
fn an_append_whose_answer_is_lost_is_asked_for_and_not_sent_again() {
    for lost in [Cut::Answer, Cut::HalfOfAnswer] {
        assert_eq!(cut(APPEND, lost, appends), (vec![APPEND, ASK, APPEND], vec!["a".into(), "b".into()]));
    }
}

#[test]
fn an_epoch_whose_answer_is_lost_is_asked_for_and_not_sent_again() {
    for lost in [Cut::Answer, Cut::HalfOfAnswer] {
        assert_eq!(cut(COMMIT, lost, commits), (vec![COMMIT, ASK, COMMIT], vec!["1".into(), "2".into()]));
    }
}

#[test]
fn a_request_that_did_not_arrive_is_sent_again_when_that_is_known() {
    let came = vec![APPEND, ASK, APPEND, APPEND];
    assert_eq!(cut(APPEND, Cut::Request, appends), (came, vec!["a".into(), "b".into()]));
    let came = vec![COMMIT, ASK, COMMIT, COMMIT];
    assert_eq!(cut(COMMIT, Cut::Request, commits), (came, vec!["1".into(), "2".into()]));
}

#[test]
fn what_the_owner_does_not_know_any_more_is_told_as_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let (_owner, _client, between, [own, theirs]) = shared(dir.path());
    between.lock().unwrap().cuts.extend([(APPEND, Cut::Answer), (ASK, Cut::Forgotten)]);
    let unknown = theirs.append(one("a")).unwrap_err();
    assert!(matches!(unknown, Error::OutcomeUnknown { .. }), "{unknown}");
    // It is not sent again, and the next one is one of its own.
    assert_eq!(theirs.append(one("b")).unwrap(), Offset(1));
    assert_eq!(values(&own), ["a", "b"]);
}

#[test]
fn who_has_its_answer_sees_what_it_wrote_though_the_step_is_not_told_yet() {
    let dir = tempfile::tempdir().unwrap();
    let (_owner, client, between, [own, theirs]) = shared(dir.path());
    let called = Arc::new(AtomicUsize::new(0));
    let hook = called.clone();
    let _hook = client.on_commit(Arc::new(move || {
        hook.fetch_add(1, Ordering::SeqCst);
    }));
    let telling = between.lock().unwrap().telling.clone();
    let held = telling.lock().unwrap();
    for (at, value) in ["a", "b", "c"].into_iter().enumerate() {
        assert_eq!(theirs.append(one(value)).unwrap(), Offset(at as u64));
        assert_eq!(values(&theirs).len(), at + 1);
        assert_eq!(called.load(Ordering::SeqCst), at + 1, "hooks are called once for each");
    }
    drop(held);
    // The steps come again, and behind them one of the owner's own.
    own.append(one("d")).unwrap();
    assert!(theirs.wait_beyond(Offset(3), Duration::MAX));
    assert_eq!(theirs.append(one("e")).unwrap(), Offset(4));
    assert_eq!(values(&theirs), ["a", "b", "c", "d", "e"]);
}

#[test]
fn a_large_transaction_whose_owner_goes_is_cut_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Store::open(dir.path()).unwrap();
    owner.create_topic("orders", TopicConfig::default()).unwrap();
    let client = Store::open(dir.path()).unwrap();
    let orders = client.topic("orders").unwrap().partition(0).unwrap();
    let producer = client.producer("load").unwrap();
    let mut transaction = client.begin(&producer).unwrap();
    let large = "x".repeat(1 << 20);
    (0..20).for_each(|_| transaction.append(&orders, one(&large)).unwrap());
    owner.close().unwrap();
    let cut = transaction.commit().unwrap_err();
    assert!(matches!(cut, Error::TransactionCut { .. }), "{cut}");
    assert_eq!(values(&orders), [""; 0]);
    // Written again it is there.
    let mut transaction = client.begin(&producer).unwrap();
    (0..20).for_each(|_| transaction.append(&orders, one(&large)).unwrap());
    transaction.commit().unwrap();
    assert_eq!(values(&orders).len(), 20);
}

#[test]
fn a_producer_that_goes_on_behind_another_of_its_name_is_fenced_also_by_the_next_owner() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Store::open(dir.path()).unwrap();
    owner.create_topic("orders", TopicConfig::default()).unwrap();
    let (old, new) = (Store::open(dir.path()).unwrap(), Store::open(dir.path()).unwrap());
    let commit = |store: &Store, producer: &log_store::Producer, value: &str| {
        let orders = store.topic("orders").unwrap().partition(0).unwrap();
        let mut transaction = store.begin(producer)?;
        transaction.append(&orders, one(value))?;
        transaction.commit().map(drop)
    };
    let before = old.producer("pipeline").unwrap();
    commit(&old, &before, "a").unwrap();
    // One that is under way when the other comes: the owner says so.
    let mut late = old.begin(&before).unwrap();
    late.append(&old.topic("orders").unwrap().partition(0).unwrap(), one("late")).unwrap();
    let after = new.producer("pipeline").unwrap();
    let fenced = late.commit().unwrap_err();
    assert!(matches!(fenced, Error::Fenced { .. }), "{fenced}");
    let fenced = commit(&old, &before, "b").unwrap_err();
    assert!(matches!(fenced, Error::Fenced { .. }), "{fenced}");
    owner.close().unwrap();
    let fenced = commit(&old, &before, "b").unwrap_err();
    assert!(matches!(fenced, Error::Fenced { .. }), "{fenced}");
    commit(&new, &after, "c").unwrap();
    assert_eq!(values(&new.topic("orders").unwrap().partition(0).unwrap()), ["a", "c"]);
}

/// The other user, when this program is called for one; else nothing.
#[test]
fn another_user() {
    let Some(dir) = std::env::var_os("LOG_STORE_TEST_OF_ANOTHER") else { return };
    let refused = Store::open(dir).err().expect("it is not this user's");
    println!("refused: {refused}");
}

#[test]
fn another_user_gets_at_nothing_and_is_told() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("passed over: only root can call a program as another user");
        return;
    }
    let root = tempfile::tempdir().unwrap();
    // Others come as far as the directory itself, and to this program.
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(root.path(), all).unwrap();
    let dir = root.path().join("data");
    let store = Store::open(&dir).unwrap();
    let orders = store.create_topic("orders", TopicConfig::default()).unwrap().partition(0).unwrap();
    let program = root.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let called = Command::new(&program)
        .args(["--exact", "another_user", "--nocapture"])
        .env("LOG_STORE_TEST_OF_ANOTHER", &dir)
        .current_dir("/")
        .uid(65_534)
        .gid(65_534)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&called.stdout);
    assert!(called.status.success(), "{said}{}", String::from_utf8_lossy(&called.stderr));
    assert!(said.contains("refused: cannot") && said.contains("ermission denied"), "{said}");
    assert_eq!(store.processes().unwrap().clients.len(), 0);
    assert_eq!(orders.append(one("a")).unwrap(), Offset(0));
}

#[test]
fn a_producer_that_is_opened_elsewhere_aborts_what_it_has_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig { inline_bytes: 1000, ..StoreConfig::default() };
    let owner = Store::open_with(dir.path(), config).unwrap();
    owner.create_topic("orders", TopicConfig::default()).unwrap();
    let (old, new) = (Store::open(dir.path()).unwrap(), Store::open(dir.path()).unwrap());
    let orders = |store: &Store| store.topic("orders").unwrap().partition(0).unwrap();
    let mut expected = Vec::new();
    // Each is so large that it is in the log before it ends: the owner's own, and one that another process has given it.
    for (store, bytes) in [(&owner, 2000), (&old, 17 << 20)] {
        let producer = store.producer("pipeline").unwrap();
        let mut late = store.begin(&producer).unwrap();
        late.append(&orders(store), one(&"late".repeat(bytes / 4))).unwrap();
        let value = format!("instead of {bytes}");
        orders(&owner).append(one(&value)).unwrap();
        assert!(orders(&owner).last_stable_offset() < orders(&owner).log_end_offset());
        expected.push(value);

        let after = new.producer("pipeline").unwrap();
        assert_eq!(values(&orders(&new)), expected, "readers need not wait for the end of the other");
        let mut transaction = new.begin(&after).unwrap();
        transaction.append(&orders(&new), one("new")).unwrap();
        transaction.commit().unwrap();
        expected.push("new".to_owned());
        let fenced = late.commit().unwrap_err();
        assert!(matches!(fenced, Error::Fenced { .. }), "{fenced}");
        assert_eq!(values(&orders(&owner)), expected);
    }
}
