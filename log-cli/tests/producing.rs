//! `produce --writer`: the lines of stdin are in the log once, however often it is killed and called again.

mod called;

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use log_store::{Store, partition_of};

use called::Dir;

fn lines(count: u32) -> String {
    (0..count).map(|number| format!("key {}:{number}\n", number % 50)).collect()
}

/// All values, by partition.
fn found(dir: &Dir, partitions: u32) -> Vec<Vec<String>> {
    let consumed = |number: u32| {
        let store = Store::open(dir.path()).unwrap();
        let partition = store.topic("orders").unwrap().partition(number).unwrap();
        let (mut scan, mut values) =
            (partition.scan(partition.log_start_offset(), partition.last_stable_offset()), Vec::new());
        while let Some(record) = scan.next().unwrap() {
            values.push(String::from_utf8(record.value.unwrap().to_vec()).unwrap());
        }
        values
    };
    (0..partitions).map(consumed).collect()
}

/// A load of the text under a writer's name: the program, the thread that gives it the text, and its acks.
fn load(dir: &Dir, text: &str) -> (Child, JoinHandle<()>, Lines<BufReader<ChildStdout>>) {
    let mut program = dir
        .command("produce orders --key-separator : --writer nightly --acks")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut to, text) = (program.stdin.take().unwrap(), text.to_owned());
    // A program that is killed does not want all of it.
    let writer = std::thread::spawn(move || drop(to.write_all(text.as_bytes())));
    let acks = BufReader::new(program.stdout.take().unwrap()).lines();
    (program, writer, acks)
}

#[test]
fn a_load_that_is_killed_at_any_line_and_repeated_is_there_once() {
    let dir = Dir::new();
    dir.call("topic create orders --partitions 3").succeeds("");
    let (total, mut killed) = (60_000, 0);
    let text = lines(total);
    for kill_at in [1, 700, 5_000, 5_001, 20_000, 41_000] {
        let (mut program, writer, acks) = load(&dir, &text);
        let told = acks.take(kill_at).map(Result::unwrap).count();
        program.kill().unwrap();
        killed += u32::from(!program.wait().unwrap().success());
        writer.join().unwrap();
        let there: usize = found(&dir, 3).iter().map(Vec::len).sum();
        assert!(there >= told, "what was acknowledged is there: {there}, {told}");
    }
    assert!(killed >= 4, "{killed}");
    let there: usize = found(&dir, 3).iter().map(Vec::len).sum();
    let last = dir.call_with("produce orders --key-separator : --writer nightly --acks", &text).succeeded();
    assert_eq!(last.lines().count(), total as usize - there);
    let again = dir.call_with("produce orders --key-separator : --writer nightly", &text);
    assert!(
        again.said().contains("appended 0 records to topic `orders`; 60000 lines had been appended before"),
        "{}",
        again.said()
    );
    for (number, values) in (0..).zip(found(&dir, 3)) {
        let here = |line: &u32| partition_of(format!("key {}", line % 50).as_bytes(), 3) == number;
        let expected: Vec<_> = (0..total).filter(here).map(|line| line.to_string()).collect();
        assert_eq!(values, expected);
    }
}

#[test]
fn lines_behind_a_bad_one_are_appended_once_it_is_mended() {
    let dir = Dir::new();
    dir.call("topic create orders").succeeds("");
    dir.call_with("produce orders --key-separator : --writer w", "a:1\nb:2\nc\nd:4\n")
        .fails_with("line 3 of stdin: there is no `:` in it");
    dir.call_with("produce orders --key-separator : --writer w", "a:1\nb:2\nc:3\nd:4\n").succeeds("");
    // More lines behind them.
    let grown = dir.call_with("produce orders --key-separator : --writer w", "a:1\nb:2\nc:3\nd:4\ne:5\n");
    assert!(
        grown.said().contains("appended 1 record to topic `orders`; 4 lines had been"),
        "{}",
        grown.said()
    );
    dir.call("consume orders --until-end").succeeds("1\n2\n3\n4\n5\n");
    dir.call_with("produce orders --writer another", "6\n").succeeds("");
    dir.call("produce orders --writer").is_wrong("a value is required");
}

