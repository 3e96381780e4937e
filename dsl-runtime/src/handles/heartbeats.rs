//! Which topics have heartbeats: those with event time.

use super::{NoLatePolicy, NoLateness, PolicyOnly, Timed};

/// A topic whose partitions can be told how far event time has come: one with event time.
#[diagnostic::on_unimplemented(
    message = "a heartbeat says how far event time has come, and this topic has none",
    label = "this topic's rows have no event time",
    note = "name the field that holds it where the topic is declared: `topics! {{ Payments(\"payments\"): Payment {{ time: at }} }}`"
)]
pub trait HasHeartbeats {}

#[diagnostic::do_not_recommend]
impl HasHeartbeats for Timed {}
#[diagnostic::do_not_recommend]
impl HasHeartbeats for NoLateness {}
#[diagnostic::do_not_recommend]
impl HasHeartbeats for NoLatePolicy {}
#[diagnostic::do_not_recommend]
impl HasHeartbeats for PolicyOnly {}
