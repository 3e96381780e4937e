#[path = "../../sample/mod.rs"]
mod sample;

use std::process::ExitCode;

use sample::*;
use waterwheel::cli::App;
use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Bounds {
    least: i64,
    most: i64,
}

#[pipeline]
pub fn large(limit: i64, bounds: Option<Bounds>) {
    source(Payments).filter(|p| p.amount > limit && bounds.is_none()).sink(LargePayments);
}

fn main() -> ExitCode {
    App::new().pipeline(large).main()
}
