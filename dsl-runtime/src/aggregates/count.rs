//! `count` and `count_if`: how many rows a group has.

use super::{Aggregate, Place};

/// Counts rows; made by [`count`].
#[derive(Debug, Clone, Copy)]
pub struct Count;

/// Counts the rows for which something holds; made by [`count_if`].
#[derive(Debug, Clone, Copy)]
pub struct CountIf;

/// The number of rows in the group, as a `u64`.
///
/// It takes no value. Its state is the count.
pub fn count() -> Count {
    Count
}

/// The number of rows whose value is `true`, as a `u64`: `count_if(f.dep_time.is_some())`.
///
/// Its state is the count.
pub fn count_if() -> CountIf {
    CountIf
}

#[diagnostic::do_not_recommend]
impl Aggregate<()> for Count {
    const NAME: &'static str = "count";
    type State = u64;
    type Output = u64;

    fn init(&self) -> u64 {
        0
    }

    #[inline]
    fn add(&self, state: &mut u64, _: (), _: Place) {
        *state = state.saturating_add(1);
    }

    fn merge(&self, state: &mut u64, other: u64) {
        *state = state.saturating_add(other);
    }

    fn finish(&self, state: u64) -> u64 {
        state
    }
}

#[diagnostic::do_not_recommend]
impl Aggregate<bool> for CountIf {
    const NAME: &'static str = "count_if";
    type State = u64;
    type Output = u64;

    fn init(&self) -> u64 {
        0
    }

    #[inline]
    fn add(&self, state: &mut u64, counts: bool, _: Place) {
        *state = state.saturating_add(u64::from(counts));
    }

    fn merge(&self, state: &mut u64, other: u64) {
        *state = state.saturating_add(other);
    }

    fn finish(&self, state: u64) -> u64 {
        state
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check, place};
    use super::*;

    #[test]
    fn counts() {
        check(count(), &[], 0);
        check(count(), &[(); 3], 3);
        check(count_if(), &[], 0);
        check(count_if(), &[true, false, true], 2);
    }

    /// No rows reach it, bytes of a damaged disk may.
    #[test]
    fn the_greatest_count_stays_what_it_is() {
        let mut counted = u64::MAX;
        count().add(&mut counted, (), place(0, 0));
        count().merge(&mut counted, 2);
        count_if().add(&mut counted, true, place(0, 0));
        count_if().merge(&mut counted, 2);
        assert_eq!(counted, u64::MAX);
    }
}
