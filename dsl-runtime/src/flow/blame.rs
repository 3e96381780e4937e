//! Whom to name when user code panics: the operator, and the row, or the key and window, that it had in hand.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::aggregates::Stop;
use crate::place::Position;

thread_local! {
    static IN_HAND: Cell<Option<Position>> = const { Cell::new(None) };
}

/// What went wrong inside an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blame {
    /// The message of the panic, or of the aggregate that stopped.
    pub(crate) message: String,
    /// What the code had in hand, where that is known: `key "EWR", window 2013-01-01T10:00:00Z..`.
    pub(crate) at: Option<String>,
}

/// Notes the row that user code is about to be called with, so that a panic in it can name that row.
#[inline]
pub(crate) fn in_hand(position: Position) {
    IN_HAND.with(|cell| cell.set(Some(position)));
}

/// The row that user code had in hand, and forgets it.
pub(crate) fn take_in_hand() -> Option<Position> {
    IN_HAND.with(Cell::take)
}

/// Runs user code; a panic in it, or an aggregate's stop, becomes a message.
pub(crate) fn catch<R>(code: impl FnOnce() -> R) -> Result<R, Blame> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|payload| Blame { message: message_of(payload), at: None })
}

fn message_of(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<Stop>() {
        Ok(stop) => stop.0,
        Err(payload) => match payload.downcast::<String>() {
            Ok(text) => format!("panicked: {text}"),
            Err(payload) => match payload.downcast::<&'static str>() {
                Ok(text) => format!("panicked: {text}"),
                Err(_) => "panicked".to_owned(),
            },
        },
    }
}
