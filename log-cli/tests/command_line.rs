//! The program itself: what it prints, what it ends with, and what it leaves in the log.

mod called;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use log_store::{Compression, Durability, Offset, RecordsBuilder, Store, TopicConfig};
use rustix::process::{Pid, Signal, kill_process};

use called::{Called, Dir, damage, with_segments};

#[test]
fn what_is_produced_by_key_is_consumed_with_its_acknowledged_places() {
    let dir = Dir::new();
    dir.call("topic create orders --partitions 3").succeeds("");
    let lines: String = (0..50).map(|number| format!("shop {}:{number}\n", number % 7)).collect();
    let acks = dir.call_with("produce orders --key-separator : --acks", &lines).succeeded();
    let consumed = dir.call("consume orders --until-end --json").succeeded();
    assert_eq!((acks.lines().count(), consumed.lines().count()), (50, 50));
    for (line, ack) in lines.lines().zip(acks.lines()) {
        let (key, value) = line.split_once(':').unwrap();
        let place = ack.strip_suffix('}').unwrap();
        let found = consumed.lines().find(|record| record.starts_with(&format!("{place},"))).unwrap();
        assert!(
            found.contains(&format!("\"key\":\"{key}\",\"value\":\"{value}\",\"headers\":{{}}}}")),
            "{found}"
        );
        let partition = log_store::partition_of(key.as_bytes(), 3);
        assert!(ack.starts_with(&format!("{{\"partition\":{partition},")), "{key}: {ack}");
    }
}

#[test]
fn records_go_round_as_json_with_headers_tombstones_and_bytes() {
    let dir = Dir::new();
    dir.call("topic create orders --partitions 2").succeeds("");
    let lines = concat!(
        r#"{"partition":0,"offset":0,"timestamp":5,"key":"a","value":"1","headers":{"z":"x","b":null}}"#,
        "\n",
        r#"{"partition":0,"offset":1,"timestamp":6,"key":"a","value":null,"headers":{}}"#,
        "\n",
        r#"{"partition":1,"offset":0,"timestamp":-7,"key":null,"value":{"base64":"/wA="},"headers":{"c":["1",{"base64":"/w=="},null]}}"#,
        "\n",
    );
    dir.call_with("produce orders --json", lines).succeeds("");
    dir.call("consume orders --until-end --json").succeeds(lines);
    dir.call("topic create copy --partitions 2").succeeds("");
    dir.call_with("produce copy --json", lines).succeeds("");
    dir.call("consume copy --from-beginning --until-end --json").succeeds(lines);
    dir.call("consume copy --until-end --partition 0 --key-separator =").succeeds("a=1\na=\n");
}

#[test]
fn reading_begins_where_it_is_told() {
    let dir = Dir::new();
    dir.call("topic create orders").succeeds("");
    let at = |second: i64| format!("{{\"timestamp\":{},\"value\":\"{second}\"}}\n", second * 1_000);
    dir.call_with("produce orders --json", &(0..10).map(at).collect::<String>()).succeeds("");
    dir.call("consume orders --until-end --from-offset 8").succeeds("8\n9\n");
    dir.call("consume orders --until-end --from-offset 10").succeeds("");
    dir.call("consume orders --until-end --from-time 1970-01-01T00:00:07Z").succeeds("7\n8\n9\n");
    dir.call("consume orders --until-end --from-time 8500ms").succeeds("9\n");
    dir.call("consume orders --until-end --from-time 1970-01-01T00:00:08").succeeds("8\n9\n");
    dir.call("consume orders --until-end --from-time 1970-01-02").succeeds("");
    dir.call("consume orders --until-end --from-offset 11").fails_with("out of range: it holds 0 to 10");
    dir.call("consume orders --until-end --from-beginning --from-offset 1").is_wrong("cannot be used with");
    dir.call("consume orders --until-end --from-time noon")
        .is_wrong("write it as `2026-03-01T12:00:00Z`, `2026-03-01`");
    dir.call("topic create wide --partitions 2").succeeds("");
    dir.call("consume wide --until-end --from-offset 1").is_wrong("say `--partition`, too");
    dir.call("consume wide --until-end --partition 2").fails_with("there is no partition 2");
    dir.call("consume orders --until-end --partition 2")
        .fails_with("has 1 partition, whose number is 0: there is");
    for number in ["--partition -1", "--partition x", "--from-offset -1", "--from-offset 1.5"] {
        let wrong = format!("consume orders --until-end {number}");
        dir.call(&wrong).is_wrong("it should be a whole number, 0 or more");
    }
    for call in [
        "topic create other --partitions -1",
        "topic create other --partitions 0",
        "topic alter orders --partitions 65537",
    ] {
        dir.call(call).is_wrong("it should be a whole number from 1 to 65536");
    }
    dir.call("topic create other --config retention.ms=1 --config retention.ms=2")
        .is_wrong("the setting retention.ms is named twice: name it once");
    dir.call("topic alter orders --config segment.ms=1 --delete segment.ms")
        .is_wrong("segment.ms is named twice");
}

