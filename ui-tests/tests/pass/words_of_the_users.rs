//! Types and functions of the user's own that are called like something of std's, or of the language, are what they are.

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Sender {
    name: String,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct File {
    bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Message {
    from: u64,
    sender: Sender,
    files: Vec<File>,
    at: Timestamp,
}

topics! {
    Messages("messages"): Message { key: from, time: at }
    Firsts("firsts"): Message { key: from, time: at }
}

/// Which thousand a number is in. In a pipeline's body the word alone is the language's, so its path stands there.
fn session(number: u64) -> u64 {
    number / 1_000
}

fn window(number: u64, width: u64) -> u64 {
    number / width
}

#[pipeline]
fn firsts() {
    let first = source(Messages)
        .lateness(1m)
        .late_drop()
        .through(|rows| {
            let from = |m: &Message| m.from > 0;
            rows.filter(from)
        })
        .distinct_by(|m| (self::session(m.from), window(m.from, 500)))
        .within(1h);
    first.sink(Firsts);
}

#[test]
fn what_is_called_like_a_word_of_the_language_is_the_users() {
    let mut t = firsts().test();
    let message = |from| Message {
        from,
        sender: Sender { name: "a".to_owned() },
        files: vec![File { bytes: 1 }],
        at: Timestamp::from_secs(0),
    };
    t.push_all(Messages, [message(0), message(1), message(2), message(501), message(1_500)]);
    t.close();
    assert_eq!(t.rows(Firsts).len(), 3);
}
