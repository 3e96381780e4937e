//! Which rows of a key belong to one session.
//!
//! ```text
//! partition 0   ├──── gap ────┤                    ├── ..        fragments, in the order of the partition's log
//! partition 1           ├──── gap ────┤
//! session       └─────────────────────┘                          fragments that touch
//! ```
//!
//! # Contract
//! - The rows of a key and partition, in the order of its log, make fragments. A row lies from its time to `gap` after it,
//!   both included where rows meet, and joins the fragments of its own partition that it touches and that its own partition's
//!   watermark before it has not reached the last instant of. A row whose own last instant was reached, and that joins none, is late.
//! - Two fragments of different partitions belong together if they touch, and the last instant of the one that ends first was not
//!   reached by the watermark before some row of the other that touches it. A session is all that belongs together.
//! - So what is a session is said of logs and not of an order in which they are read: what belongs together stays so, and whether
//!   two fragments do is settled when all watermarks have reached the last instant of the one that ends first.
//! - Rows that an operator made, or passed on when the watermark reached them, are of no partition, and have no log whose order could
//!   say anything: each is taken as the only row of a partition of its own. So such a row is late if its own last instant was reached by the watermark that it comes under, and
//!   whether two of them belong together is said by their times and watermarks alone.
//! - Parts are given in the order of their partition's log, those of different partitions, and of none, in any.

use std::mem;

use serde::{Deserialize, Serialize};

use super::few::Few;
use super::reach::{Origin, Reach};
use crate::time::Timestamp;

/// Rows of one partition that belong together by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fragment {
    origin: Origin,
    /// At least one. Rows come about in order, so that few have more.
    reaches: Few<Reach>,
}

impl Fragment {
    fn start(&self) -> Timestamp {
        self.reaches.iter().map(|reach| reach.start).min().unwrap_or(Timestamp::MAX)
    }

    fn last(&self) -> Timestamp {
        self.reaches.iter().map(|reach| reach.last).max().unwrap_or(Timestamp::MIN)
    }

    fn takes(&self, origin: Origin, reach: Reach) -> bool {
        self.origin == origin
            && !origin.is_none()
            && self.last() > reach.watermark_before
            && reach.touches(self.start(), self.last())
    }

    fn add(&mut self, reach: Reach) {
        if !self.reaches.iter_mut().any(|own| own.take_in(reach)) {
            self.reaches.push(reach);
        }
    }

    /// Whether two fragments of different partitions belong together.
    fn touches(&self, other: &Fragment) -> bool {
        let (first, later) = if self.last() <= other.last() { (self, other) } else { (other, self) };
        let (start, last) = (first.start(), first.last());
        later.reaches.iter().any(|reach| reach.touches(start, last) && reach.watermark_before < last)
    }
}

/// Fragments that belong together, and what their rows come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session<S> {
    fragments: Few<Fragment>,
    pub(super) state: S,
}

impl<S> Session<S> {
    /// The time of the first row.
    pub(super) fn start(&self) -> Timestamp {
        self.fragments.iter().map(Fragment::start).min().unwrap_or(Timestamp::MAX)
    }

    /// The session's end - 1 ms.
    pub(super) fn last(&self) -> Timestamp {
        self.fragments.iter().map(Fragment::last).max().unwrap_or(Timestamp::MIN)
    }

    /// Whether it and this stretch of time touch, whatever watermarks say of it.
    fn is_near(&self, start: Timestamp, last: Timestamp) -> bool {
        let all = Reach { start, last, watermark_before: Timestamp::MIN };
        self.fragments.iter().any(|own| all.touches(own.start(), own.last()))
    }

    /// Whether any of the other fragments belongs to this one of some partition, which is not in the session.
    fn touches(&self, fragment: &Fragment) -> bool {
        let may_touch = |other: &Fragment| other.origin.is_none() || other.origin != fragment.origin;
        self.fragments.iter().any(|other| may_touch(other) && other.touches(fragment))
    }

    /// Adds a fragment that belongs to the session. One of no partition goes into another such one where that loses nothing, so that rows
    /// which come about in order take the room of one.
    fn push(&mut self, fragment: Fragment) {
        if fragment.origin.is_none() {
            let mut alone = self.fragments.iter_mut().filter(|own| own.origin.is_none());
            let takes_in = |own: &mut Fragment| match (&mut own.reaches[..], &fragment.reaches[..]) {
                ([own], [reach]) => own.take_in(*reach),
                _ => false,
            };
            if alone.any(takes_in) {
                return;
            }
        }
        self.fragments.push(fragment);
    }
}

