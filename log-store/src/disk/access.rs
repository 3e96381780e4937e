//! Who gets at the files of a data directory: their owner alone, and never through a symbolic link inside it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::Create;

/// The permission bits of the group and of everybody else.
const OTHERS: u32 = 0o077;

/// Opens a file of the data directory for reading and writing. One that is made is its owner's alone.
pub(super) fn open_file(root: &Path, path: &Path, create: Create) -> io::Result<File> {
    refuse_links(root, path.parent().unwrap_or(Path::new("")))?;
    let full = root.join(path);
    let mut options = OpenOptions::new();
    options.read(true).write(true).truncate(false).mode(0o600);
    options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    if create == Create::IfMissing {
        // One that is new is told from one that somebody has put there, which is given to nobody.
        match options.clone().create_new(true).open(&full) {
            Ok(file) => return give_to_owner(root, &file).map(|()| file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    match options.create(create == Create::IfMissing).open(&full) {
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => Err(is_a_link(&full)),
        opened => opened,
    }
}

/// Makes a directory inside the data directory, and those around it, for its owner alone.
pub(super) fn create_dir_all(root: &Path, path: &Path) -> io::Result<()> {
    refuse_links(root, path)?;
    let mut at = root.to_owned();
    for component in path.components() {
        at.push(component);
        match DirBuilder::new().mode(0o700).create(&at) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && at.is_dir() => continue,
            Err(error) => return Err(error),
        }
        let flags = OFlags::NOFOLLOW | OFlags::DIRECTORY;
        let dir = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(&at)?;
        give_to_owner(root, &dir)?;
    }
    Ok(())
}

/// Gives what was made just now to whom the data directory belongs. The administrator can work on anybody's, and would else lock its
/// user out with each file. All others make files in directories of their own, and can give none away.
fn give_to_owner(root: &Path, made: &File) -> io::Result<()> {
    let root = fs::metadata(root)?;
    if root.uid() == made.metadata()?.uid() {
        return Ok(());
    }
    match fchown(made, Some(root.uid()), Some(root.gid())) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        given => given,
    }
}

/// Refuses a path inside the data directory that has a symbolic link in it. The data directory itself may be reached
/// through one: whoever names it means that.
pub(super) fn refuse_links(root: &Path, path: &Path) -> io::Result<()> {
    let mut at = root.to_owned();
    for component in path.components() {
        at.push(component);
        match fs::symlink_metadata(&at) {
            Ok(metadata) if metadata.is_symlink() => return Err(is_a_link(&at)),
            Ok(_) => {}
            // What is made there is no link.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Takes a directory or a file away from all but its owner, unless it is the owner's alone already.
pub(super) fn close_to_others(path: &Path) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS)).map_err(|error| {
        if error.kind() != io::ErrorKind::PermissionDenied {
            return error;
        }
        io::Error::new(
            error.kind(),
            format!(
                "other users can get at it (mode {mode:04o}), and it belongs to another user (uid {}), who alone can change \
                 that; use a directory of your own, or a new one inside it, or have its owner call `chmod -R go-rwx` on it",
                metadata.uid()
            ),
        )
    })
}

/// Why a data directory could not be made, said better than "File exists".
pub(super) fn explain_root(root: &Path, error: io::Error) -> io::Error {
    // With a slash behind its name a link would be followed.
    let root: &Path = &root.components().collect::<PathBuf>();
    if error.kind() == io::ErrorKind::NotADirectory
        && let Some(file) = root.ancestors().skip(1).find(|above| above.is_file())
    {
        let reason = format!("{} is a file, and no directory can be in it; choose another", file.display());
        return io::Error::new(io::ErrorKind::NotADirectory, reason);
    }
    let Ok(metadata) = fs::symlink_metadata(root) else { return error };
    if metadata.is_symlink() && fs::metadata(root).is_err() {
        let target = fs::read_link(root).unwrap_or_else(|_| PathBuf::from("nothing"));
        let reason = format!(
            "it is a symbolic link to {}, which is not there; make that directory (or mount it), or remove the link",
            target.display()
        );
        return io::Error::new(io::ErrorKind::NotFound, reason);
    }
    if metadata.is_file() {
        let reason = "there is a file of that name; choose a directory";
        return io::Error::new(io::ErrorKind::NotADirectory, reason);
    }
    error
}

fn is_a_link(path: &Path) -> io::Error {
    let name = path.display();
    let reason = if path.file_name() == Some(super::LOCK_FILE.as_ref()) {
        format!("{name} is a symbolic link, and the log follows none inside its directory; remove the link")
    } else {
        format!(
            "{name} is a symbolic link, and the log follows none inside its directory; move what it points to to its place \
             (the data directory as a whole may be a link)"
        )
    };
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}
