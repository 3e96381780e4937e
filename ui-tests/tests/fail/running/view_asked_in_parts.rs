#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn last(minutes: &waterwheel::View<CardMinutes, (String, Timestamp)>) -> waterwheel::Result<()> {
    println!("{:?}", minutes.get("4000")?);
    Ok(())
}

fn main() {}
