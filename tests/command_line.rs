//! The command line, by the example `departures`, used as people use it.

mod called;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command};

use waterwheel::log::RecordsBuilder;

use called::{Called, Place, program};

const EXAMPLE: &str = "departures";

const HEADER: &str = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,\
                      tailnum,origin,dest,air_time,distance,hour,minute,time_hour";

impl Place {
    /// A file of flights from EWR, one for each scheduled minute of the day.
    fn flights(&self, name: &str, minutes: impl IntoIterator<Item = u32>) {
        let line = |minute: u32| {
            let (hour, minute) = (minute / 60, minute % 60);
            format!(
                "2013,1,1,NA,515,NA,NA,819,NA,UA,1545,NA,EWR,IAH,NA,1400,5,{minute},2013-01-01T{hour:02}:00:00Z"
            )
        };
        let lines: Vec<String> =
            std::iter::once(HEADER.to_owned()).chain(minutes.into_iter().map(line)).collect();
        fs::write(self.path().join(name), lines.join("\n") + "\n").unwrap();
    }
}

/// A run that follows the log, as soon as it does; it is killed when the test fails.
struct Following {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    /// The first one.
    line: String,
}

impl Following {
    fn start(place: &Place) -> Following {
        let mut child = place.command(&["run"]).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let begins = line.starts_with("following the log")
            && line.ends_with("; Ctrl-C ends it cleanly, at a commit\n");
        assert!(begins, "{line}");
        Following { child, stderr, line }
    }

    /// Sends the signal, and gives the exit code and what was said since.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sums(rows: &str) -> Vec<(String, u64, u64)> {
    let mut sums: Vec<(String, u64, u64)> = Vec::new();
    for row in rows.lines() {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let origin = row["origin"].as_str().unwrap();
        let (scheduled, cancelled) = (row["scheduled"].as_u64().unwrap(), row["cancelled"].as_u64().unwrap());
        match sums.iter_mut().find(|sum| sum.0 == origin) {
            Some(sum) => *sum = (origin.to_owned(), sum.1 + scheduled, sum.2 + cancelled),
            None => sums.push((origin.to_owned(), scheduled, cancelled)),
        }
    }
    sums.sort();
    sums
}

#[test]
fn without_arguments_it_loads_january_runs_and_says_when_nothing_is_left() {
    let place = Place::of(EXAMPLE);
    let first = place.succeed(&[]);
    assert!(
        first.stderr.contains("read 27,004 rows of `flights`, wrote 1,642 to `departures-per-hour`"),
        "{}",
        first.stderr
    );
    assert!(first.stdout.contains("2013-01-02T11:00:00Z  EWR            35"), "{}", first.stdout);
    let again = place.succeed(&[]);
    assert!(
        again.stderr.contains("nothing left to do: every row of `flights` is processed"),
        "{}",
        again.stderr
    );
    assert_eq!(again.stdout, first.stdout);

    let rows = place.succeed(&["read", "departures-per-hour"]).stdout;
    assert_eq!(rows.lines().count(), 1642);
    let expected = [("EWR", 9_893, 238), ("JFK", 9_161, 100), ("LGA", 7_950, 183)];
    assert_eq!(
        sums(&rows),
        expected.map(|(origin, scheduled, cancelled)| (origin.to_owned(), scheduled, cancelled))
    );
}

#[test]
fn rows_are_json_with_the_columns_in_their_order_and_null_without_a_mean() {
    let place = Place::of(EXAMPLE);
    place.flights("two.csv", [605, 659]);
    place.succeed(&["load", "two.csv"]);
    place.succeed(&["run", "--until-end", "--close", "--workers", "2", "--epoch-rows", "1"]);
    let rows = place.succeed(&["read", "departures-per-hour"]).stdout;
    let row = r#"{"origin":"EWR","hour":"2013-01-01T10:00:00Z","scheduled":2,"departed":0,"cancelled":2,"mean_delay":null}"#;
    assert_eq!(rows, format!("{row}\n"));
    assert_eq!(place.succeed(&["read", "flights"]).stdout.lines().count(), 2);
}

