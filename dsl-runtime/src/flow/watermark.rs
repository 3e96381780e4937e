//! How far event time has come over several partitions, of which some may be idle.

use crate::time::Timestamp;

/// The watermarks of some partitions, taken together.
///
/// # Contract
/// Idle partitions are not waited for, so it is the least of those that are active. If all are idle it is the greatest of
/// theirs. Taking together is commutative and associative, so it does not matter who takes together what, and in which order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Watermark {
    /// The least of the active partitions; `None` if there are none.
    active: Option<Timestamp>,
    /// The greatest of the idle ones; `None` if there are none.
    idle: Option<Timestamp>,
}

impl Watermark {
    /// That of one active partition.
    pub(crate) fn active(at: Timestamp) -> Self {
        Watermark { active: Some(at), idle: None }
    }

    /// That of one idle partition.
    pub(crate) fn idle(at: Timestamp) -> Self {
        Watermark { active: None, idle: Some(at) }
    }

    /// That of both together.
    pub(crate) fn and(self, other: Watermark) -> Self {
        let active = match (self.active, other.active) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (one, other) => one.or(other),
        };
        Watermark { active, idle: self.idle.max(other.idle) }
    }

    /// Whether there are partitions, and all of them are idle.
    pub(crate) fn is_idle(self) -> bool {
        self.active.is_none() && self.idle.is_some()
    }

    /// The instant; `None` without any partition.
    pub(crate) fn at(self) -> Option<Timestamp> {
        self.active.or(self.idle)
    }
}

/// What an operator knows of event time: the watermark of each of its inputs, and the combined one.
///
/// # Contract
/// None of them ever goes back. An input all of whose partitions are idle is taken along by the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watermarks {
    inputs: Vec<Timestamp>,
    combined: Timestamp,
}

impl Watermarks {
    /// Before the first epoch.
    pub(crate) fn new(inputs: usize) -> Self {
        Watermarks { inputs: vec![Timestamp::MIN; inputs], combined: Timestamp::MIN }
    }

    /// As a checkpoint keeps them: the combined one, then that of each input.
    pub(crate) fn to_kept(&self) -> Vec<Timestamp> {
        [self.combined].into_iter().chain(self.inputs.iter().copied()).collect()
    }

    /// What [`Watermarks::to_kept`] gave.
    pub(crate) fn move_to_kept(&mut self, kept: &[Timestamp]) {
        let Some((combined, inputs)) = kept.split_first() else { return };
        self.combined = self.combined.max(*combined);
        for (watermark, kept) in self.inputs.iter_mut().zip(inputs) {
            *watermark = (*watermark).max(*kept);
        }
    }

    /// Takes what an epoch brought each input, and gives all of it together.
    pub(crate) fn advance(&mut self, inputs: &[Watermark]) -> Watermark {
        let together = inputs.iter().fold(Watermark::default(), |sum, input| sum.and(*input));
        self.combined = self.combined.max(together.at().unwrap_or(Timestamp::MIN));
        for (watermark, input) in self.inputs.iter_mut().zip(inputs) {
            *watermark = (*watermark).max(input.at().unwrap_or(Timestamp::MIN));
            if input.is_idle() {
                *watermark = (*watermark).max(self.combined);
            }
        }
        together
    }

    /// That of each input, in the order of the operator's inputs.
    pub(crate) fn inputs(&self) -> &[Timestamp] {
        &self.inputs
    }

    /// That of all inputs together.
    pub(crate) fn combined(&self) -> Timestamp {
        self.combined
    }

    /// What the operator's readers are told, given how far it holds its output back: to `held`, the event time of the earliest
    /// row that may still come out of it, less one millisecond.
    pub(crate) fn output(&self, together: Watermark, held: Option<Timestamp>) -> Watermark {
        match held {
            // What it still has to give is waited for, whether rows come in or not.
            Some(held) => Watermark::active(self.combined.min(held)),
            None if together.is_idle() => Watermark::idle(self.combined),
            None => Watermark::active(self.combined),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn idle_partitions_are_not_waited_for_unless_all_are_idle() {
        let active = Watermark::active;
        assert_eq!(active(at(5)).and(active(at(3))).at(), Some(at(3)));
        assert_eq!(active(at(5)).and(Watermark::idle(at(3))).at(), Some(at(5)));
        assert_eq!(Watermark::idle(at(5)).and(Watermark::idle(at(3))).at(), Some(at(5)));
        assert_eq!(Watermark::default().at(), None);
        assert!(!Watermark::default().is_idle());
    }

    #[test]
    fn an_idle_input_is_taken_along_and_none_goes_back() {
        let mut watermarks = Watermarks::new(2);
        watermarks.advance(&[Watermark::active(at(10)), Watermark::active(at(4))]);
        assert_eq!((watermarks.combined(), watermarks.inputs()), (at(4), &[at(10), at(4)][..]));
        let together = watermarks.advance(&[Watermark::active(at(20)), Watermark::idle(at(4))]);
        assert_eq!((watermarks.combined(), watermarks.inputs()), (at(20), &[at(20), at(20)][..]));
        assert_eq!(watermarks.output(together, None), Watermark::active(at(20)));
        assert_eq!(watermarks.output(together, Some(at(7))), Watermark::active(at(7)));
        watermarks.advance(&[Watermark::active(at(20)), Watermark::active(at(5))]);
        assert_eq!((watermarks.combined(), watermarks.inputs()), (at(20), &[at(20), at(20)][..]));
        let together = watermarks.advance(&[Watermark::idle(at(20)), Watermark::idle(at(25))]);
        assert_eq!((watermarks.combined(), watermarks.inputs()), (at(25), &[at(25), at(25)][..]));
        assert_eq!(watermarks.output(together, None), Watermark::idle(at(25)));
        assert_eq!(watermarks.output(together, Some(at(7))), Watermark::active(at(7)), "it is waited for");
        let mut again = Watermarks::new(2);
        again.move_to_kept(&watermarks.to_kept());
        assert_eq!(again, watermarks);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_who_takes_together_what(
            partitions in prop::collection::vec((any::<bool>(), -5_i64..5), 1..6),
            cut in 0_usize..6,
        ) {
            let each: Vec<Watermark> = partitions
                .iter()
                .map(|(idle, time)| if *idle { Watermark::idle(at(*time)) } else { Watermark::active(at(*time)) })
                .collect();
            let fold = |some: &[Watermark]| some.iter().fold(Watermark::default(), |sum, each| sum.and(*each));
            let (left, right) = each.split_at(cut.min(each.len()));
            prop_assert_eq!(fold(&each), fold(right).and(fold(left)));
            let active = partitions.iter().filter(|(idle, _)| !idle).map(|(_, time)| *time).min();
            let idle = partitions.iter().map(|(_, time)| *time).max();
            prop_assert_eq!(fold(&each).at().map(Timestamp::millis), active.or(idle));
        }
    }
}