#[test]
fn it_works_beside_a_process_that_owns_the_directory() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    let orders = store.create_topic("orders", TopicConfig::with_partitions(2)).unwrap();
    store.set_pins("billing", &[(orders.id(), log_store::PartitionId(0), Offset(0))]).unwrap();
    dir.call_with("produce orders --partition 1 --acks", "one\ntwo\n")
        .succeeds("{\"partition\":1,\"offset\":0}\n{\"partition\":1,\"offset\":1}\n");
    let read = orders.partition(1).unwrap().read(Offset(0), 1 << 20).unwrap();
    assert_eq!(
        read.records().map(|record| record.value.unwrap().to_vec()).collect::<Vec<_>>(),
        [b"one", b"two"]
    );
    let status = dir.call("status").succeeded();
    assert!(status.contains(&format!("owned by process {}", std::process::id())), "{status}");
    assert!(status.contains("`), since 20"), "{status}");
    assert!(status.contains("open in this process"), "{status}");
    let row = status.lines().last().unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!((row[0], row[1], row[2], *row.last().unwrap()), ("orders", "2", "2", "billing"), "{status}");
    let json: serde_json::Value = serde_json::from_str(&dir.call("status --json").succeeded()).unwrap();
    assert_eq!(json["owner"]["process"], std::process::id());
    assert_eq!(json["not_shared"], serde_json::Value::Null);
    assert_eq!((&json["topics"][0]["offsets"], &json["clients"][0]["this"]), (&2.into(), &true.into()));
}

#[test]
fn consume_prints_what_comes_until_ctrl_c() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    let orders = store.create_topic("orders", TopicConfig::default()).unwrap().partition(0).unwrap();
    let mut program = dir.command("consume orders --from-beginning").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    for value in ["one", "two", "three"] {
        let mut records = RecordsBuilder::new();
        records.push(0, None, Some(value.as_bytes()));
        orders.append(records).unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), value);
    }
    kill_process(Pid::from_child(&program), Signal::INT).unwrap();
    assert!(program.wait().unwrap().success());
    assert!(lines.next().is_none());
}

#[test]
fn consume_takes_up_partitions_that_are_added_while_it_follows() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    let orders = store.create_topic("orders", TopicConfig::default()).unwrap();
    let append = |partition: u32, time: i64, value: &str| {
        let mut records = RecordsBuilder::new();
        records.push(time, None, Some(value.as_bytes()));
        orders.partition(partition).unwrap().append(records).unwrap();
    };
    append(0, 7_000, "before");
    for (from, passes_over) in [("--from-beginning", false), ("--from-time 1970-01-01T00:00:07Z", true)] {
        let mut program =
            dir.command(&format!("consume orders {from}")).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let mut next = || lines.next().unwrap().unwrap();
        assert_eq!(next(), "before");
        let added = orders.partitions();
        orders.add_partitions(added + 1).unwrap();
        append(added, 6_000, "early");
        append(added, 7_000, "added");
        if !passes_over {
            assert_eq!(next(), "early");
        }
        assert_eq!(next(), "added");
        kill_process(Pid::from_child(&program), Signal::INT).unwrap();
        assert!(program.wait().unwrap().success());
        orders.partition(added).unwrap().delete_records_before(Offset(2)).unwrap();
    }
}

#[test]
fn a_pipe_that_nobody_reads_any_more_is_no_failure() {
    let dir = Dir::new();
    dir.call("topic create orders").succeeds("");
    let lines: String = (0..100_000).map(|number| format!("{number}\n")).collect();
    dir.call_with("produce orders", &lines).succeeds("");
    let mut program = dir
        .command("consume orders --until-end")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let ended = program.wait_with_output().unwrap();
    assert_eq!((first.as_str(), ended.status.code(), &*ended.stderr), ("0\n", Some(0), &b""[..]));
}

