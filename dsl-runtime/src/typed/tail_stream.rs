//! Following a topic in async code: by the hook of commits, and without a thread.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::{Positions, Tail};
use crate::error::Result;
use crate::handles::Topic;
use crate::operators::WithMeta;

/// How many rows are given before the task lets others have their turn.
const ROWS_A_TURN: u32 = 256;

/// A topic's rows as they are committed, as a [`Stream`]: what [`Tail::stream`] gives.
///
/// It waits without a thread, for any executor: a commit to the topic wakes the task. Rows that are there are read from the log by the task itself,
/// up to 256 KiB at a time, mostly from the system's cache of files; after 256 rows it lets other tasks have their turn. Dropping it
/// ends it, and dropping the future of its [`next`](TailStream::next) loses no row.
///
/// Everything else is as [`Tail`] has it.
#[must_use = "a stream does nothing until its rows are asked for, by `.next().await`"]
pub struct TailStream<P: Topic> {
    tail: Tail<P>,
    given: u32,
}

impl<P: Topic> Tail<P> {
    /// The same rows for async code. It needs the feature `tokio`, and runs on any executor.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// async fn sum_of_two(payments: &TypedTopic<Payments>) -> waterwheel::Result<i64> {
    ///     let mut rows = payments.tail().seek_to_start().stream();
    ///     let mut sum = 0;
    ///     while let Some(payment) = rows.next().await {
    ///         let payment = payment?;
    ///         sum += payment.cents;
    ///         if payment.meta.offset == 1 {
    ///             break;
    ///         }
    ///     }
    ///     Ok(sum)
    /// }
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// # let payments = TypedTopic::open(&store, Payments)?;
    /// # payments.append([1, 2].map(|cents| payment(4000, cents, 0)))?;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # assert_eq!(runtime.block_on(sum_of_two(&payments))?, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> TailStream<P> {
        TailStream { tail: self, given: 0 }
    }
}

impl<P: Topic> TailStream<P> {
    /// The next row; `None` once the store is closed, and behind an error.
    pub async fn next(&mut self) -> Option<Result<WithMeta<P::Row>>> {
        poll_fn(|context| self.poll_row(context)).await
    }

    /// Where it stands: a tail that begins there is given the rows that this one did not give.
    pub fn positions(&self) -> Positions {
        self.tail.positions()
    }

    pub(crate) fn poll_row(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<WithMeta<P::Row>>>> {
        if self.given == ROWS_A_TURN {
            self.given = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            let news = self.tail.commits().news();
            let row = self.tail.try_next().transpose();
            if row.is_some() || self.tail.is_over() {
                self.given += 1;
                return Poll::Ready(row);
            }
            if self.tail.commits().wake_on_news(news, context.waker()) {
                self.given = 0;
                return Poll::Pending;
            }
        }
    }
}

impl<P: Topic> Stream for TailStream<P> {
    type Item = Result<WithMeta<P::Row>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_row(context)
    }
}
