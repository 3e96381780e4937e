//! The unit tests of the examples that are one file each: cargo builds examples for a test run, but runs no tests in them.

macro_rules! examples {
    ($($name:ident = $path:literal)*) => {$(
        #[path = $path]
        #[expect(dead_code, reason = "the example's `main` is not called here")]
        mod $name;
    )*};
}

examples! {
    dedup = "../examples/dedup.rs"
    evolve_a_row = "../examples/evolve-a-row.rs"
    late_rows = "../examples/late-rows.rs"
    replay_after_bug = "../examples/replay-after-bug.rs"
    sessions = "../examples/sessions.rs"
    top_n = "../examples/top-n.rs"
}
