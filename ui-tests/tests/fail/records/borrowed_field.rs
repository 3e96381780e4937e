use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    pub card: &'static str,
    pub pages: Vec<&'static [u8]>,
}

fn main() {}
