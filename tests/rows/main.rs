//! Rows on their way: operators that take them one at a time, aggregates, types of fields, places, and what is decoded of them.

mod aggregates;
mod decimals;
mod distinct;
mod enum_keys;
mod enum_rows;
mod operators;
mod places;
mod projection;
mod rich_rows;
mod sharing;
mod streams;
