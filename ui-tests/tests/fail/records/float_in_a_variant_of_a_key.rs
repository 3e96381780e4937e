use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Key)]
pub enum Place {
    Nowhere,
    At { latitude: f64, name: String },
}

fn main() {}
