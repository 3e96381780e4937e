//! Who may be at the other end of the socket: programs of other versions, strangers, floods, owners that fall silent.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use log_store::{Error, Offset, Partition, RealDisk, RecordsBuilder, Store, StoreConfig, TopicConfig};
use proptest::test_runner::{Config, TestRunner};

const GREETING: &[u8] = b"WWLS\0\0\0\x03";

fn one(value: &str) -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    records.push(0, None, Some(value.as_bytes()));
    records
}

/// A store that owns a directory, and one that works through it.
fn shared(dir: &Path) -> (Store, Partition) {
    let owner = Store::open(dir).unwrap();
    owner.create_topic("orders", TopicConfig::default()).unwrap();
    let client = Store::open(dir).unwrap();
    let orders = client.topic("orders").unwrap().partition(0).unwrap();
    (owner, orders)
}

fn connected(dir: &Path) -> UnixStream {
    let stream = UnixStream::connect(dir.join("socket")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

fn frame(payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32).to_be_bytes()[..], payload].concat()
}

fn greeting(role: u8, client: u64, session: u64) -> Vec<u8> {
    let payload = [&[role][..], &client.to_be_bytes(), &session.to_be_bytes()].concat();
    [GREETING, &frame(&payload)].concat()
}

fn read_frame(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut payload = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut payload)?;
    Ok(payload)
}

/// Reads what is left; the other side closing in the middle of what was sent to it is an end, too.
fn rest(stream: &mut UnixStream) -> Vec<u8> {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
        _ => rest,
    }
}

/// Says whatever it likes as a client that the owner knows: gives the connections on which it follows and asks.
fn admitted(dir: &Path, client: u64) -> (UnixStream, UnixStream) {
    let mut follows = connected(dir);
    follows.write_all(&greeting(0, client, 0)).unwrap();
    let mut version = [0; 8];
    follows.read_exact(&mut version).unwrap();
    assert_eq!(version, GREETING);
    let welcome = read_frame(&mut follows).unwrap();
    assert_eq!(welcome[0], 0);
    let session = u64::from_be_bytes(welcome[1..9].try_into().unwrap());
    let mut asks = connected(dir);
    asks.write_all(&greeting(1, client, session)).unwrap();
    asks.read_exact(&mut version).unwrap();
    assert_eq!(read_frame(&mut asks).unwrap(), [0]);
    (follows, asks)
}

#[test]
fn an_answer_carries_its_step_and_who_does_not_read_it_is_told_by_the_other_connection() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, _orders) = shared(dir.path());
    let topic = owner.topic("orders").unwrap();
    let (mut follows, mut asks) = admitted(dir.path(), 9);
    let text = |text: &[u8]| frame(text);
    let set = |value: &[u8]| {
        frame(&[&[6][..], &text(b"color"), &topic.id().0.to_be_bytes(), &text(value)].concat())
    };
    let mut steps = Vec::new();
    for value in [&b"green"[..], b"blue", b"red"] {
        asks.write_all(&set(value)).unwrap();
        let step = read_frame(&mut follows).unwrap();
        let answer = read_frame(&mut asks).unwrap();
        assert_eq!(answer[..8], step[..8], "the number of the step");
        assert_eq!(answer[16..answer.len() - 1], frame(&step[8..]), "what changed in it");
        assert!(step.windows(value.len()).any(|part| part == value));
        steps.push(u64::from_be_bytes(step[..8].try_into().unwrap()));
    }
    assert_eq!(steps, [steps[0], steps[0] + 1, steps[0] + 2]);
    // A step of somebody else's is told behind those that answers carry.
    asks.write_all(&set(b"black")).unwrap();
    read_frame(&mut asks).unwrap();
    topic.set_property("color", b"white").unwrap();
    for value in [&b"black"[..], b"white"] {
        let step = read_frame(&mut follows).unwrap();
        assert!(step.windows(value.len()).any(|part| part == value));
    }
}

