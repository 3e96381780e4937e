//! Messages that a decoder takes, found by trying.

use std::ops::Range;

use super::targets::{Target, some_records};
use crate::codec::Put;
use crate::config::SETTINGS_PROPERTY;

/// No message of nothing but zeros is longer.
const ZEROS_MAX: usize = 300;
/// Nothing that there are several of is longer, when it is empty.
const ELEMENT_BYTES_MAX: usize = 64;
/// How deep things lie in each other.
const DEPTH: usize = 3;

/// Where one message may follow on another, they would grow for ever.
const MESSAGE_BYTES_MAX: usize = 1000;

/// What a decoder takes.
#[derive(Default)]
pub(super) struct Grown {
    pub(super) samples: Vec<Vec<u8>>,
    pub(super) rooms: Vec<Room>,
}

/// A place in a message where there may be more: a count, and so many elements behind it.
pub(super) struct Room {
    message: Vec<u8>,
    at: usize,
    element_bytes: usize,
}

/// The samples of each kind: first as short as it can be, then with something wherever there is room.
pub(super) fn grow(target: &Target) -> Grown {
    let mut grown = Grown { samples: target.seeds.clone(), rooms: Vec::new() };
    let kinds = if target.kinds.is_some() { 0..=u8::MAX } else { 0..=0 };
    for kind in kinds {
        let zeros = (0..ZEROS_MAX).map(|zeros| [&target.before[..], &[kind], &vec![0; zeros]].concat());
        let least = zeros.into_iter().find(|message| takes(target, message));
        // What takes no zeros may have been told.
        let told = || target.seeds.iter().find(|seed| seed.get(target.before.len()) == Some(&kind)).cloned();
        let Some(mut message) = least.or_else(told) else { continue };
        grown.samples.push(message.clone());
        let all = target.before.len()..message.len();
        grow_within(target, &mut message, all, DEPTH, &mut grown);
    }
    grown
}

/// Lets a message grow wherever it may within a range, and within what has come in.
fn grow_within(target: &Target, message: &mut Vec<u8>, range: Range<usize>, depth: usize, grown: &mut Grown) {
    // From behind, so that what comes before stays where it is.
    for at in range.rev() {
        if message.len() > MESSAGE_BYTES_MAX {
            return;
        }
        let before = message.len();
        if grow_at(target, message, at, grown) && depth > 0 {
            let new = at + 1..message.len().min(at + 4 + message.len() - before);
            grow_within(target, message, new, depth - 1, grown);
        }
    }
}

fn grow_at(target: &Target, message: &mut Vec<u8>, at: usize, grown: &mut Grown) -> bool {
    let zeros = message[at..].iter().take_while(|byte| **byte == 0).count();
    let spliced = |replaced: usize, by: &[u8]| [&message[..at], by, &message[at + replaced..]].concat();
    let tokens = tokens().into_iter().filter(|(replaced, _)| zeros >= *replaced);
    let of_tokens = tokens.map(|(replaced, token)| (None, spliced(replaced, &token)));
    let elements = (1..=ELEMENT_BYTES_MAX).filter(|_| zeros >= 4).map(|bytes| {
        let element = [&[0, 0, 0, 1][..], &vec![0; bytes]].concat();
        (Some(bytes), spliced(4, &element))
    });
    let ways =
        [1, 2].iter().flat_map(|way| [4, 5, 8, 9, 12].map(|bytes| [&[*way][..], &vec![0; bytes]].concat()));
    let ways = ways.filter(|_| zeros >= 1).map(|way| (None, spliced(1, &way)));
    let taken = of_tokens.chain(elements).chain(ways).find(|(_, longer)| takes(target, longer));
    let Some((element, longer)) = taken else { return false };
    grown.samples.push(longer.clone());
    let before = std::mem::replace(message, longer);
    // What looks like one of several ways may be the last byte of a count.
    let counted = at.checked_sub(3).filter(|count| message[*count..=at] == [0, 0, 0, 1]);
    let room =
        element.map(|bytes| (at, bytes)).or(counted.map(|count| (count, message.len() - before.len())));
    grown.rooms.extend(room.map(|(at, element_bytes)| Room { message: before, at, element_bytes }));
    true
}

/// What is not found by trying, and how many zeros it stands in place of: records; the settings among a topic's properties.
fn tokens() -> Vec<(usize, Vec<u8>)> {
    let (mut builder, mut settings) = (Vec::new(), Vec::new());
    some_records().encode(&mut builder);
    settings.put_count(1);
    settings.put_bytes(SETTINGS_PROPERTY.as_bytes());
    settings.put_bytes(b"retention.ms=5\ncompression.type=lz4\n");
    vec![(16, builder), (4, settings)]
}

fn takes(target: &Target, message: &[u8]) -> bool {
    (target.read)(message).again.is_some()
}

impl Room {
    /// The message with as many elements as these bytes have room for, or up to twice as many: all of zeros; each with
    /// another number or text at its beginning, as keys of a table have.
    pub(super) fn filled(&self, bytes: usize) -> [Vec<u8>; 3] {
        // One more than a doubling has room for.
        let count = (bytes / self.element_bytes).next_power_of_two() + 1;
        let zeros = vec![0; self.element_bytes];
        let numbered = |number: usize| {
            let mut element = zeros.clone();
            let digits = self.element_bytes.min(8);
            element[..digits].copy_from_slice(&(number as u64).to_be_bytes()[8 - digits..]);
            element
        };
        let named = |number: usize| {
            [
                &4_u32.to_be_bytes()[..],
                format!("{number:04x}").get(..4).unwrap_or_default().as_bytes(),
                &zeros[zeros.len().min(4)..],
            ]
            .concat()
        };
        [
            self.with(count as u32, &zeros.repeat(count)),
            self.with(count as u32, &(0..count).flat_map(numbered).collect::<Vec<_>>()),
            self.with(count as u32, &(0..count).flat_map(named).collect::<Vec<_>>()),
        ]
    }

    /// The message with a count, and nothing of what is counted.
    pub(super) fn claiming(&self, count: u32) -> Vec<u8> {
        self.with(count, &[])
    }

    fn with(&self, count: u32, elements: &[u8]) -> Vec<u8> {
        [&self.message[..self.at], &count.to_be_bytes(), elements, &self.message[self.at + 4..]].concat()
    }
}
