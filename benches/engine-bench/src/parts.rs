//! What is measured: parts, each with what it prepares once for a build and what it measures in each round.

use std::collections::BTreeMap;

use crate::Failure;
use crate::build_time;
use crate::builds::Runner;
use crate::by_hand;
use crate::jobs::bids::NAMES;
use crate::jobs::fields::{TYPES, WAYS};
use crate::jobs::nexmark;
use crate::queries;
use crate::report::Report;
use crate::rounds::{Bench, Figure, Oracles};

/// A part of the bench.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) prepare: fn(&Bench, &Runner) -> Result<Oracles, Failure>,
    pub(crate) sample: fn(&Bench, &Runner, &Oracles) -> Result<Vec<Figure>, Failure>,
}

/// All parts, in their order on the page.
pub(crate) const PARTS: [Part; 12] = [
    Part {
        name: "bids",
        about: "rows of 200 bytes and a filter that keeps few, with one reader and with three",
        prepare: load_bids,
        sample: bids,
    },
    Part { name: "light", about: "rows of 33 bytes and a light filter", prepare: load_light, sample: light },
    Part {
        name: "epoch-rows",
        about: "rows of 33 bytes in epochs of 100 to 32,768 rows",
        prepare: load_epochs,
        sample: epochs,
    },
    Part {
        name: "departures",
        about: "the example's job over many copies of January",
        prepare: load_departures,
        sample: departures,
    },
    Part {
        name: "state",
        about: "864,864 keys in a window, with and without checkpoints",
        prepare: load_state,
        sample: state,
    },
    Part {
        name: "close",
        about: "an hour of 864,864 keys closes at once",
        prepare: load_hour,
        sample: close,
    },
    Part {
        name: "close-texts",
        about: "the same with keys that are text of 16 bytes",
        prepare: load_texts,
        sample: close_texts,
    },
    Part { name: "restart", about: "recovery of 864,864 entries", prepare: load_restart, sample: restart },
    Part {
        name: "nexmark",
        about: "the queries of the example over 5 and 10 million generated events",
        prepare: load_nexmark,
        sample: nexmark,
    },
    Part {
        name: "tail",
        about: "from an append to one who follows the topic, and to sixteen",
        prepare: |_, _| Ok(Oracles::new()),
        sample: tail,
    },
    Part {
        name: "fields",
        about: "what a field of each type costs a row, written, read and passed over",
        prepare: nothing,
        sample: fields,
    },
    Part {
        name: "build",
        about: "how long rustc takes for a pipeline of twenty operators",
        prepare: prepare_build,
        sample: build,
    },
];

/// Checkpoints that no run lasts long enough for, in milliseconds.
const NEVER_MS: u64 = 24 * 3_600_000;

const MIB: f64 = 1_024.0;

/// The part has nothing to load.
fn nothing(_: &Bench, _: &Runner) -> Result<Oracles, Failure> {
    Ok(Oracles::new())
}

fn fields(bench: &Bench, runner: &Runner, _: &Oracles) -> Result<Vec<Figure>, Failure> {
    let report = runner.job("fields", "fields", &[("rows", bench.scaled(1_000_000))])?;
    let mut figures = Vec::new();
    for (name, told) in TYPES {
        for (way, done) in WAYS {
            let took = report.number(&format!("{name}_{way}"))?;
            figures.push(Figure::of(format!("{told}, {done}"), "µs", took));
        }
    }
    Ok(figures)
}

fn load_bids(bench: &Bench, runner: &Runner) -> Result<Oracles, Failure> {
    let oracle = runner.job("load-bids", "bids", &[("rows", bench.scaled(1_000_000))])?;
    Ok(Oracles::from([("bids", oracle)]))
}

