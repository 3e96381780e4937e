//! Two records, each as three types with the same fields, and values for them.

use columnar::Columnar;
use dsl_macros::Record;
use dsl_runtime::Timestamp;
use serde::{Deserialize, Serialize};

/// Declares the same struct for `native`, for the serde formats (whose own derive is used, as a user of them would) and
/// for the columnar batch (which knows no `Timestamp`, hence the integer).
macro_rules! triplets {
    ($(struct $name:ident, $serde:ident, $columnar:ident { $($field:ident: $type:ty,)* })*) => {
        $(
            #[derive(Clone, Debug, PartialEq, Record)]
            pub(crate) struct $name { $(pub(crate) $field: $type,)* pub(crate) at: Timestamp }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub(crate) struct $serde { $(pub(crate) $field: $type,)* pub(crate) at: Timestamp }

            #[derive(Clone, Debug, PartialEq, Columnar)]
            pub(crate) struct $columnar { $(pub(crate) $field: $type,)* pub(crate) at: i64 }

            impl From<&$name> for $serde {
                fn from(row: &$name) -> $serde {
                    $serde { $($field: row.$field.clone(),)* at: row.at }
                }
            }

            impl From<&$name> for $columnar {
                fn from(row: &$name) -> $columnar {
                    $columnar { $($field: row.$field.clone(),)* at: row.at.millis() }
                }
            }
        )*
    };
}

triplets! {
    // Ten fields, four of them strings, three options.
    struct Payment, SerdePayment, ColumnarPayment {
        id: u64,
        card: String,
        merchant: String,
        amount: i64,
        currency: String,
        country: Option<String>,
        tip: Option<i64>,
        terminal: Option<u32>,
        online: bool,
    }

    // The nineteen columns of the flights of the example `departures`.
    struct Flight, SerdeFlight, ColumnarFlight {
        year: u16,
        month: u8,
        day: u8,
        dep_time: Option<u16>,
        sched_dep_time: u16,
        dep_delay: Option<i16>,
        arr_time: Option<u16>,
        sched_arr_time: u16,
        arr_delay: Option<i16>,
        carrier: String,
        flight: u16,
        tailnum: Option<String>,
        origin: String,
        dest: String,
        air_time: Option<u16>,
        distance: u16,
        hour: u8,
        minute: u8,
    }
}

/// What a reader of two fields needs of a payment as postcard: all before them, borrowed.
#[derive(Deserialize)]
pub(crate) struct BorrowedPayment<'a> {
    pub(crate) _id: u64,
    pub(crate) _card: &'a str,
    pub(crate) _merchant: &'a str,
    pub(crate) amount: i64,
    pub(crate) _currency: &'a str,
    pub(crate) _country: Option<&'a str>,
    pub(crate) _tip: Option<i64>,
    pub(crate) _terminal: Option<u32>,
    pub(crate) _online: bool,
    pub(crate) at: Timestamp,
}

/// The same of a flight.
#[derive(Deserialize)]
pub(crate) struct BorrowedFlight<'a> {
    pub(crate) _year: u16,
    pub(crate) _month: u8,
    pub(crate) _day: u8,
    pub(crate) _dep_time: Option<u16>,
    pub(crate) _sched_dep_time: u16,
    pub(crate) dep_delay: Option<i16>,
    pub(crate) _arr_time: Option<u16>,
    pub(crate) _sched_arr_time: u16,
    pub(crate) _arr_delay: Option<i16>,
    pub(crate) _carrier: &'a str,
    pub(crate) _flight: u16,
    pub(crate) _tailnum: Option<&'a str>,
    pub(crate) _origin: &'a str,
    pub(crate) _dest: &'a str,
    pub(crate) _air_time: Option<u16>,
    pub(crate) _distance: u16,
    pub(crate) _hour: u8,
    pub(crate) _minute: u8,
    pub(crate) at: Timestamp,
}

/// What a reader of two fields needs of a JSON payment: serde skips the others.
#[derive(Deserialize)]
pub(crate) struct TwoOfPayment {
    pub(crate) amount: i64,
    pub(crate) at: Timestamp,
}

/// The same of a flight.
#[derive(Deserialize)]
pub(crate) struct TwoOfFlight {
    pub(crate) dep_delay: Option<i16>,
    pub(crate) at: Timestamp,
}

/// `count` payments, the same each time.
pub(crate) fn payments(count: usize) -> Vec<Payment> {
    let mut random = Random(1);
    let payment = |number: usize| Payment {
        id: 1_000_000 + number as u64,
        card: format!("4000{:012}", random.below(1_000_000_000_000)),
        merchant: MERCHANTS[random.below(5) as usize].to_owned(),
        amount: random.below(20_000) as i64 - 1_000,
        currency: ["EUR", "USD", "GBP"][random.below(3) as usize].to_owned(),
        country: (random.below(10) < 7)
            .then(|| ["DE", "US", "GB", "FR"][random.below(4) as usize].to_owned()),
        tip: (random.below(10) < 2).then(|| random.below(500) as i64),
        terminal: (random.below(10) < 8).then(|| random.below(100_000) as u32),
        online: random.below(2) == 0,
        at: Timestamp::from_millis(1_700_000_000_000 + 37 * number as i64),
    };
    (0..count).map(payment).collect()
}

/// `count` flights, the same each time.
pub(crate) fn flights(count: usize) -> Vec<Flight> {
    let mut random = Random(2);
    let flight = |number: usize| {
        let flown = random.below(100) < 97;
        let (hour, minute) = (5 + random.below(18) as u16, random.below(60) as u16);
        let delay = random.below(60) as i16 - 10;
        Flight {
            year: 2013,
            month: 1 + random.below(12) as u8,
            day: 1 + random.below(28) as u8,
            dep_time: flown.then_some(hour * 100 + minute),
            sched_dep_time: hour * 100 + minute,
            dep_delay: flown.then_some(delay),
            arr_time: flown.then_some(hour * 100 + minute),
            sched_arr_time: hour * 100 + minute,
            arr_delay: flown.then_some(delay - 5),
            carrier: ["UA", "AA", "B6", "DL", "EV"][random.below(5) as usize].to_owned(),
            flight: random.below(6_000) as u16,
            tailnum: (random.below(100) < 99).then(|| format!("N{:05}", random.below(90_000))),
            origin: ["EWR", "JFK", "LGA"][random.below(3) as usize].to_owned(),
            dest: ["IAH", "MIA", "ATL", "ORD"][random.below(4) as usize].to_owned(),
            air_time: flown.then(|| 30 + random.below(400) as u16),
            distance: 100 + random.below(2_500) as u16,
            hour: hour as u8,
            minute: minute as u8,
            at: Timestamp::from_millis(1_357_034_400_000 + 93_000 * number as i64),
        }
    };
    (0..count).map(flight).collect()
}

/// A small generator (xorshift64*): the values need no more than to look mixed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % bound
    }
}

const MERCHANTS: [&str; 5] = ["Bäckerei Kern", "Corner Store 12", "railway", "Books & More Ltd", "petrol"];
