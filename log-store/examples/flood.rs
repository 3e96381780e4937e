//! How much of its rate a client keeps while others flood the owner's socket: `cargo run --release -p log-store --example flood`.
//!
//! Three processes: one owns a directory, one floods its socket with one connection after another, and this one appends single durable
//! records as a client. Calm and floods take turns; ratios are those of one round, and their medians are told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use log_store::{Partition, RecordsBuilder, Store, TopicConfig};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const KINDS: [&str; 3] = ["silent", "garbage", "greetings"];
const ROUNDS: usize = 8;

/// How long each variant runs in a round.
const EACH: Duration = Duration::from_millis(700);

/// So many connections are held open by the flood.
const HELD: usize = 200;

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["own", dir] => own(Path::new(dir)),
        ["flood", kind, dir] => flood(kind, &Path::new(dir).join("socket")),
        _ => measure(),
    }
}

/// Owns a directory until stdin ends.
fn own(dir: &Path) -> Result<()> {
    let store = Store::open(dir)?;
    store.create_topic("orders", TopicConfig::default())?;
    println!("open");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(store.close()?)
}

/// Connects as fast as it can, for ever.
fn flood(kind: &str, socket: &Path) -> Result<()> {
    let garbage = vec![0x5a; 64 << 10];
    let mut held = VecDeque::new();
    println!("open");
    loop {
        let Ok(mut stream) = UnixStream::connect(socket) else { continue };
        stream.set_write_timeout(Some(Duration::from_millis(50)))?;
        // That the owner has closed it is what is to be seen.
        let _ = match kind {
            "garbage" => stream.write_all(&garbage),
            // A greeting that is announced as the longest frame, and does not end.
            "greetings" => stream.write_all(&[b"WWLS\0\0\0\x01\x10\0\0\0", &garbage[..4096]].concat()),
            _ => Ok(()),
        };
        if kind != "garbage" {
            held.push_back(stream);
        }
        if held.len() > HELD {
            held.pop_front();
        }
    }
}

/// This program again, which says when it has begun.
fn begin(arguments: &[&str]) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut said = String::new();
    BufReader::new(child.stdout.take().ok_or("it has no stdout")?).read_line(&mut said)?;
    if said.trim() == "open" { Ok(child) } else { Err(format!("{arguments:?} does not begin").into()) }
}

/// How many are appended in a second.
fn rate(partition: &Partition) -> Result<f64> {
    let (begun, mut appended) = (Instant::now(), 0_u32);
    while begun.elapsed() < EACH {
        let mut records = RecordsBuilder::new();
        records.push(0, None, Some(b"a record of some bytes, as they are"));
        partition.append(records)?;
        appended += 1;
    }
    Ok(f64::from(appended) / begun.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn measure() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().to_str().ok_or("the temporary directory is no text")?;
    let mut owner = begin(&["own", path])?;
    let store = Store::open(path)?;
    let orders = store.topic("orders")?.partition(0)?;
    rate(&orders)?;
    let mut rounds: Vec<Vec<f64>> = Vec::new();
    for round in 0..ROUNDS {
        // Calm, and each flood, in another order each time.
        let mut rates = vec![0.0; KINDS.len() + 1];
        for variant in (0..rates.len()).map(|at| (at + round) % (KINDS.len() + 1)) {
            let flooding =
                variant.checked_sub(1).map(|kind| begin(&["flood", KINDS[kind], path])).transpose()?;
            rates[variant] = rate(&orders)?;
            if let Some(mut flooding) = flooding {
                flooding.kill()?;
                flooding.wait()?;
            }
        }
        rounds.push(rates);
    }
    println!("calm: {:.0} records a second", median(rounds.iter().map(|rates| rates[0]).collect()));
    for (at, kind) in KINDS.iter().enumerate() {
        let ratios: Vec<_> = rounds.iter().map(|rates| rates[at + 1] / rates[0]).collect();
        println!("{kind}: {:.2} of that, of {ROUNDS} rounds {ratios:.2?}", median(ratios.clone()));
    }
    owner.kill()?;
    owner.wait()?;
    Ok(())
}
