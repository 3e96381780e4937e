//! The dataflows: a source that reads and adds up, and operators behind exchanges.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::generic::operator::source as timely_source;
use timely::dataflow::operators::probe::Handle;
use timely::dataflow::operators::{Capability, Operator, Probe};
use timely::dataflow::{Scope, StreamVec};
use waterwheel::dsl::Topic;
use waterwheel::{Store, TypedTopic};

use super::bids::{Bid, Bids};
use super::{EPOCH_ROWS, EPOCHS_IN_FLIGHT, LATENESS_MS, Owner, Part, Reader};
use crate::Failure;

/// What goes through an exchange.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Message<P> {
    Part(P),
    /// How far the partition is at the end of an epoch; each worker is sent one.
    Watermark {
        to: u64,
        at: i64,
    },
}

/// Bids become rows one by one.
pub(super) fn stateless<P: Topic>(
    store: &Store,
    workers: usize,
    topic: P,
    convert: fn(&Bid<'_>) -> P::Row,
) -> Result<u64, Failure> {
    execute(store, workers, topic, move |scope, bids, probe| {
        by_epochs(scope, bids, probe, move |bids, from, until, give| {
            bids.read(from, until, |bid| give(convert(bid)));
        })
    })
}

/// Bids are added up, and owners emit rows.
pub(super) fn in_one_step<R, O, P>(store: &Store, workers: usize, topic: P) -> Result<u64, Failure>
where
    R: Reader,
    O: Owner<R::Part, Row = P::Row>,
    P: Topic,
{
    execute(store, workers, topic, |scope, bids, probe| own::<R::Part, O>(read::<R>(scope, bids, probe)))
}

/// Bids are added up, owners emit parts, and others make rows of these.
pub(super) fn in_two_steps<R, F, O, P>(store: &Store, workers: usize, topic: P) -> Result<u64, Failure>
where
    R: Reader,
    F: Owner<R::Part, Row: Part>,
    O: Owner<F::Row, Row = P::Row>,
    P: Topic,
{
    execute(store, workers, topic, |scope, bids, probe| {
        own::<F::Row, O>(gather::<R::Part, F>(read::<R>(scope, bids, probe)))
    })
}

/// Runs a dataflow on so many workers, appends its rows to the topic, and gives their number.
fn execute<P: Topic>(
    store: &Store,
    workers: usize,
    topic: P,
    rows: impl for<'s> Fn(Scope<'s, u64>, &Bids, Handle<u64>) -> StreamVec<'s, u64, P::Row>
    + Send
    + Sync
    + 'static,
) -> Result<u64, Failure> {
    let config = timely::Config {
        communication: timely::CommunicationConfig::Process(workers),
        worker: timely::WorkerConfig::default(),
    };
    let (bids, topic) = (Bids::of(store)?, Arc::new(TypedTopic::open(store, topic)?));
    let number = Arc::new(AtomicU64::new(0));
    let counted = number.clone();
    let guards = timely::execute(config, move |worker| {
        let probe = Handle::new();
        worker.dataflow::<u64, _, _>(|scope| {
            append(rows(scope, &bids, probe.clone()), &probe, topic.clone(), counted.clone());
        });
        while worker.has_dataflows() {
            worker.step_or_park(None);
        }
    })?;
    for result in guards.join() {
        result?;
    }
    Ok(number.load(Ordering::Relaxed))
}

/// A source that reads the bids in epochs: `take` is handed the offsets of each, on the worker to whom the partition falls.
fn by_epochs<'s, D: Clone + 'static>(
    scope: Scope<'s, u64>,
    bids: &Bids,
    probe: Handle<u64>,
    mut take: impl FnMut(&Bids, u64, u64, &mut dyn FnMut(D)) + 'static,
) -> StreamVec<'s, u64, D> {
    let (reads, bids) = (scope.index() == 0, bids.clone());
    timely_source::<_, CapacityContainerBuilder<Vec<D>>, _, _>(scope, "bids", move |capability, info| {
        let activator = scope.activator_for(info.address);
        let mut capability = reads.then_some(capability);
        move |output| {
            let Some(now) = &mut capability else { return };
            let epoch = *now.time();
            activator.activate();
            if probe.less_than(&(epoch + 1).saturating_sub(EPOCHS_IN_FLIGHT)) {
                return;
            }
            let (from, until) = (epoch * EPOCH_ROWS, ((epoch + 1) * EPOCH_ROWS).min(bids.rows()));
            let mut session = output.session(&*now);
            take(&bids, from, until, &mut |given| session.give(given));
            drop(session);
            now.downgrade(&(epoch + 1));
            if until == bids.rows() {
                capability = None;
            }
        }
    })
}