#[test]
fn topics_are_made_described_and_deleted() {
    let dir = Dir::new();
    dir.call("topic list").fails_with("there is no data directory");
    dir.call("topic create orders --partitions 2 --config segment.bytes=1048576 --config durability=os")
        .succeeds("");
    dir.call("topic create orders").fails_with("a topic `orders` exists already");
    dir.call("topic create or/ders").is_wrong("a name has 1 to 249 of the characters");
    dir.call("topic create wide --partitions 0").is_wrong("it should be a whole number from 1 to 65536");
    dir.call("topic create kept --config cleanup.policy=compact")
        .is_wrong("topics have no `cleanup.policy` here: records are kept by `retention.ms`");
    let described = dir.call("topic describe orders").succeeded();
    assert!(described.contains("\nsetting durability=os (when an append is acknowledged"), "{described}");
    assert!(described.contains("\nsetting segment.bytes=1048576 (the largest segment"), "{described}");
    assert!(described.contains("\nsetting retention.ms=-1 by default (how long"), "{described}");
    assert!(described.contains("partition 1: offsets 0 to 0"), "{described}");
    let json: serde_json::Value =
        serde_json::from_str(&dir.call("topic describe orders --json").succeeded()).unwrap();
    assert_eq!(json["partitions"].as_array().unwrap().len(), 2);
    dir.call("topic delete orders").is_wrong("say `--yes` if that is meant");
    assert!(dir.call("topic list").succeeded().contains("orders"));
    dir.call("topic delete orders --yes").succeeds("");
    dir.call("topic list").succeeds("no topics\n");
    dir.call("consume orders --until-end").fails_with("there is no topic `orders`");
}

#[test]
fn a_topic_is_altered_beside_its_owner() {
    let dir = Dir::new();
    dir.call("topic create orders --config retention.ms=1000 --config durability=os").succeeds("");
    let store = Store::open(dir.path()).unwrap();
    dir.call("topic alter orders --config compression.type=lz4 --delete durability").succeeds("");
    let config = store.topic("orders").unwrap().config();
    assert_eq!((config.compression, config.durability), (Compression::Lz4, Durability::Fsync));
    let json: serde_json::Value =
        serde_json::from_str(&dir.call("topic describe orders --json").succeeded()).unwrap();
    assert_eq!(json["config_set"], serde_json::json!({ "compression.type": "lz4", "retention.ms": 1000 }));
    assert_eq!(json["config"]["retention.bytes"], -1);
    assert_eq!(json["config"]["segment.bytes"], serde_json::Value::Null);
    dir.call("topic alter orders").is_wrong("--config <NAME=VALUE>");
    dir.call("topic alter orders --config retention.ms=7d").is_wrong("write 0 or more, or -1");
    dir.call("topic alter orders --delete retention.ms=7").is_wrong("the name of a setting alone");
    dir.call("topic alter ordres --delete retention.ms").fails_with("did you mean `orders`?");
    store.create_topic("__p.state", TopicConfig { internal: true, ..TopicConfig::default() }).unwrap();
    dir.call("topic alter __p.state --config retention.ms=5").fails_with("the bookkeeping of a program");
}

#[test]
fn partitions_are_added_beside_the_owner_once_that_is_meant() {
    let dir = Dir::new();
    dir.call("topic create orders").succeeds("");
    let store = Store::open(dir.path()).unwrap();
    let orders = store.topic("orders").unwrap();
    // Nobody asks as long as nothing is in it.
    dir.call("topic alter orders --partitions 2 --config compression.type=lz4").succeeds("");
    assert_eq!((orders.partitions(), orders.config().compression), (2, Compression::Lz4));
    dir.call_with("produce orders --key-separator :", "a:1\nb:2\n").succeeds("");
    dir.call("topic alter orders --partitions 4").is_wrong("say `--yes` if that is meant");
    assert_eq!(orders.partitions(), 2);
    dir.call("topic alter orders --partitions 4 --yes").succeeds("");
    dir.call("topic alter orders --partitions 4").succeeds("");
    assert_eq!(orders.partitions(), 4);
    dir.call("topic alter orders --partitions 3").fails_with("none can be taken away");
    dir.call("topic alter orders --partitions 0").is_wrong("it should be a whole number from 1 to 65536");
    orders.set_property("partitions.fixed", b"the till counts on it").unwrap();
    dir.call("topic alter orders --partitions 5 --yes").fails_with("the till counts on it");
}

