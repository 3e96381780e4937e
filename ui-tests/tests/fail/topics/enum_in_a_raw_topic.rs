use waterwheel::prelude::*;

#[derive(Clone, Debug, Record)]
pub enum Line {
    Text(String),
}

topics! {
    Lines("lines"): Line { format: raw }
}

fn main() {}
