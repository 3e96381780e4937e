//! How far each input is bound, and sharing an epoch's rows among the inputs.

use std::ops::Range;

use super::idleness::Idleness;
use crate::engine::binding::{Flip, PartitionRange};
use crate::engine::input::{Input, InputProgress, SourcePartition};
use crate::error::Result;
use crate::time::Timestamp;

/// How many epochs in a row an input that is ahead is left out: a single event time far in the future must not keep its
/// partition from being read for ever.
const LEFT_OUT_MAX: u32 = 16;

/// An input is ahead if its lead over the one furthest back is more than event time moves on in this many epochs.
const LEAD_EPOCHS_MAX: i64 = 3;

/// The inputs of a pipeline, as epochs are bound.
pub(crate) struct BoundInputs {
    inputs: Vec<BoundInput>,
    pace: Pace,
}

/// An input, and how far it is bound.
struct BoundInput {
    input: Input,
    /// The first offset that no epoch has.
    next: u64,
    /// How many epochs in a row have left it out because it is ahead.
    left_out: u32,
    idleness: Idleness,
    /// It was added, and no epoch has taken it up.
    is_new: bool,
}

impl BoundInput {
    fn has_rows(&self) -> bool {
        self.next < self.input.end()
    }
}

/// How fast event time moves on.
#[derive(Debug, Default)]
struct Pace {
    /// The event time that the input furthest back has come to, in ms.
    least: Option<i64>,
    /// How far that moves on with an epoch, about, in ms.
    advance: i64,
}

impl BoundInputs {
    /// Each input with its first offset that no epoch has, and its idleness.
    pub(crate) fn new(inputs: impl IntoIterator<Item = (Input, u64, Idleness)>) -> Self {
        let bound =
            |(input, next, idleness)| BoundInput { input, next, left_out: 0, idleness, is_new: false };
        BoundInputs { inputs: inputs.into_iter().map(bound).collect(), pace: Pace::default() }
    }

    /// How many partitions of a source are known.
    pub(crate) fn partitions_of(&self, source: u16) -> u32 {
        self.inputs.iter().filter(|bound| bound.input.at.source == source).count() as u32
    }

    /// Adds an input that no epoch has taken up.
    pub(crate) fn add_new(&mut self, input: Input, idleness: Idleness) {
        let next = input.log.log_start_offset().0;
        self.inputs.push(BoundInput { input, next, left_out: 0, idleness, is_new: true });
    }

    /// Whether an epoch is to take up any.
    pub(crate) fn have_new(&self) -> bool {
        self.inputs.iter().any(|bound| bound.is_new)
    }

    /// Takes up the new ones: each is read from the offset that `begin` gives on, and its watermark begins at the floor.
    ///
    /// # Errors
    /// That of `begin`.
    pub(crate) fn take_up(
        &mut self,
        mut begin: impl FnMut(&Input) -> Result<u64>,
        floor: impl Fn(SourcePartition) -> i64,
    ) -> Result<(Vec<PartitionRange>, Vec<Flip>)> {
        let (mut ranges, mut flips) = (Vec::new(), Vec::new());
        for bound in self.inputs.iter_mut().filter(|bound| bound.is_new) {
            let at = bound.input.at;
            bound.next = begin(&bound.input)?;
            bound.is_new = false;
            ranges.push(PartitionRange { at, from: bound.next, until: bound.next });
            flips.push(Flip { at, idle: false, floor: floor(at) });
        }
        Ok((ranges, flips))
    }

    /// Each input with the offsets that no epoch has.
    pub(crate) fn unbound(&self) -> impl Iterator<Item = (&Input, Range<u64>)> {
        self.inputs.iter().map(|bound| (&bound.input, bound.next..bound.input.end()))
    }

    /// Whether there is anything to bind.
    pub(crate) fn have_rows(&self) -> bool {
        self.unbound().any(|(_, offsets)| !offsets.is_empty())
    }

    /// Whether there is anything to bind of an input that is idle.
    pub(crate) fn idle_have_rows(&self) -> bool {
        self.inputs.iter().any(|bound| bound.idleness.is_idle() && bound.has_rows())
    }

    /// The inputs that become idle at this reading of the clock: those that have been at their end for their time. They are
    /// there once everything that they have is committed.
    pub(crate) fn become_idle(&mut self, now_ms: i64, progress: &InputProgress) -> Vec<Flip> {
        let mut flips = Vec::new();
        for bound in &mut self.inputs {
            let at = bound.input.at;
            let at_end = !bound.has_rows() && progress.next_offset(at).unwrap_or(bound.next) == bound.next;
            if bound.idleness.becomes_idle(at_end, now_ms) {
                flips.push(Flip { at, idle: true, floor: i64::MIN });
            }
        }
        flips
    }

