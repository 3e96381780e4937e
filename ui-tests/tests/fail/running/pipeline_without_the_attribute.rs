#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn trial() {
    source(Payments).sink(LargePayments);
}

fn main() -> std::process::ExitCode {
    trial().main()
}
