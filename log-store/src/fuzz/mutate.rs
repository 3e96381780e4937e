//! Inputs made of messages by damage.

use proptest::prelude::RngExt;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// Numbers that counts, lengths and sizes go wrong at.
const NUMBERS: [u32; 8] = [0, 1, 2, 61, 0xffff, i32::MAX as u32, 1 << 31, u32::MAX];

/// Messages, damaged anew each time.
pub(super) struct Inputs<'s> {
    samples: &'s [Vec<u8>],
    random: TestRng,
}

impl<'s> Inputs<'s> {
    pub(super) fn new(samples: &'s [Vec<u8>], seed: u64) -> Inputs<'s> {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Inputs { samples, random: TestRng::from_seed(RngAlgorithm::ChaCha, &bytes) }
    }

    pub(super) fn next(&mut self) -> Vec<u8> {
        // Now and then nothing that was ever a message.
        if self.below(50) == 0 {
            return self.noise(300);
        }
        let mut input = self.sample().clone();
        for _ in 0..1 + self.below(4) {
            self.damage(&mut input);
        }
        input
    }

    fn damage(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        match self.below(8) {
            0 => input.truncate(at),
            1 => {
                let noise = self.noise(20);
                input.splice(at..at, noise);
            }
            2 => {
                let (number, upto) = (NUMBERS[self.below(NUMBERS.len())], input.len().min(at + 4));
                input.splice(at..upto, number.to_be_bytes());
            }
            3 => {
                let upto = at + self.below(input.len() - at + 1);
                let times = 1 + self.below(4);
                let again = input[at..upto].repeat(times);
                input.splice(upto..upto, again);
            }
            4 => {
                let upto = at + self.below((input.len() - at).min(20) + 1);
                input.drain(at..upto);
            }
            5 => {
                let other = self.sample();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            6 if at < input.len() => input[at] ^= 1 << self.below(8),
            _ if at < input.len() => input[at] = self.random.random(),
            _ => input.push(self.random.random()),
        }
    }

    fn noise(&mut self, bytes_max: usize) -> Vec<u8> {
        (0..self.below(bytes_max + 1)).map(|_| self.random.random()).collect()
    }

    fn sample(&mut self) -> &'s Vec<u8> {
        &self.samples[self.below(self.samples.len())]
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random.random_range(0..bound)
    }
}
