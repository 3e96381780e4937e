//! The unit tests of the example `departures`: cargo builds examples for a test run, but runs no tests in them.

#[path = "../examples/departures/main.rs"]
#[expect(dead_code, reason = "the example's `main` is not called here")]
mod departures;
