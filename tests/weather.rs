//! The tests of the example `weather`: cargo builds examples for a test run, but runs no tests in them.

#[path = "../examples/weather/main.rs"]
#[expect(dead_code, reason = "the example's `main` is not called here")]
mod weather;
