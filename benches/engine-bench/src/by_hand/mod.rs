//! Some of Nexmark's queries written by hand in raw timely, as somebody would who knows it well.
//!
//! The worker to whom the partition falls reads it in epochs of about 32,768 rows, decodes the fields that the query needs without copying
//! text, moves the watermark row by row, and adds the epoch up by key. At the end of an epoch what it comes to goes to the worker
//! of the key, in batches, which emits when the epoch is over and the watermark has passed. The rows of an epoch are appended to the
//! query's topic in one transaction. There are no checkpoints, no recovery, and nothing is exactly once. Events are in order here, so that none is late.

mod bids;
mod dataflow;
mod q1;
mod q11;
mod q5;
mod q7;

use serde::{Serialize, de::DeserializeOwned};
use waterwheel::Store;

use crate::Failure;
use crate::queries;
use bids::Bid;

/// The rows of an epoch: as the compiled pipeline has it.
const EPOCH_ROWS: u64 = 32_768;

/// How many epochs may be under way: as the compiled pipeline has it.
const EPOCHS_IN_FLIGHT: u64 = 4;

/// How far the watermark lies behind the greatest event time.
const LATENESS_MS: i64 = 4_000;

/// The queries that are written by hand.
pub(crate) const QUERIES: [&str; 4] = ["q1", "q5", "q7", "q11"];

/// What goes through an exchange.
trait Part: Clone + Send + Serialize + DeserializeOwned + 'static {
    /// Decides which worker takes it.
    fn hash(&self) -> u64;
}

/// What a query does where bids are read.
trait Reader: Default + 'static {
    type Part: Part;

    fn add(&mut self, bid: &Bid<'_>);

    /// What the bids since the last call come to.
    fn drain(&mut self, give: impl FnMut(Self::Part));
}

/// What a query does with parts that have one hash, and what it emits.
trait Owner<P>: Default + 'static {
    type Row: Clone + 'static;

    fn merge(&mut self, part: P);

    /// The watermark has come so far, and all parts that were read before are there.
    fn advance(&mut self, watermark: i64, emit: impl FnMut(Self::Row));
}

/// Runs a query from the beginning of the log to its end, and gives the number of its rows.
pub(crate) fn run(query: &str, store: &Store, workers: usize) -> Result<u64, Failure> {
    match query {
        "q1" => dataflow::stateless(store, workers, queries::q1::Q1, q1::convert),
        "q5" => dataflow::in_two_steps::<q5::Counts, q5::Auctions, q5::Greatest, _>(
            store,
            workers,
            queries::q5::Q5,
        ),
        "q7" => dataflow::in_one_step::<q7::Highest, q7::Windows, _>(store, workers, queries::q7::Q7),
        "q11" => dataflow::in_one_step::<q11::Fragments, q11::Sessions, _>(store, workers, queries::q11::Q11),
        _ => Err(format!("{query} is not written by hand").into()),
    }
}

/// A fast hash of a number.
fn hash_of(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32
}