#[test]
fn a_second_call_under_the_name_takes_it_over() {
    let dir = Dir::new();
    dir.call("topic create orders").succeeds("");
    let mut first = dir
        .command("produce orders --writer w --acks")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acks = BufReader::new(first.stdout.take().unwrap()).lines();
    let mut to = first.stdin.take().unwrap();
    to.write_all(b"1\n").unwrap();
    assert_eq!(acks.next().unwrap().unwrap(), "{\"partition\":0,\"offset\":0}");
    dir.call_with("produce orders --writer w", "1\n2\n").succeeds("");
    to.write_all(b"2 of the first\n").unwrap();
    drop(to);
    let ended = first.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1));
    assert!(said.contains("`w` with epoch 0 was fenced: it was opened again with epoch 1"), "{said}");
    dir.call("consume orders --until-end").succeeds("1\n2\n");
}

#[test]
fn whoever_owns_the_directory_may_be_killed_in_the_middle_of_a_load() {
    let dir = Dir::new();
    dir.call("topic create orders --partitions 3").succeeds("");
    let text = lines(40_000);
    for round in 0..4 {
        // What it prints is read by nobody: it stops after a while, and owns the directory all the same.
        let mut owner = dir
            .command("consume orders --from-beginning --json")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut program, writer, mut acks) = load(&dir, &text);
        let some = acks.by_ref().take(1 + 3_000 * round).map(Result::unwrap).count();
        owner.kill().unwrap();
        owner.wait().unwrap();
        if round % 2 == 0 {
            program.kill().unwrap();
            program.wait().unwrap();
        } else {
            // It goes on to the end, with the directory its own.
            let rest = acks.map(Result::unwrap).count();
            assert!(program.wait().unwrap().success() && some + rest <= 40_000);
        }
        writer.join().unwrap();
    }
    for (number, values) in (0..).zip(found(&dir, 3)) {
        let here = |line: &u32| partition_of(format!("key {}", line % 50).as_bytes(), 3) == number;
        let expected: Vec<_> = (0..40_000).filter(here).map(|line| line.to_string()).collect();
        assert_eq!(values, expected);
    }
}

#[test]
fn a_signal_ends_it_with_how_much_is_appended_and_durable() {
    for (topic, writer, promised, goes_on) in [
        ("orders", "", ", which are on disk\n", "behind these records is not appended\n"),
        ("lazy", "", ", which are as durable as its setting `durability` makes them\n", "is not appended\n"),
        (
            "orders",
            " --writer w",
            ", which are on disk\n",
            "given again under this writer, go on from there\n",
        ),
    ] {
        let dir = Dir::new();
        dir.call("topic create orders").succeeds("");
        dir.call("topic create lazy --config durability=os").succeeds("");
        let mut program = dir
            .command(&format!("produce {topic} --acks{writer}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = program.stdin.take().unwrap();
        stdin.write_all(b"one\ntwo\nhalf a li").unwrap();
        let mut acks = BufReader::new(program.stdout.take().unwrap());
        let mut line = String::new();
        acks.read_line(&mut line).unwrap();
        acks.read_line(&mut line).unwrap();
        assert_eq!(line, "{\"partition\":0,\"offset\":0}\n{\"partition\":0,\"offset\":1}\n");
        let id = program.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let ended = program.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        let (appended, error) = said.split_at(said.find('\n').unwrap() + 1);
        assert_eq!(appended, format!("appended 2 records to topic `{topic}`{promised}"));
        assert!(
            error.starts_with("error: a signal came before stdin was at its end") && error.ends_with(goes_on),
            "{error}"
        );
        dir.call(&format!("consume {topic} --until-end")).succeeds("one\ntwo\n");
        drop(stdin);
    }
}