#[test]
fn a_client_of_another_version_is_told_which_is_spoken_here() {
    let dir = tempfile::tempdir().unwrap();
    let (_owner, orders) = shared(dir.path());
    let mut stream = connected(dir.path());
    stream.write_all(b"WWLS\0\0\0\x04").unwrap();
    assert_eq!(rest(&mut stream), GREETING);
    assert_eq!(orders.append(one("a")).unwrap(), Offset(0));
}

/// One that has the directory's lock, and does on the socket as it likes.
fn owned_by(dir: &Path, behaves: impl Fn(UnixStream) + Send + 'static) -> Store {
    let alone = Store::open_exclusive(dir).unwrap();
    let listener = UnixListener::bind(dir.join("socket")).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(|stream| behaves(stream.unwrap())));
    alone
}

fn patient(milliseconds: u64) -> StoreConfig {
    StoreConfig { patience: Duration::from_millis(milliseconds), ..StoreConfig::default() }
}

#[test]
fn an_owner_of_another_version_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let _alone = owned_by(dir.path(), |mut stream| {
        stream.write_all(b"WWLS\0\0\x01\0").unwrap();
        rest(&mut stream);
    });
    let error = Store::open(dir.path()).err().unwrap();
    assert!(matches!(error, Error::OtherProtocol { found: 256, supported: 3, .. }), "{error}");
    assert!(error.to_string().contains(&format!("process {} (`", std::process::id())), "{error}");
}

#[test]
fn an_owner_that_says_nothing_is_waited_for_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let _alone = owned_by(dir.path(), |stream| drop(rest(&mut { stream })));
    let error = Store::open_with(dir.path(), patient(300)).err().unwrap();
    assert!(matches!(error, Error::OwnerSilent { .. }), "{error}");
}

#[test]
fn an_owner_that_ends_in_the_middle_of_a_frame_is_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    let _alone = owned_by(dir.path(), |mut stream| {
        // As one that is killed: the welcome is cut.
        let _ = stream.write_all(GREETING).and_then(|()| stream.write_all(&[0, 0, 1, 0, 0, 7]));
    });
    let error = Store::open_with(dir.path(), patient(300)).err().unwrap();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
}

/// Closes an owner, which takes until something is sent: one of its threads is at work. Returns once it has begun to close.
fn closed_slowly(owner: Store, dir: &Path) -> (JoinHandle<()>, mpsc::Sender<()>) {
    let (go_on, told) = mpsc::channel();
    let (begin, begun) = mpsc::channel();
    let told = Mutex::new(told);
    let at_work = owner.on_commit(Arc::new(move || {
        // What gives up records in the background is waited for by who closes.
        if thread::current().name() == Some("log-store-keeper") {
            let _ = begin.send(());
            let _ = told.lock().unwrap().recv();
        }
    }));
    let retention = Some(Duration::from_millis(1));
    let old = owner.create_topic("old", TopicConfig { retention, ..TopicConfig::default() }).unwrap();
    old.partition(0).unwrap().append(one("of 1970")).unwrap();
    begun.recv_timeout(Duration::from_secs(60)).unwrap();
    let closing = thread::spawn(move || {
        owner.close().unwrap();
        drop(at_work);
    });
    let end = Instant::now() + Duration::from_secs(60);
    while !fs::read_to_string(dir.join("LOCK")).unwrap().ends_with(" closing\n") {
        assert!(Instant::now() < end, "it does not say that it closes");
        thread::yield_now();
    }
    (closing, go_on)
}

