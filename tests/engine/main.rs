//! The engine's behaviour, from the outside: what pipelines compute, and that nothing changes it.

mod batching;
mod changed_code;
mod counting;
mod cumulate;
mod distinct;
mod due_at_once;
mod eco_string;
mod failures;
mod following;
mod identity;
mod idle;
mod join;
mod kept_types;
mod late_to;
mod operators;
mod over;
mod places;
mod projection;
mod recovery;
mod refusals;
mod sample;
mod session;
mod sharing;
mod source_rows;
mod streams;
mod support;
