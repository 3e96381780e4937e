//! The socket in a data directory: its owner listens there, others connect.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_peercred};
use rustix::net::{AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::{Pid, test_kill_process};

/// Its name in the data directory.
pub(crate) const SOCKET_FILE: &str = "socket";

/// How many connections wait to be accepted.
const BACKLOG: i32 = 128;

/// Listens in a data directory, until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    listener: UnixListener,
    path: PathBuf,
    /// Which file it is: its device, and its number there.
    file: (u64, u64),
}

impl Listener {
    /// Listens in a directory that this process has locked: a socket that is there was left by one that is gone.
    pub(crate) fn open(dir: &Path) -> io::Result<Listener> {
        let path = dir.join(SOCKET_FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (name, _dir) = nameable(dir)?;
        let socket = socket()?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(&*name)?)?;
        // Before anybody can connect.
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        rustix::net::listen(&socket, BACKLOG)?;
        let file = file_at(&path)?;
        Ok(Listener { listener: UnixListener::from(socket), path, file })
    }

    /// Why nobody can listen in a directory, if its file system has no sockets.
    pub(crate) fn impossible_in(dir: &Path) -> Option<io::Error> {
        let probe = dir.join(format!("{SOCKET_FILE}.{}", std::process::id()));
        // A path that is too long says nothing of the file system.
        let name = SocketAddrUnix::new(&*probe).ok()?;
        let bound = socket().and_then(|socket| Ok(rustix::net::bind(&socket, &name)?));
        let _ = fs::remove_file(&probe);
        bound.err().filter(has_no_sockets)
    }

    /// Waits for the next who connects.
    pub(crate) fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().map(|(stream, _)| stream)
    }

    /// Nobody can connect from now on, and who waits in [`Listener::accept`] gets an error.
    pub(crate) fn stop(&self) {
        // The name goes as long as the directory is locked: later it may be another's, as it may where the directory was moved
        // away, or a path that is relative means another one by now.
        if file_at(&self.path).is_ok_and(|file| file == self.file) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = rustix::net::shutdown(&self.listener, Shutdown::Both);
    }
}

/// Connects to the owner of a directory, who is given this long to take the connection.
pub(crate) fn connect(dir: &Path, patience: Duration) -> io::Result<UnixStream> {
    let (name, _dir) = nameable(dir)?;
    let socket = socket()?;
    // Where too many wait to be accepted, connecting waits as long as sending may.
    set_socket_timeout(&socket, Timeout::Send, Some(patience))?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(&*name)?)?;
    let stream = UnixStream::from(socket);
    stream.set_write_timeout(Some(patience))?;
    stream.set_read_timeout(Some(patience))?;
    Ok(stream)
}

/// The process at the other end.
pub(crate) fn process_of(stream: &UnixStream) -> Option<u32> {
    let credentials = socket_peercred(stream).ok()?;
    u32::try_from(credentials.pid.as_raw_nonzero().get()).ok()
}

/// Whether there is a process of that id, as far as this one may know. One that has ended and was not asked yet how is none.
pub(crate) fn is_alive(pid: u32) -> bool {
    let there = i32::try_from(pid).ok().and_then(Pid::from_raw);
    there.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH)) && !has_ended(pid)
}

fn has_ended(pid: u32) -> bool {
    let stat = fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Its name stands in parentheses, and may have some itself; behind it stands what it does.
    let behind = stat.iter().rposition(|&byte| byte == b')');
    behind.and_then(|at| stat.get(at + 2)).is_some_and(|&state| matches!(state, b'Z' | b'X'))
}

/// Whether that is what a file system without sockets says.
pub(crate) fn has_no_sockets(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    matches!(error.kind(), Unsupported | PermissionDenied | InvalidInput)
}

fn file_at(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

fn socket() -> io::Result<OwnedFd> {
    Ok(rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?)
}

/// A name of the socket that is short enough. A long one goes through the directory, which is open as long as the file that
/// comes with it.
fn nameable(dir: &Path) -> io::Result<(PathBuf, Option<File>)> {
    let path = dir.join(SOCKET_FILE);
    match SocketAddrUnix::new(&*path) {
        Ok(_) => Ok((path, None)),
        Err(Errno::NAMETOOLONG) => {
            let dir = File::open(dir)?;
            let short = PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd())).join(SOCKET_FILE);
            Ok((short, Some(dir)))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn says_hello(dir: &Path) {
        let listener = Listener::open(dir).unwrap();
        let mode = fs::symlink_metadata(dir.join(SOCKET_FILE)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut client = connect(dir, PATIENCE).unwrap();
        let mut accepted = listener.accept().unwrap();
        assert_eq!(process_of(&accepted), Some(std::process::id()));
        client.write_all(b"hello").unwrap();
        let mut heard = [0; 5];
        accepted.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hello");
        listener.stop();
        assert!(listener.accept().is_err());
        assert!(connect(dir, PATIENCE).is_err());
    }

    #[test]
    fn a_directory_may_have_a_longer_path_than_a_socket() {
        let root = tempfile::tempdir().unwrap();
        says_hello(root.path());
        let long = root.path().join("a".repeat(120)).join("b".repeat(120));
        fs::create_dir_all(&long).unwrap();
        says_hello(&long);
    }

    #[test]
    fn who_stops_leaves_the_socket_of_another_alone() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("data");
        fs::create_dir(&dir).unwrap();
        let first = Listener::open(&dir).unwrap();
        fs::rename(&dir, root.path().join("moved")).unwrap();
        fs::create_dir(&dir).unwrap();
        let second = Listener::open(&dir).unwrap();
        first.stop();
        drop(connect(&dir, PATIENCE).unwrap());
        second.stop();
        assert!(!dir.join(SOCKET_FILE).exists());
    }

    #[test]
    fn what_has_sockets_is_told_from_what_has_none() {
        let root = tempfile::tempdir().unwrap();
        assert!(Listener::impossible_in(root.path()).is_none());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0, "nothing is left of it");
        for errno in [Errno::PERM, Errno::OPNOTSUPP, Errno::INVAL] {
            assert!(has_no_sockets(&errno.into()), "{errno}");
        }
        assert!(!has_no_sockets(&Errno::NOSPC.into()));
    }

    #[test]
    fn a_socket_that_was_left_behind_is_taken_over() {
        let root = tempfile::tempdir().unwrap();
        let left = Listener::open(root.path()).unwrap();
        drop(left);
        assert!(root.path().join(SOCKET_FILE).exists());
        let refused = connect(root.path(), PATIENCE).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        says_hello(root.path());
    }
}
