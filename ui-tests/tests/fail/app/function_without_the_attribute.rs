#[path = "../../sample/mod.rs"]
mod sample;

use std::process::ExitCode;

use sample::*;
use waterwheel::cli::App;
use waterwheel::prelude::*;

fn large() {}

fn main() -> ExitCode {
    App::new().pipeline(large).main()
}