#[test]
fn the_next_run_goes_on_with_open_windows() {
    let place = Place::of(EXAMPLE);
    place.flights("first.csv", 600..630);
    place.flights("second.csv", 630..720);
    place.succeed(&["load", "first.csv"]);
    let first = place.succeed(&["run", "--until-end"]);
    assert!(
        first.stderr.contains("1 window is still open, and the next run goes on with it: a window emits"),
        "{}",
        first.stderr
    );
    assert_eq!(place.succeed(&["read", "departures-per-hour"]).stdout, "");
    place.succeed(&["load", "second.csv"]);
    place.succeed(&["run", "--until-end", "--close"]);
    let rows = place.succeed(&["read", "departures-per-hour"]).stdout;
    assert_eq!((rows.lines().count(), sums(&rows)), (2, vec![("EWR".to_owned(), 120, 120)]));

    place.succeed(&["load", "first.csv"]);
    let refused = place.call(&["run"]);
    refused.check(1, "pipeline `departures` was closed with `--close`, and topic `flights` has newer records: every window has emitted");
    place.succeed(&["reset", "--yes"]);
    place.succeed(&["run", "--until-end", "--close"]);
    assert_eq!(sums(&place.succeed(&["read", "departures-per-hour"]).stdout), [("EWR".to_owned(), 150, 150)]);
}

