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

/// Nanoseconds a row: the median of the runs, the least and the greatest.
pub(crate) struct Spread {
    median: f64,
    least: f64,
    greatest: f64,
}

/// A layout for rows of some type: encoding and decoding in batches of [`BATCH`] rows, as the engine does.
pub(crate) trait Layout {
    const NAME: &'static str;
    /// One batch, encoded.
    type Encoded;

    /// How many rows there are in all.
    fn rows(&self) -> usize;
    /// Encodes every batch.
    fn encode(&self) -> Vec<Self::Encoded>;
    /// Bytes of a batch.
    fn bytes(encoded: &Self::Encoded) -> usize;
    /// Decodes every field of every row into owned values; gives back how many rows there were.
    fn decode(&self, encoded: &[Self::Encoded]) -> usize;
    /// Decodes two integer fields of every row; gives back their sum.
    fn two(&self, encoded: &[Self::Encoded]) -> i64;
}

/// Rows in a batch.
pub(crate) const BATCH: usize = 1_000;

const RUNS: usize = 15;

/// Measures one layout, unless the command line names others; `expected` is the sum of the two fields over all rows.
pub(crate) fn measure<L: Layout>(layout: &L, expected: i64) -> Option<Figures> {
    if std::env::args().len() > 1 && std::env::args().skip(1).all(|name| name != L::NAME) {
        return None;
    }
    let encoded = layout.encode();
    assert_eq!(layout.decode(&encoded), layout.rows(), "{}: rows got lost", L::NAME);
    assert_eq!(layout.two(&encoded), expected, "{}: the two fields differ", L::NAME);
    let bytes: usize = encoded.iter().map(L::bytes).sum();
    Some(Figures {
        layout: L::NAME,
        bytes: bytes as f64 / layout.rows() as f64,
        encode: spread(layout.rows(), || layout.encode()),
        decode: spread(layout.rows(), || layout.decode(&encoded)),
        two: spread(layout.rows(), || layout.two(&encoded)),
    })
}

/// Prints a Markdown table.
pub(crate) fn print(title: &str, figures: &[Option<Figures>]) {
    println!("\n**{title}**\n");
    println!("| layout | bytes a row | encode, ns a row | decode whole | decode two integers |");
    println!("|---|---|---|---|---|");
    for Figures { layout, bytes, encode, decode, two } in figures.iter().flatten() {
        println!("| {layout} | {bytes:.1} | {encode} | {decode} | {two} |");
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} ({:.1}–{:.1})", self.median, self.least, self.greatest)
    }
}

fn spread<T>(rows: usize, mut work: impl FnMut() -> T) -> Spread {
    black_box(work());
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed().as_nanos() as f64 / rows as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    Spread { median: times[RUNS / 2], least: times[0], greatest: times[RUNS - 1] }
}
