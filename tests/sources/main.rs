//! Sources: event time and watermarks, late rows, what cannot be decoded, and what the log knows of a record.

mod added;
mod ahead;
mod append_time;
mod dead_letters;
mod heartbeats;
mod idle;
mod late_to;
mod with_meta;
