//! Where the partitions of side tables end: bound once, and kept until a `reset`.
//!
//! # Contract
//! The ends of all side tables of a pipeline are bound together, before its first epoch that reads rows: each is where the partition ends
//! then. They are kept as a property of the state topic before anything of the tables is read. So every run, and every replay,
//! reads the same tables, whatever is appended behind these ends.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use log_store::Topic;

use super::input::Input;
use crate::error::Result;

/// The property of the state topic that has them: by the id of each side table the ends of its partitions, as JSON.
const SIDES: &str = "waterwheel.sides";

/// The end of one partition, shared by all who ask for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SideEnd(Arc<OnceLock<u64>>);

impl SideEnd {
    /// The offset after the last one that belongs to the table; until that is known there is nothing to be read.
    pub(super) fn get(&self) -> u64 {
        self.0.get().copied().unwrap_or(0)
    }

    /// Whether the table has ended before `end`.
    pub(super) fn is_before(&self, end: u64) -> bool {
        self.0.get().is_some_and(|own| *own < end)
    }
}

/// The ends of a pipeline's side tables, for the one that binds them.
#[derive(Default)]
pub(crate) struct SideEnds {
    /// The state topic; `None` without side tables.
    state: Option<Topic>,
    /// The partitions, in their order, by the table's id.
    partitions: BTreeMap<String, Vec<Input>>,
    bound: bool,
}

impl SideEnds {
    /// Of these partitions, each with its table's id; those of other inputs are passed over. Ends that were bound by an earlier run are
    /// so from here on.
    ///
    /// # Errors
    /// What makes no sense of what is kept.
    pub(crate) fn open<'i>(
        state: &Topic,
        inputs: impl Iterator<Item = (String, &'i Input)>,
    ) -> std::result::Result<SideEnds, String> {
        let mut partitions: BTreeMap<String, Vec<Input>> = BTreeMap::new();
        for (id, input) in inputs.filter(|(_, input)| input.side_end.is_some()) {
            partitions.entry(id).or_default().push(input.clone());
        }
        let mut ends = SideEnds { state: Some(state.clone()), bound: partitions.is_empty(), partitions };
        if let Some(kept) = state.property(SIDES).filter(|_| !ends.bound) {
            let kept = serde_json::from_slice(&kept).map_err(|error| error.to_string())?;
            ends.set(&kept)?;
        }
        Ok(ends)
    }

    /// Binds the ends, unless they are bound.
    ///
    /// # Errors
    /// The log's. They are not bound then.
    pub(crate) fn bind(&mut self) -> Result<()> {
        let Some(state) = self.state.clone().filter(|_| !self.bound) else { return Ok(()) };
        let ends_now =
            |inputs: &Vec<Input>| inputs.iter().map(|input| input.log.last_stable_offset().0).collect();
        let ends: BTreeMap<String, Vec<u64>> =
            self.partitions.iter().map(|(id, inputs)| (id.clone(), ends_now(inputs))).collect();
        state.set_property(SIDES, &serde_json::to_vec(&ends).expect("maps with string keys can be JSON"))?;
        self.set(&ends).expect("these are the ends of its own partitions");
        Ok(())
    }

    fn set(&mut self, ends: &BTreeMap<String, Vec<u64>>) -> std::result::Result<(), String> {
        for (id, inputs) in &self.partitions {
            // A partition that was added since is no part of the table: it has its end before its first row.
            let of_table = ends.get(id).filter(|ends| (1..=inputs.len()).contains(&ends.len()));
            let of_table = of_table.ok_or_else(|| format!("nothing is said of the partitions of `{id}`"))?;
            for (input, end) in inputs.iter().zip(of_table.iter().chain(std::iter::repeat(&0))) {
                // A run has one end of each, which nobody else sets.
                let _ = input.side_end.as_ref().map(|own| own.0.set(*end));
            }
        }
        self.bound = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use log_store::{MemDisk, Partition, RecordsBuilder, Store, StoreConfig, TopicConfig};

    use super::*;
    use crate::engine::input::SourcePartition;

    fn append(log: &Partition, records: u64) {
        let mut batch = RecordsBuilder::new();
        (0..records).for_each(|_| batch.push(0, None, Some(b"row")));
        log.append(batch).unwrap();
    }

    fn input(log: &Partition, source: u16, is_side: bool) -> Input {
        let at = SourcePartition { source, partition: log.id().0 as u16 };
        Input { at, log: log.clone(), side_end: is_side.then(SideEnd::default) }
    }

    #[test]
    fn ends_are_bound_once_and_known_to_every_later_run() {
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
        let state = store.create_topic("state", TopicConfig::default()).unwrap();
        let topic = store.create_topic("side", TopicConfig::with_partitions(2)).unwrap();
        let logs = [topic.partition(0).unwrap(), topic.partition(1).unwrap()];
        append(&logs[0], 3);
        let of_run = || {
            let sides = logs.each_ref().map(|log| input(log, 1, true));
            let stream = input(&logs[1], 0, false);
            let inputs = sides.iter().chain([&stream]).map(|input| ("side/side".to_owned(), input));
            let ends = SideEnds::open(&state, inputs).unwrap();
            (sides, stream, ends)
        };
        let (sides, stream, mut ends) = of_run();
        assert_eq!(sides.each_ref().map(Input::end), [0, 0], "nothing is read before it is known how far");
        append(&logs[1], 2);
        ends.bind().unwrap();
        append(&logs[1], 5);
        ends.bind().unwrap();
        assert_eq!((sides.each_ref().map(Input::end), stream.end()), ([3, 2], 7));
        assert_eq!(state.property(SIDES).unwrap(), b"{\"side/side\":[3,2]}");
        let (sides, _, mut ends) = of_run();
        assert_eq!(sides.each_ref().map(Input::end), [3, 2]);
        ends.bind().unwrap();
        assert_eq!(sides.each_ref().map(Input::end), [3, 2]);
    }

    #[test]
    fn ends_that_are_not_those_of_the_tables_are_refused() {
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
        let topic = store.create_topic("side", TopicConfig::default()).unwrap();
        let side = input(&topic.partition(0).unwrap(), 0, true);
        let kept = ["{}", "{\"side/side\":[]}", "{\"side/side\":[1,2]}", "[]", "{\"side/side\":[-1]}"];
        for (number, kept) in kept.into_iter().enumerate() {
            let state = store.create_topic(&format!("state-{number}"), TopicConfig::default()).unwrap();
            state.set_property(SIDES, kept.as_bytes()).unwrap();
            let opened = SideEnds::open(&state, [("side/side".to_owned(), &side)].into_iter());
            assert!(opened.is_err(), "{kept}");
            assert_eq!(side.end(), 0);
        }
    }
}
