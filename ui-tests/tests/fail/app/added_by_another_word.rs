#[path = "../../sample/mod.rs"]
mod sample;

use std::process::ExitCode;

use sample::*;
use waterwheel::cli::App;
use waterwheel::prelude::*;

#[pipeline]
pub fn large(limit: i64) {
    source(Payments).filter(|p| p.amount > limit).sink(LargePayments);
}

fn main() -> ExitCode {
    App::new().with(large).main()
}
