//! The source operator: partitions become messages, epoch after epoch.

use std::sync::Arc;

use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::{generic::operator::source as timely_source, probe};
use timely::dataflow::{Scope, StreamVec};
use waterwheel::log::{Offset, Partition, Store};
use waterwheel::record::{FieldMask, Format, RowCodec, TopicSchemas};

use super::{EPOCH_ROWS, EPOCHS_IN_FLIGHT, HOUR_MS, LATENESS_MS, Message};
use crate::Failure;
use crate::flight::Flight;

/// Bytes of one read of the log: as the compiled pipeline has it.
const READ_BYTES: usize = 256 << 10;

/// What the job reads.
#[derive(Clone)]
pub(crate) enum Input {
    /// Encoded rows in the log, decoded whole, as the compiled pipeline gets them.
    Encoded(Encoded),
    /// Rows that need no decoding.
    Typed(Typed),
}

/// The partitions of a topic, and how its rows are encoded.
#[derive(Clone)]
pub(crate) struct Encoded {
    partitions: Vec<Partition>,
    codec: RowCodec<Flight>,
}

/// The rows of the same partitions, in the same order.
#[derive(Clone)]
pub(crate) struct Typed {
    partitions: Arc<Vec<Vec<Flight>>>,
}

impl Encoded {
    /// The topic `flights` of a store.
    pub(crate) fn of(store: &Store) -> Result<Self, Failure> {
        let topic = store.topic("flights")?;
        let partitions =
            (0..topic.partitions()).map(|partition| topic.partition(partition)).collect::<Result<_, _>>()?;
        Ok(Encoded { partitions, codec: RowCodec::new(Format::Native, &mut TopicSchemas::new())? })
    }

    /// Hands over the rows from an offset up to another.
    fn read(
        &self,
        partition: usize,
        from: usize,
        until: usize,
        take: &mut impl FnMut(&mut Flight),
    ) -> Result<(), Failure> {
        let mut at = Offset(from as u64);
        while at.0 < until as u64 {
            let fetched = self.partitions[partition].read(at, READ_BYTES)?;
            for record in fetched.records().take_while(|record| record.offset.0 < until as u64) {
                take(&mut self.codec.decode(record.value.unwrap_or_default(), FieldMask::ALL)?);
            }
            at = fetched.next_offset();
        }
        Ok(())
    }

    /// Decodes all rows, one partition after the other; gives their number.
    pub(crate) fn decode_all(&self) -> Result<usize, Failure> {
        let mut rows = 0;
        for (partition, log) in self.partitions.iter().enumerate() {
            self.read(partition, 0, log.last_stable_offset().0 as usize, &mut |flight| {
                std::hint::black_box(flight);
                rows += 1;
            })?;
        }
        Ok(rows)
    }
}

impl Typed {
    /// Decodes all rows of the partitions.
    pub(crate) fn of(encoded: &Encoded) -> Result<Self, Failure> {
        let mut partitions = Vec::new();
        for (partition, log) in encoded.partitions.iter().enumerate() {
            let mut rows = Vec::new();
            let end = log.last_stable_offset().0 as usize;
            encoded.read(partition, 0, end, &mut |flight| rows.push(std::mem::take(flight)))?;
            partitions.push(rows);
        }
        Ok(Typed { partitions: Arc::new(partitions) })
    }
}

impl Input {
    pub(super) fn partitions(&self) -> usize {
        match self {
            Input::Encoded(encoded) => encoded.partitions.len(),
            Input::Typed(typed) => typed.partitions.len(),
        }
    }

    fn rows(&self, partition: usize) -> usize {
        match self {
            Input::Encoded(encoded) => encoded.partitions[partition].last_stable_offset().0 as usize,
            Input::Typed(typed) => typed.partitions[partition].len(),
        }
    }
}

/// One partition as a worker reads it.
struct Reader {
    partition: usize,
    greatest: i64,
}

/// Adds the operator. Worker `w` of `n` reads the partitions whose number is `w` modulo `n`.
pub(super) fn source<'s>(
    scope: Scope<'s, u64>,
    input: &Input,
    probe: probe::Handle<u64>,
) -> StreamVec<'s, u64, Message> {
    let (index, peers, input) = (scope.index(), scope.peers(), input.clone());
    let rows: usize = (0..input.partitions()).map(|partition| input.rows(partition)).sum();
    let epochs = rows.div_ceil(EPOCH_ROWS).max(1);
    timely_source::<_, CapacityContainerBuilder<Vec<Message>>, _, _>(
        scope,
        "flights",
        move |capability, info| {
            let activator = scope.activator_for(info.address);
            let own = (0..input.partitions()).filter(|partition| partition % peers == index);
            let mut readers: Vec<Reader> =
                own.map(|partition| Reader { partition, greatest: i64::MIN }).collect();
            let mut capability = Some(capability);
            // The next reader's turn in the epoch at hand.
            let mut turn = 0;
            move |output| {
                let Some(now) = &mut capability else { return };
                let epoch = *now.time();
                activator.activate();
                if probe.less_than(&(epoch + 1).saturating_sub(EPOCHS_IN_FLIGHT)) {
                    return;
                }
                let mut session = output.session(&*now);
                if let Some(reader) = readers.get_mut(turn) {
                    reader.read(&input, epoch as usize, epochs, |message| session.give(message));
                    turn += 1;
                    return;
                }
                let last = epoch as usize + 1 == epochs;
                for Reader { partition, greatest } in &readers {
                    let at = if last { i64::MAX } else { greatest.saturating_sub(LATENESS_MS) };
                    (0..peers as u64)
                        .for_each(|to| session.give(Message::Watermark { to, partition: *partition, at }));
                }
                drop(session);
                now.downgrade(&(epoch + 1));
                turn = 0;
                if last {
                    capability = None;
                }
            }
        },
    )
}

impl Reader {
    /// Makes messages of the partition's share of an epoch.
    fn read(&mut self, input: &Input, epoch: usize, epochs: usize, mut give: impl FnMut(Message)) {
        let rows = input.rows(self.partition);
        let (from, until) = (rows * epoch / epochs, rows * (epoch + 1) / epochs);
        match input {
            Input::Encoded(encoded) => {
                let read = encoded.read(self.partition, from, until, &mut |flight| {
                    let origin = std::mem::take(&mut flight.origin);
                    self.message(flight, origin).into_iter().for_each(&mut give);
                });
                read.expect("the log in memory was just written");
            }
            Input::Typed(typed) => {
                for flight in &typed.partitions[self.partition][from..until] {
                    self.message(flight, flight.origin.clone()).into_iter().for_each(&mut give);
                }
            }
        }
    }

    /// What the windows need of a flight; nothing, if it is late.
    fn message(&mut self, flight: &Flight, origin: String) -> Option<Message> {
        let time = flight.time_hour.millis() + i64::from(flight.minute) * 60_000;
        let hour = time - time.rem_euclid(HOUR_MS);
        let watermark = self.greatest.saturating_sub(LATENESS_MS);
        self.greatest = self.greatest.max(time);
        if hour + HOUR_MS - 1 <= watermark {
            return None;
        }
        Some(Message::Row { origin, hour, departed: flight.dep_time.is_some(), delay: flight.dep_delay })
    }
}