#[test]
fn records_are_given_up_to_an_offset_once_that_is_meant() {
    let dir = Dir::new();
    dir.call("topic create orders --partitions 2").succeeds("");
    dir.call_with("produce orders --partition 1", "a\nb\nc\n").succeeds("");
    let give_up = |of: &str| dir.call(&format!("topic delete-records orders --partition 1 {of}"));
    give_up("--before 2").is_wrong("say `--yes` if that is meant");
    give_up("").is_wrong("--before <OFFSET>");
    give_up("--before 4 --yes").is_wrong("ends at offset 3");
    dir.call("topic delete-records orders --partition 2 --before 1 --yes")
        .fails_with("there is no partition 2");
    give_up("--before 2 --yes").succeeds("");
    give_up("--before 1 --yes").succeeds("");
    dir.call("consume orders --until-end").succeeds("c\n");
    let store = Store::open(dir.path()).unwrap();
    let orders = store.topic("orders").unwrap();
    store.set_pins("billing", &[(orders.id(), log_store::PartitionId(1), Offset(2))]).unwrap();
    give_up("--before 3 --yes").fails_with("begins at offset 2 now: from there on it is needed by billing");
    store.create_topic("__p.state", TopicConfig { internal: true, ..TopicConfig::default() }).unwrap();
    dir.call("topic delete-records __p.state --partition 0 --before 1 --yes")
        .fails_with("the bookkeeping of a program");
}

#[test]
fn the_bookkeeping_of_programs_is_neither_written_nor_deleted() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    store.create_topic("__p.state", TopicConfig { internal: true, ..TopicConfig::default() }).unwrap();
    dir.call_with("produce __p.state", "a\n").fails_with("the bookkeeping of a program");
    dir.call("topic delete __p.state --yes").fails_with("the bookkeeping of a program");
    dir.call("topic list").succeeds("no topics\n");
    assert!(dir.call("topic list --internal").succeeded().contains("__p.state"));
}

#[test]
fn a_line_that_is_no_record_is_told_by_its_number_and_those_before_it_are_appended() {
    let dir = Dir::new();
    dir.call("topic create orders").succeeds("");
    dir.call_with("produce orders --key-separator : --acks", "a:1\nb:2\nc3\nd:4\n")
        .prints("{\"partition\":0,\"offset\":0}\n{\"partition\":0,\"offset\":1}\n")
        .fails_with("line 3 of stdin: there is no `:` in it");
    dir.call_with("produce orders --json", "{}\n{\"value\":1}\n").fails_with("line 2 of stdin: ");
    dir.call_with("produce orders --json", "{\"partition\":1}\n")
        .fails_with("it names partition 1, and the topic has 1");
    dir.call("consume orders --until-end").succeeds("1\n2\n\n");
    dir.call_with("produce orders --partition 4", "a\n").fails_with("there is no partition 4");
    dir.call_with("produce ordres", "a\n").fails_with("there is no topic `ordres`");
}

#[test]
fn garbage_is_wrong_usage_and_says_what_is_right() {
    let dir = Dir::new();
    dir.call("").is_wrong("Usage: waterwheel-log");
    dir.call("cosnume orders").is_wrong("a similar subcommand exists: 'consume'");
    dir.call("consume").is_wrong("<TOPIC>");
    dir.call("produce orders --key-separator").is_wrong("a value is required");
    dir.call("topic").is_wrong("create");
    dir.call("topic create orders --config durability").is_wrong("a setting is written NAME=VALUE");
    let help: Called = dir.call("--help");
    assert!(help.succeeded().contains("Exit codes: 0, 1 for an error, 2 for wrong usage."));
}

