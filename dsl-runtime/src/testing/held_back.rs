//! What a test that fails is told of rows that did not come out: what holds them back, and which were dropped or left out.

use crate::engine::{OperatorSummary, Stepper};
use crate::time::Timestamp;

/// What open windows and waiting rows wait for, and what to do about it; `None` if nothing is open.
pub(super) fn waits_for(stepper: &Stepper) -> Option<String> {
    let (topic, partition, greatest) = stepper.waits_for()?;
    Some(match greatest {
        Some(at) => format!(
            "what is open waits for partition {partition} of `{topic}`, which is furthest back, at {at}: a row or a heartbeat further on there lets it emit, \
             less the source's lateness, and so does `t.close()`"
        ),
        None => format!(
            "what is open waits for partition {partition} of `{topic}`, which has no row yet: push one with a key that goes there, or say how far it is by \
             `t.heartbeat(Topic, {partition}, at)`; with `.idle(..)` at the source and `t.advance_clock(..)` nobody waits for it; `t.close()` lets all emit"
        ),
    })
}

/// What a test may have expected, and did not get, as of what was processed last: nothing is run for it.
pub(super) fn hints(stepper: &Stepper, clock: Timestamp) -> Vec<String> {
    let (operators, skipped, wake_at, is_open) = stepper.board(|board| {
        let operators: Vec<_> = board
            .operators
            .iter()
            .map(|counted| (counted.keyed.is_some(), counted.summary.clone()))
            .collect();
        let is_open = board.open_entries > 0 && !board.closed;
        (operators, board.totals.skipped, board.wake_at.filter(|_| !board.closed), is_open)
    });
    let waits = waits_for(stepper).map(|text| format!("not all rows are out yet: {text}"));
    let mut hints: Vec<String> = waits.into_iter().collect();
    if let Some(at) = wake_at {
        hints.push(format!(
            "not all rows are out yet: what goes by the clock waits until {at}, and a test's clock stands at {clock}: `t.set_clock(at)` or `t.advance_clock(by)` moves it on"
        ));
    }
    for topic in stepper.appended_behind_side_ends() {
        hints.push(format!(
            "rows were pushed into `{topic}` after its table was read, which is once, before the first row of a stream: push a table's rows before all others"
        ));
    }
    for (keyed, summary) in &operators {
        hints.extend(dropped(summary));
        // What is held back is said already, and what writes makes nothing.
        let made_nothing = summary.rows_in > summary.rows_late && summary.rows_out == 0;
        let writes =
            ["(sink)", "(late_to)", "(dead_letter)"].iter().any(|kind| summary.operator.ends_with(kind));
        if made_nothing && !(*keyed && is_open) && !writes {
            let OperatorSummary { operator, rows_in, .. } = summary;
            hints.push(format!("`{operator}` was given {}, and has made none", rows(*rows_in)));
        }
    }
    if skipped > 0 {
        hints.push(format!("{skipped} of the records could not be decoded, and were skipped"));
    }
    hints
}

/// Rows that an operator has not taken.
fn dropped(summary: &OperatorSummary) -> Vec<String> {
    let OperatorSummary { operator, rows_late, unwaited_late, rows_ahead, .. } = summary;
    let mut dropped = Vec::new();
    if *rows_late > 0 {
        dropped.push(format!(
            "{} came too late for `{operator}`: behind the greatest event time of the partition, less the source's lateness; `t.explain_rows()` says which",
            rows(*rows_late)
        ));
    }
    if *unwaited_late > 0 {
        dropped.push(format!(
            "{} came too late for `{operator}`, from partitions that nobody had waited for, as they were idle",
            rows(*unwaited_late)
        ));
    }
    if *rows_ahead > 0 {
        dropped.push(format!(
            "{} lay further in the future than `{operator}` allows, as of the test's clock, and came no further",
            rows(*rows_ahead)
        ));
    }
    dropped
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}
