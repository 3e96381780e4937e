use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Named {
    pub value: (usize, &'static str),
}

fn main() {}
