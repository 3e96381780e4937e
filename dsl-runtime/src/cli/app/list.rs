//! `list`: the pipelines in the order of their topics, with what each reads and writes.

use std::io::Write;

use clap::Command;

use super::entry::Entry;
use super::{Call, order::Member};
use crate::cli::failure::{Failure, Outcome};

pub(super) fn command() -> Command {
    Command::new("list")
        .about("Lists the pipelines in the order of their topics, with what each reads and writes, and its parameters")
        .after_help("Opens nothing: it also works while pipelines run.")
}

pub(super) fn perform(call: &Call, entries: &[Entry]) -> Outcome {
    let known = call.known()?;
    let parameters = |name: &str| {
        let entry = entries.iter().find(|entry| entry.name == name).expect("each pipeline has an entry");
        entry.flags.iter().map(|flag| flag.in_list()).collect::<Vec<_>>().join(" ")
    };
    let line = |member: &Member| {
        let (reads, writes) = (member.reads.join(", "), member.writes.join(", "));
        [member.name().to_owned(), reads, writes, parameters(member.name())]
    };
    let mut lines = vec![["pipeline", "reads", "writes", "parameters"].map(str::to_owned)];
    lines.extend(known.iter().map(line));
    let unknown = entries.iter().filter(|entry| !known.iter().any(|member| member.name() == entry.name));
    // Its topics may depend on its parameters.
    lines.extend(unknown.map(|entry| [entry.name, "?", "?", &parameters(entry.name)].map(str::to_owned)));
    std::io::stdout().lock().write_all(table(&lines).as_bytes()).map_err(Failure::of_stdout)
}

/// The columns as wide as they have to be.
fn table(lines: &[[String; 4]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 4] = std::array::from_fn(width);
    let mut text = String::new();
    for line in lines {
        let fields: Vec<String> =
            line.iter().zip(widths).map(|(field, width)| format!("{field:<width$}")).collect();
        text.push_str(fields.join("  ").trim_end());
        text.push('\n');
    }
    text
}
