//! Records that are made further inside of a closure: in a closure of its own, in a list, in what is pushed. Fields of the row, and
//! parameters, are cloned there, too.

use waterwheel::prelude::*;

use crate::sample::*;

#[pipeline]
fn made_anywhere(shop: String) {
    let payments = source(TimelessPayments);
    let parts = payments.flat_map(|p| {
        p.card
            .split('-')
            .map(|_| Payment {
                card: p.card,
                shop: p.shop,
                amount: 1,
                rate: p.rate,
                refunded: false,
                at: p.at,
            })
            .collect::<Vec<_>>()
    });
    let listed = payments.flat_map(|p| {
        vec![Payment { card: p.card, shop: 0, amount: 2, rate: 0.0, refunded: p.refunded, at: p.at }]
    });
    let pushed = payments.flat_map(|p| {
        let mut rows = Vec::new();
        for part in p.card.split('-') {
            let card = if part.is_empty() { shop.clone() } else { part.to_owned() };
            rows.push(Payment {
                card,
                shop: p.shop,
                amount: 3,
                rate: p.rate,
                refunded: p.refunded,
                at: p.at,
            });
            rows.push(Payment {
                card: shop,
                shop: p.shop,
                amount: 4,
                rate: p.rate,
                refunded: p.refunded,
                at: p.at,
            });
        }
        rows
    });
    // A name that is given again inside is another one, which is not cloned.
    let named_again = payments.map(|p| {
        let given = Some(p.clone()).map(|p| Payment {
            card: p.card,
            shop: p.shop,
            amount: 5,
            rate: p.rate,
            refunded: p.refunded,
            at: p.at,
        });
        given.unwrap_or_else(|| p.clone())
    });
    parts.union([listed, pushed, named_again]).sink(TimelessCopies);
}

#[test]
fn fields_are_cloned_wherever_a_record_is_made() {
    let at = Timestamp::from_millis(0);
    let mut t = made_anywhere("s".to_owned()).test();
    t.push(
        TimelessPayments,
        Payment { card: "a-b".to_owned(), shop: 1, amount: 9, rate: 0.5, refunded: false, at },
    );
    let mut found: Vec<(String, i64)> =
        t.rows(TimelessCopies).into_iter().map(|p| (p.card, p.amount)).collect();
    found.sort();
    let expected = [("a", 3), ("a-b", 1), ("a-b", 1), ("a-b", 2), ("a-b", 5), ("b", 3), ("s", 4), ("s", 4)];
    assert_eq!(found, expected.map(|(card, amount)| (card.to_owned(), amount)));
}
