//! From an append to those who follow the topic: rows are appended one by one at a steady rate, and tails in threads of their own wait for them.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use waterwheel::prelude::*;

use super::Settings;
use crate::Failure;
use crate::report::Report;
use crate::usage::{Begun, peak_kib};

#[derive(Debug, Clone, PartialEq, Record)]
struct Tick {
    number: u64,
    text: String,
}

topics! {
    Ticks("ticks"): Tick { key: number, partitions: 4 }
}

/// Appends rows of some 100 bytes, so many a second, and tells in milliseconds how long each took to be durable, and to reach each of the tails:
/// from when its append was called.
pub(super) fn follow(store: &Store, settings: &Settings) -> Result<Report, Failure> {
    let ticks = TypedTopic::open(store, Ticks)?;
    let tails: Vec<_> = (0..settings.readers).map(|_| ticks.tail()).collect();
    let (rows, barrier) = (settings.rows as usize, Barrier::new(tails.len() + 1));
    let begun = Begun::now();
    let (called, durable, seen) = thread::scope(|scope| {
        let barrier = &barrier;
        let follow = |tail: waterwheel::Tail<Ticks>| {
            scope.spawn(move || -> waterwheel::Result<Vec<(u64, Instant)>> {
                barrier.wait();
                tail.take(rows).map(|row| Ok((row?.number, Instant::now()))).collect()
            })
        };
        let followers: Vec<_> = tails.into_iter().map(follow).collect();
        barrier.wait();
        let appended = append(&ticks, settings);
        let seen: Vec<_> = followers
            .into_iter()
            .map(|follower| follower.join().expect("a tail does not panic"))
            .collect::<waterwheel::Result<_>>()?;
        appended.map(|(called, durable)| (called, durable, seen))
    })?;
    let mut report = Report::default();
    begun.tell(&mut report);
    report.put("peak_kib", peak_kib()?);
    report.put("rows_read", seen.iter().map(Vec::len).sum::<usize>());
    let since = |number: usize, then: &Instant| 1e3 * then.duration_since(called[number]).as_secs_f64();
    tell(
        "append",
        durable.iter().enumerate().map(|(number, then)| since(number, then)).collect(),
        &mut report,
    );
    let seen = seen.iter().flatten().map(|(number, then)| since(*number as usize, then));
    tell("tail", seen.collect(), &mut report);
    Ok(report)
}

/// When each append was called, and when it returned.
fn append(ticks: &TypedTopic<Ticks>, settings: &Settings) -> Result<(Vec<Instant>, Vec<Instant>), Failure> {
    let (mut called, mut durable) = (Vec::new(), Vec::new());
    let (begun, text) = (Instant::now(), "t".repeat(90));
    for number in 0..settings.rows {
        let due = begun + Duration::from_secs_f64(number as f64 / settings.rate as f64);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let tick = Tick { number, text: text.clone() };
        called.push(Instant::now());
        ticks.append(&tick)?;
        durable.push(Instant::now());
    }
    Ok((called, durable))
}

fn tell(name: &str, mut times: Vec<f64>, report: &mut Report) {
    times.sort_by(f64::total_cmp);
    for percent in [50, 99] {
        let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        report.put(&format!("{name}_p{percent}_ms"), times.get(at).copied().unwrap_or(f64::NAN));
    }
}
