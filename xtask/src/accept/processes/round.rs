//! One round: processes that work on one directory, are killed and stopped, and begin again, until the input is through.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::super::engine::new_dir;
use super::super::program::{Cut, finish};
use super::super::rows::Results;
use super::cast::{Lines, Member, Role, SIGINT};
use super::tally::Tally;
use super::{Theatre, checks};
use crate::error::{Error, Result};
use crate::random::Random;

/// How long is waited at most for what must come.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long is waited before it is looked for again.
const PAUSE: Duration = Duration::from_millis(5);

/// One process in so many is stopped and let go on, the others are killed.
const STOP_ONE_IN: u64 = 5;

/// One in so many of those that end well when they are asked to is asked instead of being killed.
const ASK_ONE_IN: u64 = 3;

/// A process that was not heard of for so long has lost its claims to who asks for them: the log's `silent_after`, and a little more.
const SILENT: Duration = Duration::from_millis(10_300);

/// A round from an empty directory.
pub(super) struct Round<'t> {
    theatre: &'t Theatre,
    random: &'t mut Random,
    tally: &'t mut Tally,
    dir: TempDir,
    said: TempDir,
    members: Vec<Member>,
    started: u64,
    /// How many pieces of the input are loaded, and how many flights these have.
    loaded: (usize, u64),
    lines: Lines,
    /// What producers, and those who follow, have printed.
    printed: Vec<(Role, PathBuf)>,
}

