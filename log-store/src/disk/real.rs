//! The machine's file system: positioned reads and writes, no memory maps.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Create, Disk, DiskFile, LockError};

/// A directory of the machine's file system.
#[derive(Clone, Debug)]
pub struct RealDisk {
    root: PathBuf,
}

impl RealDisk {
    /// The directory `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> RealDisk {
        RealDisk { root: root.into() }
    }
}

impl RealDisk {
    /// Makes the data directory, and its name durable: the log syncs no directory above its own.
    fn create_root(&self, root: &Path) -> io::Result<()> {
        let missing: Vec<_> =
            root.ancestors().take_while(|dir| *dir != Path::new("") && !dir.exists()).collect();
        DirBuilder::new().recursive(true).mode(0o700).create(root)?;
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

    fn open(&self, path: &Path, create: Create) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(create == Create::IfMissing);
        Ok(Arc::new(RealFile(options.open(self.root.join(path))?)))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let dir = self.root.join(path);
        if path == Path::new("") {
            return self.create_root(&dir);
        }
        DirBuilder::new().recursive(true).mode(0o700).create(dir)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
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
        // Not truncated on opening: until it is locked, what it says belongs to the holder.
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(self.root.join(path)).map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(describe_holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        file.set_len(0).map_err(LockError::Io)?;
        file.write_all(format!("{}\n", std::process::id()).as_bytes()).map_err(LockError::Io)?;
        Ok(Box::new(file))
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.0.read_at(buffer, position)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, position)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

/// The holder wrote its process id; on Linux its command line is known too.
fn describe_holder(file: &mut File) -> String {
    let mut text = String::new();
    let Ok(pid) =
        file.read_to_string(&mut text).map_err(drop).and_then(|_| text.trim().parse::<u32>().map_err(drop))
    else {
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
