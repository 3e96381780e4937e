//! Measures the native row layout beside postcard, a columnar batch and JSON:
//! `cargo run --release -p record-layout-bench`.

// The derive writes paths of the facade, whose part they need is the runtime.
extern crate dsl_runtime as waterwheel;

mod layouts;
mod measure;
mod rows;

use columnar::{Index, Len};
use dsl_runtime::Timestamp;
use layouts::{Columns, Json, Native, Postcard, borrowed};
use measure::{measure, print};
use rows::{
    BorrowedFlight, BorrowedPayment, ColumnarFlight, ColumnarPayment, Flight, Payment, SerdeFlight,
    SerdePayment, TwoOfFlight, TwoOfPayment,
};

const ROWS: usize = 100_000;

fn main() {
    payments();
    flights();
}

fn payments() {
    let rows = rows::payments(ROWS);
    let serde: Vec<SerdePayment> = rows.iter().map(SerdePayment::from).collect();
    let columnar: Vec<ColumnarPayment> = rows.iter().map(ColumnarPayment::from).collect();
    let expected = rows.iter().map(|row| row.amount + row.at.millis()).sum();
    let native = Native::new(&rows, &["amount", "at"], |row: &Payment| row.amount + row.at.millis());
    let postcard = Postcard { rows: &serde, sum: two_of_postcard_payment };
    let json = Json { rows: &serde, sum: two_of_json_payment };
    let columns = Columns { rows: &columnar, sum: two_of_payment_columns };
    let figures = [
        measure(&native, expected),
        measure(&postcard, expected),
        measure(&columns, expected),
        measure(&json, expected),
    ];
    print("Payment: 10 fields, 4 strings, 3 options", &figures);
}

fn flights() {
    let rows = rows::flights(ROWS);
    let serde: Vec<SerdeFlight> = rows.iter().map(SerdeFlight::from).collect();
    let columnar: Vec<ColumnarFlight> = rows.iter().map(ColumnarFlight::from).collect();
    let expected = rows.iter().map(|row| delay_and_time(row.dep_delay, row.at)).sum();
    let native =
        Native::new(&rows, &["dep_delay", "at"], |row: &Flight| delay_and_time(row.dep_delay, row.at));
    let postcard = Postcard { rows: &serde, sum: two_of_postcard_flight };
    let json = Json { rows: &serde, sum: two_of_json_flight };
    let columns = Columns { rows: &columnar, sum: two_of_flight_columns };
    let figures = [
        measure(&native, expected),
        measure(&postcard, expected),
        measure(&columns, expected),
        measure(&json, expected),
    ];
    print("Flight: 19 fields, 4 strings, 6 options", &figures);
}

fn delay_and_time(delay: Option<i16>, at: Timestamp) -> i64 {
    i64::from(delay.unwrap_or(0)) + at.millis()
}

fn two_of_postcard_payment(row: &[u8]) -> i64 {
    let row: BorrowedPayment<'_> = postcard::from_bytes(row).expect("the row was just written");
    row.amount + row.at.millis()
}

fn two_of_postcard_flight(row: &[u8]) -> i64 {
    let row: BorrowedFlight<'_> = postcard::from_bytes(row).expect("the row was just written");
    delay_and_time(row.dep_delay, row.at)
}

fn two_of_json_payment(row: &[u8]) -> i64 {
    let row: TwoOfPayment = serde_json::from_slice(row).expect("the row was just written");
    row.amount + row.at.millis()
}

fn two_of_json_flight(row: &[u8]) -> i64 {
    let row: TwoOfFlight = serde_json::from_slice(row).expect("the row was just written");
    delay_and_time(row.dep_delay, row.at)
}

fn two_of_payment_columns(words: &[u64]) -> i64 {
    let columns = borrowed::<ColumnarPayment>(words);
    columns.amount.iter().zip(columns.at).map(|(amount, at)| amount + at).sum()
}

fn two_of_flight_columns(words: &[u64]) -> i64 {
    let columns = borrowed::<ColumnarFlight>(words);
    let sum = |row| i64::from(columns.dep_delay.get(row).copied().unwrap_or(0)) + columns.at[row];
    (0..columns.len()).map(sum).sum()
}
