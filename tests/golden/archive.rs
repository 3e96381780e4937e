//! Archives: a data directory with what was to be read in it, as `.tar.gz`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use waterwheel::log::{Create, Disk, FaultyDisk, MemDisk};

/// The folder of a data directory in its archive.
const DATA: &str = "data";
const ROWS: &str = "rows.jsonl";
const RECORDS: &str = "records.txt";

/// An unpacked archive.
pub(crate) struct Unpacked {
    dir: TempDir,
}

impl Unpacked {
    pub(crate) fn of(name: &str) -> Unpacked {
        let dir = tempfile::tempdir().unwrap();
        let file = File::open(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        tar::Archive::new(GzDecoder::new(file)).unpack(dir.path()).unwrap();
        Unpacked { dir }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join(DATA)
    }

    /// What there was to be read, as it was when the archive was made.
    pub(crate) fn expected(&self) -> Contents {
        let text = |name: &str| fs::read_to_string(self.dir.path().join(name)).unwrap();
        let lines = |text: String| text.lines().map(str::to_owned).collect();
        Contents { rows: lines(text(ROWS)), records: lines(text(RECORDS)) }
    }

    /// The data directory on a disk in memory.
    pub(crate) fn in_memory(&self) -> MemDisk {
        let disk = MemDisk::new();
        for (path, bytes) in self.files() {
            let path = path.strip_prefix(self.data()).expect("it is in there");
            disk.create_dir_all(path.parent().expect("it has a folder")).unwrap();
            let file = disk.open(path, Create::IfMissing).unwrap();
            file.write_all_at(&bytes, 0).unwrap();
        }
        disk
    }

    /// Every file of the data directory with its bytes.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut folders, mut files) = (vec![self.data()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path.clone(), fs::read(path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }
}

/// All that can be read in a directory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Rows of topics of the pipeline, as JSON.
    pub(crate) rows: Vec<String>,
    /// Records of the log, of all topics.
    pub(crate) records: Vec<String>,
}

/// Packs what is on a disk.
///
/// # Panics
/// If there is such an archive: it is never made anew.
pub(crate) fn pack(name: &str, disk: &FaultyDisk, contents: &Contents) {
    let path = path(name);
    assert!(!path.exists(), "{} is there, and is never made anew", path.display());
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    let mut add = |path: PathBuf, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        archive.append_data(&mut header, path, bytes).unwrap();
    };
    for file in disk.files() {
        add(Path::new(DATA).join(&file), &disk.content(&file).unwrap());
    }
    let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    add(ROWS.into(), text(&contents.rows).as_bytes());
    add(RECORDS.into(), text(&contents.records).as_bytes());
    fs::write(&path, archive.into_inner().unwrap().finish().unwrap()).unwrap();
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.tar.gz"))
}
