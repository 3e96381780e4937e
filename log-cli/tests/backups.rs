//! `backup` and `restore`.

mod called;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use called::{Dir, damage, with_segments};

#[test]
fn a_log_that_others_write_to_is_backed_up_and_restored() {
    let (dir, around) = (Dir::new(), tempfile::tempdir().unwrap());
    let at = |name: &str| around.path().join(name).display().to_string();
    dir.call(&format!("backup {}", at("backup"))).fails_with("there is no data directory");
    dir.call("topic create orders --partitions 2").succeeds("");
    let lines = |count: u32| -> String { (0..count).map(|number| format!("{number}\n")).collect() };
    dir.call_with("produce orders --partition 1 --writer w", &lines(1000)).succeeds("");

    // Another process owns it, and goes on.
    let mut owner = dir
        .command("produce orders --partition 0 --acks")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acks = BufReader::new(owner.stdout.take().unwrap()).lines();
    let mut to = owner.stdin.take().unwrap();
    to.write_all(b"before\n").unwrap();
    acks.next().unwrap().unwrap();
    let first = dir.call(&format!("backup {} --json", at("backup"))).succeeded();
    let first: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(first["copied_bytes"], first["bytes"]);
    to.write_all(b"after\n").unwrap();
    acks.next().unwrap().unwrap();
    let second = dir.call(&format!("backup {} --json", at("backup"))).succeeded();
    let second: serde_json::Value = serde_json::from_str(&second).unwrap();
    assert!(second["copied_bytes"].as_u64().unwrap() < 200, "{second}");
    drop(to);
    assert!(owner.wait().unwrap().success());

    let restored = Dir::at(around.path().join("restored"));
    dir.call(&format!("restore {} {}", at("backup"), at("restored"))).succeeds("");
    restored.call("consume orders --partition 0 --until-end").succeeds("before\nafter\n");
    restored.call("consume orders --partition 1 --until-end").succeeds(&lines(1000));
    restored.call("verify").succeeds("");
    // What its writer had written is known there.
    restored.call_with("produce orders --partition 1 --writer w", &lines(1003)).succeeds("");
    restored.call("consume orders --partition 1 --until-end").succeeds(&lines(1003));
    dir.call(&format!("restore {} {}", at("backup"), at("restored"))).fails_with("is not empty: it holds");
    dir.call(&format!("restore {} {}", at("nothing"), at("new"))).fails_with("it has no file `manifest`");
}

#[test]
fn a_damaged_segment_is_named_with_ways_out_that_lead_out() {
    let (dir, around) = (Dir::new(), tempfile::tempdir().unwrap());
    let at = |name: &str| around.path().join(name).display().to_string();
    let files = with_segments(&dir);
    dir.call(&format!("backup {}", at("early"))).succeeds("");
    let sound = std::fs::read(&files[1]).unwrap();
    damage(&files[1], 80);
    let called = dir.call(&format!("backup {}", at("backup")));
    called.fails_with("topic `orders` partition 0 is damaged, and nothing was backed up: ");
    called.fails_with(&format!("{} (byte 0): its checksum is", files[1].display()));
    called.fails_with("`waterwheel-log verify` tells of all such places: restore the file from a copy");
    let way_out = "topic delete-records orders --partition 0 --before 4";
    called.fails_with(&format!("offset 4, where the next segment begins, by `waterwheel-log {way_out}`"));
    dir.call(&format!("restore {} {}", at("backup"), at("none"))).fails_with("it has no file `manifest`");

    // An earlier backup has a copy of the file, and who has none gives up what is before.
    damage(&files[1], 80);
    assert_eq!(std::fs::read(&files[1]).unwrap(), sound);
    dir.call(&format!("backup {}", at("backup"))).succeeds("");
    damage(&files[1], 80);
    dir.call(&format!("{way_out} --yes")).succeeds("");
    dir.call(&format!("backup {}", at("late"))).succeeds("");
    let restored = Dir::at(around.path().join("restored"));
    dir.call(&format!("restore {} {}", at("late"), at("restored"))).succeeds("");
    restored.call("verify").succeeds("");
    assert_eq!(restored.call("consume orders --until-end").succeeded().lines().count(), 2);
}