#[test]
fn a_file_that_was_cut_off_is_not_loaded() {
    let place = Place::of(EXAMPLE);
    place.flights("whole.csv", 0..600);
    let mut whole = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    whole.write_all(&fs::read(place.path().join("whole.csv")).unwrap()).unwrap();
    let whole = whole.finish().unwrap();
    fs::write(place.path().join("cut.csv.gz"), &whole[..whole.len() / 2]).unwrap();
    let said = "the file is gzipped and ends before its data does, so it was cut off; get all of it; nothing was loaded";
    let cut = place.call(&["load", "cut.csv.gz"]);
    cut.check(1, said);
    cut.check(1, "error: cut.csv.gz: after line ");
    assert_eq!(place.succeed(&["read", "flights"]).stdout, "");
    place.call(&["run", "--until-end"]).check(0, "nothing to do: `flights` has no rows yet");
    fs::write(place.path().join("whole.csv.gz"), &whole).unwrap();
    place.succeed(&["load", "whole.csv.gz"]);
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_costs_no_row() {
    let place = Place::of(EXAMPLE);
    place.flights("flights.csv", 0..600);
    place.succeed(&["load", "flights.csv"]);
    let rows = place.succeed(&["read", "flights"]).stdout;
    let (mut failures, program) = (0, program(EXAMPLE).to_str().unwrap().to_owned());
    // In blocks of 512 or of 1024 bytes.
    for blocks in [1, 30, 200, 400, 2000] {
        let script = format!("ulimit -c 0; ulimit -f {blocks} && exec \"$0\" load flights.csv");
        let mut limited = Command::new("sh");
        limited.args(["-c", &script, &program]).current_dir(place.path());
        let called = Called::of(limited.output().unwrap());
        if called.code == Some(0) {
            continue;
        }
        called.check(1, "raise that limit (`ulimit -f`, RLIMIT_FSIZE)");
        failures += 1;
        let now = place.succeed(&["read", "flights"]).stdout;
        assert!(now.starts_with(&rows), "{blocks} blocks");
    }
    assert!(failures > 0);
}

#[test]
fn a_data_directory_is_told_what_is_wrong_with_it() {
    let place = Place::of(EXAMPLE);
    place.flights("flights.csv", 0..60);
    place.succeed(&["load", "flights.csv"]);
    let data = place.path().join("waterwheel-data");
    fs::write(data.join("FORMAT"), "waterwheel-leg 2").unwrap();
    let restored = place.succeed(&["read", "flights"]);
    assert_eq!(restored.stdout.lines().count(), 60);
    let said = "recovered: waterwheel-data/FORMAT was missing or damaged, and was written again; all data is there\n";
    assert_eq!(restored.stderr, said);
    assert_eq!(place.succeed(&["read", "flights"]).stderr, "");

    fs::remove_file(data.join("LOCK")).unwrap();
    std::os::unix::fs::symlink("../flights.csv", data.join("LOCK")).unwrap();
    place.call(&["read", "flights"]).check(1, "LOCK is a symbolic link, and the log follows none");
    assert!(fs::read_to_string(place.path().join("flights.csv")).unwrap().starts_with(HEADER));

    std::os::unix::fs::symlink("nowhere", place.path().join("dangling")).unwrap();
    let dangling = place.call(&["--data-dir", "dangling", "load", "flights.csv"]);
    dangling.check(1, "cannot make dangling: it is a symbolic link to nowhere, which is not there");
}

#[test]
fn a_file_with_a_bad_line_is_not_loaded() {
    let place = Place::of(EXAMPLE);
    place.flights("good.csv", 600..603);
    let good = fs::read_to_string(place.path().join("good.csv")).unwrap();
    let check = |content: &str, said: &str| {
        fs::write(place.path().join("bad.csv"), content).unwrap();
        place.call(&["load", "bad.csv"]).check(1, said);
    };
    check(
        &good.replacen(",5,2,", ",5,soon,", 1),
        "error: bad.csv: line 4: column `minute` is `soon` and should be a whole number from 0 to 255; nothing was loaded",
    );
    check(&good.replacen(",IAH", "", 1), "line 2: there are 18 columns and should be 19; nothing was loaded");
    check(
        &good.replacen("origin", "from", 1),
        "line 1: column 13 should be headed `origin`, and is headed `from`",
    );
    check("", "line 1: there is no column 1, which should be headed `year`");
    place.call(&["load", "none.csv"]).check(1, "cannot open none.csv: No such file");
    place.call(&["run", "--until-end"]).check(0, "nothing to do: `flights` has no rows yet");

    place.flights("empty.csv", []);
    place.call(&["load", "empty.csv"]).check(0, "appended 0 flights to topic `flights`");
}

#[test]
fn while_one_process_runs_others_read_and_load_and_signals_end_it_at_a_commit() {
    let place = Place::of(EXAMPLE);
    place.flights("some.csv", 600..700);
    place.succeed(&["load", "some.csv"]);
    for signal in ["-INT", "-TERM"] {
        let following = Following::start(&place);
        place.call(&["run"]).check(1, "pipeline `departures` is already under way on this store");
        place.call(&["load", "some.csv"]).check(0, "appended 100 flights");
        assert!(place.succeed(&["read", "flights"]).stdout.contains("EWR"));
        place.call(&["explain"]).check_explains();
        let (code, said) = following.end(signal);
        assert_eq!(code, Some(0), "{said}");
        assert!(
            said.starts_with(
                "stopping at the next commit; Ctrl-C again stops at once, and loses nothing that was committed\n\
                 ended by a signal, at a commit; the next run goes on from here\n"
            ),
            "{said}"
        );
    }
    let closing = place.succeed(&["run", "--until-end", "--close", "--workers", "100000"]);
    assert!(closing.stderr.starts_with("`--workers 100000`: "), "{}", closing.stderr);
    let why = " will run. Their most is one a core, and 4 where there are fewer cores; this machine has ";
    assert!(closing.stderr.contains(why), "{}", closing.stderr);
    assert_eq!(sums(&place.succeed(&["read", "departures-per-hour"]).stdout), [("EWR".to_owned(), 300, 300)]);
}

#[test]
fn the_help_of_run_tells_of_both_signals() {
    let place = Place::of(EXAMPLE);
    let help = place.succeed(&["run", "--help"]).stdout;
    assert!(help.contains("A second one stops at once: nothing that was committed is lost"), "{help}");
}

#[test]
fn a_recovery_alone_reads_nothing_new() {
    let place = Place::of(EXAMPLE);
    place.flights("some.csv", 600..700);
    place.succeed(&["load", "some.csv"]);
    place.succeed(&["run", "--until-end"]);
    place.succeed(&["load", "some.csv"]);
    for flags in [&["run", "--recover-only"][..], &["run", "--recover-only", "--accept-changed-replay"]] {
        let said = place.succeed(flags).stderr;
        assert!(said.starts_with("nothing to recover: the last run ended with its state saved\n"), "{said}");
        assert!(said.contains("since the pipeline began: 100 rows read"), "{said}");
    }
}

#[test]
fn a_run_that_follows_says_what_earlier_runs_have_read() {
    let place = Place::of(EXAMPLE);
    place.flights("some.csv", 600..700);
    place.succeed(&["load", "some.csv"]);
    place.succeed(&["run", "--until-end"]);
    let following = Following::start(&place);
    assert_eq!(
        following.line,
        "following the log; earlier runs have read 100 rows; Ctrl-C ends it cleanly, at a commit\n"
    );
    let (code, said) = following.end("-INT");
    assert_eq!(code, Some(0), "{said}");
    for part in ["\nread 0 rows of `flights`", "\nsince the pipeline began: 100 rows read, 0 late rows"] {
        assert!(said.contains(part), "expected `{part}` in:\n{said}");
    }
    assert!(!said.contains("event time is closed"), "{said}");

    place.succeed(&["run", "--until-end", "--close"]);
    let (code, said) = Following::start(&place).end("-INT");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("event time is closed, as by `--close`: rows that are appended"), "{said}");
}

