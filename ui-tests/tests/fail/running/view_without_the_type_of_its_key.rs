#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn last(store: &Store) -> waterwheel::Result<()> {
    let payments = Payments.view(store)?;
    println!("{:?}", payments.get("4000")?);
    Ok(())
}

fn main() {}
