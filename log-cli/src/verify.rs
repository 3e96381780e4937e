//! `verify`: every byte of every segment, and what is wrong where.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;

use clap::{ArgMatches, Command};
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use log_store::{Compression, Damage, Inspected, Topic};

use crate::failure::{Failure, Outcome};
use crate::session::Session;
use crate::sizes;

pub(crate) fn command() -> Command {
    Command::new("verify")
        .about("Reads every byte of every segment, and tells what is not as it was written; ends with 1 if there is any")
        .long_about(
            "Reads every byte of every segment up to the durable ends, and tells what is not as it was written: checksums, offsets, records, \
             segments that are missing. It ends with 1 if there is any. Others can work on the directory meanwhile, and nothing is changed.\n\n\
             The commit journal is verified whenever the directory is opened by its owner. Offset indexes are caches, which are made again \
             where they are wrong.",
        )
}

/// What was looked at, and what was found.
#[derive(Default)]
struct Seen {
    batches: u64,
    bytes: u64,
    damaged: u64,
    /// How many batches are compressed, by codec.
    compressed: BTreeMap<&'static str, u64>,
}

impl Seen {
    /// Which codecs the batches have, if any.
    fn codecs(&self) -> String {
        let counts: Vec<_> =
            self.compressed.iter().map(|(codec, count)| format!("{count} {codec}")).collect();
        if counts.is_empty() { String::new() } else { format!("; compressed: {}", counts.join(", ")) }
    }
}

pub(crate) fn perform(session: &Session, _: &ArgMatches) -> Outcome {
    let store = session.store()?;
    let bar = ProgressBar::with_draw_target(Some(sizes::of_store(store).bytes), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("verify {wide_bar} {percent:>3} %");
    bar.set_style(style.expect("the template is a constant"));
    let mut seen = Seen::default();
    for topic in store.topics() {
        let verified = verify(&topic, &mut seen, &bar);
        match verified {
            // It was deleted meanwhile.
            Err(_) if topic.check().is_err() => {}
            verified => verified?,
        }
    }
    bar.finish_and_clear();
    let codecs = seen.codecs();
    let Seen { batches, bytes, damaged, .. } = seen;
    if damaged > 0 {
        return Err(Failure::Error(format!(
            "damaged in {}, while {} ({}) are whole; records before a damaged place can be read, and its \
             partition takes no others once it was met. Restore the file from a copy, with no process at work; without one, the \
             results of a pipeline are computed anew by its `reset`",
            sizes::counted(damaged, "place", "places"),
            sizes::counted(batches, "batch", "batches"),
            HumanBytes(bytes)
        )));
    }
    eprintln!(
        "nothing is damaged: read {} ({}{codecs})",
        sizes::counted(batches, "batch", "batches"),
        HumanBytes(bytes)
    );
    Ok(())
}

fn verify(topic: &Topic, seen: &mut Seen, bar: &ProgressBar) -> Outcome {
    for number in 0..topic.partitions() {
        let mut told = Ok(());
        topic.partition(number)?.inspect(|found| {
            match found {
                Inspected::Batch(batch) => {
                    seen.batches += 1;
                    if batch.compression != Compression::None {
                        *seen.compressed.entry(batch.compression.name()).or_default() += 1;
                    }
                    seen.bytes += batch.bytes;
                    bar.inc(batch.bytes);
                }
                Inspected::Damage(damage) => {
                    seen.damaged += 1;
                    told = bar.suspend(|| tell(topic.name(), number, &damage));
                }
                _ => {}
            }
            if told.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        told.map_err(Failure::of_stdout)?;
    }
    Ok(())
}

fn tell(topic: &str, partition: u32, damage: &Damage) -> std::io::Result<()> {
    let Damage { file, offset, position, reason, rest_unread, .. } = damage;
    let rest = if *rest_unread { "; what is behind it in the file cannot be found" } else { "" };
    let file = file.display();
    writeln!(
        std::io::stdout(),
        "topic `{topic}` partition {partition}: {file} at offset {offset} (byte {position}): {reason}{rest}"
    )
}
