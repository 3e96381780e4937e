//! What an append of one record waits for, by the topic's durability, and when another thread sees it: rounds of each in turn.
//!
//! `cargo run --release -p log-store --example durability [ROUNDS]`

use std::sync::mpsc;
use std::time::{Duration, Instant};

use log_store::{Durability, Offset, Partition, RecordsBuilder, Store, TopicConfig};

const APPENDS: u32 = 400;
const ALL: [(&str, Durability); 3] =
    [("fsync", Durability::Fsync), ("interval", Durability::Interval), ("os", Durability::Os)];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rounds = std::env::args().nth(1).map_or(Ok(7), |text| text.parse::<usize>())?;
    let dir = tempfile::tempdir_in(".")?;
    let store = Store::open_exclusive(dir.path())?;
    let mut partitions = Vec::new();
    for (name, durability) in ALL {
        let config = TopicConfig { durability, ..TopicConfig::default() };
        partitions.push(store.create_topic(name, config)?.partition(0)?);
    }
    let mut found = vec![(Vec::new(), Vec::new()); ALL.len()];
    for _ in 0..rounds {
        for (partition, (appended, seen)) in partitions.iter().zip(&mut found) {
            let (append, see) = round(partition)?;
            appended.push(append);
            seen.push(see);
        }
    }
    println!("one record of 100 bytes, µs: the median of {rounds} rounds' p50 (least to greatest)");
    for ((name, _), (appended, seen)) in ALL.iter().zip(&mut found) {
        println!("{name:>8}: acknowledged after {}, seen after {}", told(appended), told(seen));
    }
    Ok(())
}

/// The p50 of the time until an append is acknowledged, and until another thread sees it.
fn round(partition: &Partition) -> Result<(Duration, Duration), Box<dyn std::error::Error>> {
    let (mut appended, mut seen) = (Vec::new(), Vec::new());
    let (begins, begun) = mpsc::channel::<Offset>();
    let (sees, saw) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for offset in begun {
                let _ = partition.wait_beyond(offset, Duration::MAX);
                let _ = sees.send(Instant::now());
            }
        });
        for _ in 0..APPENDS {
            let mut records = RecordsBuilder::new();
            records.push(0, None, Some(&[7; 100]));
            begins.send(partition.log_end_offset())?;
            let begin = Instant::now();
            partition.append(records)?;
            appended.push(begin.elapsed());
            seen.push(saw.recv()?.saturating_duration_since(begin));
        }
        drop(begins);
        Ok((middle(&mut appended), middle(&mut seen)))
    })
}

fn middle(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn told(rounds: &mut [Duration]) -> String {
    let micros = |duration: &Duration| duration.as_micros();
    let middle = middle(rounds);
    format!(
        "{} ({} to {})",
        micros(&middle),
        micros(&rounds[0]),
        micros(rounds.last().expect("there was a round"))
    )
}
