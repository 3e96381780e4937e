#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn both(store: &Store) -> waterwheel::Result<()> {
    let payments = Payments.view::<String>(store)?;
    let minutes = CardMinutes.view::<String>(store)?;
    let (payments, minutes) = waterwheel::views((payments, minutes))?;
    println!("{} {}", payments.len(), minutes.len());
    Ok(())
}

fn main() {}
