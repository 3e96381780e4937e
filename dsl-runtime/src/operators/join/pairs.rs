//! What runs for joins that make rows of pairs, and of rows that meet none.
//!
//! # Contract
//! - A pair leaves as soon as both its rows are there: with the greater event time, under the greater of the two watermarks, and with a place
//!   that is made of both.
//! - A row that has met none leaves alone, where its side is asked for such rows, once the other side's watermark has come to the end of its
//!   reach: with its own event time, under the watermark before it or the instant before it, whichever is later.
//! - The output's watermark is held to 1 ms before the earliest row that may still leave alone.

use std::collections::VecDeque;
use std::mem;
use std::rc::Rc;

use super::node::{JoinWords, register};
use super::reach::Meeting;
use super::side::{Side, SideRow};
use crate::flow::{Asks, Blame, DUE_ROWS, Meta, Now, Owner, Packet, Ports, Row, catch, emit};
use crate::handles::NodeId;
use crate::key::Key;
use crate::place::{Place, Position};
use crate::record::Record;
use crate::state::StateTable;

/// A join that makes rows of pairs.
pub(super) struct Pairs {
    /// Which join it is.
    pub(super) kind: &'static str,
    /// The groupings of both sides.
    pub(super) groups: (NodeId, NodeId),
    pub(super) meeting: Meeting,
    /// How many rows one row may meet.
    pub(super) at_most: u64,
    pub(super) alone: Alone,
}

/// Of which sides a row that meets none makes a row, too.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Alone {
    pub(super) left: bool,
    pub(super) right: bool,
}

impl Pairs {
    /// Adds the join to the plan. `row` is given the key and the rows of a pair, or one that meets none.
    pub(super) fn register<K: Key, L: Record, R: Record, O, G>(self, row: G) -> NodeId
    where
        O: Clone + Send + 'static,
        G: Fn(&K, Option<&SideRow<L>>, Option<&SideRow<R>>) -> O + 'static,
    {
        let Pairs { kind, groups, meeting, at_most, alone } = self;
        let words = JoinWords {
            kind,
            lines: vec![format!(
                "a row meets at most {at_most} rows; one that would meet more stops the run"
            )],
            keeps: match (alone.left, alone.right) {
                (false, false) => "",
                (true, false) => "; and which left rows have met none",
                (false, true) => "; and which right rows have met none",
                (true, true) => "; and which rows have met none",
            },
            refused: (at_most == 0)
                .then(|| "lets each row meet at most 0 rows, so that it makes none".to_owned()),
        };
        let (left, right, row) = (meeting.left, meeting.right, Rc::new(row));
        register::<K, L, R>(words, groups, meeting, move |setup| {
            let (left, right) = (Side::<K, L>::new(left), Side::<K, R>::new(right));
            Box::new(PairOwner {
                left: if alone.left { left.knowing_unmet() } else { left },
                right: if alone.right { right.knowing_unmet() } else { right },
                found: VecDeque::new(),
                at_most,
                row: row.clone(),
                maker: setup.maker,
            })
        })
    }
}

/// The row of a side of which no row is missing.
pub(super) fn there<T>(row: Option<&SideRow<T>>) -> &T {
    row.map(SideRow::row).expect("without rows that leave alone both sides have one")
}

/// The half after the exchange: keeps the rows of both sides of its key groups, and makes a row of each pair.
struct PairOwner<K: Key, L: Record, R: Record, G> {
    left: Side<K, L>,
    right: Side<K, R>,
    /// What is still to be emitted.
    found: VecDeque<Found<K, L, R>>,
    /// How many rows one row may meet.
    at_most: u64,
    row: Rc<G>,
    maker: u32,
}

/// What rows are made of, of one key.
struct Found<K, L, R> {
    key: K,
    /// How many of them have been emitted.
    emitted: usize,
    rows: FoundRows<L, R>,
}

enum FoundRows<L, R> {
    /// A left row, and all that it has met.
    OfLeft(SideRow<L>, Vec<SideRow<R>>),
    /// A right row, and all that it has met.
    OfRight(SideRow<R>, Vec<SideRow<L>>),
    LeftAlone(SideRow<L>),
    RightAlone(SideRow<R>),
}

/// A pair, or a row that meets none.
type OneOrBoth<'r, L, R> = (Option<&'r SideRow<L>>, Option<&'r SideRow<R>>);

impl<K, L, R> Found<K, L, R> {
    fn new(key: K, rows: FoundRows<L, R>) -> Self {
        Found { key, emitted: 0, rows }
    }

