use waterwheel::prelude::*;

pub struct Note {
    pub text: String,
}

topics! {
    pub Notes("notes"): Note {}
}

fn main() {}