fn bids(bench: &Bench, runner: &Runner, oracles: &Oracles) -> Result<Vec<Figure>, Failure> {
    let (oracle, mut figures) = (&oracles["bids"], Vec::new());
    let rows = oracle.number("rows_read")?;
    for &workers in &bench.workers {
        let job = |readers| -> Result<Report, Failure> {
            let report = runner.job("bids", "bids", &[("readers", readers), ("workers", workers)])?;
            report.expect(&["rows_read"], oracle)?;
            report.expect(&NAMES[..readers as usize], oracle)?;
            Ok(report)
        };
        let (one, three) = (job(1)?, job(3)?);
        let (cpu, more) = (one.number("cpu_s")?, three.number("cpu_s")?);
        let first = Figure::of(format!("a row, {}", told(workers)), "µs", 1e6 * cpu / rows);
        let another = format!("a row, each reader more, {}", told(workers));
        let another = Figure::of(another, "µs", 1e6 * (more - cpu) / (2.0 * rows));
        figures.extend([aimed(first, workers, 0.15), aimed(another, workers, 0.05)]);
        figures.push(Figure::of(
            format!("peak memory, {}", told(workers)),
            "MiB",
            one.number("peak_kib")? / MIB,
        ));
    }
    Ok(figures)
}

fn load_light(bench: &Bench, runner: &Runner) -> Result<Oracles, Failure> {
    let oracle = runner.job("load-light", "light", &[("rows", bench.scaled(2_000_000))])?;
    Ok(Oracles::from([("light", oracle)]))
}

fn light(bench: &Bench, runner: &Runner, oracles: &Oracles) -> Result<Vec<Figure>, Failure> {
    let (oracle, mut figures) = (&oracles["light"], Vec::new());
    for &workers in &bench.workers {
        let report = runner.job("light", "light", &[("workers", workers)])?;
        report.expect(&["rows_read", "peaks"], oracle)?;
        let row = Figure::of(format!("a row, {}", told(workers)), "µs", cpu_of_a_row(&report)?);
        figures.push(aimed(row, workers, 0.08));
        figures.push(Figure::of(
            format!("peak memory, {}", told(workers)),
            "MiB",
            report.number("peak_kib")? / MIB,
        ));
    }
    Ok(figures)
}

/// The least epochs are measured over fewer rows, since each is a commit.
const EPOCHS: [(u64, &str); 4] = [(100, "few"), (1_000, "many"), (4_096, "many"), (32_768, "many")];

fn load_epochs(bench: &Bench, runner: &Runner) -> Result<Oracles, Failure> {
    Ok(Oracles::from([
        ("many", runner.job("load-light", "many", &[("rows", bench.scaled(1_000_000))])?),
        ("few", runner.job("load-light", "few", &[("rows", bench.scaled(200_000))])?),
        ("single", runner.job("load-single", "single", &[("rows", bench.scaled(2_000))])?),
    ]))
}

fn epochs(_: &Bench, runner: &Runner, oracles: &Oracles) -> Result<Vec<Figure>, Failure> {
    let job = |job, dir, epoch_rows| -> Result<f64, Failure> {
        let report = runner.job(job, dir, &[("epoch-rows", epoch_rows)])?;
        report.expect(&["rows_read", "peaks"], &oracles[dir])?;
        cpu_of_a_row(&report)
    };
    let single = job("single", "single", 1)?;
    let mut figures = vec![Figure::of("an epoch of one row, which was appended alone", "µs", single)];
    let mut rows = Vec::new();
    for (epoch_rows, dir) in EPOCHS {
        let row = job("light", dir, epoch_rows)?;
        figures.push(Figure::of(format!("a row, epochs of {}", grouped(epoch_rows)), "µs", row));
        rows.push((epoch_rows, row));
    }
    let largest = rows.pop().expect("there are several sizes");
    for small in rows {
        let size = grouped(small.0);
        let epoch = beside_its_rows(small, largest);
        figures.push(Figure::of(format!("an epoch of {size}, beside its rows"), "µs", epoch));
        figures
            .push(Figure::of(format!("the same ÷ an epoch of one row, {size}"), "", epoch / single).aim(1.0));
    }
    Ok(figures)
}

