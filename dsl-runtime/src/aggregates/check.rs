//! For the tests: one aggregate over the same rows in many orders, splits and restarts.

use std::fmt::Debug;

use crate::time::Timestamp;

use super::{Aggregate, Place, Position};

/// The place of a row with this time, which no other row shares.
pub(super) fn place(time: i64, offset: u64) -> Place {
    let position = Position::of_record(0, 0, offset);
    Place { time: Timestamp::from_millis(time), position }
}

/// Checks the result over `values`, each a millisecond later than the one before it.
#[track_caller]
pub(super) fn check<V, A>(aggregate: A, values: &[V], expected: A::Output)
where
    V: Clone,
    A: Aggregate<V>,
    A::Output: PartialEq + Debug,
{
    let rows: Vec<_> = (0..).zip(values).map(|(at, value)| (place(at, 0), value.clone())).collect();
    check_rows(aggregate, &rows, expected);
}

/// Checks the result over `rows` forwards and backwards, in one part and in two that are merged either way round, each
/// part written to a checkpoint and read back.
#[track_caller]
pub(super) fn check_rows<V, A>(aggregate: A, rows: &[(Place, V)], expected: A::Output)
where
    V: Clone,
    A: Aggregate<V>,
    A::Output: PartialEq + Debug,
{
    let backwards: Vec<_> = rows.iter().rev().cloned().collect();
    let mut checkpoints = Vec::new();
    for rows in [rows, &backwards] {
        for middle in 0..=rows.len() {
            let (left, right) = rows.split_at(middle);
            for (part, rest) in [(left, right), (right, left)] {
                let mut state = restarted::<V, A>(state_of(&aggregate, part));
                aggregate.merge(&mut state, restarted::<V, A>(state_of(&aggregate, rest)));
                checkpoints.push(postcard::to_stdvec(&state).unwrap());
                assert_eq!(aggregate.finish(state), expected, "{middle} rows apart from the rest");
            }
            let mut state = restarted::<V, A>(state_of(&aggregate, left));
            right.iter().for_each(|(place, value)| aggregate.add(&mut state, value.clone(), *place));
            checkpoints.push(postcard::to_stdvec(&state).unwrap());
        }
    }
    assert!(checkpoints.windows(2).all(|pair| pair[0] == pair[1]), "the state depends on the order");
}

/// Checks the result over `values`, each a millisecond later than the one before it, in an order, in parts and in a tree of merges that
/// follow from the seed, with restarts in between.
#[track_caller]
pub(super) fn check_in_any_tree<V, A>(aggregate: A, values: &[V], seed: u64, expected: A::Output)
where
    V: Clone,
    A: Aggregate<V>,
    A::Output: PartialEq + Debug,
{
    let mut random = seed | 1;
    let mut below = |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % bound as u64) as usize
    };
    let mut rows: Vec<_> = (0..).zip(values).map(|(at, value)| (place(at, 0), value.clone())).collect();
    let in_order = postcard::to_stdvec(&state_of(&aggregate, &rows)).unwrap();
    for at in (1..rows.len()).rev() {
        rows.swap(at, below(at + 1));
    }
    let mut states = Vec::new();
    while !rows.is_empty() {
        let part = rows.split_off(rows.len() - 1 - below(rows.len()));
        states.push(state_of(&aggregate, &part));
    }
    states.push(aggregate.init());
    while states.len() > 1 {
        let other = states.swap_remove(below(states.len()));
        let other = if below(2) == 0 { restarted::<V, A>(other) } else { other };
        let into = below(states.len());
        aggregate.merge(&mut states[into], other);
    }
    let state = states.pop().expect("one is left");
    assert_eq!(postcard::to_stdvec(&state).unwrap(), in_order, "the state depends on the order");
    assert_eq!(aggregate.finish(state), expected);
}

fn state_of<V: Clone, A: Aggregate<V>>(aggregate: &A, rows: &[(Place, V)]) -> A::State {
    let mut state = aggregate.init();
    for (place, value) in rows {
        aggregate.add(&mut state, value.clone(), *place);
    }
    state
}

fn restarted<V, A: Aggregate<V>>(state: A::State) -> A::State {
    postcard::from_bytes(&postcard::to_stdvec(&state).unwrap()).unwrap()
}
