//! The window operator: counts by origin and hour, emitted when the watermark has passed the hour.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::{Capability, Operator};

use super::sums::Sums;
use super::{HOUR_MS, Message, hash};
use crate::pipeline::AirportHour;

/// The watermarks that came with an epoch, and the right to emit in it.
struct Epoch {
    capability: Capability<u64>,
    watermarks: Vec<(usize, i64)>,
}

/// Adds the operator.
pub(super) fn windows(
    rows: StreamVec<'_, u64, Message>,
    partitions: usize,
) -> StreamVec<'_, u64, AirportHour> {
    let pact = Exchange::new(|message: &Message| match message {
        Message::Sums { origin, .. } => hash(origin),
        Message::Watermark { to, .. } => *to,
    });
    rows.unary_frontier::<CapacityContainerBuilder<Vec<AirportHour>>, _, _, _>(
        pact,
        "windows",
        move |_, _| {
            let mut hours: BTreeMap<i64, HashMap<String, Sums>> = BTreeMap::new();
            let mut epochs: BTreeMap<u64, Epoch> = BTreeMap::new();
            let mut watermarks = vec![i64::MIN; partitions];
            move |(input, frontier), output| {
                input.for_each(|capability, messages| {
                    let Some(epoch) = capability.least().copied() else { return };
                    for message in messages.drain(..) {
                        match message {
                            // Sums of a later epoch cannot belong to a window that an earlier one closes: their rows would be late.
                            Message::Sums { origin, hour, sums } => {
                                hours.entry(hour).or_default().entry(origin).or_default().merge(&sums);
                            }
                            Message::Watermark { partition, at, .. } => {
                                let begin = || Epoch {
                                    capability: capability.delayed(&epoch, 0),
                                    watermarks: Vec::new(),
                                };
                                epochs.entry(epoch).or_insert_with(begin).watermarks.push((partition, at));
                            }
                        }
                    }
                });
                while let Some(first) = epochs.first_entry().filter(|first| !frontier.less_equal(first.key()))
                {
                    let Epoch { capability, watermarks: moved } = first.remove();
                    moved.into_iter().for_each(|(partition, at)| watermarks[partition] = at);
                    let watermark = watermarks.iter().copied().min().unwrap_or(i64::MAX);
                    let mut session = output.session(&capability);
                    while let Some(first) =
                        hours.first_entry().filter(|first| first.key() + HOUR_MS - 1 <= watermark)
                    {
                        let (hour, airports) = first.remove_entry();
                        session
                            .give_iterator(airports.into_iter().map(|(origin, sums)| sums.row(origin, hour)));
                    }
                }
            }
        },
    )
}
