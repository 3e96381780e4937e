use waterwheel::prelude::*;

#[pipeline]
pub struct Copies {
    pub payments: u64,
}

fn main() {
    let _ = Copies { payments: 1 };
}