impl Called {
    #[track_caller]
    fn check_explains(&self) {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        for part in [
            "pipeline departures",
            "topic flights",
            "window: tumbling(1h)",
            "key: |f| f.origin",
            "aggregates: count(), count_if(f.dep_time.is_some()), count_if(f.dep_time.is_none()), mean(f.dep_delay)",
            "event time: |f| f.time_hour + Duration::from_mins(i64::from(f.minute)); lateness",
            "topic departures-per-hour",
        ] {
            assert!(self.stdout.contains(part), "expected `{part}` in:\n{}", self.stdout);
        }
    }
}

#[test]
fn graph_prints_the_plan_as_a_picture() {
    let place = Place::of(EXAMPLE);
    let picture = place.succeed(&["graph"]).stdout;
    let edge = "  p0o3 -- \"AirportHour\" --> p0o4\n";
    assert!(picture.starts_with("flowchart TD\n") && picture.contains(edge), "{picture}");
    let plan: serde_json::Value =
        serde_json::from_str(&place.succeed(&["explain", "--json"]).stdout).unwrap();
    assert_eq!(plan["pipeline"], "departures");
    place.call(&["graph", "--format", "png"]).check(2, "invalid value 'png' for '--format <FORMAT>'");
}

#[test]
fn read_shows_partition_offset_and_headers_if_asked() {
    let place = Place::of(EXAMPLE);
    place.flights("one.csv", 600..601);
    place.succeed(&["load", "one.csv"]);
    let plain = place.succeed(&["read", "flights"]).stdout;
    let around = place.succeed(&["read", "flights", "--headers"]).stdout;
    let begin = "{\"partition\":";
    assert!(
        around.starts_with(begin) && around.contains(",\"offset\":0,\"headers\":{},\"row\":{\"year\":2013,"),
        "{around}"
    );
    assert!(around.ends_with(&format!("{}}}\n", plain.trim_end())), "{around}");
}

