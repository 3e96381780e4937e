//! Runs: what goes on after a crash or a change, what is refused, what goes wrong, and what a run says of itself.

mod added;
mod backups;
mod changed_code;
mod counting;
mod eco_string;
mod failures;
mod flat;
mod following;
mod identity;
mod kept_types;
mod recovery;
mod refusals;
mod source_rows;
mod without_a_let;