/// What an epoch takes beside its rows, if a row takes the same in epochs of both sizes: the size of an epoch, and what a row takes with
/// its share of the epoch.
fn beside_its_rows((few, with_few): (u64, f64), (many, with_many): (u64, f64)) -> f64 {
    (with_few - with_many) / (1.0 / few as f64 - 1.0 / many as f64)
}

fn grouped(number: u64) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}

fn load_departures(bench: &Bench, runner: &Runner) -> Result<Oracles, Failure> {
    let oracle = runner.job("load-departures", "departures", &[("rows", bench.scaled(1_100_000))])?;
    Ok(Oracles::from([("departures", oracle)]))
}

fn departures(bench: &Bench, runner: &Runner, oracles: &Oracles) -> Result<Vec<Figure>, Failure> {
    let (oracle, mut figures) = (&oracles["departures"], Vec::new());
    for &workers in &bench.workers {
        let report = runner.job("departures", "departures", &[("workers", workers)])?;
        report.expect(&["rows_read", "hours", "scheduled"], oracle)?;
        let row = Figure::of(format!("a row, {}", told(workers)), "µs", cpu_of_a_row(&report)?);
        figures.push(aimed(row, workers, 0.35));
        figures.push(Figure::of(
            format!("peak memory, {}", told(workers)),
            "MiB",
            report.number("peak_kib")? / MIB,
        ));
    }
    Ok(figures)
}

/// How often each key has a row where checkpoints are measured: a run is to last for several of them.
const HITS: u64 = 12;

/// Where few keys are measured, there is one for so many.
const FEW: u64 = 1_000;

fn load_state(bench: &Bench, runner: &Runner) -> Result<Oracles, Failure> {
    let keys = bench.scaled(bench.keys);
    let few = (keys / FEW).max(1);
    Ok(Oracles::from([
        ("many", runner.job("load-keys", "many", &[("rows", HITS * keys), ("keys", keys)])?),
        ("few", runner.job("load-keys", "few", &[("rows", keys), ("keys", few)])?),
    ]))
}

fn state(bench: &Bench, runner: &Runner, oracles: &Oracles) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for &workers in &bench.workers {
        let job = |dir, checkpoint_ms| -> Result<Report, Failure> {
            let report =
                runner.job("keys", dir, &[("workers", workers), ("checkpoint-ms", checkpoint_ms)])?;
            report.expect(&["rows_read", "entries"], &oracles[dir])?;
            Ok(report)
        };
        let (few, none) = (job("few", NEVER_MS)?, job("many", NEVER_MS)?);
        let slower = slowdown(&none)?;
        let [second, fifth] = [1_000.0, 200.0].map(|interval| job("many", (interval * slower) as u64));
        let (second, fifth) = (second?, fifth?);
        let with = told(workers);
        let cpu = none.number("cpu_s")?;
        figures.push(Figure::of(format!("a row, no checkpoints, {with}"), "µs", cpu_of_a_row(&none)?));
        for (every, report, aim) in [("second", &second, 1.15), ("200 ms", &fifth, 1.5)] {
            let what = format!("CPU, a checkpoint each {every} ÷ none, {with}");
            figures.push(aimed(Figure::of(what, "", report.number("cpu_s")? / cpu), workers, aim));
        }
        for (kind, name) in [("wall time", "wall"), ("own CPU time", "cpu")] {
            for (which, aim) in [("median", 20.0), ("worst", 150.0)] {
                let what = format!("{which} gap between commits, a checkpoint each second, {kind}, {with}");
                let figure = Figure::of(what, "ms", second.number(&format!("gap_{which}_{name}_ms"))?);
                figures.push(aimed(figure, workers, aim));
            }
        }
        if workers == 1 {
            let entries = none.number("entries")?;
            let entry = none.number("state_bytes")? / entries;
            figures.push(Figure::of("a checkpoint's entry", "bytes", entry).aim(30.0));
            let keys = entries - few.number("entries")?;
            let beyond = |kib: f64| Ok::<f64, Failure>((kib - few.number("resident_kib")?) * 1_024.0 / keys);
            let key = beyond(none.number("resident_kib")?)?;
            figures.push(Figure::of("memory of a key", "bytes", key).aim(100.0));
            let key = beyond(second.number("peak_kib")?)?;
            figures.push(Figure::of("memory of a key, a checkpoint each second, at its peak", "bytes", key));
        }
    }
    Ok(figures)
}

