#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

use waterwheel::cli::{Command, Invocation};

fn pay(_: &Invocation) -> waterwheel::Result<()> {
    Ok(())
}

#[pipeline]
fn copies() {
    source(TimelessPayments).sink(TimelessCopies);
}

fn main() -> std::process::ExitCode {
    copies().command(Command::new("pay"), pay).main()
}
