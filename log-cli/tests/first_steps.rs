//! What a newcomer meets: lines that are no records, directories that are none, and topics that lose something.

mod called;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use log_store::{Store, TopicConfig};

use called::Dir;

#[test]
fn a_line_too_large_for_its_topic_is_told_and_those_before_it_are_appended() {
    let dir = Dir::new();
    dir.call("topic create orders --config max.message.bytes=100").succeeds("");
    let lines = format!("one\ntwo\n{}\nfour\n", "x".repeat(200));
    let printed = dir.call_with("produce orders --acks", &lines).fails_printing(
        "line 3 of stdin: it makes a record of 236 bytes, and topic `orders` takes 100 by its setting `max.message.bytes`",
    );
    assert_eq!(printed, "{\"partition\":0,\"offset\":0}\n{\"partition\":0,\"offset\":1}\n");
    dir.call("topic alter orders --delete max.message.bytes").succeeds("");
    dir.call_with("produce orders", &lines).succeeds("");
}

#[test]
fn lines_that_are_no_json_records_are_told_by_their_number_and_byte() {
    let dir = Dir::new();
    dir.call("topic create orders --partitions 2").succeeds("");
    let check = |line: &str, said: &str| {
        let lines = format!("{{\"value\":\"one\"}}\n{line}\n");
        let called = dir.call_with("produce orders --json", &lines);
        called.fails_with(&format!("appended 1 record to topic `orders`\nerror: line 2 of stdin: {said}"));
    };
    check("", "it is empty; a record without a value is {}");
    check("[1]", "it is no JSON object, such as {\"key\":");
    check("{\"vlaue\":\"a\"}", "unknown field `vlaue`, expected one of");
    check("{\"value\":\"a\",}", "trailing comma, at byte 14 of it; the lines before it are appended");
}

#[test]
fn a_writer_whose_lines_have_become_fewer_is_warned() {
    let dir = Dir::new();
    dir.call("topic create orders").succeeds("");
    dir.call_with("produce orders --writer w", "1\n2\n3\n").succeeds("");
    let fewer = dir.call_with("produce orders --writer w", "4\n5\n");
    assert_eq!(fewer.succeeded(), "");
    let said = "warning: stdin ended after 2 lines, and 3 are in topic `orders` under the writer `w`: nothing of it was new";
    assert!(fewer.said().contains(said), "{}", fewer.said());
    let same = dir.call_with("produce orders --writer w", "1\n2\n3\n");
    assert!(!same.said().contains("warning"), "{}", same.said());
}

#[test]
fn a_directory_that_is_opened_for_short_calls_only_keeps_what_its_topics_keep() {
    let dir = Dir::new();
    dir.call("topic create orders --config segment.bytes=200 --config retention.bytes=300").succeeds("");
    for number in 0..20 {
        dir.call_with("produce orders", &format!("{number}\n")).succeeds("");
    }
    let kept = dir.call("consume orders --until-end").succeeded();
    let kept: Vec<u32> = kept.lines().map(|line| line.parse().unwrap()).collect();
    assert!((4..=8).contains(&kept.len()), "{kept:?}");
    assert!(kept.iter().copied().eq(20 - kept.len() as u32..20), "{kept:?}");
}

#[test]
fn who_deletes_the_results_of_a_pipeline_is_told_what_that_means() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    for name in ["per-hour", "orders"] {
        store.create_topic(name, TopicConfig::default()).unwrap();
    }
    store.topic("per-hour").unwrap().set_property("waterwheel.writer", b"departures").unwrap();
    let said = "these are the results of pipeline `departures`, whose next run makes the topic anew without them; its own command `reset`";
    dir.call("topic delete per-hour").is_wrong(said);
    let deleted = dir.call("topic delete per-hour --yes");
    deleted.succeeds("");
    assert!(deleted.said().contains(said), "{}", deleted.said());
    let other = dir.call("topic delete orders --yes");
    other.succeeds("");
    assert!(!other.said().contains("warning"), "{}", other.said());
}

#[test]
fn a_link_to_a_directory_that_is_not_there_is_told_with_where_it_leads() {
    let dir = Dir::new();
    let away = dir.path().with_file_name("away");
    std::os::unix::fs::symlink(&away, dir.path()).unwrap();
    for call in ["status", "consume orders", "topic create orders"] {
        let said =
            format!("it is a symbolic link to {}, which is not there; make that directory", away.display());
        dir.call(call).fails_with(&said);
        assert!(!away.exists(), "{call}");
    }
}

#[test]
fn an_empty_directory_is_no_log_and_stays_empty() {
    let dir = Dir::new();
    fs::create_dir(dir.path()).unwrap();
    for call in [
        "status",
        "verify",
        "topic list",
        "group list",
        "consume orders",
        "produce orders",
        "backup elsewhere",
    ] {
        dir.call(call).fails_with(
            ": it is empty; name the right one with `--data-dir`, or make it with `topic create`",
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{call}");
    }
    dir.call("topic create orders").succeeds("");
    dir.call("verify").succeeds("");
    let file = dir.path().join("FORMAT");
    Dir::at(file).call("status").fails_with("FORMAT: it is a file; name the right one");
}

#[test]
fn who_waits_for_an_owner_that_is_stopped_is_told_for_whom() {
    let dir = Dir::new();
    dir.call("topic create orders").succeeds("");
    dir.call_with("produce orders", "first\n").succeeds("");
    let mut owner = dir.command("consume orders --from-beginning").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(owner.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "first\n");
    let signal = |signal: &str| {
        let id = owner.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    };
    signal("-STOP");
    let mut waiting = dir.command("status").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(waiting.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
    signal("-CONT");
    assert!(waiting.wait().unwrap().success());
    assert!(said.contains(&format!(" belongs to process {} (`", owner.id())), "{said}");
    assert!(said.ends_with("`), which has not answered yet; waiting for it\n"), "{said}");
    signal("-INT");
    assert!(owner.wait().unwrap().success());
}
