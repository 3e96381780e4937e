#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    pub Copies("copies"): Payment { key: card, durability: memory }
    pub Loose("loose"): Payment { key: card, durability: intervall }
    pub Quoted("quoted"): Payment { durability: "os" }
    pub Acked("acked"): Payment { acks: all }
}

fn main() {}
