//! The pipeline, and its tests.

use waterwheel::prelude::*;

use crate::rows::{CardMinute, CardMinutes, LatePayments, Payments};

/// Adds up what each card pays within a minute.
#[pipeline]
pub fn card_minutes(
    /// Smaller payments are left out; in cents.
    #[default(100)]
    least: i64,
) {
    let payments = source(Payments)
        .lateness(10s)
        .idle(30s)
        .late_to(LatePayments);

    let per_minute = payments
        .filter(|p| p.cents >= least)
        .group_by(|p| p.card)
        .window(tumbling(1m))
        .select(|w, p| CardMinute {
            card: w.key(),
            from: w.start(),
            cents: sum(p.cents),
            payments: count(),
        });

    per_minute.sink(CardMinutes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Payment;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    fn payment(cents: i64, at: i64) -> Payment {
        Payment {
            card: 4000,
            cents,
            at: second(at),
        }
    }

    #[test]
    fn payments_of_a_minute_are_added_up() {
        let mut t = card_minutes(100).test();
        t.push(Payments, payment(1250, 5));
        t.push(Payments, payment(99, 6)); // too small
        t.restart(); // a crash: nothing is lost, and nothing counted twice
        t.push(Payments, payment(350, 59));
        t.close(); // event time ends, and every window emits
        let minute = CardMinute {
            card: 4000,
            from: second(0),
            cents: 1600,
            payments: 2,
        };
        assert_eq!(t.rows(CardMinutes), [minute]);
    }

    #[test]
    fn a_payment_for_a_minute_that_was_told_is_set_aside() {
        let mut t = card_minutes(100).test();
        t.push(Payments, payment(1250, 5));
        t.push(Payments, payment(500, 70)); // by now the first minute is over, and its ten seconds more
        t.push(Payments, payment(350, 59));
        t.close();
        let told: Vec<i64> = t
            .rows(CardMinutes)
            .iter()
            .map(|minute| minute.cents)
            .collect();
        assert_eq!(told, [1250, 500]);
        assert_eq!(t.rows(LatePayments), [payment(350, 59)]);
    }
}
