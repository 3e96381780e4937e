#[path = "../../sample/mod.rs"]
mod sample;

use std::process::ExitCode;

use sample::*;
use waterwheel::cli::App;
use waterwheel::prelude::*;

use waterwheel::cli::{Command, Invocation};

#[pipeline]
pub fn large(limit: i64) {
    source(Payments).filter(|p| p.amount > limit).sink(LargePayments);
}

fn load(_: &Invocation) -> waterwheel::Result<()> {
    Ok(())
}

fn main() -> ExitCode {
    App::new().pipeline(large).command(Command::new("load"), load).main()
}
