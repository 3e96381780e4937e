//! What the command line of a program says of its pipelines and their parameters.

use std::cell::RefCell;
use std::rc::Rc;
use std::str::FromStr;

use dsl_macros::{Record, pipeline, topics};

use super::*;
use crate::cli::failure::Failure;
use crate::{Duration, Pipeline, Timestamp};

#[derive(Debug, Clone, PartialEq, Record)]
struct Payment {
    card: u64,
    cents: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
enum Level {
    Low,
    High,
}

impl FromStr for Level {
    type Err = &'static str;
    fn from_str(text: &str) -> std::result::Result<Level, &'static str> {
        match text {
            "low" => Ok(Level::Low),
            "high" => Ok(Level::High),
            _ => Err("a level is `low` or `high`"),
        }
    }
}

topics! {
    Payments("payments"): Payment { key: card, time: at }
    Large("large"): Payment { key: card, time: at }
    Huge("huge"): Payment { key: card, time: at }
    Other("other"): Payment { key: card, time: at }
}

#[pipeline]
fn large(
    /// The least amount, in cents.
    least: i64,
    level: Level,
    /// Cards that
    /// are left out.
    #[default(0)]
    leave_out: u64,
    is_strict: bool,
    since: Option<Timestamp>,
) {
    let large = source(Payments).lateness(1m).late_drop().filter(|p| {
        p.cents >= least
            && level == Level::High
            && p.card != leave_out
            && !is_strict
            && since.is_none_or(|since| p.at >= since)
    });
    large.sink(Large);
}

#[pipeline]
fn huge(#[default(100_000)] least: i64, #[default(LONG.to_owned())] name: String) {
    let huge = source(Large).lateness(1m).late_drop().filter(|p| p.cents >= least && !name.is_empty());
    huge.sink(Huge);
}

#[pipeline]
fn other(workers: u64) {
    source(Payments).lateness(1m).late_drop().filter(|p| p.card != workers).sink(Other);
}

#[pipeline]
fn recent(#[default(90s)] within: Duration, #[default(Timestamp::from_millis(0))] from: Timestamp) {
    source(Payments).lateness(1m).late_drop().filter(|p| p.at <= from + within).sink(Other);
}

#[pipeline]
fn huge_again() {
    source(Payments).lateness(1m).late_drop().sink(Huge);
}

#[pipeline]
fn with_a_file() {
    let rows = source(Payments).lookup(side(Large).csv("large.csv")).on(|p| p.card, |l| l.card);
    rows.select(|p, l| Payment { card: p.card, cents: l.cents.unwrap_or(0), at: p.at }).sink(Other);
}

/// The parameters with which the pipelines were made, as JSON; or what was said instead.
fn parameters(app: App, arguments: &str) -> String {
    let seen = Rc::new(RefCell::new(String::new()));
    let write = seen.clone();
    let app = app.command(Command::new("show"), move |call: &Call| -> Result<()> {
        for pipeline in call.pipelines()? {
            write.borrow_mut().push_str(&format!(
                "{} {}\n",
                pipeline.name(),
                pipeline.program().parameters()
            ));
        }
        Ok(())
    });
    let arguments = ["shop"].into_iter().chain(arguments.split_whitespace()).map(OsString::from);
    match app.perform(arguments) {
        Ok(()) => seen.take(),
        Err(Failure::Usage(error)) => error.to_string(),
        Err(Failure::Error(error)) => error.to_string(),
        Err(Failure::NobodyReads) => unreachable!("nothing was written"),
    }
}

fn both() -> App {
    App::new().pipeline(huge).pipeline(large)
}

#[test]
fn texts_of_flags_become_values_and_what_is_not_given_is_the_default() {
    assert_eq!(
        parameters(both(), "show --least 500 --level high"),
        "large [500,\"High\",0,false,null]\nhuge [500,\"of a kind\"]\n"
    );
    assert_eq!(
        parameters(
            both(),
            "--least -5 show --level low --leave-out 7 --is-strict --since 2026-01-01T00:00:00Z --name x"
        ),
        "large [-5,\"Low\",7,true,\"2026-01-01T00:00:00Z\"]\nhuge [-5,\"x\"]\n"
    );
    let apart = "large [1,\"Low\",0,false,null]\n";
    assert_eq!(parameters(App::new().pipeline(large), "show --least 1 --level low --is-strict=false"), apart);
}

const LONG: &str = "of a kind";

