use waterwheel::prelude::*;

fn main() {
    let _ = RunOptions::new().checkpoint_interval(5);
}
