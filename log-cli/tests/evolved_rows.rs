//! Rows of earlier and of later types: each is printed as it was written, also while `consume` follows.

mod called;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use waterwheel::prelude::*;

use called::Dir;

mod first {
    use super::*;

    #[derive(Clone, Record)]
    pub(super) enum Paid {
        Cash,
        Card(u64),
    }

    #[derive(Clone, Record)]
    pub(super) struct Order {
        pub(super) id: u32,
        pub(super) buyer: String,
        pub(super) paid: Paid,
    }

    topics! { pub(super) Orders("orders"): Order { key: id } }
}

mod then {
    use super::*;

    #[derive(Clone, Record)]
    pub(super) enum Paid {
        #[variant(2)]
        Card(u64),
        #[variant(1)]
        Cash,
        Voucher {
            code: String,
        },
    }

    /// A field has another name and may be missing, one is new, and the order is another.
    #[derive(Clone, Record)]
    pub(super) struct Order {
        #[field(3)]
        pub(super) paid: Paid,
        #[field(4)]
        pub(super) cents: Option<i64>,
        #[field(1)]
        pub(super) id: u32,
        #[field(2)]
        pub(super) customer: Option<String>,
    }

    topics! { pub(super) Orders("orders"): Order { key: id } }
}

#[test]
fn rows_are_printed_by_the_schema_that_they_were_written_with() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    let paid = [first::Paid::Cash, first::Paid::Card(7)];
    let orders = paid.map(|paid| first::Order { id: 1, buyer: "Ada".to_owned(), paid });
    TypedTopic::open(&store, first::Orders).unwrap().append(&orders).unwrap();
    let mut program =
        dir.command("consume orders --from-beginning --json").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut printed = || {
        let mut record: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        (record["key"].take(), record["value"].take())
    };
    assert_eq!(printed(), (json!(1), json!({ "id": 1, "buyer": "Ada", "paid": "Cash" })));
    assert_eq!(printed(), (json!(1), json!({ "id": 1, "buyer": "Ada", "paid": { "Card": 7 } })));
    // Its type comes into the topic with it.
    let paid = then::Paid::Voucher { code: "x".to_owned() };
    let order = then::Order { paid, cents: Some(5), id: 2, customer: None };
    TypedTopic::open(&store, then::Orders).unwrap().append(&order).unwrap();
    let voucher = json!({ "Voucher": { "code": "x" } });
    let expected = json!({ "id": 2, "customer": null, "paid": voucher, "cents": 5 });
    assert_eq!(printed(), (json!(2), expected));
    let order = then::Order { paid: then::Paid::Cash, ..order };
    TypedTopic::open(&store, then::Orders).unwrap().append(&order).unwrap();
    assert_eq!(printed().1["paid"], "Cash");
    kill_process(Pid::from_child(&program), Signal::INT).unwrap();
    assert!(program.wait().unwrap().success());
}