#[test]
fn an_owner_that_takes_long_to_close_is_waited_for() {
    let alone: fn(&Path, StoreConfig) -> Store =
        |dir, config| Store::open_on(Arc::new(RealDisk::new(dir)), config).unwrap();
    let together: fn(&Path, StoreConfig) -> Store = |dir, config| Store::open_with(dir, config).unwrap();
    let next: [fn(&Path) -> log_store::Result<Store>; 2] =
        [|dir| Store::open(dir), |dir| Store::open_exclusive(dir)];
    for (owner, next) in [(together, next[0]), (alone, next[0]), (together, next[1])] {
        let dir = tempfile::tempdir().unwrap();
        let config = StoreConfig { retention_interval: Duration::from_millis(1), ..StoreConfig::default() };
        let (closing, go_on) = closed_slowly(owner(dir.path(), config), dir.path());
        let refused = Store::open_with(dir.path(), patient(300)).err().unwrap();
        assert!(matches!(refused, Error::OwnerCloses { seconds: 0, .. }), "{refused}");
        assert!(refused.to_string().contains("this process"), "{refused}");
        let (opened, when_opened) = mpsc::channel();
        let path = dir.path().to_owned();
        thread::spawn(move || opened.send(next(&path)));
        // Longer than one who says nothing is waited for.
        assert!(
            when_opened.recv_timeout(Duration::from_millis(2_500)).is_err(),
            "the owner has not closed yet"
        );
        go_on.send(()).unwrap();
        let opened = when_opened.recv_timeout(Duration::from_secs(60)).unwrap().unwrap();
        closing.join().unwrap();
        assert!(opened.topic("old").is_ok() && opened.recovery().clean);
    }
}

#[test]
fn whatever_strangers_say_the_owner_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, orders) = shared(dir.path());
    let said = proptest::collection::vec(proptest::num::u8::ANY, 0..300);
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 100, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let checked = runner.run(&said, |said| {
        // As they are; behind the version; as a greeting; as a request.
        for before in [Vec::new(), GREETING.to_vec(), [GREETING, &(said.len() as u32).to_be_bytes()].concat()]
        {
            let mut stream = connected(dir.path());
            let _ = stream.write_all(&[&before[..], &said].concat());
            drop(stream);
        }
        let (follows, mut asks) = admitted(dir.path(), 7);
        let _ = asks.write_all(&frame(&said));
        let _ = asks.shutdown(std::net::Shutdown::Write);
        rest(&mut asks);
        drop(follows);
        Ok(())
    });
    checked.unwrap();
    assert_eq!(orders.append(one("a")).unwrap(), Offset(0));
    let topics: Vec<_> = owner.topics().iter().map(|topic| topic.name().to_owned()).collect();
    assert_eq!(topics, ["orders", "__answers"]);
}

/// An append, with a byte of it changed: either it is refused, or what comes into the log can be read.
#[test]
fn no_changed_byte_of_a_request_damages_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, orders) = shared(dir.path());
    let mut batch = vec![0; 61];
    // One record: its length, attributes, two distances, no key, a value of two bytes, no header.
    batch.extend([16, 0, 0, 0, 1, 4, b'h', b'i', 0]);
    let request = |sequence: u64| {
        let id = [&[0][..], &7_u64.to_be_bytes(), &1_u32.to_be_bytes(), &sequence.to_be_bytes()].concat();
        let to = [&orders.topic_id().0.to_be_bytes()[..], &0_u32.to_be_bytes()].concat();
        let records = [
            &40_u64.to_be_bytes()[..],
            &[0, 0, 0, 1],
            &0_u64.to_be_bytes(),
            &[0, 0, 0, 1],
            &5_u64.to_be_bytes(),
            &5_u64.to_be_bytes(),
            &(batch.len() as u32).to_be_bytes(),
            &batch,
        ];
        [id, to, records.concat()].concat()
    };
    let (_follows, mut asks) = admitted(dir.path(), 7);
    asks.write_all(&frame(&request(1))).unwrap();
    let answer = read_frame(&mut asks).unwrap();
    assert_eq!(answer[answer.len() - 9..], [1, 0, 0, 0, 0, 0, 0, 0, 0], "it is answered with an offset");
    let session_of = |client| admitted(dir.path(), client);
    for at in 0..request(1).len() {
        let mut changed = request(2 + at as u64);
        changed[at] ^= 0x55;
        let (_follows, mut asks) = session_of(7);
        asks.write_all(&frame(&changed)).unwrap();
        let _ = asks.shutdown(std::net::Shutdown::Write);
        rest(&mut asks);
    }
    let end = orders.log_end_offset();
    let read: usize = std::iter::successors(Some(Offset(0)), |from| {
        let fetched = owner.topic("orders").unwrap().partition(0).unwrap().read(*from, 1 << 20).unwrap();
        Some(fetched.next_offset()).filter(|next| next > from)
    })
    .count();
    assert!(read >= 1);
    let kept = owner.topic("orders").unwrap().partition(0).unwrap().read(Offset(0), 1 << 20).unwrap();
    assert_eq!(kept.records().count() as u64, end.0);
    assert_eq!(kept.records().next().unwrap().value, Some(&b"hi"[..]));
    owner.close().unwrap();
    let again = Store::open(dir.path()).unwrap();
    assert!(again.recovery().damaged.is_empty());
}

