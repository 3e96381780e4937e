//! The latency of commits: from the append of a row to its visibility for a reader of committed rows.

use std::thread;
use std::time::{Duration, Instant};

use waterwheel::log::Offset;
use waterwheel::prelude::*;
use waterwheel::record::{FieldMask, Format, RowCodec, TopicSchemas};

use crate::Failure;
use crate::median::percentile;

const ROWS_PER_SECOND: u64 = 10_000;

/// How long rows are appended before they count.
const WARM_UP: Duration = Duration::from_secs(2);

/// A row is appended with others that are due, this often.
const APPEND_EVERY: Duration = Duration::from_millis(1);

#[derive(Debug, Clone, PartialEq, Record)]
struct Event {
    id: u64,
    /// When the row was due, in microseconds since the start.
    due_us: u64,
    text: String,
}

topics! {
    Events("events"): Event { key: id, partitions: 4 }
    KeptEvents("kept-events"): Event { key: id }
}

/// Keeps nine rows of ten.
#[pipeline]
fn keep() {
    let events = source(Events);
    let kept = events.filter(|e| e.id % 10 != 0);
    kept.sink(KeptEvents);
}

/// What was measured.
pub(crate) struct Latency {
    pub(crate) rows: usize,
    pub(crate) seconds: u64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) max: Duration,
    /// What an append took until it was acknowledged.
    pub(crate) append_p50: Duration,
    pub(crate) append_p99: Duration,
}

/// Appends rows at a steady rate for so long, and takes each kept row's time until it can be read.
pub(crate) fn measure(seconds: u64) -> Result<Latency, Failure> {
    let dir = tempfile::tempdir()?;
    let store = Store::open(dir.path())?;
    let events = TypedTopic::open(&store, Events)?;
    let job = keep().start(&store, RunOptions::new())?;
    job.wait_until_caught_up()?;
    let begun = Instant::now();
    let rows = (Duration::from_secs(seconds) + WARM_UP).as_secs() * ROWS_PER_SECOND;
    let kept = rows - rows.div_ceil(10);
    let (appends, latencies) = thread::scope(|scope| -> Result<_, Failure> {
        let reader = scope.spawn(|| read(&store, begun, kept).map_err(|error| error.to_string()));
        let appends = append(&events, begun, rows)?;
        Ok((appends, reader.join().map_err(|_| "the reader panicked")??))
    })?;
    job.stop()?;
    let (p50, p99) = (percentile(latencies.clone(), 50), percentile(latencies.clone(), 99));
    let max = latencies.iter().max().copied().unwrap_or_default();
    let (append_p50, append_p99) = (percentile(appends.clone(), 50), percentile(appends, 99));
    Ok(Latency { rows: latencies.len(), seconds, p50, p99, max, append_p50, append_p99 })
}

/// Appends rows as they are due. A slow append delays those after it, and that counts: a row's time begins when it is due.
/// Gives what each append after the warm-up took.
fn append(events: &TypedTopic<Events>, begun: Instant, rows: u64) -> Result<Vec<Duration>, Failure> {
    let (mut next, mut taken) = (0, Vec::new());
    while next < rows {
        let now = begun.elapsed();
        let due = ((now.as_micros() as u64) * ROWS_PER_SECOND / 1_000_000).min(rows);
        if due == next {
            thread::sleep(APPEND_EVERY.saturating_sub(begun.elapsed() - now));
            continue;
        }
        let event = |id| Event { id, due_us: id * 1_000_000 / ROWS_PER_SECOND, text: format!("{id:0>80}") };
        let batch: Vec<Event> = (next..due).map(event).collect();
        events.append(&batch)?;
        if now >= WARM_UP {
            taken.push(begun.elapsed() - now);
        }
        next = due;
    }
    Ok(taken)
}

/// Reads the results as they become visible, up to their number; gives the latencies of those after the warm-up.
fn read(store: &Store, begun: Instant, rows: u64) -> Result<Vec<Duration>, Failure> {
    let partition = store.topic("kept-events")?.partition(0)?;
    let codec = RowCodec::<Event>::new(Format::Native, &mut TopicSchemas::new())?;
    let (mut at, mut seen, mut latencies) = (Offset(0), 0, Vec::new());
    while seen < rows {
        if !partition.wait_beyond(at, Duration::from_secs(30)) {
            return Err(format!("no row became visible for 30 s, after {seen} of {rows}").into());
        }
        let visible = begun.elapsed();
        let fetched = partition.read(at, 1 << 20)?;
        for record in fetched.records() {
            let event = codec.decode(record.value.unwrap_or_default(), FieldMask::ALL)?;
            let due = Duration::from_micros(event.due_us);
            if due >= WARM_UP {
                latencies.push(visible.saturating_sub(due));
            }
            seen += 1;
        }
        at = fetched.next_offset();
    }
    Ok(latencies)
}
