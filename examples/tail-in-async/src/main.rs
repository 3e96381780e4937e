//! Topics in async code: tasks append readings and follow what the pipeline makes of them.

use std::path::Path;

use waterwheel::Result;
use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Reading {
    sensor: u64,
    number: u64,
    celsius: f64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Alarm {
    sensor: u64,
    number: u64,
    fahrenheit: f64,
}

topics! {
    Readings("readings"): Reading { key: sensor, partitions: 4 }
    Alarms("alarms"): Alarm { key: sensor, partitions: 4 }
}

#[pipeline]
fn alarms(limit: f64) {
    source(Readings)
        .filter(|r| r.celsius > limit)
        .map(|r| Alarm { sensor: r.sensor, number: r.number, fahrenheit: r.celsius * 1.8 + 32.0 })
        .sink(Alarms);
}

/// Appends readings of a sensor, each durable before the next; every tenth is too hot.
async fn measure(readings: TypedTopic<Readings>, sensor: u64, count: u64) -> Result<()> {
    for number in 0..count {
        let celsius = if number % 10 == 9 { 90.0 } else { 20.0 };
        readings.append_async([Reading { sensor, number, celsius }]).await?;
    }
    Ok(())
}

/// Follows the alarms until there were so many, and gives their sensors.
async fn watch(mut alarms: waterwheel::TailStream<Alarms>, count: usize) -> Result<Vec<u64>> {
    let mut sensors = Vec::new();
    while sensors.len() < count
        && let Some(alarm) = alarms.next().await
    {
        let alarm = alarm?;
        println!(
            "sensor {} is at {:.0} °F: partition {}, offset {}",
            alarm.sensor, alarm.fahrenheit, alarm.meta.partition, alarm.meta.offset
        );
        sensors.push(alarm.sensor);
    }
    Ok(sensors)
}

/// Sensors that measure, and watchers that each see every alarm.
async fn run(store: &Store, sensors: u64, readings: u64, watchers: usize) -> Result<Vec<Vec<u64>>> {
    let topic = TypedTopic::open(store, Alarms)?;
    let expected = (sensors * (readings / 10)) as usize;
    // Before anything is appended: a tail begins at the end.
    let watching: Vec<_> =
        (0..watchers).map(|_| tokio::spawn(watch(topic.tail().stream(), expected))).collect();
    let topic = TypedTopic::open(store, Readings)?;
    let measuring: Vec<_> =
        (0..sensors).map(|sensor| tokio::spawn(measure(topic.clone(), sensor, readings))).collect();
    for task in measuring {
        task.await.expect("the task does not panic")?;
    }
    let mut seen = Vec::new();
    for task in watching {
        seen.push(task.await.expect("the task does not panic")?);
    }
    Ok(seen)
}

#[tokio::main]
async fn main() -> Result<()> {
    let store = Store::open(Path::new("waterwheel-data/tail-in-async"))?;
    let job = alarms(60.0).start(&store, RunOptions::new())?;
    let seen = run(&store, 3, 50, 2).await?;
    println!("{} watchers saw {} alarms each", seen.len(), seen[0].len());
    job.stop()?;
    store.close()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use waterwheel::log::{MemDisk, StoreConfig};

    use super::*;

    #[tokio::test]
    async fn every_watcher_sees_every_alarm() {
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
        let job = alarms(60.0).start(&store, RunOptions::new()).unwrap();
        let seen = run(&store, 3, 50, 2).await.unwrap();
        for mut sensors in seen {
            sensors.sort();
            assert_eq!(sensors, [[0; 5], [1; 5], [2; 5]].concat());
        }
        job.stop().unwrap();
    }
}
