//! The command line of a program with several pipelines, by the example `chained-pipelines`, used as people use it.

mod called;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};

use waterwheel::prelude::*;

use called::Place;

/// As the example declares it.
#[derive(Debug, Clone, PartialEq, Record)]
struct Order {
    shop: String,
    at: Timestamp,
    cents: i64,
}

topics! {
    Orders("orders"): Order { key: shop, time: at, partitions: 2 }
}

const EXAMPLE: &str = "chained-pipelines";

/// The topics that the pipelines write, in their order.
const WRITTEN: [&str; 3] = ["large-orders", "shop-hours", "best-hours"];

const PIPELINES: [&str; 3] = ["large_orders", "shop_hours", "best_hours"];

impl Place {
    /// The rows of every topic that is written, sorted, as their order follows the cut into epochs.
    fn results(&self) -> Vec<Vec<String>> {
        let rows = |topic: &&str| {
            let mut rows: Vec<String> =
                self.succeed(&["read", topic]).stdout.lines().map(str::to_owned).collect();
            rows.sort();
            rows
        };
        WRITTEN.iter().map(rows).collect()
    }

    /// Starts a run and gives it with its stderr, read up to a line that begins so.
    fn started(&self, arguments: &[&str], line: &str) -> (Child, BufReader<std::process::ChildStderr>) {
        let mut child = self.command(arguments).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.lines().last().is_some_and(|last| last.starts_with(line)) {
            assert!(stderr.read_line(&mut said).unwrap() > 0, "no line `{line}` in:\n{said}");
        }
        (child, stderr)
    }

    /// Two orders whose sum does not fit.
    fn order_too_much(&self) {
        let store = Store::open(self.path().join("waterwheel-data")).unwrap();
        let order =
            Order { shop: "bank".to_owned(), at: "2026-01-01T00:00:00Z".parse().unwrap(), cents: i64::MAX };
        TypedTopic::open(&store, Orders).unwrap().append([&order, &order]).unwrap();
        store.close().unwrap();
    }
}

/// Where the lines stand that begin so, in the order of the beginnings.
#[track_caller]
fn in_order(text: &str, beginnings: &[String]) {
    let at = |beginning: &String| {
        let found = text.lines().position(|line| line.starts_with(beginning));
        found.unwrap_or_else(|| panic!("no line `{beginning}` in:\n{text}"))
    };
    let places: Vec<usize> = beginnings.iter().map(at).collect();
    assert!(places.is_sorted(), "{beginnings:?} in:\n{text}");
}

fn headings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("pipeline {name}")).collect()
}

#[test]
fn all_of_them_in_one_call_give_what_they_give_one_by_one() {
    let (together, apart) = (Place::of(EXAMPLE), Place::of(EXAMPLE));
    for place in [&together, &apart] {
        place.succeed(&["order", "3000"]);
    }
    let said = together.succeed(&["run", "--until-end", "--close"]).stderr;
    in_order(&said, &headings(&PIPELINES));
    for pipeline in PIPELINES {
        let said = apart.succeed(&["run", pipeline, "--until-end", "--close", "--workers", "2"]).stderr;
        let others = said.lines().filter(|line| line.starts_with("pipeline ")).collect::<Vec<_>>();
        assert_eq!(others, [format!("pipeline {pipeline}")], "{said}");
    }
    let results = together.results();
    assert_eq!(results, apart.results());
    assert!(results.iter().all(|rows| !rows.is_empty()), "{results:?}");

    let again = together.succeed(&["run", "--until-end", "--close"]).stderr;
    assert_eq!(again.matches("nothing left to do").count(), 3, "{again}");
}

#[test]
fn what_is_named_runs_in_the_order_of_the_topics_however_it_is_named() {
    let place = Place::of(EXAMPLE);
    place.succeed(&["order", "3000"]);
    let said = place.succeed(&["run", "shop_hours", "large_orders", "--until-end"]).stderr;
    in_order(&said, &headings(&PIPELINES[..2]));
    assert!(!said.contains("best_hours"), "{said}");
    place.call(&["read", "best-hours"]).check(1, "topic `best-hours` is not in waterwheel-data yet");
}

