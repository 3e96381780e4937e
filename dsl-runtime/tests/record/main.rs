//! The behaviour of records: rows come back, survive changes of their type, and no bytes can make them panic.

// The derives write paths of the facade, whose part they need is the runtime.
extern crate dsl_runtime as waterwheel;

mod containers;
mod derived_keys;
mod eco_string;
mod enum_rows;
mod evolution;
mod golden;
mod hostile;
mod json;
mod json_evolution;
mod matrix;
mod reading;
mod round_trip;
mod samples;
mod serde_attributes;
mod values;
