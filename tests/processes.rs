//! The example `departures` as several processes over one directory: one runs, one follows, others load; some are killed.

mod called;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use called::Place;
use waterwheel::log::{Store, StoreConfig};

const EXAMPLE: &str = "departures";

const HEADER: &str = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,\
                      tailnum,origin,dest,air_time,distance,hour,minute,time_hour";

/// A process that goes on until it is told not to; it is killed when the test fails.
struct Going {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Going {
    /// Begins it as soon as it says that line. What another process had may not be free for a moment after that was killed.
    fn begin(place: &Place, arguments: &[&str], line: &str) -> Result<Going, String> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let mut child = place.command(arguments).spawn().unwrap();
            let mut going = Going { stderr: BufReader::new(child.stderr.take().unwrap()), child };
            let mut said = String::new();
            // One that says nothing is killed, so that the test fails.
            let (speaks, heard) = channel::<()>();
            let id = going.child.id().to_string();
            let waits = std::thread::spawn(move || {
                if heard.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
                    let _ = Command::new("kill").args(["-KILL", &id]).status();
                }
            });
            // One that comes first after a kill may have something to recover, and says so.
            while said.is_empty() || said.starts_with("recovered: ") {
                said.clear();
                if going.stderr.read_line(&mut said).unwrap() == 0 {
                    break;
                }
            }
            drop(speaks);
            waits.join().unwrap();
            if said.contains(line) {
                return Ok(going);
            }
            if !(said.contains("is already under way") && Instant::now() < end) {
                return Err(format!("{arguments:?}: {said}"));
            }
        }
    }

    fn run(place: &Place) -> Going {
        Going::begin(place, &["run"], "following the log").unwrap_or_else(|said| panic!("{said}"))
    }

    /// Fails with what it says if it has ended by itself.
    #[track_caller]
    fn goes_on(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            let mut said = String::new();
            self.stderr.read_to_string(&mut said).unwrap();
            panic!("it ended ({status}): {said}");
        }
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Has it end at a commit.
    fn end(mut self) {
        self.signal("-INT");
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{said}");
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One that follows the results, which another process computes.
struct Follower {
    going: Going,
    lines: Receiver<String>,
}

impl Follower {
    /// Begins it beside the process that runs the pipeline, which is asked what it says if that is not seen.
    fn begin(place: &Place, run: &mut Going) -> Follower {
        let arguments = ["read", "departures-per-hour", "--follow"];
        let begun = Going::begin(place, &arguments, " is run by ");
        let mut going = begun.unwrap_or_else(|said| {
            run.goes_on();
            panic!("{said}");
        });
        let stdout = BufReader::new(going.child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Follower { going, lines }
    }
}

/// A file of the flights of an hour, which are fewer and fewer.
fn hour(place: &Place, hour: u32) -> String {
    let flight = |minute: u32| {
        format!(
            "2013,1,1,NA,515,NA,NA,819,NA,UA,1545,NA,EWR,IAH,NA,1400,{hour},{minute},2013-01-01T{hour:02}:00:00Z"
        )
    };
    let lines: Vec<_> = std::iter::once(HEADER.to_owned()).chain((0..60 - hour).map(flight)).collect();
    let name = format!("{hour}.csv");
    fs::write(place.path().join(&name), lines.join("\n") + "\n").unwrap();
    name
}

/// The process that owns the directory, as the lock says.
fn owner(place: &Place) -> u32 {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let lock = fs::read_to_string(place.path().join("waterwheel-data/LOCK")).unwrap();
        // It is empty for a moment when another takes it.
        if let Ok(owner) = lock.trim().parse() {
            return owner;
        }
        assert!(Instant::now() < end, "nobody owns the directory: {lock}");
        std::thread::yield_now();
    }
}

#[test]
fn who_waits_for_an_owner_that_is_stopped_is_told_for_whom() {
    let place = Place::of(EXAMPLE);
    place.succeed(&["load", &hour(&place, 0)]);
    let run = Going::run(&place);
    run.signal("-STOP");
    let mut waiting = place.command(&["read", "flights"]).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(waiting.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
    run.signal("-CONT");
    let begins = format!("waterwheel-data belongs to process {} (`", run.child.id());
    assert!(
        said.starts_with(&begins) && said.ends_with(" run`), which has not answered yet; waiting for it\n"),
        "{said}"
    );
    let rows = waiting.wait_with_output().unwrap();
    assert!(
        rows.status.success() && rows.stdout.iter().filter(|&&byte| byte == b'\n').count() == 60,
        "{rows:?}"
    );
    run.end();
}

#[test]
fn a_run_that_was_stopped_for_too_long_ends_when_it_goes_on_though_it_has_no_input() {
    let place = Place::of(EXAMPLE);
    place.succeed(&["load", &hour(&place, 0)]);
    let config = StoreConfig { silent_after: Duration::from_millis(2500), ..StoreConfig::default() };
    let owner = Store::open_with(place.path().join("waterwheel-data"), config).unwrap();
    let mut run = Going::run(&place);
    let name = "pipeline `departures`";
    run.signal("-STOP");
    let end = Instant::now() + Duration::from_secs(60);
    let claim = loop {
        match owner.claim(name) {
            Ok(claim) => break claim,
            Err(error) => assert!(Instant::now() < end, "{error}"),
        }
    };
    run.signal("-CONT");
    // One that goes on is killed, so that the test fails.
    let (ended, waiting) = channel::<()>();
    let id = run.child.id().to_string();
    let killer = std::thread::spawn(move || {
        if waiting.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
        }
    });
    let mut said = String::new();
    run.stderr.read_to_string(&mut said).unwrap();
    assert_eq!(run.child.wait().unwrap().code(), Some(1), "{said}");
    drop(ended);
    killer.join().unwrap();
    assert!(said.contains("error: pipeline `departures` was taken over by another process"), "{said}");
    claim.check().unwrap();
}

#[test]
fn one_process_runs_one_follows_and_others_load_and_kills_of_them_change_no_result() {
    let (place, whole) = (Place::of(EXAMPLE), Place::of(EXAMPLE));
    place.succeed(&["load", &hour(&place, 0)]);
    let mut run = Some(Going::run(&place));
    let holder = run.as_ref().unwrap().child.id();
    let refused = place.call(&["run"]);
    refused.check(
        1,
        &format!("pipeline `departures` is already under way on this store, by process {holder} (`"),
    );
    refused.check(1, " run`), which began ");
    let mut follower = Some(Follower::begin(&place, run.as_mut().unwrap()));
    let mut owners_killed = 0;
    for loaded in 1..24 {
        run.as_mut().unwrap().goes_on();
        let file = hour(&place, loaded);
        // The owner is killed, whichever it is; one that is none is; the run is stopped while others load.
        let (run_id, follower_id) =
            [run.as_ref().map(|run| &run.child), follower.as_ref().map(|follower| &follower.going.child)]
                .map(|child| child.expect("it was begun").id())
                .into();
        match loaded % 4 {
            0 => {
                run.as_ref().unwrap().signal("-STOP");
                let mut load = place.command(&["load", &file]).spawn().unwrap();
                run.as_ref().unwrap().signal("-CONT");
                assert!(load.wait().unwrap().success());
                continue;
            }
            kind => {
                let kills_owner = kind != 1;
                let mut load = place.command(&["load", &file]).spawn().unwrap();
                let victim = if (owner(&place) == run_id) == kills_owner { run_id } else { follower_id };
                owners_killed += u32::from(owner(&place) == victim);
                if victim == run_id {
                    drop(run.take());
                    run = Some(Going::run(&place));
                } else {
                    drop(follower.take());
                    run.as_mut().unwrap().goes_on();
                    follower = Some(Follower::begin(&place, run.as_mut().unwrap()));
                }
                let mut said = String::new();
                load.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                assert!(load.wait().unwrap().success(), "{said}");
            }
        }
    }
    assert!(owners_killed > 5, "{owners_killed}");
    run.take().unwrap().end();
    place.succeed(&["run", "--until-end", "--close"]);

    (0..24).for_each(|loaded| drop(whole.succeed(&["load", &hour(&whole, loaded)])));
    whole.succeed(&["run", "--until-end", "--close"]);
    let read = |place: &Place| place.succeed(&["read", "departures-per-hour"]).stdout;
    let expected = read(&whole);
    assert_eq!(expected.lines().count(), 24);
    assert_eq!(read(&place), expected);
    let lines = &follower.as_ref().unwrap().lines;
    let next = || lines.recv_timeout(Duration::from_secs(30)).ok();
    let followed: Vec<_> = std::iter::from_fn(next).take(24).collect();
    assert_eq!(followed.join("\n") + "\n", expected, "who followed has seen each once");
}
