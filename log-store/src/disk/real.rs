//! The machine's file system: positioned reads and writes, no memory maps.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{BootId, Create, Disk, DiskFile, LOCK_FILE, LockError, access, size_limit};

/// What stands behind its process id once the holder of a lock begins to close its store.
const CLOSING: &str = "closing";

/// A directory of the machine's file system.
///
/// What is made in it is its owner's alone: files have mode 0600, directories 0700. Symbolic links inside it are refused.
#[derive(Clone, Debug)]
pub struct RealDisk {
    root: PathBuf,
    /// The directory is known to be a store's, so that its files are closed to other users when they are opened. Before,
    /// they may be anybody's.
    private: Arc<AtomicBool>,
}

impl RealDisk {
    /// The directory `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> RealDisk {
        RealDisk { root: root.into(), private: Arc::default() }
    }
}

impl RealDisk {
    /// The process id of the last that took the directory, and whether it was closing its store when it was last heard of.
    pub(crate) fn holder(&self) -> Option<(u32, bool)> {
        let text = self.open_file(Path::new(LOCK_FILE), Create::No).and_then(|mut file| {
            let mut text = String::new();
            file.read_to_string(&mut text).map(|_| text)
        });
        let text = text.ok()?;
        let mut words = text.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next() == Some(CLOSING)))
    }

    fn open_file(&self, path: &Path, create: Create) -> io::Result<File> {
        let file = access::open_file(&self.root, path, create)?;
        if self.private.load(Ordering::Acquire) {
            access::close_to_others(&self.root.join(path))?;
        }
        Ok(file)
    }

    /// Makes the data directory, and makes its name durable in the directory above. Nobody else does that: the log itself
    /// syncs directories inside its own only.
    fn create_root(&self, root: &Path) -> io::Result<()> {
        let missing: Vec<_> =
            root.ancestors().take_while(|dir| *dir != Path::new("") && !dir.exists()).collect();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)
            .map_err(|error| access::explain_root(root, error))?;
        for dir in missing {
            let parent = dir.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
            File::open(parent)?.sync_all()?;
        }
        Ok(())
    }
}

impl Disk for RealDisk {
    fn root(&self) -> PathBuf {
        self.root.clone()
    }

    fn boot_id(&self) -> Option<BootId> {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        u128::from_str_radix(&digits, 16).ok().map(|id| BootId(id.to_be_bytes()))
    }

    fn open(&self, path: &Path, create: Create) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(RealFile(self.open_file(path, create)?)))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        if path == Path::new("") {
            return self.create_root(&self.root);
        }
        access::create_dir_all(&self.root, path)
    }

    fn close_to_others(&self) -> io::Result<()> {
        access::close_to_others(&self.root)?;
        self.private.store(true, Ordering::Release);
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        access::refuse_links(&self.root, path)?;
        let entries = match fs::read_dir(self.root.join(path)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(self.root.join(from), self.root.join(to))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(self.root.join(path))
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(self.root.join(path))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(self.root.join(path))?.sync_all()
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn Send + Sync>, LockError> {
        // Not truncated when it is opened: it may hold the process id of another that has it locked, for our message.
        let mut file = self.open_file(path, Create::IfMissing).map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(describe_holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        let text = format!("{}\n", std::process::id());
        let written = size_limit::check(text.len() as u64)
            .and_then(|()| file.set_len(0))
            .and_then(|()| file.write_all(text.as_bytes()));
        let locked = Locked(file);
        written.map_err(LockError::Io)?;
        Ok(Box::new(locked))
    }

    fn note_closing(&self) {
        let text = format!("{} {CLOSING}\n", std::process::id());
        // Who cannot read of it waits for a moment only, as ever.
        let _ = size_limit::check(text.len() as u64).and_then(|()| {
            self.open_file(Path::new(LOCK_FILE), Create::No)?.write_all_at(text.as_bytes(), 0)
        });
    }
}

/// A locked file, let go when it is dropped. Closing it would not do: a child process that is just being started has a copy of the
/// open file until its program runs, and would hold the lock for that long.
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // A lock that cannot be let go goes with the last copy of the file.
        let _ = self.0.unlock();
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.0.read_at(buffer, position)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        size_limit::check(position + bytes.len() as u64)?;
        self.0.write_all_at(bytes, position)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        size_limit::check(length)?;
        self.0.set_len(length)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

/// The holder wrote its process id; on Linux its command line is known too.
fn describe_holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.read_to_string(&mut text).ok();
    let Some(pid) = read.and_then(|_| text.split_whitespace().next()?.parse::<u32>().ok()) else {
        return "another process".to_owned();
    };
    if pid == std::process::id() {
        return format!("this process (pid {pid}), through another store");
    }
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(line) if !line.is_empty() => {
            let words: Vec<_> = line.split(|&byte| byte == 0).map(String::from_utf8_lossy).collect();
            format!("process {pid} (`{}`)", words.join(" ").trim_end())
        }
        _ => format!("process {pid}"),
    }
}
