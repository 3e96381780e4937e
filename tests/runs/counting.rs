//! What a run says of its operators.

use waterwheel::log::MemDisk;
use waterwheel::prelude::*;
use waterwheel::{OperatorSummary, Summary};

use support::sample::{CardMinutes, Large, Payments, card_minutes, random_payments};
use support::{Random, append, open, read, run};

fn of<'s>(summary: &'s Summary, operator: &str) -> &'s OperatorSummary {
    let found = summary.operators.iter().find(|of| of.operator == operator);
    found.unwrap_or_else(|| panic!("`{operator}` is counted: {summary:?}"))
}

#[test]
fn operators_are_counted_with_any_number_of_workers() {
    let payments = random_payments(&mut Random(3), 500);
    let least = 20;
    let came = payments.iter().filter(|payment| payment.amount >= least).count() as u64;
    for workers in 1..=4 {
        let store = open(&MemDisk::new());
        append(&store, Payments, &payments);
        let options = RunOptions::new().workers(workers).epoch_rows(60);
        let summary = run(card_minutes(least), &store, options.clone().until_end()).unwrap();
        let names: Vec<&str> = summary.operators.iter().map(|of| of.operator.as_str()).collect();
        assert_eq!(
            names,
            [
                "payments (source)",
                "per_minute (filter)",
                "per_minute (window)",
                "large (filter)",
                "card-minutes (sink)",
                "large (sink)"
            ],
            "in the order of the plan"
        );
        let (minutes, large) = (read(&store, CardMinutes).len() as u64, read(&store, Large).len() as u64);
        let rows = |operator| (of(&summary, operator).rows_in, of(&summary, operator).rows_out);
        assert_eq!(rows("payments (source)"), (0, 500));
        assert_eq!(rows("per_minute (filter)"), (500, came));
        assert_eq!(rows("per_minute (window)"), (came, minutes));
        assert_eq!(rows("card-minutes (sink)"), (minutes, 0));
        assert_eq!(rows("large (filter)"), (500, large));
        assert_eq!(rows("large (sink)"), (large, 0));
        assert!(summary.operators.iter().all(|of| !of.busy.is_zero()), "{summary:?}");
        let window = of(&summary, "per_minute (window)");
        assert_eq!((window.rows_late, window.entries), (summary.rows_late, summary.entries_open));
        assert!(window.entries > 0 && window.rows_late > 0 && window.unwaited_late == 0);
        assert!(window.bytes > window.entries * 16, "{} bytes for {} entries", window.bytes, window.entries);

        let closed = run(card_minutes(least), &store, options.close()).unwrap();
        let window = of(&closed, "per_minute (window)");
        assert_eq!((window.rows_in, window.entries, window.bytes), (0, 0, 0), "this run has read nothing");
        assert_eq!(window.rows_out, summary.entries_open);
        assert_eq!(window.watermark, Some(Timestamp::MAX));
        assert_eq!(of(&closed, "large (filter)").watermark, None);
    }
}
