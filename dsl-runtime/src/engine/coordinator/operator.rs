//! The coordinator as a timely operator: on worker 0 it makes the epochs that all workers get.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::generic::operator::source;
use timely::dataflow::{Scope, StreamVec};

use super::{Coordinator, Step};
use crate::engine::context::Context;
use crate::engine::envelope::Bound;

/// How long it does not look at the clock at most while something is due by it.
const LOOKS_AGAIN: Duration = Duration::from_secs(1);

/// Adds the operator: epochs come out on worker 0, one message for every worker.
pub(crate) fn coordinate<'s>(
    scope: Scope<'s, u64>,
    coordinator: Option<Coordinator>,
    context: Rc<Context>,
) -> StreamVec<'s, u64, Bound> {
    source::<_, CapacityContainerBuilder<Vec<Bound>>, _, _>(scope, "epochs", move |capability, info| {
        let activator = scope.activator_for(info.address.clone());
        if coordinator.is_some() {
            // Whoever commits, appends or stops wakes this operator from its own thread.
            let wake = scope.worker().sync_activator_for(info.address.to_vec());
            let wake = std::sync::Mutex::new(wake);
            context.shared.add_waker(Arc::new(move || {
                let wake = wake.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                // A worker that is gone needs no waking.
                let _ = wake.activate();
            }));
        }
        let mut running = coordinator.map(|coordinator| (coordinator, capability));
        let mut looks_again: Option<Instant> = None;
        move |output| {
            let Some((coordinator, capability)) = running.as_mut() else { return };
            if context.shared.failed() {
                running = None;
                return;
            }
            match coordinator.step() {
                Step::Bind(binding) => {
                    let binding = Arc::new(binding);
                    capability.downgrade(&binding.epoch);
                    let bound = (0..context.workers).map(|to| Bound { to, binding: binding.clone() });
                    output.session(&*capability).give_iterator(bound);
                    capability.downgrade(&(binding.epoch + 1));
                    activator.activate();
                }
                Step::Wait => {
                    // Others wake this operator when something is committed or appended; for what is due by the clock it sees
                    // to that itself, with one timer at a time. The clock may be moved, so it looks now and then.
                    let now = Instant::now();
                    if let Some(due) =
                        coordinator.due_in_ms().filter(|_| looks_again.is_none_or(|at| at <= now))
                    {
                        let wait = Duration::from_millis(due).clamp(Duration::from_millis(1), LOOKS_AGAIN);
                        looks_again = Some(now + wait);
                        activator.activate_after(wait);
                    }
                }
                Step::Done => {
                    context.shared.with_board(|board| board.finished = true);
                    running = None;
                }
            }
        }
    })
}