#[test]
fn read_prints_rows_that_meet_conditions_and_were_appended_late_enough() {
    let place = Place::of(EXAMPLE);
    place.flights("one.csv", [600, 615, 700]);
    place.succeed(&["load", "one.csv"]);
    let read = |arguments: &[&str]| place.succeed(&[&["read", "flights"], arguments].concat()).stdout;
    let all = read(&[]);
    assert_eq!(all.lines().count(), 3);
    let line = |at: usize| format!("{}\n", all.lines().nth(at).unwrap());
    assert_eq!(read(&["--where", "minute=15"]), line(1));
    assert_eq!(read(&["--where", "origin=EWR", "--where", "minute=40"]), line(2));
    assert_eq!(read(&["--where", "origin=JFK"]), "");
    let said = |arguments: &[&str]| place.succeed(&[&["read"], arguments].concat()).stderr;
    assert_eq!(
        said(&["flights", "--where", "hour=ten"]),
        "none of 3 rows of topic `flights` is as `--where` asks\n"
    );
    assert_eq!(
        said(&["flights", "--from-time", "2200-01-01"]),
        "topic `flights` has no rows from there on\n"
    );
    assert_eq!(said(&["flights", "--where", "minute=15"]), "");
    place.succeed(&["run", "--until-end"]);
    assert_eq!(said(&["departures-per-hour"]), "topic `departures-per-hour` has no rows yet\n");
    assert_eq!(read(&["--from-time", "2020-01-01", "--where", "dep_time=null"]), all);
    assert_eq!(read(&["--from-time", "2200-01-01T00:00:00Z"]), "");
    let check = |arguments: &[&str], said: &str| {
        place.call(&[&["read", "flights"], arguments].concat()).check(2, said);
    };
    check(
        &["--where", "orgin=EWR"],
        "the rows of topic `flights` have no field `orgin`; they have `year`, `month`,",
    );
    check(&["--where", "=EWR"], "write a field and its value, `origin=EWR`");
    assert_eq!(read(&["--where", "dep_time"]), "");
    assert_eq!(read(&["--where", "origin"]), all);
    let line_of =
        |offset: &str| read(&["--from-offset", offset]).lines().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<&str> = all.lines().collect();
    let headers = read(&["--headers"]);
    let of_first: Vec<&str> = headers.lines().filter(|line| line.starts_with("{\"partition\":0,")).collect();
    assert_eq!(line_of("0:0"), lines);
    assert_eq!(line_of(&format!("0:{}", of_first.len())).len(), lines.len() - of_first.len());
    check(&["--from-offset", "one"], "write a partition and an offset in it, `0:1200`");
    check(&["--from-offset", "0:1", "--from-time", "2020-01-01T00:00:00Z"], "cannot be used with");
    let refused = |offset: &str, said: &str| {
        place.call(&["read", "flights", "--from-offset", offset]).check(1, said);
    };
    refused(
        "7",
        "topic `flights` has 4 partitions, each with offsets of its own: say which one is meant, `--from-offset 0:7`",
    );
    refused("0:999", "partition 0 ends at offset");
    refused("9:0", "partition 9");
    check(
        &["--from-time", "yesterday"],
        "invalid value 'yesterday' for '--from-time <TIME>': that is no time; write",
    );
    check(
        &["--from-time", "2026"],
        "a number alone is no time; write it as `2026-03-01T12:00:00Z`, or `2026-03-01`",
    );
}

