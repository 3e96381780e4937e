//! Durable single appends from several threads, beside embedded databases.

use std::fmt::Write;

use crate::engines::ENGINES;
use crate::figures::{median, thousands};
use crate::{Plan, Result, rounds};

const THREADS: [usize; 4] = [1, 8, 32, 128];

pub(crate) fn table(plan: &Plan) -> Result<String> {
    let mut text = String::from("| threads |");
    ENGINES.iter().try_for_each(|(name, _)| write!(text, " {name} |"))?;
    text += " the log ÷ the best of the others | aim | least share of a thread |\n|---|---|---|---|---|---|---|---|\n";
    for threads in THREADS {
        let mut rates = vec![Vec::new(); ENGINES.len()];
        let (mut ratios, mut shares) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            let mut round = Vec::new();
            for (at, (name, open)) in ENGINES.iter().enumerate() {
                let dir = plan.dir.join(name);
                let engine = open(&dir, threads)?;
                let done = rounds::run(threads, plan.each, |thread, number| engine.append(thread, number))?;
                drop(engine);
                std::fs::remove_dir_all(&dir)?;
                if at == 0 {
                    shares.push(done.least_share());
                }
                rates[at].push(done.rate());
                round.push(done.rate());
            }
            ratios.push(round[0] / round[1..].iter().copied().fold(0.0, f64::max));
        }
        write!(text, "| {threads} |")?;
        for rates in rates {
            write!(text, " {} |", thousands(median(rates)))?;
        }
        let aim = if threads == 32 { "≥ 5" } else { "> 1" };
        writeln!(text, " **{:.1}** | {aim} | {:.2} |", median(ratios), median(shares))?;
    }
    Ok(text)
}
