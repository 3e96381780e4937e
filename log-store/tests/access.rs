//! Who gets at a data directory on the real disk, and what is refused in it: links, others' directories, files too large.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use log_store::{
    Durability, Error, Offset, RealDisk, RecordsBuilder, Result, Store, StoreConfig, TopicConfig,
};

fn open(dir: &Path) -> Result<Store> {
    Store::open(dir)
}

fn message(dir: &Path) -> String {
    open(dir).err().expect("the directory is refused").to_string()
}

fn fill(dir: &Path) {
    let store = open(dir).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    partition.append(records(3)).unwrap();
    store.close().unwrap();
}

fn records(count: usize) -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    (0..count).for_each(|_| records.push(0, None, Some(&[7; 1000])));
    records
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Everything below a directory, itself included.
fn tree(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![dir.to_owned()];
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(tree(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_directory_that_was_there_before_and_all_in_it_are_the_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    set_mode(&data, 0o755);
    fill(&data);
    let check = || {
        for path in tree(&data) {
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode(&path), expected, "{}", path.display());
        }
    };
    check();
    // As after a copy that did not keep the modes.
    tree(&data).iter().for_each(|path| set_mode(path, if path.is_dir() { 0o755 } else { 0o644 }));
    let store = open(&data).unwrap();
    let read = store.topic("t").unwrap().partition(0).unwrap().read(Offset(0), 1 << 20).unwrap();
    assert_eq!(read.records().count(), 3);
    store.close().unwrap();
    tree(&data).iter().filter(|path| path.is_file()).for_each(|path| assert_eq!(mode(path), 0o600));
    assert_eq!(mode(&data), 0o700, "nobody else gets as far as the directories inside");
}

#[test]
fn what_the_administrator_makes_in_a_users_directory_is_that_users() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    let user = 65_534;
    let given = chown(&data, Some(user), Some(user));
    let expected = match given {
        Ok(()) => user,
        // Nobody but the administrator gives directories away: here all is of one user.
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
            fs::metadata(&data).unwrap().uid()
        }
    };
    fill(&data);
    // A second time with files that are there, and a topic more.
    let store = open(&data).unwrap();
    store
        .create_topic("another", TopicConfig::default())
        .unwrap()
        .partition(0)
        .unwrap()
        .append(records(1))
        .unwrap();
    store.close().unwrap();
    let found = tree(&data);
    assert!(found.len() > 10, "{found:?}");
    for path in found {
        assert_eq!(fs::metadata(&path).unwrap().uid(), expected, "{}", path.display());
    }
}

#[test]
fn a_directory_of_something_else_keeps_its_mode_and_its_files() {
    let dir = tempfile::tempdir().unwrap();
    set_mode(dir.path(), 0o755);
    for name in ["FORMAT", "CURRENT"] {
        fs::write(dir.path().join(name), "another program's").unwrap();
        set_mode(&dir.path().join(name), 0o644);
    }
    let said = message(dir.path());
    assert!(said.contains("is not a data directory"), "{said}");
    assert_eq!(mode(dir.path()), 0o755);
    assert_eq!(tree(dir.path()).len(), 3, "nothing was made in it");
    assert_eq!(mode(&dir.path().join("FORMAT")), 0o644);
}

#[test]
fn a_link_as_lock_is_refused_and_what_it_points_to_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (data, victim) = (dir.path().join("data"), dir.path().join("victim"));
    fs::create_dir(&data).unwrap();
    fs::write(&victim, "precious").unwrap();
    for target in [victim.as_path(), Path::new("nowhere")] {
        symlink(target, data.join("LOCK")).unwrap();
        let said = message(&data);
        assert!(said.starts_with("cannot lock") && said.ends_with("remove the link"), "{said}");
        fs::remove_file(data.join("LOCK")).unwrap();
    }
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    assert!(!dir.path().join("nowhere").exists());
    fill(&data);
}

