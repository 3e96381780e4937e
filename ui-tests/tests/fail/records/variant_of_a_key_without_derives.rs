use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    bank: u16,
}

#[derive(Clone, Debug, PartialEq, Key)]
pub enum Payer {
    Card(u64),
    Account(Account),
}

fn main() {}
