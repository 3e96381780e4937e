//! A text that is a `String` in one program is an `EcoString` in the next: topics, state and results go on.

use waterwheel::log::MemDisk;
use waterwheel::prelude::*;
use waterwheel::record::EcoString;

use support::{append, open, read, run};

/// Two programs that read alike, with another type of texts.
macro_rules! programs {
    ($($module:ident: $text:ty)*) => {$(
        mod $module {
            use super::*;

            type Text = $text;

            #[derive(Debug, Clone, PartialEq, Record)]
            pub(super) struct Sale {
                pub(super) shop: Text,
                pub(super) clerk: Text,
                pub(super) price: i64,
                pub(super) at: Timestamp,
            }

            #[derive(Debug, Clone, PartialEq, Record)]
            pub(super) struct ShopHour {
                pub(super) shop: Text,
                pub(super) sales: u64,
                pub(super) total: i64,
                pub(super) opened: Text,
                pub(super) closed: Text,
                pub(super) greatest: Text,
            }

            topics! {
                pub(super) Sales("sales"): Sale { key: shop, time: at, partitions: 3 }
                pub(super) ShopHours("shop-hours"): ShopHour { key: shop }
            }

            #[pipeline]
            pub(super) fn shops() {
                let sales = source(Sales).lateness(10s).late_drop();
                let per_shop = sales.group_by(|s| s.shop).window(tumbling(1h)).select(|w, s| ShopHour {
                    shop: w.key(),
                    sales: count(),
                    total: sum(s.price),
                    opened: first(s.clerk),
                    closed: last(s.clerk),
                    greatest: max(s.clerk),
                });
                per_shop.sink(ShopHours);
            }

            pub(super) fn sell(store: &Store, sales: &[(&str, &str, i64, i64)]) {
                let sale = |&(shop, clerk, price, at_secs): &(&str, &str, i64, i64)| Sale {
                    shop: shop.into(),
                    clerk: clerk.into(),
                    price,
                    at: Timestamp::from_millis(at_secs * 1000),
                };
                append(store, Sales, &sales.iter().map(sale).collect::<Vec<_>>());
            }

            /// What there is of shops, as text.
            pub(super) fn told(store: &Store) -> Vec<String> {
                let mut told: Vec<String> = read(store, ShopHours).iter().map(|hour| format!("{hour:?}")).collect();
                told.sort();
                told
            }
        }
    )*};
}
programs!(of_strings: String  inline: EcoString);

const LONG: &str = "a shop whose name is longer than what an EcoString holds";
const BEFORE: [(&str, &str, i64, i64); 4] = [
    ("a", "Ada", 5, 0),
    (LONG, "Bob", 7, 10),
    ("b", "Cyd, who has a long name, too", 2, 20),
    ("a", "Eve", -1, 30),
];
const AFTER: [(&str, &str, i64, i64); 4] =
    [("a", "Dan", 1, 40), (LONG, "Fay", 3, 5), ("c", "Gus", 4, 50), ("b", "Abe", 6, 3_000)];

/// The first half by one program, which leaves its windows open, and the rest by another.
macro_rules! handed_on {
    ($first:ident, $then:ident, $workers:expr) => {{
        let store = open(&MemDisk::new());
        $first::sell(&store, &BEFORE);
        let options = || RunOptions::new().workers($workers).epoch_rows(1);
        let summary = run($first::shops(), &store, options().until_end()).unwrap();
        assert_eq!((summary.rows_read, summary.rows_written, summary.entries_open), (4, 0, 3));
        $then::sell(&store, &AFTER);
        let summary = run($then::shops(), &store, options().close()).unwrap();
        assert_eq!(
            (summary.rows_read, summary.rows_written),
            (4, 4),
            "what was read before is not read again"
        );
        assert_eq!($first::told(&store), $then::told(&store));
        $then::told(&store)
    }};
}

#[test]
fn open_windows_go_on_by_the_other_type() {
    let expected = [
        r#"ShopHour { shop: "a shop whose name is longer than what an EcoString holds", sales: 2, total: 10, opened: "Fay", closed: "Bob", greatest: "Fay" }"#,
        r#"ShopHour { shop: "a", sales: 3, total: 5, opened: "Ada", closed: "Dan", greatest: "Eve" }"#,
        r#"ShopHour { shop: "b", sales: 2, total: 8, opened: "Cyd, who has a long name, too", closed: "Abe", greatest: "Cyd, who has a long name, too" }"#,
        r#"ShopHour { shop: "c", sales: 1, total: 4, opened: "Gus", closed: "Gus", greatest: "Gus" }"#,
    ];
    for workers in [1, 2] {
        assert_eq!(handed_on!(of_strings, of_strings, workers), expected);
        assert_eq!(handed_on!(of_strings, inline, workers), expected);
        assert_eq!(handed_on!(inline, of_strings, workers), expected);
        assert_eq!(handed_on!(inline, inline, workers), expected);
    }
}