#[test]
fn every_other_file_and_directory_of_a_store_is_refused_as_a_link_too() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fill(&data);
    let inside: Vec<_> =
        tree(&data).into_iter().filter(|path| *path != data && !path.ends_with("LOCK")).collect();
    assert!(inside.len() >= 8, "{inside:?}");
    for path in inside {
        // What it points to is right, so nothing else can be the reason.
        let away = dir.path().join("away");
        fs::rename(&path, &away).unwrap();
        symlink(&away, &path).unwrap();
        let said = message(&data);
        assert!(said.contains("is a symbolic link"), "{}: {said}", path.display());
        assert!(said.contains(path.to_str().unwrap()), "{said}");
        fs::remove_file(&path).unwrap();
        fs::rename(&away, &path).unwrap();
        open(&data).unwrap().close().unwrap();
    }
}

#[test]
fn the_data_directory_itself_may_be_a_link_and_a_dangling_one_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (link, target) = (dir.path().join("link"), dir.path().join("target"));
    symlink(&target, &link).unwrap();
    let said = message(&link);
    assert!(said.contains("it is a symbolic link to") && said.contains("which is not there"), "{said}");
    fs::create_dir(&target).unwrap();
    fill(&link);
    assert_eq!(mode(&target), 0o700);
    fs::write(dir.path().join("file"), "").unwrap();
    let said = message(&dir.path().join("file"));
    assert!(said.ends_with("there is a file of that name; choose a directory"), "{said}");
}

/// Set for the child process of the test below.
const CHILD_DIR: &str = "LOG_STORE_TEST_LIMITED_DIR";

#[test]
fn a_limit_on_the_size_of_files_gives_an_error_and_never_ends_the_process() {
    if let Some(dir) = std::env::var_os(CHILD_DIR) {
        return append_to_the_limit(Path::new(&dir));
    }
    // In blocks of 512 bytes or of 1024, as the shell will have it. The journal is the first to reach the small ones.
    for blocks in [0, 1, 8, 40, 100, 300] {
        let dir = tempfile::tempdir().unwrap();
        let child = Command::new("sh")
            .args(["-c", &format!("ulimit -c 0; ulimit -f {blocks} && exec \"$0\" \"$@\"")])
            .arg(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_limit_on_the_size_of_files_gives_an_error_and_never_ends_the_process",
                "--nocapture",
            ])
            .env(CHILD_DIR, dir.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(child.status.success(), "{blocks} blocks: {:?}\n{said}", child.status);
        let acknowledged = said.lines().find_map(|line| line.split("acknowledged: ").nth(1));
        let acknowledged: u64 = acknowledged.unwrap_or_else(|| panic!("{said}")).parse().unwrap();
        // Without the limit everything that was acknowledged is there, and the log goes on.
        let store = open(dir.path()).unwrap();
        let Some(topic) = store.find_topic("t") else {
            assert_eq!(acknowledged, 0);
            continue;
        };
        let partition = topic.partition(0).unwrap();
        assert!(partition.log_end_offset().0 >= acknowledged, "{blocks} blocks");
        partition.append(records(500)).unwrap();
    }
}

/// Appends until the system's limit is met, and prints how many records were acknowledged.
fn append_to_the_limit(dir: &Path) {
    let config = StoreConfig { journal_bytes: 64 << 10, inline_bytes: 4 << 10, ..StoreConfig::default() };
    let mut acknowledged = 0;
    let error = (|| -> Result<()> {
        let store = Store::open_on(Arc::new(RealDisk::new(dir)), config)?;
        let config = TopicConfig { durability: Durability::Fsync, ..TopicConfig::default() };
        let partition = store.create_topic("t", config)?.partition(0)?;
        loop {
            for count in [1, 10] {
                partition.append(records(count))?;
                acknowledged += count;
            }
        }
    })();
    let error = error.expect_err("no file grows for ever");
    println!("acknowledged: {acknowledged}");
    let said = error.to_string();
    assert!(said.contains("raise that limit (`ulimit -f`, RLIMIT_FSIZE)"), "{said}");
    assert!(matches!(error, Error::Io { .. } | Error::StoreReadOnly { .. }), "{said}");
}