/// The open sessions of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sessions<S> {
    open: Vec<Session<S>>,
}

impl<S> Default for Sessions<S> {
    fn default() -> Self {
        Sessions { open: Vec::new() }
    }
}

impl<S> Sessions<S> {
    /// Adds what rows of a partition have come to. Gives `false`, and keeps nothing, if that is late.
    pub(super) fn add(
        &mut self,
        origin: Origin,
        reach: Reach,
        state: S,
        mut merge: impl FnMut(&mut S, S),
    ) -> bool {
        let mut near = (0..self.open.len()).filter(|at| self.open[*at].is_near(reach.start, reach.last));
        match (near.next(), near.next()) {
            (None, _) if reach.is_doubtful() => return false,
            (None, _) => {
                let fragment = Fragment { origin, reaches: Few::One(reach) };
                self.open.push(Session { fragments: Few::One(fragment), state });
                return true;
            }
            (Some(at), None) if self.goes_on(at, origin, reach) => {
                merge(&mut self.open[at].state, state);
                return true;
            }
            _ => {}
        }
        self.add_among(origin, reach, state, merge)
    }

    /// Adds rows to a session if it is all of their partition, takes them, and comes near no other by them.
    fn goes_on(&mut self, at: usize, origin: Origin, reach: Reach) -> bool {
        let Few::One(fragment) = &self.open[at].fragments else { return false };
        let (start, last) = reach.span(fragment.start(), fragment.last());
        let takes = fragment.takes(origin, reach);
        let is_near = |other: usize| other != at && self.open[other].is_near(start, last);
        if !takes || (0..self.open.len()).any(is_near) {
            return false;
        }
        self.open[at].fragments.iter_mut().for_each(|own| own.add(reach));
        true
    }

    /// Adds rows, whatever there is.
    fn add_among(
        &mut self,
        origin: Origin,
        reach: Reach,
        state: S,
        mut merge: impl FnMut(&mut S, S),
    ) -> bool {
        let takes = |session: &Session<S>| session.fragments.iter().any(|own| own.takes(origin, reach));
        let (joined, apart): (Vec<_>, Vec<_>) = mem::take(&mut self.open).into_iter().partition(takes);
        self.open = apart;
        if joined.is_empty() && reach.is_doubtful() {
            return false;
        }
        let mut session = Session { fragments: Few::default(), state };
        for Session { fragments, state } in joined {
            session.fragments.extend(fragments);
            merge(&mut session.state, state);
        }
        let (own, others): (Vec<_>, Vec<_>) =
            mem::take(&mut session.fragments).into_iter().partition(|fragment| fragment.takes(origin, reach));
        session.fragments = others.into_iter().collect();
        let reaches = own.into_iter().flat_map(|fragment| fragment.reaches).collect();
        let mut fragment = Fragment { origin, reaches };
        fragment.add(reach);
        // Only this fragment has grown, so nothing but it can touch what it did not touch before.
        let (touched, apart): (Vec<_>, Vec<_>) =
            mem::take(&mut self.open).into_iter().partition(|session| session.touches(&fragment));
        self.open = apart;
        for Session { fragments, state } in touched {
            session.fragments.extend(fragments);
            merge(&mut session.state, state);
        }
        session.push(fragment);
        self.open.push(session);
        true
    }

    /// The last instant of the session that ends first.
    pub(super) fn first_last(&self) -> Option<Timestamp> {
        self.open.iter().map(Session::last).min()
    }

    /// Takes the sessions that end by this last instant, in no particular order.
    pub(super) fn take_ended(&mut self, by: Timestamp) -> impl Iterator<Item = Session<S>> {
        self.open.extract_if(.., move |session| session.last() <= by)
    }

