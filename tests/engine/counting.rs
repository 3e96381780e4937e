//! What a run says of its operators.

use waterwheel::RunOptions;
use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use crate::sample::{CardMinutes, Payments, card_minutes, random_payments};
use crate::support::{Random, append, open, read, run};

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
        let [operator] = &summary.operators[..] else { panic!("{summary:?}") };
        assert_eq!((operator.operator.as_str(), operator.rows_in), ("per_minute (window)", came));
        assert_eq!((operator.rows_late, operator.entries), (summary.rows_late, summary.entries_open));
        assert_eq!(operator.rows_out, read(&store, CardMinutes).len() as u64);
        assert!(operator.entries > 0 && operator.rows_late > 0 && !operator.busy.is_zero());
        let closed = run(card_minutes(least), &store, options.close()).unwrap();
        let [operator] = &closed.operators[..] else { panic!("{closed:?}") };
        assert_eq!((operator.rows_in, operator.entries), (0, 0), "this run has read nothing");
        assert_eq!(operator.rows_out, summary.entries_open);
        assert_eq!(operator.watermark, Some(Timestamp::MAX));
    }
}
