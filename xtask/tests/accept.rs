//! The kill test on a month of flights, with few kills; `cargo xtask accept engine --input FILE` is the long one.

use std::process::Command;

#[test]
fn kills_at_random_instants_lose_and_double_nothing() {
    // The figures of January, as counted with other means.
    let sums = "EWR 9893 scheduled, 238 cancelled; JFK 9161 scheduled, 100 cancelled; LGA 7950 scheduled, 183 cancelled";
    check("departures", &["1642 rows of 27004 flights", sums]);
}

#[test]
fn neither_do_sessions_and_silent_partitions() {
    check("aircraft", &["of 27004 flights", "21982 duties"]);
}

#[track_caller]
fn check(example: &str, figures: &[&str]) {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output =
        xtask.args(["accept", "engine", "--example", example, "--sample", "--dev"]).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(figures.iter().all(|figure| stdout.contains(figure)), "{stdout}");
    assert!(stdout.contains("none lost, none doubled"), "{stdout}");
}