/// How much longer a process takes than it computes, at least once: where others have the machine too, an interval in wall time
/// is that much longer in order to be as many rows.
fn slowdown(report: &Report) -> Result<f64, Failure> {
    Ok((report.number("wall_s")? / report.number("cpu_s")?).max(1.0))
}

fn load_hour(bench: &Bench, runner: &Runner) -> Result<Oracles, Failure> {
    let keys = bench.scaled(bench.keys);
    let oracle = runner.job("load-keys", "hour", &[("rows", keys), ("keys", keys)])?;
    Ok(Oracles::from([("hour", oracle)]))
}

fn close(bench: &Bench, runner: &Runner, oracles: &Oracles) -> Result<Vec<Figure>, Failure> {
    closing("close", bench, runner, oracles)
}

fn load_texts(bench: &Bench, runner: &Runner) -> Result<Oracles, Failure> {
    let keys = bench.scaled(bench.keys);
    let oracle = runner.job("load-texts", "hour", &[("rows", keys), ("keys", keys)])?;
    Ok(Oracles::from([("hour", oracle)]))
}

fn close_texts(bench: &Bench, runner: &Runner, oracles: &Oracles) -> Result<Vec<Figure>, Failure> {
    closing("close-texts", bench, runner, oracles)
}

fn closing(job: &str, bench: &Bench, runner: &Runner, oracles: &Oracles) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for &workers in &bench.workers {
        // Each round closes the hour for good, and what it appends is read by the next ones: so each has the log anew.
        let (from, to) = (runner.folder.join("hour"), runner.folder.join("closing"));
        copy(&from, &to)?;
        let options = [("workers", workers), ("checkpoint-ms", NEVER_MS)];
        let report = runner.job(job, "closing", &options)?;
        std::fs::remove_dir_all(to)?;
        report.expect(&["entries", "hits", "total"], &oracles["hour"])?;
        let with = told(workers);
        for (kind, name) in [("wall time", "wall"), ("own CPU time", "cpu")] {
            let what = format!("longest time without a commit, {kind}, {with}");
            let figure = Figure::of(what, "ms", report.number(&format!("gap_worst_{name}_ms"))?);
            figures.push(aimed(figure, workers, 400.0));
        }
        figures.push(Figure::of(format!("CPU in all, {with}"), "ms", 1e3 * report.number("cpu_s")?));
        let (peak, before) = (report.number("peak_kib")?, report.number("resident_kib")?);
        figures.push(Figure::of(format!("memory before, {with}"), "MiB", before / MIB));
        let figure = Figure::of(format!("peak memory ÷ memory before, {with}"), "", peak / before);
        figures.push(aimed(figure, workers, 1.3));
    }
    Ok(figures)
}

fn copy(from: &std::path::Path, to: &std::path::Path) -> Result<(), Failure> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn load_restart(bench: &Bench, runner: &Runner) -> Result<Oracles, Failure> {
    let mut oracles = load_hour(bench, runner)?;
    let running = runner.job("keys", "hour", &[("checkpoint-ms", NEVER_MS)])?;
    running.expect(&["rows_read", "entries"], &oracles["hour"])?;
    oracles.insert("running", running);
    Ok(oracles)
}

