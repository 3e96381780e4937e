//! A plan as a picture: in Mermaid's language, as SVG and as JSON, beside the files of this folder.

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Order {
    id: u64,
    shop: String,
    cents: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Payment {
    order: u64,
    cents: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Paid {
    shop: String,
    cents: i64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct ShopHour {
    shop: String,
    hour: Timestamp,
    cents: i64,
}

topics! {
    Orders("orders"): Order { key: id, time: at, partitions: 4 }
    Payments("payments"): Payment { key: order, time: at, partitions: 4 }
    Unpaid("late-payments"): Payment { key: order }
    LargeOrders("large-orders"): Order { key: id }
    ShopHours("shop-hours"): ShopHour { key: shop, time: hour }
}

const LARGE: i64 = 100_000;

#[pipeline]
fn takings(least: i64) {
    let orders = source(Orders).lateness(1m).late_drop();
    let (large, others) = orders.split(|order| order.cents >= LARGE);
    large.sink(LargeOrders);

    let payments = source(Payments).lateness(1h).late_to(Unpaid);
    let real = payments.filter(|payment| payment.cents > 0 && payment.cents < least * 1_000);
    let paid = others
        .join(real)
        .on(|order| order.id, |payment| payment.order)
        .between(-10m..=1h)
        .select(|order, payment| Paid { shop: order.shop, cents: payment.cents });
    let hours = paid.group_by(|paid| paid.shop).window(tumbling(1h)).select(|w, paid| ShopHour {
        shop: w.key(),
        hour: w.start(),
        cents: sum(paid.cents),
    });
    hours.sink(ShopHours);
}

/// Compares with a file of this folder, or writes it where `UPDATE_EXPECT` is set.
#[track_caller]
fn check(file: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graph").join(file);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{} is another: `UPDATE_EXPECT=1` writes it\n{text}", path.display());
}

#[test]
fn a_flowchart_has_operators_by_name_with_their_rules_and_row_types_at_the_edges() {
    check("takings.mmd", &takings(5).mermaid().unwrap());
}

#[test]
fn a_drawing_is_the_same_each_time_and_can_stand_inside_of_a_page() {
    let drawing = takings(5).svg().unwrap();
    assert_eq!(drawing, takings(5).svg().unwrap());
    assert!(drawing.starts_with("<svg ") && drawing.ends_with("</svg>\n"));
    // In Markdown an empty line ends what is not Markdown.
    assert!(drawing.lines().all(|line| line.starts_with('<') && line.ends_with('>')), "{drawing}");
    check("takings.svg", &drawing);
}

#[test]
fn programs_read_the_plan_as_json() {
    let text = takings(5).explain_json().unwrap();
    check("takings.json", &text);
    let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
    let operators = plan["operators"].as_array().unwrap();
    // As many as the words have, and each reads those before it.
    let words = takings(5).explain().unwrap();
    assert_eq!(operators.len(), words.lines().filter(|line| line.starts_with('#')).count());
    for (at, operator) in operators.iter().enumerate() {
        assert_eq!(operator["number"], at as u64 + 1);
        for input in operator["inputs"].as_array().unwrap() {
            assert!(input["operator"].as_u64().unwrap() <= at as u64, "{operator}");
        }
    }
}