fn read<'s, R: Reader>(
    scope: Scope<'s, u64>,
    bids: &Bids,
    probe: Handle<u64>,
) -> StreamVec<'s, u64, Message<R::Part>> {
    let peers = scope.peers() as u64;
    let (mut reader, mut greatest) = (R::default(), i64::MIN);
    by_epochs(scope, bids, probe, move |bids, from, until, give| {
        bids.read(from, until, |bid| {
            greatest = greatest.max(bid.at);
            reader.add(bid);
        });
        reader.drain(|part| give(Message::Part(part)));
        let last = until == bids.rows();
        let at = if last { i64::MAX } else { greatest.saturating_sub(LATENESS_MS) };
        (0..peers).for_each(|to| give(Message::Watermark { to, at }));
    })
}

/// Owners of what the source has read.
fn own<'s, P: Part, O: Owner<P>>(parts: StreamVec<'s, u64, Message<P>>) -> StreamVec<'s, u64, O::Row> {
    keyed::<P, O, O::Row>(parts, |owner, watermark, _, give| owner.advance(watermark, give))
}

/// The same in front of another exchange: who emits parts tells each worker behind it how far it is.
fn gather<'s, P: Part, O: Owner<P, Row: Part>>(
    parts: StreamVec<'s, u64, Message<P>>,
) -> StreamVec<'s, u64, Message<O::Row>> {
    keyed::<P, O, Message<O::Row>>(parts, |owner, watermark, peers, give| {
        owner.advance(watermark, |row| give(Message::Part(row)));
        (0..peers).for_each(|to| give(Message::Watermark { to, at: watermark }));
    })
}

/// An owner on each worker, which is moved on when an epoch is over.
fn keyed<'s, P: Part, O: Owner<P>, D: Clone + 'static>(
    parts: StreamVec<'s, u64, Message<P>>,
    advance: fn(&mut O, i64, u64, &mut dyn FnMut(D)),
) -> StreamVec<'s, u64, D> {
    let peers = parts.scope().peers() as u64;
    let pact = Exchange::new(|message: &Message<P>| match message {
        Message::Part(part) => part.hash(),
        Message::Watermark { to, .. } => *to,
    });
    parts.unary_frontier::<CapacityContainerBuilder<Vec<D>>, _, _, _>(pact, "owner", move |_, _| {
        let mut owner = O::default();
        let mut epochs: BTreeMap<u64, (Capability<u64>, i64)> = BTreeMap::new();
        move |(input, frontier), output| {
            input.for_each(|capability, messages| {
                let Some(epoch) = capability.least().copied() else { return };
                for message in messages.drain(..) {
                    match message {
                        // Parts of a later epoch cannot belong to what an earlier one closes: they would be late.
                        Message::Part(part) => owner.merge(part),
                        Message::Watermark { at, .. } => {
                            let begin = || (capability.delayed(&epoch, 0), i64::MAX);
                            let (_, watermark) = epochs.entry(epoch).or_insert_with(begin);
                            *watermark = at.min(*watermark);
                        }
                    }
                }
            });
            while let Some(first) = epochs.first_entry().filter(|first| !frontier.less_equal(first.key())) {
                let (capability, watermark) = first.remove();
                let mut session = output.session(&capability);
                advance(&mut owner, watermark, peers, &mut |given| session.give(given));
            }
        }
    })
}

/// Appends the rows of each epoch to the topic in a transaction, and counts them.
fn append<P: Topic>(
    rows: StreamVec<'_, u64, P::Row>,
    probe: &Handle<u64>,
    topic: Arc<TypedTopic<P>>,
    counted: Arc<AtomicU64>,
) {
    let mut epochs: BTreeMap<u64, Vec<P::Row>> = BTreeMap::new();
    rows.probe_with(probe).sink(Pipeline, "results", move |(input, frontier)| {
        input.for_each(|capability, rows: &mut Vec<P::Row>| {
            let Some(epoch) = capability.least().copied() else { return };
            epochs.entry(epoch).or_default().append(rows);
        });
        while let Some(first) = epochs.first_entry().filter(|first| !frontier.less_equal(first.key())) {
            let rows = first.remove();
            topic.append(&rows).expect("the topic takes rows of its type");
            counted.fetch_add(rows.len() as u64, Ordering::Relaxed);
        }
    });
}