fn restart(bench: &Bench, runner: &Runner, oracles: &Oracles) -> Result<Vec<Figure>, Failure> {
    let (oracle, running, mut figures) = (&oracles["hour"], &oracles["running"], Vec::new());
    for &workers in &bench.workers {
        let (from, to) = (runner.folder.join("hour"), runner.folder.join("restarting"));
        copy(&from, &to)?;
        let options = [("workers", workers), ("checkpoint-ms", NEVER_MS)];
        let report = runner.job("restart", "restarting", &options)?;
        std::fs::remove_dir_all(to)?;
        report.expect(&["entries", "total"], oracle)?;
        // One row was appended since.
        if report.number("hits")? != oracle.number("hits")? + 1.0 || report.text("replayed")? != "0" {
            return Err("what was recovered is not what was kept".into());
        }
        let with = told(workers);
        for (kind, name) in [("wall time", "wall_s"), ("CPU", "cpu_s")] {
            let figure =
                Figure::of(format!("until the first commit, {kind}, {with}"), "s", report.number(name)?);
            figures.push(aimed(figure, workers, 1.0));
        }
        let (peak, usual) = (report.number("peak_kib")?, running.number("resident_kib")?);
        figures.push(Figure::of(format!("peak memory, {with}"), "MiB", peak / MIB));
        let figure = Figure::of(format!("peak memory ÷ that of the run before, {with}"), "", peak / usual);
        figures.push(aimed(figure, workers, 1.2));
    }
    Ok(figures)
}

/// What CPU time an event shall take at most, in microseconds, by query.
const NEXMARK: [(&str, f64); 10] = [
    ("q0", 0.45),
    ("q1", 0.45),
    ("q2", 0.15),
    ("q5", 0.26),
    ("q7", 0.3),
    ("q8", 0.1),
    ("q11", 0.23),
    ("q12", 0.25),
    ("q21", 0.5),
    ("q22", 0.5),
];

fn load_nexmark(bench: &Bench, runner: &Runner) -> Result<Oracles, Failure> {
    let load = |dir, events| runner.job("load-nexmark", dir, &[("rows", bench.scaled(events))]);
    Ok(Oracles::from([("half", load("half", 5_000_000)?), ("whole", load("whole", 10_000_000)?)]))
}

fn nexmark(bench: &Bench, runner: &Runner, oracles: &Oracles) -> Result<Vec<Figure>, Failure> {
    let (mut figures, mut written) = (Vec::new(), BTreeMap::new());
    for query in queries::ALL {
        for &workers in &bench.workers {
            for (dir, which) in [("half", "5 M"), ("whole", "10 M")] {
                let options = [("workers", workers)];
                let report = runner.job(&nexmark::job(query.name), dir, &options)?;
                let rows = report.text("rows_written")?.to_owned();
                // Windows of the clock hang on how long a run takes.
                let known = written.entry((query.name, dir)).or_insert_with(|| rows.clone());
                if *known != rows && query.name != "q12" {
                    return Err(format!("{} gives other rows with {}", query.name, told(workers)).into());
                }
                let event = 1e6 * report.number("cpu_s")? / oracles[dir].number("events")?;
                let with = format!("{which}, {}", told(workers));
                let figure = Figure::of(format!("{}, an event of {with}", query.name), "µs", event);
                let aim = NEXMARK.iter().find(|(name, _)| *name == query.name);
                figures.push(match aim {
                    Some((_, most)) => aimed(figure, workers, *most),
                    None => figure,
                });
                let peak = report.number("peak_kib")? / MIB;
                figures.push(Figure::of(format!("{}, peak memory, {with}", query.name), "MiB", peak));
                if by_hand::QUERIES.contains(&query.name) {
                    let by_hand = runner.job(&nexmark::job_by_hand(query.name), dir, &options)?;
                    by_hand.expect(&["rows_written"], &report)?;
                    let ratio = by_hand.number("cpu_s")? / report.number("cpu_s")?;
                    let what = format!("{}, speed compiled ÷ by hand (0.9 or more), {with}", query.name);
                    figures.push(Figure::of(what, "", ratio));
                }
            }
        }
    }
    Ok(figures)
}

