//! The compiled pipeline over a log in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use waterwheel::log::{MemDisk, StoreConfig};
use waterwheel::prelude::*;

use crate::Failure;
use crate::flight::Flight;
use crate::pipeline::{AirportHour, DeparturesPerHour, Flights, departures};

/// A log in memory that holds the input.
pub(crate) struct Compiled {
    store: Store,
}

impl Compiled {
    /// Appends the rows to a new log.
    pub(crate) fn over(flights: &[Flight]) -> Result<Self, Failure> {
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default())?;
        let topic = TypedTopic::open(&store, Flights)?;
        let mut loading = topic.load()?;
        for flight in flights {
            loading.push(flight)?;
        }
        loading.commit()?;
        Ok(Compiled { store })
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Runs the pipeline from the beginning to closed windows, and takes the time from its start to its last commit.
    pub(crate) fn run(&self, workers: usize) -> Result<(Duration, Vec<AirportHour>), Failure> {
        departures().reset(&self.store)?;
        let begun = Instant::now();
        departures().start(&self.store, RunOptions::new().workers(workers).close())?.wait()?;
        let elapsed = begun.elapsed();
        let rows = TypedTopic::open(&self.store, DeparturesPerHour)?.rows();
        Ok((elapsed, rows.collect::<Result<_, _>>()?))
    }
}
