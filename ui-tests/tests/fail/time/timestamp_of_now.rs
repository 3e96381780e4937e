use waterwheel::prelude::*;

fn main() {
    let _ = Timestamp::now();
}
