//! Consumer groups on the command line.

mod called;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use called::Dir;

fn with_orders() -> Dir {
    let dir = Dir::new();
    dir.call("topic create orders --partitions 2").succeeds("");
    dir.call_with("produce orders --partition 0", "a\nb\nc\n").succeeds("");
    dir
}

#[test]
fn a_group_goes_on_where_it_stood_and_is_described_reset_and_deleted() {
    let dir = with_orders();
    dir.call("group list").succeeds("no consumer groups\n");
    dir.call("consume orders --group billing --until-end").succeeds("a\nb\nc\n");
    dir.call("consume orders --group billing --until-end").succeeds("");
    dir.call_with("produce orders --partition 1", "d\ne\n").succeeds("");
    dir.call("group list").succeeds("GROUP    STATE  MEMBERS  LAG\nbilling  Empty  0        2\n");
    dir.call("group list --json")
        .succeeds("{\"group\":\"billing\",\"lag\":2,\"members\":0,\"state\":\"Empty\"}\n");
    dir.call("consume orders --group billing --until-end --json").succeeded();
    let described = dir.call("group describe billing").succeeded();
    let lines: Vec<_> = described.lines().collect();
    assert_eq!(lines[0], "group billing: Empty, 0 members");
    assert!(lines[2].starts_with("orders  0          3          3    0    2"), "{described}");
    let reset = dir.call("group reset billing --shift-by -1 --dry-run").succeeded();
    assert!(reset.contains("orders  0          2          3    1"), "{reset}");
    dir.call("consume orders --group billing --until-end").succeeds("");
    dir.call("group reset billing --topic orders --to-offset 1 --json").succeeded();
    dir.call("consume orders --group billing --until-end").succeeds("b\nc\ne\n");
    dir.call("group delete billing").succeeds("");
    dir.call("group describe billing")
        .fails_with("there is no consumer group `billing`; there are no groups yet");
    dir.call("group reset billing --to-earliest").fails_with("there is no consumer group `billing`");
    dir.call("group reset billing").is_wrong("--to-earliest");
    dir.call("consume orders --group billing --partition 0").is_wrong("cannot be used with");
    // It did not exist: what was there before is not for it.
    dir.call("group reset late --topic orders --to-latest").succeeded();
    dir.call("consume orders --group late --from-beginning --until-end").succeeds("");
}

#[test]
fn two_programs_share_a_topic_and_one_that_is_killed_leaves_what_it_printed_committed() {
    let dir = with_orders();
    let mut program = dir
        .command("consume orders --group billing --from-beginning")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "a");
    // It has the directory; others are told of it.
    let described = dir.call("group describe billing --json").succeeded();
    assert!(described.contains(&format!("\"process\":{}", program.id())), "{described}");
    dir.call("group reset billing --to-earliest").fails_with("consumer group `billing` has 1 members");
    // Printed and committed comes one behind the other: it is committed when the next is printed.
    assert_eq!(lines.next().unwrap().unwrap(), "b");
    assert_eq!(lines.next().unwrap().unwrap(), "c");
    dir.call_with("produce orders --partition 0", "d\n").succeeds("");
    assert_eq!(lines.next().unwrap().unwrap(), "d");
    kill_process(Pid::from_child(&program), Signal::KILL).unwrap();
    program.wait().unwrap();
    let rest = dir.call("consume orders --group billing --until-end").succeeded();
    assert!(
        rest.is_empty() || rest == "d\n",
        "at least once, and what was committed is not given again: {rest}"
    );
}