#[test]
fn a_directory_of_something_else_is_left_as_it_is() {
    let dir = Dir::new();
    std::fs::create_dir(dir.path()).unwrap();
    std::fs::write(dir.path().join("letter.txt"), "Dear").unwrap();
    dir.call("topic create orders").fails_with("is not a data directory");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn verify_tells_each_damaged_place_and_goes_on_behind_it() {
    let dir = Dir::new();
    let files = with_segments(&dir);
    assert!(files.len() >= 3, "{files:?}");
    dir.call("verify").succeeds("");
    let whole: usize = dir.call("dump orders").succeeded().lines().count();
    assert_eq!(whole, 6);
    // In a record of the first batch, and in the length of the second segment's.
    damage(&files[0], 80);
    damage(&files[1], 8);
    let found = dir.call("verify").fails_printing("damaged in 2 places, while ");
    let lines: Vec<&str> = found.lines().collect();
    assert!(
        lines[0].contains(&*files[0].to_string_lossy()) && lines[0].contains("at offset 0 (byte 0)"),
        "{found}"
    );
    assert!(lines[0].contains("its checksum is") && !lines[0].contains("cannot be found"), "{found}");
    assert!(
        lines[1].contains("at offset 2 (byte 0)") && lines[1].ends_with("in the file cannot be found"),
        "{found}"
    );
    let dumped = dir.call("dump orders").fails_printing("is damaged in 2 places");
    assert_eq!(dumped.matches("\"damage\":").count(), 2, "{dumped}");
    assert_eq!(dumped.matches("\"kind\":\"records\"").count(), 3, "{dumped}");
    std::fs::remove_file(&files[1]).unwrap();
    let found = dir.call("verify").fails_printing("damaged in 2 places, while ");
    assert!(found.contains("at offset 2 (byte 0): the next segment begins with offset 4"), "{found}");
}

#[test]
fn verify_and_dump_see_markers_and_what_was_aborted_beside_the_owner() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    let orders = store.create_topic("orders", TopicConfig::default()).unwrap().partition(0).unwrap();
    let producer = store.producer("billing").unwrap();
    for commits in [true, false] {
        let mut transaction = store.begin(&producer).unwrap();
        let mut records = RecordsBuilder::new();
        records.push(0, None, Some(&[7; 2 << 20]));
        transaction.append(&orders, records).unwrap();
        if commits { transaction.commit().map(drop).unwrap() } else { transaction.abort().unwrap() }
    }
    dir.call("verify").succeeds("");
    let dumped = dir.call("dump orders").succeeded();
    let kinds: Vec<serde_json::Value> = dumped
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["kind"].clone())
        .collect();
    assert_eq!(kinds, ["records of a transaction", "commit", "records of a transaction", "abort"]);
    dir.call("dump orders --partition 1").fails_with("there is no partition 1");
}

#[test]
fn a_line_is_acknowledged_before_the_next_one_is_written_and_whoever_owns_the_directory_may_be_killed() {
    let dir = Dir::new();
    dir.call("topic create orders").succeeds("");
    let mut owner = dir
        .command("consume orders --from-beginning")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut consumed = BufReader::new(owner.stdout.take().unwrap()).lines();
    let owned_by =
        || serde_json::from_str::<serde_json::Value>(&dir.call("status --json").succeeded()).unwrap();
    while owned_by()["owner"]["process"] != owner.id() {}
    let mut producer =
        dir.command("produce orders --acks").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut to, acks) = (producer.stdin.take().unwrap(), producer.stdout.take().unwrap());
    let mut acks = BufReader::new(acks).lines();
    let mut acknowledged = |number: u64| {
        writeln!(to, "value {number}").unwrap();
        assert_eq!(acks.next().unwrap().unwrap(), format!("{{\"partition\":0,\"offset\":{number}}}"));
    };
    for number in 0..3 {
        acknowledged(number);
        assert_eq!(consumed.next().unwrap().unwrap(), format!("value {number}"));
    }
    owner.kill().unwrap();
    owner.wait().unwrap();
    (3..6).for_each(&mut acknowledged);
    drop(to);
    assert!(producer.wait().unwrap().success());
    assert_eq!(dir.call("consume orders --until-end").succeeded().lines().count(), 6);
    dir.call("verify").succeeds("");
}

#[test]
fn acknowledgements_that_nobody_reads_are_a_failure_since_lines_are_left() {
    let dir = Dir::new();
    dir.call("topic create orders").succeeds("");
    let mut producer = dir
        .command("produce orders --acks")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(producer.stdout.take());
    producer.stdin.take().unwrap().write_all(b"one\n").unwrap();
    let ended = producer.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("cannot write acks to stdout"));
}