#[test]
fn a_program_that_is_killed_between_two_pipelines_goes_on() {
    let (killed, whole) = (Place::of(EXAMPLE), Place::of(EXAMPLE));
    for place in [&killed, &whole] {
        place.succeed(&["order", "3000"]);
    }
    whole.succeed(&["run", "--until-end", "--close"]);
    for pipeline in PIPELINES {
        let heading = format!("pipeline {pipeline}");
        let (mut child, _stderr) = killed.started(&["run", "--until-end", "--close"], &heading);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    killed.succeed(&["run", "--until-end", "--close"]);
    assert_eq!(killed.results(), whole.results());
}

#[test]
fn a_signal_ends_all_that_follow_the_log_at_a_commit() {
    let (place, whole) = (Place::of(EXAMPLE), Place::of(EXAMPLE));
    for each in [&place, &whole] {
        each.succeed(&["order", "500"]);
    }
    for signal in ["-INT", "-TERM"] {
        let line = "`large_orders`, `shop_hours`, `best_hours` follow the log; Ctrl-C ends them cleanly";
        let (mut child, mut stderr) = place.started(&["run"], line);
        assert!(place.succeed(&["read", "orders"]).stdout.contains("bakery"));
        place.call(&["run"]).check(1, "is already under way");
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let mut said = String::new();
        stderr.read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
        assert!(said.starts_with("stopping at the next commit; Ctrl-C again stops at once"), "{said}");
        in_order(&said, &headings(&PIPELINES));
        assert_eq!(said.matches("ended by a signal, at a commit").count(), 3, "{said}");
    }
    for each in [&place, &whole] {
        each.succeed(&["run", "--until-end", "--close"]);
    }
    assert_eq!(place.results(), whole.results());
}

#[test]
fn one_that_fails_stops_the_others_and_the_error_says_which() {
    let place = Place::of(EXAMPLE);
    place.succeed(&["order", "100"]);
    place.order_too_much();
    let failed = "error: pipeline `shop_hours` failed: operator `hours (window)` stopped at ";
    let turn = place.call(&["run", "--until-end"]);
    turn.check(1, failed);
    assert!(turn.stderr.ends_with("; `best_hours` was not run\n"), "{}", turn.stderr);

    // All at once: it ends though nobody stops it.
    let following = place.call(&["run"]);
    following.check(1, failed);
    let others = "; the others were stopped at a commit, and go on from there in the next run\n";
    assert!(following.stderr.ends_with(others), "{}", following.stderr);
    in_order(&following.stderr, &headings(&PIPELINES));
    assert_eq!(place.succeed(&["read", "large-orders"]).stdout.matches("\"bank\"").count(), 2);
}

#[test]
fn reset_goes_from_the_end_of_the_chain_and_refuses_to_leave_a_reader_behind() {
    let place = Place::of(EXAMPLE);
    place.succeed(&["order", "3000"]);
    place.succeed(&["run", "--until-end", "--close"]);
    let results = place.results();
    let refused = place.call(&["reset", "large_orders", "shop_hours", "--yes"]);
    refused.check(1, "topic `shop-hours` is read by pipeline `best_hours`");
    refused.check(
        1,
        "; `chained-pipelines reset shop_hours large_orders best_hours` does it in the right order\n",
    );
    // All that read on are named at once.
    place.call(&["reset", "large_orders", "--yes"]).check(
        1,
        "; `chained-pipelines reset large_orders shop_hours best_hours` does it in the right order\n",
    );
    assert_eq!(place.results(), results, "nothing was dropped");
    place
        .call(&["reset"])
        .check(2, "`reset` drops the state of `best_hours`, `shop_hours`, `large_orders` and every row of");

    let said = place.succeed(&["reset", "--yes"]).stderr;
    let dropped = |pipeline: &&str| format!("dropped the state of pipeline `{pipeline}` and the rows of ");
    in_order(&said, &PIPELINES.iter().rev().map(dropped).collect::<Vec<_>>());
    let again = place.succeed(&["reset", "--yes"]).stderr;
    assert!(
        again.starts_with("nothing to drop: none of `large_orders`, `shop_hours`, `best_hours` has run"),
        "{again}"
    );
    place.succeed(&["run", "--until-end", "--close"]);
    assert_eq!(place.results(), results);

    // A part of the chain, from its end.
    place.succeed(&["reset", "shop_hours", "best_hours", "--yes"]);
    assert_eq!(place.succeed(&["read", "large-orders"]).stdout.lines().count(), results[0].len());
    place.succeed(&["run", "--until-end", "--close"]);
    assert_eq!(place.results(), results);
}

#[test]
fn parameters_are_flags_before_the_command_and_behind_it() {
    let (before, behind) = (Place::of(EXAMPLE), Place::of(EXAMPLE));
    for place in [&before, &behind] {
        place.succeed(&["order", "3000"]);
    }
    before.succeed(&["--least", "4000", "--since=2026-01-02T00:00:00Z", "run", "--until-end"]);
    behind.succeed(&["run", "--until-end", "--since", "2026-01-02T00:00:00Z", "--least", "4000"]);
    let rows = before.succeed(&["read", "large-orders"]).stdout;
    assert_eq!(behind.succeed(&["read", "large-orders"]).stdout, rows);
    assert!(!rows.is_empty() && rows.lines().all(|row| !row.contains("\"2026-01-01T")), "{rows}");

    // They are part of what the pipeline is.
    let other = before.call(&["run", "--until-end"]);
    other.check(1, "parameters: [4000,\"2026-01-02T00:00:00Z\"] when the state was left, [1000,null] now");
    let refused = before.call(&["run", "--least", "4e3"]);
    refused.check(2, "error: '4e3' is no value for '--least <i64>', a parameter of pipeline `large_orders`: write a whole number from -9223372036854775808 to 9223372036854775807\n");
    before
        .call(&["run", "--since", "yesterday"])
        .check(2, "'yesterday' is no value for '--since <Timestamp>'");
    before.call(&["run", "--most", "1"]).check(2, "unexpected argument '--most' found");
}

#[test]
fn what_there_is_is_listed_and_explained_without_a_log() {
    let place = Place::of(EXAMPLE);
    let expected = "\
pipeline      reads         writes        parameters
large_orders  orders        large-orders  [--least <i64>] [--since <Timestamp>]
shop_hours    large-orders  shop-hours
best_hours    shop-hours    best-hours
";
    assert_eq!(place.succeed(&["list"]).stdout, expected);
    let all = place.succeed(&["explain"]).stdout;
    in_order(&all, &headings(&PIPELINES));
    let one = place.succeed(&["explain", "shop_hours"]).stdout;
    assert!(one.starts_with("pipeline shop_hours\n") && all.contains(&one), "{one}");
    let json: serde_json::Value =
        serde_json::from_str(&place.succeed(&["explain", "--json"]).stdout).unwrap();
    let names: Vec<&str> =
        json.as_array().unwrap().iter().map(|plan| plan["pipeline"].as_str().unwrap()).collect();
    assert_eq!(names, PIPELINES);
    let picture = place.succeed(&["graph"]).stdout;
    assert!(picture.starts_with("flowchart TD\n  subgraph p0 [\"large_orders\"]\n"), "{picture}");
    // One dotted edge for each topic between two pipelines.
    for topic in ["large-orders", "shop-hours"] {
        assert_eq!(picture.matches(&format!(" -. \"{topic}\" .-> ")).count(), 1, "{picture}");
    }
    let drawing = place.succeed(&["graph", "shop_hours", "best_hours", "--format", "svg"]).stdout;
    assert_eq!((drawing.matches("stroke-dasharray").count(), drawing.matches("<svg ").count()), (1, 1));
    assert!(!place.path().join("waterwheel-data").exists());

    place.call(&["explain", "shop_hour"]).check(2, "a similar value exists: 'shop_hours'");
    place.call(&["read", "shophours"]).check(
        2,
        "no pipeline of this program reads or writes a topic `shophours`; there are `best-hours`, `large-orders`, `orders`, `shop-hours`",
    );
    place.call(&["reset", "--yes"]).check(1, "there is no data directory waterwheel-data");
}
