//! Instants and lengths of time with `+`, `-`, `*` and `/`. All of it saturates, and nothing of it panics but a division by zero.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Rem, Sub, SubAssign};

use super::{Duration, Timestamp};

impl Timestamp {
    /// The last instant up to this one that is a multiple of `step` after the Unix epoch, as windows of that length begin: the
    /// beginning of the hour in UTC for `Duration::from_hours(1)`.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    ///
    /// let at: Timestamp = "2013-01-01T10:59:59.999Z".parse().unwrap();
    /// assert_eq!(at.floor(Duration::from_hours(1)).to_string(), "2013-01-01T10:00:00Z");
    /// ```
    ///
    /// # Panics
    /// If `step` is not longer than nothing.
    #[must_use]
    pub fn floor(self, step: Duration) -> Timestamp {
        assert!(step > Duration::ZERO, "an instant is rounded to a length of time, and {step} is none");
        Timestamp(self.0.saturating_sub(self.0.rem_euclid(step.0)))
    }
}

impl Duration {
    /// The length without its sign.
    #[must_use]
    pub const fn abs(self) -> Duration {
        Duration(self.0.saturating_abs())
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, length: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(length.0))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Timestamp;

    fn sub(self, length: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(length.0))
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    fn sub(self, earlier: Timestamp) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl AddAssign<Duration> for Timestamp {
    fn add_assign(&mut self, length: Duration) {
        *self = *self + length;
    }
}

impl SubAssign<Duration> for Timestamp {
    fn sub_assign(&mut self, length: Duration) {
        *self = *self - length;
    }
}

impl Add for Duration {
    type Output = Duration;

    fn add(self, other: Duration) -> Duration {
        Duration(self.0.saturating_add(other.0))
    }
}

impl Sub for Duration {
    type Output = Duration;

    fn sub(self, other: Duration) -> Duration {
        Duration(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Duration {
    fn add_assign(&mut self, other: Duration) {
        *self = *self + other;
    }
}

impl SubAssign for Duration {
    fn sub_assign(&mut self, other: Duration) {
        *self = *self - other;
    }
}

/// As in `-1h`.
impl Neg for Duration {
    type Output = Duration;

    fn neg(self) -> Duration {
        Duration(self.0.saturating_neg())
    }
}

impl Mul<i64> for Duration {
    type Output = Duration;

    fn mul(self, times: i64) -> Duration {
        Duration(self.0.saturating_mul(times))
    }
}

impl Mul<Duration> for i64 {
    type Output = Duration;

    fn mul(self, length: Duration) -> Duration {
        length * self
    }
}

/// The millisecond is cut off.
impl Div<i64> for Duration {
    type Output = Duration;

    fn div(self, parts: i64) -> Duration {
        Duration(self.0.saturating_div(parts))
    }
}

/// How often one length goes into another, rounded towards zero.
impl Div for Duration {
    type Output = i64;

    fn div(self, other: Duration) -> i64 {
        self.0.saturating_div(other.0)
    }
}

/// What is left of a length when another has gone into it.
impl Rem for Duration {
    type Output = Duration;

    fn rem(self, other: Duration) -> Duration {
        Duration(self.0.checked_rem(other.0).unwrap_or_else(|| {
            assert!(other.0 != 0, "there is no remainder of a length of time by no time");
            0
        }))
    }
}

impl Sum for Duration {
    fn sum<I: Iterator<Item = Duration>>(lengths: I) -> Duration {
        lengths.fold(Duration::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn what_is_too_far_away_stays_at_the_end() {
        assert_eq!(Timestamp::MIN - Duration::from_hours(24), Timestamp::MIN);
        assert_eq!(Timestamp::MAX + Duration::from_days(1), Timestamp::MAX);
        assert_eq!(Timestamp::MAX - Timestamp::MIN, Duration::MAX);
        assert_eq!(Timestamp::MIN.floor(HOUR), Timestamp::MIN);
        assert_eq!(Duration::MAX * 2, Duration::MAX);
        assert_eq!(-2 * Duration::MAX, Duration::from_millis(i64::MIN));
        assert_eq!(Duration::from_millis(i64::MIN) / -1, Duration::MAX);
        assert_eq!(Duration::from_millis(i64::MIN) / Duration::from_millis(-1), i64::MAX);
        assert_eq!(Duration::from_millis(i64::MIN) % Duration::from_millis(-1), Duration::ZERO);
        assert_eq!(Duration::from_millis(i64::MIN).abs(), Duration::MAX);
    }

    #[test]
    fn lengths_are_multiplied_divided_and_added_up() {
        assert_eq!(HOUR * 24, Duration::from_days(1));
        assert_eq!(HOUR / 4, Duration::from_mins(15));
        assert_eq!(Duration::from_days(1) / HOUR, 24);
        assert_eq!(Duration::from_mins(90) % HOUR, Duration::from_mins(30));
        assert_eq!([HOUR, -HOUR, HOUR].into_iter().sum::<Duration>(), HOUR);
    }

    #[test]
    #[should_panic(expected = "an instant is rounded to a length of time, and 0s is none")]
    fn there_are_no_multiples_of_no_time() {
        let _ = Timestamp::MAX.floor(Duration::ZERO);
    }

    proptest! {
        #[test]
        fn an_instant_is_within_the_step_that_it_is_rounded_to(at in -1_i64 << 60..1 << 60, step in 1_i64..1 << 50) {
            let (at, step) = (Timestamp::from_millis(at), Duration::from_millis(step));
            let floor = at.floor(step);
            prop_assert!(floor <= at && at < floor + step);
            prop_assert_eq!(floor.millis() % step.millis(), 0);
            prop_assert_eq!(floor.floor(step), floor);
        }
    }
}
