//! How records are printed: as they are, or as JSON.

use std::io::{self, Write};

use clap::ArgMatches;
use log_store::{RecordRef, Topic};

use crate::native::{self, Decoded, NativeRows};
use crate::written::Shown;

/// How the records of a topic are printed.
pub(super) enum Print<'s> {
    Json,
    /// The rows decoded; those that cannot be are bytes, which is told of the first.
    Native {
        rows: Box<NativeRows>,
        name: String,
        was_told: bool,
    },
    Text {
        separator: Option<&'s str>,
    },
}

impl<'s> Print<'s> {
    /// As the arguments say.
    pub(super) fn of(topic: &Topic, arguments: &'s ArgMatches) -> Print<'s> {
        let is_native = native::is_native(topic);
        if arguments.get_flag("json") {
            return match is_native && !arguments.get_flag("raw") {
                true => Print::Native {
                    rows: Box::new(NativeRows::of(topic)),
                    name: topic.name().to_owned(),
                    was_told: false,
                },
                false => Print::Json,
            };
        }
        if is_native {
            eprintln!(
                "topic `{}` holds rows in the format `native`: here they are bytes, and with `--json` what the bytes stand for",
                topic.name()
            );
        }
        Print::Text { separator: arguments.get_one::<String>("key-separator").map(String::as_str) }
    }

    /// Prints one record, and a line feed.
    pub(super) fn print(
        &mut self,
        out: &mut impl Write,
        partition: u32,
        record: &RecordRef<'_>,
    ) -> io::Result<()> {
        match self {
            Print::Json => Shown::of(partition, record, &Decoded::default()).write(out)?,
            Print::Native { rows, name, was_told } => {
                let decoded = rows.decode(record);
                if let Some(fault) = decoded.fault.as_ref().filter(|_| !*was_told) {
                    *was_told = true;
                    eprintln!(
                        "warning: partition {partition} offset {} of topic `{name}` is no row that can be decoded: {fault}; it is printed \
                         as bytes, and so are others like it, of which nothing more is said. `waterwheel-log verify` tells whether the log \
                         is as it was written",
                        record.offset
                    );
                }
                Shown::of(partition, record, &decoded).write(out)?;
            }
            Print::Text { separator } => {
                if let Some(separator) = separator {
                    out.write_all(record.key.unwrap_or_default())?;
                    out.write_all(separator.as_bytes())?;
                }
                out.write_all(record.value.unwrap_or_default())?;
            }
        }
        out.write_all(b"\n")
    }
}
