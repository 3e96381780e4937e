//! Rows on their way through a pipeline: the value, and beside it what the engine knows of it.

use std::any::Any;

use crate::place::{Place, Position};
use crate::time::Timestamp;

/// What travels beside a row's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta {
    /// Event time and position: the canonical order.
    pub(crate) place: Place,
    /// The watermark of the row's partition before this row; [`Timestamp::MIN`] for rows an operator made, which are never late.
    pub(crate) watermark_before: Timestamp,
}

impl Meta {
    pub(crate) fn position(&self) -> Position {
        self.place.position
    }
}

/// A row and what travels beside it.
#[derive(Debug, Clone)]
pub(crate) struct Row<T> {
    pub(crate) meta: Meta,
    pub(crate) value: T,
}

/// A batch of rows whose type only the operators on both sides know.
pub(crate) trait AnyRows: Send {
    fn clone_box(&self) -> Box<dyn AnyRows>;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<T: Clone + Send + 'static> AnyRows for Vec<Row<T>> {
    fn clone_box(&self) -> Box<dyn AnyRows> {
        Box::new(self.clone())
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// The typed batch. Both sides of an edge come from one typed handle, so the types agree.
pub(crate) fn batch_of<T: 'static>(rows: Box<dyn AnyRows>) -> Vec<Row<T>> {
    match rows.into_any().downcast::<Vec<Row<T>>>() {
        Ok(rows) => *rows,
        Err(_) => unreachable!("an edge of the plan joins two operators of different row types"),
    }
}
