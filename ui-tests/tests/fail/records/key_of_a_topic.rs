use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    #[key]
    pub card: String,
}

fn main() {}