impl<'t> Round<'t> {
    pub(super) fn begin(
        theatre: &'t Theatre,
        random: &'t mut Random,
        tally: &'t mut Tally,
    ) -> Result<Round<'t>> {
        let round = Round {
            theatre,
            random,
            tally,
            dir: new_dir()?,
            said: new_dir()?,
            members: Vec::new(),
            started: 0,
            loaded: (0, 0),
            lines: Lines::default(),
            printed: Vec::new(),
        };
        checks::printed(round.log(&["topic", "create", "notes", "--partitions", "1"]))?;
        // What it follows is there from the beginning.
        finish(theatre.departures.load(&theatre.pieces[0].0, round.dir.path()))?;
        finish(theatre.departures.run(Cut { workers: 1, epoch_rows: 500 }, false, round.dir.path()))?;
        Ok(Round { loaded: (1, theatre.pieces[0].1), ..round })
    }

    /// Goes on until so many kills have hit, and then to the end, and compares.
    pub(super) fn play(mut self, kills: u64) -> Result<()> {
        let until = self.tally.hits() + kills;
        while self.tally.hits() < until {
            self.attend()?;
            thread::sleep(Duration::from_millis(self.random.below(60)));
            self.attend()?;
            if self.theatre.long_one_in > 0 && self.random.below(self.theatre.long_one_in) == 0 {
                self.stop_for_long()?;
            } else {
                self.strike()?;
            }
        }
        while self.loaded.0 < self.theatre.pieces.len() {
            self.attend()?;
            thread::sleep(PAUSE);
        }
        self.finish()
    }

    /// Begins what is not under way, and takes note of what has ended.
    fn attend(&mut self) -> Result<()> {
        let mut going = Vec::new();
        for mut member in std::mem::take(&mut self.members) {
            match member.ended()? {
                None => going.push(member),
                Some(status) if member.role == Role::Load && status.success() => self.has_loaded(),
                // What one that was killed had is free in a moment; or one that reads runs the pipeline.
                Some(_) if member.role == Role::Run && member.said().contains("already under way") => {}
                Some(status) => return Err(member.failure(status)),
            }
        }
        self.members = going;
        for role in [Role::Run, Role::Load, Role::Produce, Role::Read, Role::Consume] {
            let is_wanted = role != Role::Load || self.loaded.0 < self.theatre.pieces.len();
            if is_wanted && self.members.iter().all(|member| member.role != role) {
                self.start(role)?;
            }
        }
        Ok(())
    }

    fn start(&mut self, role: Role) -> Result<()> {
        let (departures, dir) = (&self.theatre.departures, self.dir.path());
        let command = match role {
            Role::Run => {
                let mut command = departures.on(dir);
                let workers = self.random.one_of(&["1", "2"]);
                let rows = self.random.one_of(&["50", "200", "1000"]);
                command.args(["run", "--workers", workers, "--epoch-rows", rows]);
                command
            }
            Role::Load => departures.load(&self.theatre.pieces[self.loaded.0].0, dir),
            Role::Read => {
                let mut command = departures.on(dir);
                command.args(["read", "departures-per-hour", "--follow"]);
                command
            }
            Role::Produce => self.log(&["produce", "notes", "--writer", "notes", "--acks"]),
            Role::Consume => self.log(&["consume", "departures-per-hour", "--from-beginning", "--json"]),
        };
        self.started += 1;
        let mut member = Member::start(role, command, self.said.path(), self.started)?;
        if let Some(stdin) = member.take_stdin() {
            // It ends with the process, or with the lines.
            drop(self.lines.feed(stdin));
        }
        if matches!(role, Role::Produce | Role::Read | Role::Consume) {
            self.printed.push((role, member.stdout.clone()));
        }
        self.members.push(member);
        Ok(())
    }

    fn has_loaded(&mut self) {
        let flights = self.theatre.pieces[self.loaded.0].1;
        self.loaded = (self.loaded.0 + 1, self.loaded.1 + flights);
    }

    /// Kills somebody, or stops it for a while: half of the time the owner of the directory.
    fn strike(&mut self) -> Result<()> {
        let owner = self.owner();
        let at = self.members.iter().position(|member| Some(member.id()) == owner);
        let any = self.random.below(self.members.len() as u64) as usize;
        let at = at.filter(|_| self.random.below(2) == 0).unwrap_or(any);
        let (role, is_owner) = (self.members[at].role, Some(self.members[at].id()) == owner);
        if self.random.below(STOP_ONE_IN) == 0 {
            let time = Duration::from_millis(1 + self.random.below(self.theatre.stop_ms));
            if self.members[at].ended()?.is_none() && self.members[at].is_at_work() {
                self.members[at].signal("-STOP")?;
                thread::sleep(time);
                self.members[at].signal("-CONT")?;
                self.tally.stopped(role, is_owner);
            }
            return Ok(());
        }
        let was_at_work = self.members[at].is_at_work();
        let can_be_asked = matches!(role, Role::Run | Role::Read | Role::Consume) && was_at_work;
        if can_be_asked && self.random.below(ASK_ONE_IN) == 0 {
            return self.ask_to_end(at, is_owner);
        }
        let mut member = self.members.swap_remove(at);
        let id = member.id();
        if !member.kill()? {
            // It has ended by itself, which is looked at as ever.
            self.tally.missed += 1;
            self.members.push(member);
            return Ok(());
        }
        if was_at_work {
            self.tally.killed(role, is_owner);
        } else {
            self.tally.missed += 1;
        }
        if role == Role::Load { self.look_after_load(id) } else { Ok(()) }
    }

    /// Has one end as by Ctrl-C, which it does well: the directory is another's then, and nothing is missing.
    fn ask_to_end(&mut self, at: usize, is_owner: bool) -> Result<()> {
        let mut member = self.members.swap_remove(at);
        member.signal("-INT")?;
        let status = member.wait()?;
        let is_refused = member.role == Role::Run && member.said().contains("already under way");
        if status.success() {
            self.tally.asked(member.role, is_owner);
        } else if status.signal() == Some(SIGINT) || is_refused {
            // It did not listen yet, or was about to end.
            self.tally.missed += 1;
        } else {
            return Err(member.failure(status));
        }
        Ok(())
    }

    /// Stops who runs the pipeline, as a client, for longer than the owner waits for it: another begins then, and the first one says, when
    /// it goes on, that it was fenced. Nothing is done if there is none.
    fn stop_for_long(&mut self) -> Result<()> {
        let owner = self.owner();
        let at =
            self.members.iter().position(|member| member.role == Role::Run && Some(member.id()) != owner);
        let Some(at) = at else { return Ok(()) };
        let mut victim = self.members.swap_remove(at);
        if !self.holds_a_claim(victim.id())? || victim.ended()?.is_some() {
            self.members.push(victim);
            return Ok(());
        }
        victim.signal("-STOP")?;
        thread::sleep(SILENT);
        let end = Instant::now() + 2 * PATIENCE;
        loop {
            // Another begins to run it, or does already.
            self.attend()?;
            let rival = self.members.iter().find(|member| member.role == Role::Run).map(Member::id);
            if let Some(rival) = rival
                && self.holds_a_claim(rival)?
            {
                break;
            }
            if Instant::now() > end {
                return Err(Error::Refuted(format!(
                    "what process {} had claimed does not become free",
                    victim.id()
                )));
            }
            thread::sleep(PAUSE);
        }
        victim.signal("-CONT")?;
        let status = loop {
            self.attend()?;
            if let Some(status) = victim.ended()? {
                break status;
            }
            if Instant::now() > end {
                return Err(Error::Refuted(format!(
                    "process {} does not notice that it was fenced",
                    victim.id()
                )));
            }
            thread::sleep(PAUSE);
        };
        // By its claim, or by its commit, whichever it comes to first.
        let says_so = ["was taken over by another process", "was fenced"]
            .iter()
            .any(|text| victim.said().contains(text));
        if status.success() || !says_so {
            return Err(victim.failure(status));
        }
        self.tally.fenced += 1;
        Ok(())
    }

    /// Whether a process has claimed something, as a client.
    fn holds_a_claim(&self, id: u32) -> Result<bool> {
        let status = self.status()?;
        let mut clients = status["clients"].as_array().into_iter().flatten();
        let claims = clients.find(|client| client["process"] == id).map(|client| &client["claims"]);
        Ok(claims.and_then(Value::as_array).is_some_and(|claims| !claims.is_empty()))
    }

    /// Finds out whether a load that was killed is there: all of it, or nothing.
    fn look_after_load(&mut self, id: u32) -> Result<()> {
        // What it asked for last may be in the owner's hands as long as the owner knows it.
        let end = Instant::now() + PATIENCE;
        while self.knows(id)? {
            if Instant::now() > end {
                return Err(Error::Refuted(format!("process {id} was killed, and its session does not end")));
            }
            thread::sleep(PAUSE);
        }
        let flights = self.theatre.departures.flights(self.dir.path())?;
        let (before, piece) = (self.loaded.1, self.theatre.pieces[self.loaded.0].1);
        if flights == before + piece {
            self.tally.loads_done += 1;
            self.has_loaded();
        } else if flights == before {
            self.tally.loads_undone += 1;
        } else {
            let what = format!("a killed load of {piece} flights left {flights}, where {before} had been");
            return Err(Error::Refuted(what));
        }
        Ok(())
    }

    /// Whether a process is there for the owner.
    fn knows(&self, id: u32) -> Result<bool> {
        let status = self.status()?;
        let clients = status["clients"].as_array().into_iter().flatten();
        Ok(clients.chain([&status["owner"]]).any(|client| client["process"] == id))
    }

    fn status(&self) -> Result<Value> {
        let status = checks::printed(self.log(&["status", "--json"]))?.concat();
        serde_json::from_str(&status)
            .map_err(|error| Error::Refuted(format!("`status --json` prints no JSON ({error}): {status}")))
    }

    /// Lets everything come to its end, and compares.
    fn finish(mut self) -> Result<()> {
        // Whoever was killed last begins again, so that the producer comes to the last line.
        self.attend()?;
        let count = self.lines.finish();
        self.end(Role::Produce, None)?;
        self.end(Role::Read, Some("-INT"))?;
        self.end(Role::Run, Some("-INT"))?;
        let (dir, departures) = (self.dir.path(), &self.theatre.departures);
        finish(departures.run(Cut { workers: 2, epoch_rows: 500 }, true, dir))?;
        let results = Results::of(departures.results(dir)?);
        results.expect(&self.theatre.reference, "one process that nobody disturbs")?;

        let read = |topic: &str| {
            checks::printed(self.log(&["consume", topic, "--from-beginning", "--until-end", "--json"]))
        };
        let (notes, consumed) = (read("notes")?, BTreeSet::from_iter(read("departures-per-hour")?));
        let mut command = departures.on(dir);
        command.args(["read", "departures-per-hour"]);
        let rows = BTreeSet::from_iter(checks::printed(command)?);
        // Who follows to the end sees all.
        let consumer = self.members.iter().find(|member| member.role == Role::Consume);
        let end = Instant::now() + PATIENCE;
        while let Some(consumer) = consumer
            && checks::followed(&consumer.stdout, &consumed)? < consumed.len() as u64
        {
            if Instant::now() > end {
                return Err(Error::Refuted("one who follows does not come to see all results".to_owned()));
            }
            thread::sleep(PAUSE);
        }
        let printed = |role| self.printed.iter().filter(move |(of, _)| *of == role).map(|(_, file)| file);
        let acks: Vec<_> = printed(Role::Produce).cloned().collect();
        let acknowledged = checks::notes(&notes, count.max(self.lines.count()), &acks)?;
        let mut followed = 0;
        for (role, expected) in [(Role::Read, &rows), (Role::Consume, &consumed)] {
            for file in printed(role) {
                followed += checks::followed(file, expected)?;
            }
        }
        self.tally.rounds += 1;
        self.tally.rows += results.len();
        self.tally.lines += notes.len() as u64;
        self.tally.acknowledged += acknowledged;
        self.tally.followed += followed;
        Ok(())
    }

    /// Waits for the end of one that has its role, which is asked for by a signal, and must be a good one.
    fn end(&mut self, role: Role, signal: Option<&str>) -> Result<()> {
        let Some(at) = self.members.iter().position(|member| member.role == role) else { return Ok(()) };
        let mut member = self.members.swap_remove(at);
        if let Some(signal) = signal {
            // Before it listens to signals it would die of one.
            while member.ended()?.is_none() && !member.is_at_work() {
                thread::sleep(PAUSE);
            }
            thread::sleep(Duration::from_millis(300));
            if member.ended()?.is_none() {
                member.signal(signal)?;
            }
        }
        let status = member.wait()?;
        let is_refused = role == Role::Run && member.said().contains("already under way");
        if status.success() || is_refused { Ok(()) } else { Err(member.failure(status)) }
    }

    fn owner(&self) -> Option<u32> {
        fs::read_to_string(self.dir.path().join("LOCK")).ok()?.split_whitespace().next()?.parse().ok()
    }

    fn log(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.theatre.log);
        command.arg("--data-dir").arg(self.dir.path()).args(arguments);
        command
    }
}