    fn next(&mut self) -> Option<(&K, OneOrBoth<'_, L, R>)> {
        let at = self.emitted;
        self.emitted += 1;
        let next = match &self.rows {
            FoundRows::OfLeft(left, right) => (Some(left), Some(right.get(at)?)),
            FoundRows::OfRight(right, left) => (Some(left.get(at)?), Some(right)),
            FoundRows::LeftAlone(left) if at == 0 => (Some(left), None),
            FoundRows::RightAlone(right) if at == 0 => (None, Some(right)),
            FoundRows::LeftAlone(_) | FoundRows::RightAlone(_) => return None,
        };
        Some((&self.key, next))
    }
}

impl<K: Key, L: Record, R: Record, O, G> Owner for PairOwner<K, L, R, G>
where
    O: Clone + Send + 'static,
    G: Fn(&K, Option<&SideRow<L>>, Option<&SideRow<R>>) -> O + 'static,
{
    fn packet(&mut self, input: usize, packet: Packet) -> Result<(), Blame> {
        match input {
            0 => self.left.packet(packet),
            _ => self.right.packet(packet),
        }
        Ok(())
    }

    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
        let PairOwner { left, right, found, at_most, .. } = self;
        let (of_left, of_right) = (left.arrived(now.inputs_before[0]), right.arrived(now.inputs_before[1]));
        // The rows of one side meet what is kept; then those of the other meet these, too. So each pair is found once. Second come the many:
        // of them few have to be kept to be found.
        let left_is_first = of_left.len() <= of_right.len();
        for is_left in [left_is_first, !left_is_first] {
            let is_second = is_left != left_is_first;
            if is_left {
                let (rows, passed) = (of_left.in_time(out.late()), is_second.then_some(now.inputs[1]));
                left.meet(rows, right, passed, *at_most, |key, row, met| {
                    found.push_back(Found::new(key.clone(), FoundRows::OfLeft(row, met)));
                })
                .map_err(|many| many.blame("left"))?;
            } else {
                let (rows, passed) = (of_right.in_time(out.late()), is_second.then_some(now.inputs[0]));
                right
                    .meet(rows, left, passed, *at_most, |key, row, met| {
                        found.push_back(Found::new(key.clone(), FoundRows::OfRight(row, met)));
                    })
                    .map_err(|many| many.blame("right"))?;
            }
        }
        left.drop_passed(now.inputs[1], |key, row| {
            found.push_back(Found::new(key, FoundRows::LeftAlone(row)));
        });
        right.drop_passed(now.inputs[0], |key, row| {
            found.push_back(Found::new(key, FoundRows::RightAlone(row)));
        });
        Ok(())
    }

    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        let (mut made, mut left): (Vec<Row<O>>, usize) = (Vec::new(), DUE_ROWS);
        while let (1.., Some(found)) = (left, self.found.front_mut()) {
            let Some((key, rows)) = found.next() else {
                self.found.pop_front();
                continue;
            };
            let row = joined(self.maker, &*self.row, key, rows)?;
            left -= 1;
            // Of rows of one place no two stand side by side: a `flat_map` behind would take them for one record's.
            if made.last().is_some_and(|last| last.meta.place == row.meta.place) {
                emit(mem::take(&mut made), Ports::MAIN, out);
            }
            made.push(row);
        }
        emit(made, Ports::MAIN, out);
        Ok(!self.found.is_empty())
    }

    fn asks(&self) -> Asks {
        let hold_at = [self.left.hold_at(), self.right.hold_at()].into_iter().flatten().min();
        Asks { hold_at, ..Asks::default() }
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        let (left, left_unmet) = self.left.tables();
        let (right, right_unmet) = self.right.tables();
        [left, right].into_iter().chain(left_unmet).chain(right_unmet).collect()
    }
}

fn joined<K: Key, L, R, O>(
    maker: u32,
    make: &impl Fn(&K, Option<&SideRow<L>>, Option<&SideRow<R>>) -> O,
    key: &K,
    (left, right): OneOrBoth<'_, L, R>,
) -> Result<Row<O>, Blame> {
    let value = catch(|| make(key, left, right)).map_err(|blame| {
        let left = left.map(|left| format!(", left row of {}", left.place.time)).unwrap_or_default();
        let right = right.map(|right| format!(", right row of {}", right.place.time)).unwrap_or_default();
        Blame { at: Some(format!("key {key:?}{left}{right}")), ..blame }
    })?;
    let meta = match (left, right) {
        (Some(left), Some(right)) => {
            let position = Position::of_parents(maker, &[left.place, right.place]);
            let place = Place { time: left.place.time.max(right.place.time), position };
            let watermark_before = left.watermark_before.max(right.watermark_before);
            Meta { place, watermark_before }
        }
        (Some(left), None) => left.meta_alone(maker),
        (None, Some(right)) => right.meta_alone(maker),
        (None, None) => unreachable!("what is found has a row"),
    };
    Ok(Row { meta, value })
}
