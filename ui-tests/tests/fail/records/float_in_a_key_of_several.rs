use waterwheel::prelude::*;

#[derive(Clone, Key)]
pub struct Place {
    pub at: f32,
}

fn main() {}
