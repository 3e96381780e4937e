//! What an editor relies on when it is asked for completions. rust-analyzer expands the function twice: as it is, and with a word
//! put in where the cursor stands. It then looks in the first expansion at the place where it found the word in the second. So
//! whatever is emitted before a word must not depend on it.

use std::collections::BTreeSet;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

use super::PIPELINES;
use super::truncation::{count, take};

/// What rust-analyzer puts in, and what it completes a field with that is still to be written.
const PUT_IN: &str = "intellijRulezz";
const STILL_TO_COME: &str = "__ra_fixup";

const SAMPLE: &str = "pub fn per_minute(limit: i64) {
    let payments = source(Payments).lateness(10s).late_drop();
    let large = payments.filter(|p| p.amount > limit).map(|p| Payment { card: p.card, amount: p.amount });
    let minutes = large.group_by(|p| p.card).window(session(1m)).select(|w, p| CardMinute {
        card: w.key(),
        paid: sum_if(p.amount, p.paid),
        mean: mean(p.amount),
        last: 100 * last(p.amount).rounded(),
        n: count(),
    });
    minutes.union(large.through(as_minutes)).sink(CardMinutes);
}";

/// Words of the sample that the macro has to know before it emits what stands in front of them, or that an error takes the place of.
/// Right behind such a word, when it is complete, an editor may be given the wrong answer, or none. Nothing may be added here that
/// is a field, or that a user is likely to stop at.
const KNOWN_BEFORE: &[&str] = &[
    // They begin a statement, name it, or are the parameter of a closure.
    "let",
    "let, the last one",
    "payments",
    "large",
    "minutes",
    "p",
    "p, the last one",
    "w, the last one",
    "source",
    // A closure takes a clone of each parameter that it names.
    "limit",
    "limit, the last one",
    // Aggregates are put in front of the `select`, and a window is asked for its properties alone.
    "select",
    "key",
    "sum_if",
    "mean",
    "last",
    "count",
];

#[test]
fn what_stands_before_a_word_does_not_depend_on_it() {
    let whole: TokenStream = SAMPLE.parse().expect("the sample is Rust tokens");
    let mut depends = BTreeSet::new();
    for place in in_body(&whole) {
        let TokenTree::Ident(word) = token_at(&whole, place) else { continue };
        // Also where everything behind the word is still to be written.
        let (cut, _) = take(whole.clone(), place + 1);
        for (what, as_it_is) in [("", &whole), (", the last one", &cut)] {
            let put_in = with_word_at(as_it_is, place, &format!("{word}{PUT_IN}"));
            if !same_before_the_word(as_it_is, &put_in) {
                depends.insert(format!("{word}{what}"));
            }
        }
    }
    let known: BTreeSet<String> = KNOWN_BEFORE.iter().map(|word| (*word).to_owned()).collect();
    assert_eq!(depends, known, "words on which something depends that is emitted before them");
}

#[test]
fn what_stands_before_a_dot_does_not_depend_on_what_comes_behind_it() {
    let mut compared = 0;
    for (name, text) in PIPELINES {
        let whole: TokenStream = text.parse().expect("a sample is Rust tokens");
        for place in in_body(&whole) {
            if !matches!(token_at(&whole, place), TokenTree::Punct(punct) if punct.as_char() == '.') {
                continue;
            }
            let (with_word, _) = take(whole.clone(), place + 2);
            let as_it_is = with_word_at(&with_word, place + 1, STILL_TO_COME);
            let put_in = with_word_at(&with_word, place + 1, PUT_IN);
            assert!(same_before_the_word(&as_it_is, &put_in), "{name}: {put_in}");
            compared += 1;
        }
    }
    assert!(compared > 15, "only {compared} dots were looked at");
}

#[test]
fn a_half_typed_statement_leaves_the_next_one_as_it_is() {
    let next = "minutes . sink (:: waterwheel :: __rt :: topic :: < CardMinutes > ())";
    for half in
        ["large.", "large.filter(|p| p.amount > 3).", "large.filter(|p| p.", "large.group_by(|p| p.card)."]
    {
        let open = half.matches('(').count() - half.matches(')').count();
        let rest = ")".repeat(open);
        let expanded = |word: &str| {
            let text = format!(
                "fn f() {{ let large = source(P); let other = {half}{word}{rest} minutes.sink(CardMinutes); }}"
            );
            crate::expand::pipeline(TokenStream::new(), text.parse().expect("it is tokens")).to_string()
        };
        let put_in = expanded(PUT_IN);
        assert!(put_in.contains(next), "{half}: {put_in}");
        // Without a word, the next statement's first one stands behind the dot.
        if open == 0 {
            let end = put_in.find(PUT_IN).expect("the word is kept");
            assert!(expanded("").starts_with(&put_in[..end]), "{half}: {}", expanded(""));
        }
    }
}

