//! Fuzzing of what reads bytes that others wrote: what comes over the socket in both directions, the journal, record batches, and
//! what the log keeps for itself in records, properties and backups.
//!
//! The decoders say themselves what they take. [`grow`] tries every byte that can tell a kind, and lets what was taken grow
//! wherever it may, so that each kind of message is there with all its parts, and a new one as soon as it is decoded. [`mutate`]
//! damages these. Of each input must hold, whatever it is:
//!
//! - no panic;
//! - no more memory than 16 times the input and a mebibyte;
//! - what was taken, written again and read again, is the same bytes.
//!
//! `FUZZ_CASES` says how many inputs each decoder gets, `FUZZ_SEED` which. An input that something has failed on stands in
//! `corpus.txt` from then on.

mod compressed;
mod grow;
mod kept;
mod mutate;
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::OnceLock;

use grow::Grown;
use targets::{Target, targets};

/// What memory an input may take whatever its size.
const APART_BYTES: u64 = 1 << 20;

/// What was taken of which target, found once for all tests.
fn all() -> &'static [(Target, Grown)] {
    static ALL: OnceLock<Vec<(Target, Grown)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let grown = |target: Target| {
            let grown = grow::grow(&target);
            (target, grown)
        };
        targets().into_iter().map(grown).collect()
    })
}

/// Holds of every input: memory for 16 times its size, and so many bytes apart from it.
#[track_caller]
fn check(target: &Target, input: &[u8], apart_bytes: u64) {
    let shown = || shown(target.name, input);
    let Ok(read) = catch_unwind(AssertUnwindSafe(|| (target.read)(input))) else {
        panic!("`{}` panics: {}", target.name, shown());
    };
    let limit = 16 * input.len() as u64 + apart_bytes;
    assert!(read.bytes_max <= limit, "{} bytes of memory, not {limit}: {}", read.bytes_max, shown());
    if let Some(again) = read.again {
        let second = (target.read)(&again).again;
        assert_eq!(second, Some(again), "written and read again it is another: {}", shown());
    }
}

/// An input as `corpus.txt` has it.
fn shown(name: &str, input: &[u8]) -> String {
    let head: String = input.iter().take(4096).map(|byte| format!("{byte:02x}")).collect();
    format!("a line for corpus.txt, of {} bytes:\n{name} {head}", input.len())
}

fn setting<T: FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn whatever_bytes_come_nothing_panics_and_memory_is_taken_for_what_is_there() {
    let (cases, seed) = (setting("FUZZ_CASES", 3000_u64), setting("FUZZ_SEED", 1_u64));
    for (target, grown) in all() {
        let mut inputs = mutate::Inputs::new(&grown.samples, seed);
        for _ in 0..cases {
            check(target, &inputs.next(), APART_BYTES);
        }
    }
}

#[test]
fn what_once_failed_holds() {
    let mut lines = 0;
    for line in include_str!("corpus.txt").lines().filter(|line| !line.starts_with('#')) {
        let (name, hex) = line.split_once(' ').expect("a target's name and an input in hex");
        let digits = hex.split_whitespace().next().unwrap_or_default();
        let bytes = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16));
        let input: Vec<_> = bytes.collect::<Result<_, _>>().expect("two digits a byte");
        let (target, _) = all().iter().find(|(target, _)| target.name == name).expect("a target's name");
        check(target, &input, APART_BYTES);
        lines += 1;
    }
    assert!(lines > 0);
}

#[test]
fn each_kind_that_there_is_is_reached() {
    for (target, grown) in all() {
        let Some(kinds) = &target.kinds else { continue };
        let reached = grown.samples.iter().filter_map(|sample| (target.name_of)(sample)).collect();
        assert_eq!(*kinds, reached, "kinds of `{}`, and those that were made", target.name);
    }
}

/// Wherever a message has a count, many: the mebibyte must not hide what each of them takes.
#[test]
fn many_small_things_take_memory_in_proportion() {
    for (target, grown) in all() {
        for input in grown.rooms.iter().flat_map(|room| room.filled(40 << 10)) {
            check(target, &input, 64 << 10);
        }
        // Where one message may follow on another, there is no count.
        let repeated = grown.samples.iter().filter(|sample| (target.read)(&sample.repeat(2)).again.is_some());
        for sample in repeated {
            let times = ((80 << 10) / sample.len()).next_power_of_two() + 1;
            check(target, &sample.repeat(times), 64 << 10);
        }
    }
}

/// Wherever a message has a count, the greatest there is, and nothing behind it.
#[test]
fn a_count_that_is_only_claimed_takes_no_memory() {
    for (target, grown) in all() {
        for room in &grown.rooms {
            [u32::MAX, i32::MAX as u32, 1 << 24]
                .iter()
                .for_each(|count| check(target, &room.claiming(*count), APART_BYTES));
        }
    }
}