#[test]
fn read_follow_runs_the_pipeline_and_prints_its_rows_as_they_are_committed() {
    let place = Place::of(EXAMPLE);
    let january = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/departures/flights-2013-01.csv.gz");
    place.succeed(&["load", january.to_str().unwrap()]);
    let follow = ["read", "departures-per-hour", "--follow", "--where", "origin=JFK"];
    let mut child = place.command(&follow).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    assert!(first.starts_with(r#"{"origin":"JFK","hour":"2013-01-01T"#), "{first}");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let called = Called::of(child.wait_with_output().unwrap());
    assert_eq!((called.code, called.stderr.as_str()), (Some(0), ""));
    // Whatever was committed by then was printed, and the next run goes on there.
    let read = place.succeed(&["read", "departures-per-hour", "--where", "origin=JFK"]).stdout;
    assert_eq!(first + &rest, read);
    place.succeed(&["run", "--until-end"]);
}

#[test]
fn read_shows_heartbeats_with_their_headers_and_not_among_the_rows() {
    let place = Place::of(EXAMPLE);
    place.flights("one.csv", 600..601);
    place.succeed(&["load", "one.csv"]);
    {
        let store = waterwheel::Store::open(place.path().join("waterwheel-data")).unwrap();
        let mut beat = RecordsBuilder::new();
        let headers = [("waterwheel.heartbeat", Some(&b"5"[..])), ("by", Some(b"a")), ("by", Some(b"b"))];
        beat.push_with_headers(0, None, None, &headers);
        store.topic("flights").unwrap().partition(0).unwrap().append(beat).unwrap();
        store.close().unwrap();
    }
    assert_eq!(place.succeed(&["read", "flights"]).stdout.lines().count(), 1);
    let around = place.succeed(&["read", "flights", "--headers"]).stdout;
    let beat = r#""headers":{"by":["a","b"],"waterwheel.heartbeat":"5"},"row":null}"#;
    assert_eq!((around.lines().count(), around.matches(beat).count()), (2, 1), "{around}");
}

#[test]
fn read_ends_quietly_when_nobody_reads_on() {
    let place = Place::of(EXAMPLE);
    // More than a pipe holds.
    place.flights("many.csv", (0..3000).map(|number| number % 1440));
    place.succeed(&["load", "many.csv"]);
    let mut child = place.command(&["read", "flights"]).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(
        first.starts_with(r#"{"year":2013,"month":1,"day":1,"dep_time":null,"sched_dep_time":515,"#),
        "{first}"
    );
    let rest = Called::of(child.wait_with_output().unwrap());
    assert_eq!((rest.code, rest.stderr.as_str()), (Some(0), ""));
}

#[test]
fn wrong_usage_exits_with_2_and_says_what_is_right() {
    let place = Place::of(EXAMPLE);
    let check = |arguments: &[&str], said: &str| place.call(arguments).check(2, said);
    check(
        &["run", "--close"],
        "`--close` closes event time at the end of the input, so it goes with `--until-end` only",
    );
    check(&["run", "--workers", "0"], "'--workers <N>': it should be a whole number, and at least 1");
    check(
        &["run", "--epoch-rows", "many"],
        "'--epoch-rows <N>': it should be a whole number, and at least 1",
    );
    check(&["run", "--workers", "-3"], "'--workers <N>': it should be a whole number, and at least 1");
    for end in ["--until-end", "--close"] {
        check(
            &["run", "--recover-only", end],
            "say `--recover-only` alone, and then run with `--until-end`\n\nUsage: departures run [OPTIONS]\n",
        );
    }
    check(&["rum"], "a similar subcommand exists: 'run'");
    check(&["read"], "<TOPIC>");
    check(&["read", "departures-per-hours"], "a similar value exists: 'departures-per-hour'");
    place.call(&["read", "flights"]).check(1, "there is no data directory waterwheel-data");
    place.call(&["reset", "--yes"]).check(1, "there is no data directory waterwheel-data");
    let around = place.path();
    fs::create_dir(around.join("empty")).unwrap();
    for call in [&["read", "flights"][..], &["reset", "--yes"]] {
        let empty = place.call(&[call, &["--data-dir", "empty"]].concat());
        empty.check(1, "there is no data directory empty: it is empty; name the right one with `--data-dir`");
    }
    assert_eq!(fs::read_dir(around.join("empty")).unwrap().count(), 0, "nothing was made there");
    fs::write(around.join("file"), "").unwrap();
    place
        .call(&["read", "flights", "--data-dir", "file"])
        .check(1, "there is no data directory file: it is a file; name");
    place
        .call(&["run", "--data-dir", "file/in"])
        .check(1, "cannot make file/in: file is a file, and no directory can be in it");
    assert!(!place.path().join("waterwheel-data").exists());

    place.flights("one.csv", [600]);
    place.succeed(&["load", "one.csv"]);
    let nothing = place.succeed(&["reset"]).stderr;
    assert!(
        nothing.starts_with("nothing to drop: pipeline `departures` has not run in waterwheel-data"),
        "{nothing}"
    );
    place.succeed(&["run", "--until-end"]);
    let asks = place.call(&["reset"]);
    asks.check(2, "there is no terminal to ask on; say `--yes` if that is meant\n");
    assert!(!asks.stderr.contains("Usage"), "{}", asks.stderr);
    place.succeed(&["reset", "--yes"]);
    place
        .call(&["read", "departures-per-hour"])
        .check(1, "topic `departures-per-hour` is not in waterwheel-data yet");
}

#[test]
fn a_data_directory_of_a_newer_format_is_refused() {
    let place = Place::of(EXAMPLE);
    place.flights("one.csv", [600]);
    place.succeed(&["load", "one.csv"]);
    fs::write(place.path().join("waterwheel-data").join("FORMAT"), "waterwheel-log 999\n").unwrap();
    let newer =
        "the data directory waterwheel-data has format version 999, this program knows versions up to";
    place.call(&["run"]).check(1, newer);
}