fn tail(bench: &Bench, runner: &Runner, _: &Oracles) -> Result<Vec<Figure>, Failure> {
    let rows = bench.scaled(1_000);
    let mut figures = Vec::new();
    for tails in [1, 16] {
        let options = [("rows", rows), ("readers", tails), ("rate", 200)];
        let report = runner.job("tail", format!("tail-{tails}"), &options)?;
        report.expect(&["rows_read"], &Report::parse(&format!("rows_read {}\n", rows * tails)))?;
        let with = if tails == 1 { "one tail".to_owned() } else { format!("{tails} tails") };
        let figure = |what: &str, name: &str| -> Result<Figure, Failure> {
            Ok(Figure::of(format!("{what}, {with}"), "ms", report.number(name)?))
        };
        figures.push(figure("append → durable, p50", "append_p50_ms")?);
        figures.push(figure("append → durable, p99", "append_p99_ms")?);
        figures.push(figure("append → given by a tail, p50", "tail_p50_ms")?);
        let p99 = figure("append → given by a tail, p99", "tail_p99_ms")?;
        figures.push(if tails == 1 { p99.aim(5.0) } else { p99 });
    }
    Ok(figures)
}

fn prepare_build(_: &Bench, runner: &Runner) -> Result<Oracles, Failure> {
    build_time::prepare(crate::root(), &runner.folder)?;
    Ok(Oracles::new())
}

fn build(_: &Bench, runner: &Runner, _: &Oracles) -> Result<Vec<Figure>, Failure> {
    let anew =
        Figure::of("a pipeline of twenty operators, built anew", "s", build_time::anew(&runner.folder)?);
    let changed =
        Figure::of("the same after a change of one line", "s", build_time::after_a_change(&runner.folder)?);
    Ok(vec![anew.aim(4.0), changed.aim(1.5)])
}

/// CPU microseconds.
fn cpu_of_a_row(report: &Report) -> Result<f64, Failure> {
    Ok(1e6 * report.number("cpu_s")? / report.number("rows_read")?)
}

/// What is aimed at is said of one worker.
fn aimed(figure: Figure, workers: u64, most: f64) -> Figure {
    if workers == 1 { figure.aim(most) } else { figure }
}

fn told(workers: u64) -> String {
    if workers == 1 { "1 worker".to_owned() } else { format!("{workers} workers") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_costs_of_rows_and_epochs_come_apart() {
        // Rows of 0.2 µs, and 50 µs for each epoch.
        let row = |epoch_rows: u64| (epoch_rows, 0.2 + 50.0 / epoch_rows as f64);
        assert!((beside_its_rows(row(100), row(32_768)) - 50.0).abs() < 1e-6);
        assert!((beside_its_rows(row(4_096), row(32_768)) - 50.0).abs() < 1e-6);
        let report = Report::parse("cpu_s 0.5\nrows_read 1000000\nwall_s 1.5\n");
        assert_eq!((cpu_of_a_row(&report).unwrap(), slowdown(&report).unwrap()), (0.5, 3.0));
        let alone = Report::parse("cpu_s 1.5\nwall_s 1.0\n");
        assert_eq!(slowdown(&alone).unwrap(), 1.0, "two threads compute more than a second a second");
    }

    #[test]
    fn sizes_are_written_in_groups() {
        assert_eq!(
            (grouped(100), grouped(1_000), grouped(32_768)),
            ("100".into(), "1,000".into(), "32,768".into())
        );
    }

    #[test]
    fn aims_are_said_of_one_worker() {
        let figure = || Figure::of("a row", "µs", 0.1);
        assert_eq!((aimed(figure(), 1, 0.15).aim, aimed(figure(), 2, 0.15).aim), (Some(0.15), None));
    }
}
