//! A stretch of a file in memory, which moves on through the file.

use std::io;

use super::{DiskFile, read_up_to};

/// The bytes of a file from some position on, as far as they were read.
///
/// What was read stays until the window has moved past it, so moving on reads no byte twice. Its memory is used again, and
/// set to zero only where it grows.
///
/// # Contract
/// Bytes that were read are taken to stay what they are. Whoever moves to another file, or wants to see a changed one, calls
/// [`Window::forget`] first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    /// Kept at the greatest length that was needed, whatever it holds.
    memory: Vec<u8>,
    /// Which part of the memory holds bytes of the file from `position` on.
    start: usize,
    end: usize,
    position: u64,
}

impl Window {
    /// What was read from the position on.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    /// Begins at another position. Bytes behind it that are in memory already stay there.
    pub(crate) fn move_to(&mut self, position: u64) {
        let passed = position.checked_sub(self.position).and_then(|passed| usize::try_from(passed).ok());
        match passed.filter(|passed| *passed <= self.bytes().len()) {
            Some(passed) => self.start += passed,
            None => self.forget(),
        }
        self.position = position;
    }

    /// Has at least `count` bytes from the position on, unless the file is shorter. After an error it holds what it held.
    pub(crate) fn fill(&mut self, file: &dyn DiskFile, count: usize) -> io::Result<()> {
        let held = self.bytes().len();
        if held >= count {
            return Ok(());
        }
        self.memory.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, held);
        if self.memory.len() < count {
            self.memory.resize(count, 0);
        }
        self.end += read_up_to(file, &mut self.memory[held..count], self.position + held as u64)?;
        Ok(())
    }

    /// Drops what was read, and keeps the memory.
    pub(crate) fn forget(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Gives memory back if it takes more than `bytes`, and what it holds does not.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        if self.memory.len() > bytes && self.end <= bytes {
            self.memory.truncate(bytes);
            self.memory.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::disk::{Create, Disk, FaultyDisk};

    fn numbers(count: u8) -> (FaultyDisk, std::sync::Arc<dyn DiskFile>) {
        let disk = FaultyDisk::new();
        let file = disk.open(Path::new("numbers"), Create::IfMissing).unwrap();
        file.write_all_at(&(0..count).collect::<Vec<_>>(), 0).unwrap();
        (disk, file)
    }

    #[test]
    fn moving_on_reads_no_byte_twice() {
        let (disk, file) = numbers(100);
        let mut window = Window::default();
        window.fill(&*file, 40).unwrap();
        assert_eq!(window.bytes(), (0..40).collect::<Vec<u8>>());
        let before = disk.reads();
        window.move_to(30);
        window.fill(&*file, 10).unwrap();
        assert_eq!((window.bytes(), disk.reads()), (&*(30..40).collect::<Vec<u8>>(), before));
        window.fill(&*file, 20).unwrap();
        assert_eq!((window.bytes(), disk.reads()), (&*(30..50).collect::<Vec<u8>>(), before + 1));
        // To its very end, and then beyond it and back.
        for position in [50, 90, 20] {
            window.move_to(position);
            assert_eq!(window.bytes(), []);
            window.fill(&*file, 5).unwrap();
            assert_eq!(window.bytes()[0], position as u8);
        }
    }

    #[test]
    fn it_ends_with_the_file_and_survives_an_error() {
        let (disk, file) = numbers(10);
        let mut window = Window::default();
        window.move_to(4);
        window.fill(&*file, 2).unwrap();
        disk.fail_read_at(disk.reads());
        assert!(window.fill(&*file, 100).is_err());
        assert_eq!(window.bytes(), [4, 5]);
        window.fill(&*file, 100).unwrap();
        assert_eq!(window.bytes(), [4, 5, 6, 7, 8, 9]);
        window.shrink_to(50);
        assert_eq!((window.bytes(), window.memory.len()), (&[4, 5, 6, 7, 8, 9][..], 50));
        window.shrink_to(3);
        assert_eq!(window.memory.len(), 50, "what is held stays");
        window.forget();
        assert_eq!(window.bytes(), []);
    }
}
