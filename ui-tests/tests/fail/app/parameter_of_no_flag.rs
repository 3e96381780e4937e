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
pub fn large(bounds: Bounds) {
    source(Payments).filter(|p| p.amount >= bounds.least && p.amount <= bounds.most).sink(LargePayments);
}

fn main() -> ExitCode {
    App::new().pipeline(large).main()
}
