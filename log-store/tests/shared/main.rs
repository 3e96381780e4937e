//! Several stores on one directory, one of them its owner, at random work against a plain model.
//!
//! `LOG_STORE_SHARED_COURSES=1000` does so many courses, `LOG_STORE_SHARED_SEED=7` begins with that one: a failure names its seed.

mod course;
mod model;
#[path = "../support/mod.rs"]
mod support;
mod writing;

use course::Course;
use support::rounds;

#[test]
fn what_was_acknowledged_is_there_once_in_order_and_seen_by_all_and_nothing_else_is() {
    let first = rounds("LOG_STORE_SHARED_SEED", 0);
    let courses = rounds("LOG_STORE_SHARED_COURSES", 100);
    let seen = support::courses(first, courses, |seed| {
        let mut course = Course::new(seed);
        match course.run() {
            Ok(()) => Ok(course.seen),
            Err(wrong) => Err(format!("{wrong}\nthe last steps:\n{}", course.last_steps())),
        }
    });
    println!("{seen:#?}");
    // Each kind of step was done, and each refusal met, often enough to mean something.
    let expected = [
        "append",
        "append together",
        "transaction: Ok",
        "transaction: Fenced",
        "transaction: PropertyChanged",
        "transaction: UnknownTopic",
        "abort",
        "writer: Ok",
        "writer: Fenced",
        "writer: OutOfOrderSequence",
        "writer: again",
        "old handle: UnknownTopic",
        "old handle: Ok",
        "create",
        "delete",
        "alter",
        "add partitions",
        "pins",
        "delete records",
        "retain: gave up",
        "close",
        "all closed",
        "copy",
        "owners",
        "cut",
    ];
    let rare: Vec<_> =
        expected.iter().filter(|what| seen.get(**what).is_none_or(|count| *count < courses / 10)).collect();
    assert!(first > 0 || rare.is_empty(), "too rare: {rare:?} in {seen:#?}");
}
