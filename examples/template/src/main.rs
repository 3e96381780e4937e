//! The program: a command line over the log in `waterwheel-data/`.

mod pipeline;
mod rows;

use std::process::ExitCode;

use waterwheel::cli::{App, Arg, Call, Command, value_parser};
use waterwheel::prelude::*;

use crate::rows::{Payment, Payments};

fn main() -> ExitCode {
    let card = Arg::new("CARD").value_parser(value_parser!(u64));
    let cents = Arg::new("CENTS").value_parser(value_parser!(i64));
    let command = Command::new("pay")
        .about("Appends a payment, made now")
        .args([card.required(true), cents.required(true)]);
    App::new()
        .about("Watches card payments")
        .pipeline(pipeline::card_minutes)
        .command(command, pay)
        .main()
}

/// When it returns, the payment is on disk.
fn pay(call: &Call) -> waterwheel::Result<()> {
    let given = call.arguments();
    let payment = Payment {
        card: *given.get_one("CARD").expect("it is required"),
        cents: *given.get_one("CENTS").expect("it is required"),
        at: Timestamp::now(),
    };
    TypedTopic::open(call.store()?, Payments)?.append(payment)
}
