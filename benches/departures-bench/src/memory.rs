//! The job in memory: compiled, and by hand, side by side.

use std::time::{Duration, Instant};

use crate::Failure;
use crate::by_hand::{self, Encoded, Input, Typed};
use crate::compiled::Compiled;
use crate::flight::Flight;
use crate::median::{median, median_ratio};
use crate::pipeline::AirportHour;

/// Medians of the times that the whole input takes.
pub(crate) struct Times {
    pub(crate) workers: usize,
    pub(crate) compiled: Duration,
    /// By hand, from the same encoded rows.
    pub(crate) encoded: Duration,
    /// By hand, from rows that need no decoding.
    pub(crate) typed: Duration,
    /// Compiled ÷ by hand from the same encoded rows. Taken within each round, so that what else the machine does then
    /// weighs on both, and of these the median.
    pub(crate) encoded_ratio: f64,
    /// Compiled ÷ by hand from typed rows, likewise.
    pub(crate) typed_ratio: f64,
}

/// The job in memory.
pub(crate) struct Memory {
    pub(crate) rows: usize,
    pub(crate) runs: usize,
    pub(crate) times: Vec<Times>,
    /// Decoding whole rows and nothing else, on one thread.
    pub(crate) decoding: Duration,
    /// Decoding what the job by hand needs of them, likewise.
    pub(crate) decoding_needed: Duration,
}

/// Measures all variants in turn, so many times, with one worker and with two.
pub(crate) fn measure(flights: &[Flight], runs: usize) -> Result<Memory, Failure> {
    let compiled = Compiled::over(flights)?;
    let encoded = Encoded::of(compiled.store())?;
    let typed = Input::Typed(Typed::of(&encoded)?);
    let decoder = encoded.clone();
    let encoded = Input::Encoded(encoded);
    let mut times = Vec::new();
    let (mut decoding, mut decoding_needed) = (Vec::new(), Vec::new());
    for workers in [1, 2] {
        let mut taken: [Vec<Duration>; 3] = Default::default();
        // The first round warms up and checks that all do the same job.
        for round in 0..=runs {
            let results =
                [compiled.run(workers)?, by_hand::run(&encoded, workers)?, by_hand::run(&typed, workers)?];
            if round == 0 {
                expect_equal(&results)?;
                continue;
            }
            for (taken, (elapsed, _)) in taken.iter_mut().zip(&results) {
                taken.push(*elapsed);
            }
            let begun = Instant::now();
            decoder.decode_whole()?;
            decoding.push(begun.elapsed());
            let begun = Instant::now();
            decoder.decode_needed()?;
            decoding_needed.push(begun.elapsed());
        }
        let [compiled, encoded, typed] = &taken;
        let (encoded_ratio, typed_ratio) = (median_ratio(encoded, compiled), median_ratio(typed, compiled));
        let [compiled, encoded, typed] = taken.map(median);
        times.push(Times { workers, compiled, encoded, typed, encoded_ratio, typed_ratio });
    }
    let (decoding, decoding_needed) = (median(decoding), median(decoding_needed));
    Ok(Memory { rows: flights.len(), runs, times, decoding, decoding_needed })
}

fn expect_equal(results: &[(Duration, Vec<AirportHour>); 3]) -> Result<(), Failure> {
    let sorted = |rows: &[AirportHour]| {
        let mut rows = rows.to_vec();
        rows.sort_by(|left, right| (left.hour, &left.origin).cmp(&(right.hour, &right.origin)));
        rows
    };
    let [compiled, encoded, typed] = results.each_ref().map(|(_, rows)| sorted(rows));
    if compiled != encoded || compiled != typed {
        let lengths = (compiled.len(), encoded.len(), typed.len());
        return Err(format!(
            "the results differ: compiled, by hand encoded, by hand typed have {lengths:?} rows"
        )
        .into());
    }
    Ok(())
}
