//! What people write of a lookup that cannot be: a side table that is none, and steps that it does not have.

use syn::{Expr, ExprMethodCall};

use crate::vocabulary::LOOKUP;
use crate::written::written;

use super::join::stands_in;
use super::topic_argument;

/// What is said of a `.select(..)` that takes no closure of two rows.
pub(super) const SELECT: &str = "the `.select(..)` of a lookup takes a closure of the stream's row and the table's, `.select(|p, a| Row { card: \
                                 p.card, owner: a.owner })`";

/// What is wrong with a `.lookup(..)` that is not given one side table.
pub(super) fn refused(call: &ExprMethodCall) -> Option<String> {
    match call.args.first() {
        None => Some(
            "a lookup takes a side table: `rows.lookup(side(Accounts)).on(|row| row.account, |a| a.id).select(|row, a| Row { .. })`"
                .to_owned(),
        ),
        Some(topic) if call.args.len() == 1 => topic_argument::is_asked(topic).then(|| {
            format!("a topic is read to its end as a side table: write `.lookup(side({}))`", written(topic))
        }),
        Some(side) => {
            let side = match side {
                topic if topic_argument::is_asked(topic) => format!("side({})", written(topic)),
                side => written(side),
            };
            let key = call.args.iter().nth(1).filter(|key| matches!(key, Expr::Closure(_)));
            let key = key.map_or_else(|| "|row| row.account".to_owned(), written);
            Some(format!(
                "a lookup takes one side table, and the keys stand behind it, that of the stream's rows and that of the table's: write \
                 `.lookup({side}).on({key}, |a| a.id)`"
            ))
        }
    }
}

/// What is said of a method of a lookup, before its `.select(..)`, that is no step of it or stands there twice.
pub(super) fn no_step(call: &ExprMethodCall) -> Option<&'static str> {
    let word = call.method.to_string();
    if word == "on" && stands_in(&call.receiver, "on") {
        return Some("a lookup is given its keys once: leave one of them out");
    }
    if word == "select" && !stands_in(&call.receiver, "on") && is_lookup(&call.receiver) {
        return Some(
            "it is not said by which key rows are looked up: write `.on(|row| row.account, |a| a.id)` in front of the `.select(..)`, the key \
             of the stream's rows and that of the table's",
        );
    }
    NO_STEPS
        .iter()
        .find(|(words, _)| words.split_whitespace().any(|known| known == word))
        .map(|(_, says)| *says)
}

/// Whether an expression is the lookup itself, with nothing behind it.
fn is_lookup(chain: &Expr) -> bool {
    matches!(chain, Expr::MethodCall(call) if call.method == LOOKUP)
}

/// What people take for the steps of a lookup, and what to write instead.
const NO_STEPS: &[(&str, &str)] = &[
    (
        "between window within windowed at_most as_of asOf for_system_time",
        "a side table has no times: it is whole before the stream begins, and rows are looked up by key alone; leave this out. What comes \
         while the pipeline runs is joined by key and time, `rows.left_join(others).on(..).between(-30d..=0s)`",
    ),
    (
        "lateness late_drop late_to idle ahead undecodable",
        "a source's settings stand right behind it, `source(Payments).lateness(10s).late_drop()`, before its rows are looked up; a side \
         table has none",
    ),
    (
        "where_ when equals equal equal_to equalTo using by key keys on_key with_key group_by",
        "the keys of a lookup are `.on(|row| row.account, |a| a.id)`, that of the stream's rows and that of the table's",
    ),
    (
        "filter having map flat_map filter_map apply with project process reduce fold sink",
        "a lookup has no rows before its `.select(..)`, which makes one row of each row: `.select(|row, a| Row { id: row.id, owner: \
         a.owner })`; filters, maps and sinks stand behind it",
    ),
    (
        "left right outer full inner left_outer semi anti",
        "each row of the stream makes a row, and what the table says of it may be missing: fields of the table's row are `Option`s. Rows \
         without a partner are left out by a `.filter(|row| row.owner.is_some())` behind the `.select(..)`",
    ),
];
