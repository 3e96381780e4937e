use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Comment {
    pub text: String,
    pub answers: Vec<Comment>,
}

fn main() {}
