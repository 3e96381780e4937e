//! Lines, as many at a time as are there.

use std::io::{self, Read};

use log_store::MAX_RECORD_BYTES;

/// How much is asked for at once.
const READ_BYTES: usize = 256 << 10;

/// The lines of an input. They are not waited for while there are some.
pub(super) struct Lines<R> {
    from: R,
    held: Vec<u8>,
    /// How many of the bytes held were given.
    given: usize,
    line_bytes_max: usize,
}

impl<R: Read> Lines<R> {
    pub(super) fn of(from: R) -> Lines<R> {
        // Bytes in JSON take at most six times as much room.
        Lines { from, held: Vec::new(), given: 0, line_bytes_max: 6 * MAX_RECORD_BYTES }
    }

    /// The lines that are there; waits only where there is none. The last needs no line feed. `None` at the end.
    pub(super) fn ready(&mut self) -> io::Result<Option<impl Iterator<Item = &[u8]>>> {
        self.held.drain(..std::mem::take(&mut self.given));
        loop {
            let had = self.held.len();
            self.held.resize(had + READ_BYTES, 0);
            let read = self.from.read(&mut self.held[had..]);
            self.held.truncate(had + read.as_ref().map_or(0, |read| *read));
            let read = match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            let new = &self.held[had..];
            self.given = match new.iter().rposition(|&byte| byte == b'\n') {
                Some(at) => had + at + 1,
                None if read == 0 => had,
                None if self.held.len() > self.line_bytes_max => {
                    let what = format!("a line of more than {} bytes is no record", self.line_bytes_max);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, what));
                }
                None => continue,
            };
            if self.given == 0 {
                return Ok(None);
            }
            let lines = &self.held[..self.given];
            return Ok(Some(lines.strip_suffix(b"\n").unwrap_or(lines).split(|&byte| byte == b'\n')));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one text with each read.
    struct Given(Vec<&'static str>);

    impl Read for Given {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let text = self.0.remove(0).as_bytes();
            to[..text.len()].copy_from_slice(text);
            Ok(text.len())
        }
    }

    #[track_caller]
    fn check(reads: &[&'static str], expected: &[&[&str]]) {
        let mut lines = Lines::of(Given(reads.to_vec()));
        let mut found = Vec::new();
        while let Some(ready) = lines.ready().unwrap() {
            found.push(ready.map(|line| String::from_utf8(line.to_vec()).unwrap()).collect::<Vec<_>>());
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_are_given_as_they_come_whole() {
        check(&[], &[]);
        check(&["a\nb\n"], &[&["a", "b"]]);
        check(&["a\nb", "c\n", "d"], &[&["a"], &["bc"], &["d"]]);
        check(&["a", "b", "\n\n"], &[&["ab", ""]]);
        check(&["\n"], &[&[""]]);
    }

    #[test]
    fn a_line_that_can_be_no_record_is_refused_before_it_takes_all_memory() {
        let mut lines = Lines { line_bytes_max: 5, ..Lines::of(Given(vec!["abc", "def", "ghi"])) };
        assert_eq!(lines.ready().err().unwrap().kind(), io::ErrorKind::InvalidData);
    }
}
