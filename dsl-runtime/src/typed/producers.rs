//! The producers of loads: each load under way has one of its own, and the next one uses it again.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use log_store::{Producer, Store};

use crate::error::Result;

/// The producers in use in this process, by topic and number. A store belongs to one process, so two loads that have
/// different numbers here never fence one another; and the lowest free number keeps the store's list of producers short.
static TAKEN: Mutex<BTreeSet<(&'static str, u64)>> = Mutex::new(BTreeSet::new());

/// A producer that no other load has.
pub(super) struct LoadProducer {
    topic: &'static str,
    number: u64,
    producer: Option<Producer>,
}

impl LoadProducer {
    /// Opens a producer; one write to the store's journal.
    pub(super) fn open(store: &Store, topic: &'static str) -> Result<LoadProducer> {
        let number = take_number(topic);
        // Made first, so that the number is free again if the store refuses.
        let mut opened = LoadProducer { topic, number, producer: None };
        opened.producer = Some(store.producer(&format!("__load.{topic}.{number}"))?);
        Ok(opened)
    }

    pub(super) fn producer(&self) -> &Producer {
        self.producer.as_ref().expect("whoever is given a load's producer has it open")
    }
}

impl Drop for LoadProducer {
    fn drop(&mut self) {
        taken().remove(&(self.topic, self.number));
    }
}

fn take_number(topic: &'static str) -> u64 {
    let mut taken = taken();
    let number =
        (0..).find(|number| !taken.contains(&(topic, *number))).expect("no process has so many loads");
    taken.insert((topic, number));
    number
}

fn taken() -> MutexGuard<'static, BTreeSet<(&'static str, u64)>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}