    /// The inputs of these ranges that come back from being idle: their watermarks are from here on where the operators have
    /// come without them.
    pub(crate) fn come_back(
        &mut self,
        ranges: &[PartitionRange],
        floor: impl Fn(SourcePartition) -> i64,
    ) -> Vec<Flip> {
        let mut flips = Vec::new();
        for bound in &mut self.inputs {
            let at = bound.input.at;
            if ranges.iter().any(|range| range.at == at) && bound.idleness.comes_back() {
                flips.push(Flip { at, idle: false, floor: floor(at) });
            }
        }
        flips
    }

    /// The reading of the clock at which the next input becomes idle.
    pub(crate) fn idle_due_ms(&self) -> Option<i64> {
        self.inputs.iter().filter_map(|bound| bound.idleness.due_ms()).min()
    }

    /// Binds at most so many rows: shares them among the inputs by what each has waiting, so that all reach their ends together.
    /// Where there are fewer rows than inputs, those furthest back in event time come first.
    ///
    /// While there are rows of side tables, these are bound alone: a stream's rows come once all of them are.
    ///
    /// Inputs whose event time is several epochs ahead of the one furthest back wait for it. This bounds how many windows are
    /// open while a long log is read, and never changes a result.
    pub(crate) fn bind(&mut self, rows: u64, progress: &InputProgress) -> Vec<PartitionRange> {
        let greatest = |at: usize| progress.greatest(self.inputs[at].input.at).map(Timestamp::millis);
        let greatest: Vec<Option<i64>> = (0..self.inputs.len()).map(greatest).collect();
        let waiting: Vec<u64> =
            self.unbound().map(|(_, offsets)| offsets.end.saturating_sub(offsets.start)).collect();
        let mut turn = self.turn(&waiting, &greatest);
        turn.sort_by_key(|at| (greatest[*at], *at));
        let total: u64 = turn.iter().map(|at| waiting[*at]).sum();
        let mut left = rows.min(total);
        let mut ranges = Vec::new();
        for at in turn {
            let share = (u128::from(waiting[at]) * u128::from(rows)).div_ceil(u128::from(total));
            let taken = u64::try_from(share).unwrap_or(u64::MAX).min(waiting[at]).min(left);
            if taken > 0 {
                left -= taken;
                let bound = &mut self.inputs[at];
                let from = bound.next;
                bound.next += taken;
                ranges.push(PartitionRange { at: bound.input.at, from, until: bound.next });
            }
        }
        ranges
    }

    /// The inputs that take part in the next epoch: those that have rows waiting and are not ahead.
    fn turn(&mut self, waiting: &[u64], greatest: &[Option<i64>]) -> Vec<usize> {
        let has_rows = |at: &usize| waiting[*at] > 0;
        let is_side = |at: &usize| self.inputs[*at].input.side_end.is_some();
        let sides: Vec<usize> = (0..waiting.len()).filter(has_rows).filter(is_side).collect();
        if !sides.is_empty() {
            return sides;
        }
        // An input of which nothing is known yet is not waited for: its first rows tell.
        if let Some(least) = (0..waiting.len()).filter(has_rows).filter_map(|at| greatest[at]).min() {
            self.pace.observe(least);
        }
        let mut turn = Vec::new();
        for at in (0..waiting.len()).filter(has_rows) {
            let is_ahead = greatest[at].is_some_and(|greatest| self.pace.is_ahead(greatest));
            let left_out = &mut self.inputs[at].left_out;
            *left_out = if is_ahead && *left_out < LEFT_OUT_MAX { *left_out + 1 } else { 0 };
            if *left_out == 0 {
                turn.push(at);
            }
        }
        turn
    }
}

impl Pace {
    /// Takes note of the event time that the input furthest back has come to; `advance` becomes the mean of itself and the step.
    fn observe(&mut self, least: i64) {
        match self.least {
            Some(before) if least > before => {
                let moved = least.saturating_sub(before);
                self.advance = if self.advance == 0 { moved } else { self.advance / 2 + moved / 2 };
                self.least = Some(least);
            }
            Some(_) => {}
            None => self.least = Some(least),
        }
    }

    /// Whether an input that has come to this event time waits for the one furthest back.
    fn is_ahead(&self, greatest: i64) -> bool {
        let lead = self.least.map_or(0, |least| greatest.saturating_sub(least));
        self.advance > 0 && lead > self.advance.saturating_mul(LEAD_EPOCHS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_ahead_once_its_lead_is_worth_several_epochs() {
        let mut pace = Pace::default();
        assert!(!pace.is_ahead(i64::MAX), "nothing is known yet");
        pace.observe(1000);
        assert!(!pace.is_ahead(i64::MAX), "nobody knows yet what an epoch is worth");
        pace.observe(1100);
        assert!(!pace.is_ahead(1400) && pace.is_ahead(1401), "{pace:?}");
        pace.observe(1100);
        pace.observe(900);
        assert!(
            !pace.is_ahead(1400) && pace.is_ahead(1401),
            "what does not move on changes nothing: {pace:?}"
        );
        pace.observe(1400);
        assert!(!pace.is_ahead(2000) && pace.is_ahead(2001), "an epoch is worth 200 now: {pace:?}");
    }
}
