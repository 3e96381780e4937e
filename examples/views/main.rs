//! Views: results are looked up by key in the program that runs the pipeline. `cargo run --example views`.

use std::path::Path;

use waterwheel::prelude::*;
use waterwheel::{View, views};

#[derive(Debug, Clone, PartialEq, Record)]
struct Transfer {
    account: String,
    /// What is added to the account, or taken from it.
    cents: i64,
    /// Which transfer of its account it is, from 1 on.
    number: u64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Movement {
    account: String,
    number: u64,
    cents: i64,
}

topics! {
    Transfers("transfers"): Transfer { key: account, time: at, partitions: 4 }
    Deposits("deposits"): Movement { key: account, partitions: 4 }
    Withdrawals("withdrawals"): Movement { key: account, partitions: 4 }
}

/// Deposits and withdrawals go into topics of their own.
#[pipeline]
pub(crate) fn movements() {
    let (paid_in, paid_out) = source(Transfers).split(|t| t.cents > 0);
    let deposits = paid_in.map(|t| Movement { account: t.account, number: t.number, cents: t.cents });
    let withdrawals = paid_out.map(|t| Movement { account: t.account, number: t.number, cents: -t.cents });
    deposits.sink(Deposits);
    withdrawals.sink(Withdrawals);
}

/// What the program answers from.
pub(crate) struct Bank {
    transfers: TypedTopic<Transfers>,
    deposits: View<Deposits, String>,
    withdrawals: View<Withdrawals, String>,
}

impl Bank {
    pub(crate) fn open(store: &Store) -> waterwheel::Result<Bank> {
        Ok(Bank {
            transfers: TypedTopic::open(store, Transfers)?,
            deposits: Deposits.view(store)?,
            withdrawals: Withdrawals.view(store)?,
        })
    }

    pub(crate) fn transfer(&self, account: &str, number: u64, cents: i64) -> waterwheel::Result<()> {
        let at = Timestamp::from_millis(number as i64 * 1_000);
        self.transfers.append(Transfer { account: account.to_owned(), cents, number, at })
    }

    /// The last deposit and the last withdrawal of each account, as of one commit: what one epoch has made of the transfers is in both.
    pub(crate) fn table(&self) -> waterwheel::Result<String> {
        let (deposits, withdrawals) = views((&self.deposits, &self.withdrawals))?;
        let mut table = format!("{:<8}{:>10}{:>10}\n", "account", "in", "out");
        for (account, last) in deposits.iter() {
            let out = withdrawals.get(account).map_or_else(|| "-".to_owned(), |last| last.cents.to_string());
            table += &format!("{account:<8}{:>10}{out:>10}\n", last.cents);
        }
        Ok(table)
    }
}

fn main() -> waterwheel::Result<()> {
    let store = Store::open(Path::new("waterwheel-data/views"))?;
    let job = movements().start(&store, RunOptions::new())?;
    let bank = Bank::open(&store)?;
    let changes = bank.deposits.subscribe()?;
    for number in 1..=100 {
        let account = ["Ada", "Bob", "Cid"][number as usize % 3];
        bank.transfer(account, number, if number % 4 == 0 { -70 } else { 100 + number as i64 })?;
    }
    // Every deposit comes by, woken by the commit that wrote it.
    for change in changes.take(75) {
        let change = change?;
        let before = change.before.map_or(0, |row| row.cents);
        println!("{}: {before} -> {}", change.key, change.after.cents);
    }
    job.wait_until_caught_up()?;
    print!("{}", bank.table()?);
    job.stop()?;
    store.close()?;
    Ok(())
}