#[test]
fn a_half_typed_closure_keeps_the_word_at_the_cursor() {
    const JOIN: &str = "left.left_join(right).on(|l| l.id, |r| r.id).between(0s..=1h)";
    for half in [
        "left.join(right).on(|l| l.".to_owned(),
        "left.join(right).on(|l| l.id, |r| r.".to_owned(),
        format!("{JOIN}.select(|l, r| l."),
        format!("{JOIN}.select(|l, r| Pair {{ id: l.id, cents: r."),
        "minutes.per_window().max_by(|m| m.".to_owned(),
        "minutes.per_window().top(3, |m| m.".to_owned(),
        "minutes.per_window().top(3, |m| desc(m.".to_owned(),
        "minutes.per_window().top(3, |m| (desc(m.total), m.".to_owned(),
        "minutes.per_window().top(3, |m| desc(m.total)).select(|rank, m| Place { rank, id: m.".to_owned(),
        "left.group_by(|l| l.id).over(last(5m)).select(|l, w| Row { id: l.".to_owned(),
        "left.filter_map(|l| l.".to_owned(),
        "left.inspect(|l| l.".to_owned(),
    ] {
        let mut open = Vec::new();
        for letter in half.chars() {
            match letter {
                '(' => open.push(')'),
                '{' => open.push('}'),
                ')' | '}' => _ = open.pop(),
                _ => {}
            }
        }
        let rest: String = open.into_iter().rev().collect();
        // An open bracket takes in the semicolon that rust-analyzer puts behind the statement.
        let (braces, brackets) = rest.split_at(rest.rfind('}').map_or(0, |last| last + 1));
        for end in [format!("{rest};"), format!("{braces};{brackets}")] {
            let text = |word: &str| {
                format!(
                    "fn f() {{ let left = source(P); let right = source(Q); \
                     let minutes = left.group_by(|l| l.id).window(tumbling(1m)).select(|w, l| Minute {{ total: sum(l.cents) }}); \
                     let half = {half}{word}{end} }}"
                )
            };
            let of = |word: &str| text(word).parse::<TokenStream>().expect("it is tokens");
            assert!(same_before_the_word(&of(STILL_TO_COME), &of(PUT_IN)), "{}", text(PUT_IN));
        }
    }
}

#[test]
fn a_value_that_is_still_to_be_written_keeps_its_place() {
    let expanded = |word: &str| {
        let text = format!("fn f() {{ let large = source(Payments); let other = {word}; }}");
        crate::expand::pipeline(TokenStream::new(), text.parse().expect("it is tokens")).to_string()
    };
    let put_in = expanded(PUT_IN);
    let end = put_in.find(PUT_IN).expect("the word is kept");
    assert!(expanded("").starts_with(&put_in[..end]), "{}", expanded(""));
}

/// Whether both expand to the same up to the place where `put_in` has another word.
fn same_before_the_word(as_it_is: &TokenStream, put_in: &TokenStream) -> bool {
    let of = |tokens: &TokenStream| crate::expand::pipeline(TokenStream::new(), tokens.clone()).to_string();
    let (as_it_is, put_in) = (of(as_it_is), of(put_in));
    // What the user wrote of the word is in both.
    put_in.find(PUT_IN).is_some_and(|end| as_it_is.starts_with(&put_in[..end]))
}

/// The places of the tokens of the function's body.
fn in_body(whole: &TokenStream) -> std::ops::Range<usize> {
    let Some(TokenTree::Group(body)) = whole.clone().into_iter().last() else {
        panic!("a sample is a function")
    };
    let end = count(whole);
    end - count(&body.stream())..end
}

/// The token that has so many before it, as [`count`] counts.
fn token_at(tokens: &TokenStream, place: usize) -> TokenTree {
    let mut left = place;
    for token in tokens.clone() {
        if left == 0 {
            return token;
        }
        left -= 1;
        if let TokenTree::Group(group) = &token {
            let inner = count(&group.stream());
            if left < inner {
                return token_at(&group.stream(), left);
            }
            left -= inner;
        }
    }
    panic!("there are not so many tokens")
}

/// The tokens with another word in one place.
fn with_word_at(tokens: &TokenStream, place: usize, word: &str) -> TokenStream {
    let mut left = Some(place);
    replace(tokens, &mut left, word)
}

fn replace(tokens: &TokenStream, left: &mut Option<usize>, word: &str) -> TokenStream {
    let replaced = |token: TokenTree| match *left {
        Some(0) => {
            *left = None;
            TokenTree::Ident(Ident::new(word, token.span()))
        }
        before => {
            *left = before.map(|before| before - 1);
            match token {
                TokenTree::Group(group) => {
                    TokenTree::Group(Group::new(group.delimiter(), replace(&group.stream(), left, word)))
                }
                other => other,
            }
        }
    };
    tokens.clone().into_iter().map(replaced).collect()
}
