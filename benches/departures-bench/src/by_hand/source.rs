//! The source operator: partitions become sums by hour and airport, epoch after epoch.

use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::{generic::operator::source as timely_source, probe};
use timely::dataflow::{Scope, StreamVec};

use super::input::{Departure, Input};
use super::sums::{KeyRef, Table};
use super::{EPOCH_ROWS, EPOCHS_IN_FLIGHT, HOUR_MS, LATENESS_MS, Message};

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
            // What the rows of the epoch at hand come to, until it is over.
            let mut table = Table::default();
            // The next reader's turn in the epoch at hand.
            let mut turn = 0;
            move |output| {
                let Some(now) = &mut capability else { return };
                let epoch = *now.time();
                activator.activate();
                if probe.less_than(&(epoch + 1).saturating_sub(EPOCHS_IN_FLIGHT)) {
                    return;
                }
                if let Some(reader) = readers.get_mut(turn) {
                    reader.read(&input, epoch as usize, epochs, &mut table);
                    turn += 1;
                    return;
                }
                let mut session = output.session(&*now);
                session.give_iterator(table.drain().map(|(key, sums)| Message::Sums {
                    origin: key.origin,
                    hour: key.hour,
                    sums,
                }));
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
    /// Adds up the partition's share of an epoch.
    fn read(&mut self, input: &Input, epoch: usize, epochs: usize, table: &mut Table) {
        let rows = input.rows(self.partition);
        let (from, until) = (rows * epoch / epochs, rows * (epoch + 1) / epochs);
        let read = input.read(self.partition, from, until, |departure| self.add(&departure, table));
        read.expect("the log in memory was just written");
    }

    /// Adds a departure to its hour, unless it is late.
    #[inline]
    fn add(&mut self, departure: &Departure<'_>, table: &mut Table) {
        let hour = departure.time - departure.time.rem_euclid(HOUR_MS);
        let watermark = self.greatest.saturating_sub(LATENESS_MS);
        self.greatest = self.greatest.max(departure.time);
        if hour + HOUR_MS - 1 > watermark {
            let key = KeyRef { hour, origin: departure.origin };
            table.add(&key, departure.departed, departure.delay);
        }
    }
}
