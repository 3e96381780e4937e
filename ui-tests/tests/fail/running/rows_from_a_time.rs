#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn trial(topic: TypedTopic<Payments>, time: Timestamp) -> waterwheel::Result<usize> {
    topic.flush()?;
    let since = topic.rows_since(time).count();
    let from = topic.rows().from_time(time).count();
    Ok(since + from)
}

fn main() {}
