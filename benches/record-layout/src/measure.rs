//! Runs each layout over the same rows and takes the time.

use std::fmt;
use std::hint::black_box;
use std::time::Instant;

/// What was measured of one layout.
pub(crate) struct Figures {
    pub(crate) layout: &'static str,
    pub(crate) bytes: f64,
    pub(crate) encode: Spread,
    pub(crate) decode: Spread,
    pub(crate) two: Spread,
}

/// Nanoseconds a row: with the least time of each batch in all runs, and of the median run. The first is the one to
/// compare, for other programs on the machine can only add to it.
pub(crate) struct Spread {
    least: f64,
    median: f64,
}

/// A layout for rows of some type: encoding and decoding in batches of [`BATCH`] rows, as the engine does.
pub(crate) trait Layout {
    const NAME: &'static str;
    /// One batch, encoded.
    type Encoded;

    /// How many rows there are in all.
    fn rows(&self) -> usize;
    /// Encodes the rows of one batch, the first of which is row `start`.
    fn encode(&self, start: usize) -> Self::Encoded;
    /// Bytes of a batch.
    fn bytes(encoded: &Self::Encoded) -> usize;
    /// Decodes every field of every row into owned values; gives back how many rows there were.
    fn decode(&self, encoded: &Self::Encoded) -> usize;
    /// Decodes two integer fields of every row; gives back their sum.
    fn two(&self, encoded: &Self::Encoded) -> i64;
}

/// Rows in a batch.
pub(crate) const BATCH: usize = 1_000;

const RUNS: usize = 41;

/// Measures one layout, unless the command line names others; `expected` is the sum of the two fields over all rows.
pub(crate) fn measure<L: Layout>(layout: &L, expected: i64) -> Option<Figures> {
    if std::env::args().len() > 1 && std::env::args().skip(1).all(|name| name != L::NAME) {
        return None;
    }
    let starts: Vec<usize> = (0..layout.rows()).step_by(BATCH).collect();
    let batches: Vec<L::Encoded> = starts.iter().map(|start| layout.encode(*start)).collect();
    let (rows, sum) = batches
        .iter()
        .fold((0, 0), |(rows, sum), batch| (rows + layout.decode(batch), sum + layout.two(batch)));
    assert_eq!((rows, sum), (layout.rows(), expected), "{}: what was read is not what was written", L::NAME);
    let bytes: usize = batches.iter().map(L::bytes).sum();
    Some(Figures {
        layout: L::NAME,
        bytes: bytes as f64 / rows as f64,
        encode: spread(rows, &starts, |start| layout.encode(*start)),
        decode: spread(rows, &batches, |batch| layout.decode(batch)),
        two: spread(rows, &batches, |batch| layout.two(batch)),
    })
}

/// Prints a Markdown table.
pub(crate) fn print(title: &str, figures: &[Option<Figures>]) {
    println!("\n**{title}**: the least of {RUNS} runs (the median run)\n");
    println!("| layout | bytes a row | encode, ns a row | decode whole | decode two integers |");
    println!("|---|---|---|---|---|");
    for Figures { layout, bytes, encode, decode, two } in figures.iter().flatten() {
        println!("| {layout} | {bytes:.1} | {encode} | {decode} | {two} |");
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} ({:.1})", self.least, self.median)
    }
}

fn spread<B, T>(rows: usize, batches: &[B], mut work: impl FnMut(&B) -> T) -> Spread {
    let mut leasts = vec![f64::INFINITY; batches.len()];
    let mut runs: Vec<f64> = (0..RUNS)
        .map(|_| {
            let mut run = 0.0;
            for (batch, least) in batches.iter().zip(&mut leasts) {
                let start = Instant::now();
                black_box(work(batch));
                let nanoseconds = start.elapsed().as_nanos() as f64;
                run += nanoseconds;
                *least = nanoseconds.min(*least);
            }
            run / rows as f64
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    Spread { least: leasts.iter().sum::<f64>() / rows as f64, median: runs[RUNS / 2] }
}