    /// Whether all there is belongs to one partition, and to this one.
    pub(super) fn are_all_of(&self, origin: Origin) -> bool {
        let mut fragments = self.open.iter().flat_map(|session| session.fragments.iter());
        !origin.is_none() && fragments.all(|fragment| fragment.origin == origin)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::time::Duration;

    const GAP: i64 = 10;

    /// A row of one key as its partition's log has it.
    #[derive(Debug, Clone, Copy)]
    struct LogRow {
        partition: usize,
        number: usize,
        time: i64,
        watermark_before: i64,
    }

    /// First row, end - 1 and the rows' numbers.
    type Told = BTreeSet<(i64, i64, Vec<usize>)>;

    /// What the rule says of whole logs: sessions, and the numbers of late rows. Plain loops over rows.
    fn plain(logs: &[Vec<LogRow>]) -> (Told, BTreeSet<usize>) {
        let last = |rows: &[LogRow]| rows.iter().map(|row| row.time + GAP - 1).max().unwrap();
        let start = |rows: &[LogRow]| rows.iter().map(|row| row.time).min().unwrap();
        let mut late = BTreeSet::new();
        let mut fragments: Vec<Vec<LogRow>> = Vec::new();
        for log in logs {
            let mut own: Vec<Vec<LogRow>> = Vec::new();
            for row in log {
                let joins = |rows: &Vec<LogRow>| {
                    last(rows) > row.watermark_before
                        && rows.iter().any(|other| (other.time - row.time).abs() <= GAP)
                };
                let (mut joined, apart): (Vec<_>, Vec<_>) = own.into_iter().partition(joins);
                own = apart;
                if joined.is_empty() && row.time + GAP - 1 <= row.watermark_before {
                    late.insert(row.number);
                } else {
                    joined.push(vec![*row]);
                    own.push(joined.concat());
                }
            }
            fragments.extend(own);
        }
        let together = |left: &[LogRow], right: &[LogRow]| {
            let (first, later) = if last(left) <= last(right) { (left, right) } else { (right, left) };
            left[0].partition != right[0].partition
                && later.iter().any(|row| {
                    row.watermark_before < last(first)
                        && first.iter().any(|other| (other.time - row.time).abs() <= GAP)
                })
        };
        // Everything that hangs together, by going through all pairs until nothing changes.
        let mut session: Vec<usize> = (0..fragments.len()).collect();
        loop {
            let mut changed = false;
            for left in 0..fragments.len() {
                for right in 0..fragments.len() {
                    if session[left] != session[right] && together(&fragments[left], &fragments[right]) {
                        let (to, from) = (session[left], session[right]);
                        session.iter_mut().filter(|of| **of == from).for_each(|of| *of = to);
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        let told = (0..fragments.len()).filter_map(|number| {
            let of = (0..fragments.len()).filter(|other| session[*other] == number);
            let rows: Vec<LogRow> = of.flat_map(|other| fragments[other].clone()).collect();
            let mut numbers: Vec<usize> = rows.iter().map(|row| row.number).collect();
            numbers.sort_unstable();
            (!rows.is_empty()).then(|| (start(&rows), last(&rows), numbers))
        });
        (told.collect(), late)
    }

    /// Logs of rows whose times wander, with jumps ahead by rows of other keys, which move the watermark alone.
    fn logs() -> impl Strategy<Value = Vec<Vec<LogRow>>> {
        let row = (0..4_i64, -14..6_i64, prop::bool::weighted(0.2), 0..12_i64);
        let log = prop::collection::vec(row, 0..14);
        (prop::collection::vec(log, 1..5), 0..12_i64).prop_map(|(logs, lateness)| {
            let mut number = 0;
            let log = |(partition, steps): (usize, Vec<(i64, i64, bool, i64)>)| {
                let (mut now, mut greatest) = (0, i64::MIN / 2);
                let mut rows = Vec::new();
                for (step, behind, jumps, jump) in steps {
                    now += step;
                    if jumps {
                        greatest = greatest.max(now + jump);
                    }
                    let time = now + behind;
                    rows.push(LogRow { partition, number, time, watermark_before: greatest - lateness });
                    number += 1;
                    greatest = greatest.max(time);
                }
                rows
            };
            logs.into_iter().enumerate().map(log).collect()
        })
    }

    /// Reads the logs epoch by epoch, some rows of each by several ways, adds up what takes itself in, and closes by the least watermark.
    fn by_epochs(logs: &[Vec<LogRow>], mut below: impl FnMut(usize) -> usize) -> (Told, BTreeSet<usize>) {
        let at = Timestamp::from_millis;
        let (mut sessions, mut told, mut late) = (Sessions::default(), Told::new(), BTreeSet::new());
        let mut read = vec![0; logs.len()];
        let tell = |sessions: &mut Sessions<Vec<usize>>, by: Timestamp, told: &mut Told| {
            for Session { fragments, mut state } in sessions.take_ended(by) {
                state.sort_unstable();
                let session = Session { fragments, state: () };
                told.insert((session.start().millis(), session.last().millis(), state));
            }
        };
        while read.iter().zip(logs).any(|(read, log)| *read < log.len()) {
            let mut parts: Vec<(usize, Reach, Vec<usize>)> = Vec::new();
            for (partition, log) in logs.iter().enumerate() {
                let until = (read[partition] + below(8)).min(log.len());
                let before = parts.len();
                // They come by several ways, first all by the one, then all by the next.
                let ways = 1 + below(3);
                let mut rows: Vec<(usize, &LogRow)> =
                    log[read[partition]..until].iter().map(|row| (below(ways), row)).collect();
                rows.sort_by_key(|(way, _)| *way);
                for (_, row) in rows {
                    let reach = Reach::of(at(row.time), Duration::from_millis(GAP), at(row.watermark_before));
                    if let Some((_, own, state)) = parts[before..].last_mut()
                        && state[0] < row.number
                        && own.take_in_ahead(reach)
                    {
                        state.push(row.number);
                    } else {
                        parts.push((partition, reach, vec![row.number]));
                    }
                }
                parts[before..].sort_by_key(|(_, reach, rows)| (reach.watermark_before, rows[0]));
                read[partition] = until;
            }
            // Parts of different partitions come in any order.
            for _ in 0..parts.len() {
                let swap = below(parts.len().max(2) - 1);
                if swap + 1 < parts.len() && parts[swap].0 != parts[swap + 1].0 {
                    parts.swap(swap, swap + 1);
                }
            }
            for (partition, reach, state) in parts {
                let origin = Origin { maker: 0, partition: partition as u64 };
                let number = state[0];
                let merge = |kept: &mut Vec<usize>, other| kept.extend::<Vec<usize>>(other);
                if !sessions.add(origin, reach, state, merge) {
                    late.insert(number);
                }
            }
            // A partition is behind what its next row says: only that one knows of rows of other keys.
            let watermark = |(read, log): (&usize, &Vec<LogRow>)| match log.get(*read) {
                Some(next) => next.watermark_before,
                None => i64::MAX,
            };
            let combined = read.iter().zip(logs).map(watermark).min().unwrap();
            tell(&mut sessions, at(combined), &mut told);
        }
        tell(&mut sessions, Timestamp::MAX, &mut told);
        (told, late)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn sessions_are_what_the_logs_say_in_whatever_order_and_epochs_they_are_read(
            logs in logs(),
            choices in prop::collection::vec(0..1000_usize, 64),
        ) {
            let expected = plain(&logs);
            let mut at = 0;
            let found = by_epochs(&logs, |bound| {
                at += 1;
                (choices[at % choices.len()] + at / choices.len()) % bound
            });
            prop_assert_eq!(found, expected);
        }
    }

    /// What the rule says of rows that an operator made: each stands alone. Their partition is not looked at.
    fn plain_of_none(rows: &[LogRow]) -> (Told, BTreeSet<usize>) {
        let alone = |row: &LogRow| vec![LogRow { partition: row.number, ..*row }];
        plain(&rows.iter().map(alone).collect::<Vec<_>>())
    }

    /// Reads rows of no partition some at a time, in the order given, adds up what takes itself in, and closes by the least watermark
    /// that is still to come.
    fn by_epochs_of_none(
        rows: &[LogRow],
        mut below: impl FnMut(usize) -> usize,
    ) -> (Told, BTreeSet<usize>, usize) {
        let at = Timestamp::from_millis;
        let (mut sessions, mut told, mut late) = (Sessions::default(), Told::new(), BTreeSet::new());
        let (mut left, mut fragments_max) = (rows, 0);
        while !left.is_empty() {
            let (now, later) = left.split_at((1 + below(6)).min(left.len()));
            left = later;
            let mut parts: Vec<(Reach, Vec<usize>)> = Vec::new();
            for row in now {
                let reach = Reach::of(at(row.time), Duration::from_millis(GAP), at(row.watermark_before));
                if let Some((last, state)) = parts.last_mut().filter(|_| !reach.is_doubtful())
                    && last.take_in_ahead(reach)
                {
                    state.push(row.number);
                } else {
                    parts.push((reach, vec![row.number]));
                }
            }
            for (reach, state) in parts {
                let number = state[0];
                let merge = |kept: &mut Vec<usize>, other| kept.extend::<Vec<usize>>(other);
                if !sessions.add(Origin::NONE, reach, state, merge) {
                    late.insert(number);
                }
            }
            fragments_max =
                sessions.open.iter().map(|one| one.fragments.len()).chain([fragments_max]).max().unwrap();
            let combined = left.iter().map(|row| row.watermark_before).min().unwrap_or(i64::MAX);
            for Session { fragments, mut state } in sessions.take_ended(at(combined)) {
                state.sort_unstable();
                let session = Session { fragments, state: () };
                told.insert((session.start().millis(), session.last().millis(), state));
            }
        }
        (told, late, fragments_max)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn sessions_of_rows_that_operators_made_are_the_same_in_any_order(
            rows in prop::collection::vec((0..60_i64, -14..14_i64), 0..24),
            swaps in prop::collection::vec((0..24_usize, 0..24_usize), 0..12),
            choices in prop::collection::vec(0..1000_usize, 16),
        ) {
            let row = |(number, (time, behind)): (usize, (i64, i64))| {
                LogRow { partition: 0, number, time, watermark_before: time - behind }
            };
            let mut rows: Vec<LogRow> = rows.into_iter().enumerate().map(row).collect();
            let (expected, expected_late) = plain_of_none(&rows);
            // About in order, as rows come, and in none at all.
            rows.sort_by_key(|row| row.watermark_before);
            for (left, right) in swaps {
                if left < rows.len() && right < rows.len() {
                    rows.swap(left, right);
                }
            }
            let mut at = 0;
            let (told, late, _) = by_epochs_of_none(&rows, |bound| {
                at += 1;
                (choices[at % choices.len()] + at / choices.len()) % bound
            });
            prop_assert_eq!((told, late), (expected, expected_late));
        }
    }

    #[test]
    fn rows_of_no_partition_that_come_in_order_take_the_room_of_one() {
        let row = |number: usize| LogRow {
            partition: 0,
            number,
            time: number as i64,
            watermark_before: number as i64 - 3,
        };
        let rows: Vec<LogRow> = (0..500).map(row).collect();
        let (told, late, fragments_max) = by_epochs_of_none(&rows, |bound| bound - 1);
        assert_eq!((told.len(), late.len(), fragments_max), (1, 0, 1));
    }

    #[test]
    fn a_row_the_gap_behind_the_last_one_belongs_to_its_session_and_one_later_does_not() {
        let mut sessions = Sessions::default();
        let origin = Origin { maker: 0, partition: 0 };
        for time in [0, GAP, 2 * GAP + 1] {
            let time = Timestamp::from_millis(time);
            assert!(sessions.add(
                origin,
                Reach::of(time, Duration::from_millis(GAP), Timestamp::MIN),
                1,
                |sum, more| *sum += more
            ));
        }
        let told: Vec<_> =
            sessions.take_ended(Timestamp::MAX).map(|one| (one.start().millis(), one.state)).collect();
        assert_eq!(told, [(0, 2), (2 * GAP + 1, 1)]);
    }

    #[test]
    fn a_row_whose_own_end_has_passed_joins_a_session_that_has_not() {
        let (origin, other) = (Origin { maker: 0, partition: 0 }, Origin { maker: 0, partition: 1 });
        let at = Timestamp::from_millis;
        let reach =
            |time, watermark_before| Reach::of(at(time), Duration::from_millis(GAP), at(watermark_before));
        let add = |sessions: &mut Sessions<u32>, origin, reach| {
            sessions.add(origin, reach, 1, |sum, more| *sum += more)
        };
        let mut sessions = Sessions::default();
        assert!(add(&mut sessions, origin, reach(5, 0)));
        assert!(add(&mut sessions, origin, reach(0, 10)), "the session ends at 15, and this row alone at 10");
        assert!(
            !add(&mut sessions, other, reach(1, 10)),
            "what other partitions have does not make it less late"
        );
        let told: Vec<_> = sessions.take_ended(at(14)).map(|one| (one.start().millis(), one.state)).collect();
        assert_eq!(told, [(0, 2)]);
    }

    #[test]
    fn a_time_at_the_end_of_all_times_ends_there() {
        let reach = Reach::of(Timestamp::MAX, Duration::from_millis(GAP), Timestamp::MIN);
        assert_eq!(reach.last, Timestamp::MAX);
        assert!(!reach.is_doubtful());
    }
}
