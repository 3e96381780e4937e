#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    Unkeyed("unkeyed"): Payment { time: at }
}

fn last(store: &Store) -> waterwheel::Result<()> {
    let payments = Unkeyed.view::<String>(store)?;
    println!("{:?}", payments.get("4000")?);
    Ok(())
}

fn main() {}