#[test]
fn times_and_lengths_of_time_are_read_as_they_are_printed() {
    let recent = |arguments: &str| parameters(App::new().pipeline(recent), arguments);
    assert_eq!(recent("show"), "recent [90000,\"1970-01-01T00:00:00Z\"]\n");
    assert_eq!(
        recent("show --within 2h --from 2026-01-01T00:00:00+01:00"),
        "recent [7200000,\"2025-12-31T23:00:00Z\"]\n"
    );
    let said = recent("show --within soon");
    assert!(
        said.starts_with("error: 'soon' is no value for '--within <Duration>', a parameter of"),
        "{said}"
    );
}

#[test]
fn values_that_the_program_says_need_no_flag() {
    let app = || App::new().pipeline(large(3, Level::High, 4, true, None)).pipeline(huge);
    assert_eq!(
        parameters(app(), "show --least 9"),
        "large [3,\"High\",4,true,null]\nhuge [9,\"of a kind\"]\n"
    );
    assert!(parameters(app(), "show --level low").starts_with("error: unexpected argument '--level' found"));
}

#[test]
fn a_flag_that_is_missing_is_told_where_its_pipeline_is_meant() {
    let said = parameters(both(), "run large --until-end");
    assert!(
        said.starts_with(
            "error: pipeline `large` needs '--least <i64>' (The least amount, in cents): give the flag, or name the pipelines that are \
             meant, without this one\n"
        ),
        "{said}"
    );
    let said = parameters(both(), "explain --least 5");
    assert!(said.starts_with("error: pipeline `large` needs '--level <Level>': give the flag"), "{said}");
    // The program's own commands are about all of them where they ask for them.
    assert!(parameters(both(), "show").starts_with("pipeline `large` needs '--least <i64>'"));
}

#[test]
fn a_text_that_is_no_value_is_told_in_the_words_of_its_type() {
    let said = parameters(both(), "explain huge --level middle");
    assert!(
        said.starts_with(
            "error: 'middle' is no value for '--level <Level>', a parameter of pipeline `large`: a level is `low` or `high`\n"
        ),
        "{said}"
    );
    let said = parameters(both(), "run --is-strict=maybe");
    assert!(
        said.contains(
            "'maybe' is no value for '--is-strict', a parameter of pipeline `large`: provided string was not"
        ),
        "{said}"
    );
}

#[test]
fn what_cannot_be_in_one_program_is_refused_with_a_remedy() {
    let said = parameters(App::new(), "list");
    assert!(said.starts_with("this program has no pipeline: add each with `.pipeline(..)`"), "{said}");
    let said = parameters(App::new().pipeline(huge).pipeline(huge), "list");
    assert!(
        said.starts_with("this program has two pipelines named `huge`: what they keep in the log"),
        "{said}"
    );
    let said = parameters(App::new().pipeline(huge).pipeline(huge_again), "list");
    assert!(said.starts_with("pipelines `huge` and `huge_again` both write topic `huge`"), "{said}");
    let said = parameters(App::new().pipeline(other), "list");
    assert!(
        said.starts_with("pipeline `other` has a parameter whose flag would be `--workers`, which the command line has already"),
        "{said}"
    );
    assert_eq!(parameters(App::new().pipeline(other(3)), "show"), "other [3]\n");
}

#[test]
fn the_copy_of_a_file_is_what_its_pipeline_writes() {
    let huge = Pipeline::from(huge(1, "of a kind".to_owned()));
    let members = [huge, with_a_file().into()].map(|pipeline| Member::new(pipeline).unwrap());
    assert_eq!((&members[1].reads[..], &members[1].writes[..]), (&["payments"][..], &["other", "large"][..]));
    let ordered = order::ordered(members.into()).unwrap();
    assert_eq!(ordered.iter().map(Member::name).collect::<Vec<_>>(), ["with_a_file", "huge"]);
}

#[test]
fn the_help_has_the_flags_with_their_types_and_what_they_are_for() {
    let help = |arguments: &str| parameters(both().about("Finds large payments"), arguments);
    check("help.txt", &help("--help"));
    check("run_help.txt", &help("run --help"));
    check("reset_help.txt", &help("reset --help"));
}

/// Compares with a file beside this one, or writes it where `UPDATE_EXPECT` is set.
#[track_caller]
fn check(file: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/app/expected").join(file);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "`UPDATE_EXPECT=1` writes {}", path.display());
}