#[test]
fn a_flood_of_connections_leaves_a_good_client_at_work() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, orders) = shared(dir.path());
    // Those who connect and say nothing take the places of strangers, and none of who is known.
    let silent: Vec<_> = (0..100).map(|_| connected(dir.path())).collect();
    for number in 0..20 {
        assert_eq!(orders.append(one("a")).unwrap(), Offset(number));
    }
    drop(silent);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..300 {
                    let _ = connected(dir.path()).write_all(b"GET / HTTP/1.1\r\n\r\n");
                }
            });
        }
        for number in 20..120 {
            assert_eq!(orders.append(one("a")).unwrap(), Offset(number));
        }
    });
    assert_eq!(owner.processes().unwrap().clients.len(), 1);
}

#[test]
fn who_comes_gets_in_however_many_strangers_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, orders) = shared(dir.path());
    let stopped = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            // More than may be strangers, and each new one takes the place of one that was there.
            scope.spawn(|| {
                let mut silent = VecDeque::new();
                while !stopped.load(Ordering::Relaxed) {
                    silent.extend(UnixStream::connect(dir.path().join("socket")));
                    silent.drain(..silent.len().saturating_sub(200));
                }
            });
        }
        for number in 0..5 {
            let another = Store::open(dir.path()).unwrap();
            let its_orders = another.topic("orders").unwrap().partition(0).unwrap();
            assert_eq!(its_orders.append(one("a")).unwrap(), Offset(2 * number));
            assert_eq!(orders.append(one("b")).unwrap(), Offset(2 * number + 1));
        }
        stopped.store(true, Ordering::Relaxed);
    });
    drop(owner);
}

#[test]
fn a_greeting_is_as_long_as_greetings_are() {
    let dir = tempfile::tempdir().unwrap();
    let (_owner, orders) = shared(dir.path());
    let mut stream = connected(dir.path());
    stream.write_all(&[GREETING, &(200_u32 << 20).to_be_bytes()].concat()).unwrap();
    assert_eq!(rest(&mut stream), GREETING, "nothing more is waited for");
    assert_eq!(orders.append(one("a")).unwrap(), Offset(0));
}

#[test]
fn a_directory_with_a_long_path_is_shared_and_the_socket_is_its_owners_alone() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("d".repeat(150)).join("e".repeat(150));
    let (owner, orders) = shared(&dir);
    assert_eq!(orders.append(one("a")).unwrap(), Offset(0));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dir), mode(&dir.join("socket"))), (0o700, 0o600));
    owner.close().unwrap();
    assert_eq!(orders.append(one("b")).unwrap(), Offset(1), "the other has taken its place");
}

#[test]
fn a_socket_that_a_killed_owner_left_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    Store::open(dir.path()).unwrap().close().unwrap();
    assert!(!dir.path().join("socket").exists());
    drop(UnixListener::bind(dir.path().join("socket")).unwrap());
    let (_owner, orders) = shared(dir.path());
    assert_eq!(orders.append(one("a")).unwrap(), Offset(0));
}
