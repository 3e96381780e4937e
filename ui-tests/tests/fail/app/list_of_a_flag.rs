#[path = "../../sample/mod.rs"]
mod sample;

use std::process::ExitCode;

use sample::*;
use waterwheel::cli::App;
use waterwheel::prelude::*;

#[pipeline]
pub fn large(limits: Vec<i64>) {
    source(Payments).filter(|p| limits.contains(&p.amount)).sink(LargePayments);
}

fn main() -> ExitCode {
    App::new().pipeline(large).main()
}
