//! The unit tests of the example `rides`: cargo builds examples for a test run, but runs no tests in them.

#[path = "../examples/rides/main.rs"]
#[expect(dead_code, reason = "the example's `main` is not called here")]
mod rides;
