//! What it takes for a file to be on the disk, whole or not at all: its content is synced, and so is the directory that
//! names it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

/// How the names of files begin that are not whole yet.
const UNFINISHED: &str = ".memhost-part-";

/// Writes a file that appears whole or not at all, for whoever may read its directory; it is on the disk when this
/// returns. What is no file, such as a pipe, is written to.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    write_whole_by(path, |out| out.write_all(content))
}

/// The same of what is written bit by bit. What is there and no file, such as a pipe, is written to as it is.
pub fn write_whole_by(
    path: &Path,
    write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let mut out = BufWriter::new(File::options().write(true).open(path)?);
        write(&mut out)?;
        return out.flush();
    }
    // What a link leads to is replaced, and not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut file = readable_by_all().tempfile_in(parent(&path))?;
    let mut out = BufWriter::new(&mut file);
    write(&mut out)?;
    out.flush()?;
    drop(out);
    put(file, &path, &[])
}

/// Unlike most temporary files.
fn readable_by_all() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// As [`write_whole`], for this user alone.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    put(
        builder.prefix(UNFINISHED).tempfile_in(parent(path))?,
        path,
        content,
    )
}

/// Removes what a process that was killed was about to write in a directory. Nobody may be writing there.
pub fn remove_unfinished(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name
            .to_str()
            .is_some_and(|name| name.starts_with(UNFINISHED))
            && entry.file_type()?.is_file()
        {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn put(mut file: NamedTempFile, path: &Path, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    sync_file(file.as_file(), path)?;
    file.persist(path)?;
    sync_directory(parent(path))
}

/// Creates a directory and what is missing above it; their names are on the disk when this returns.
pub fn create_directories(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = parent(path);
    create_directories(above)?;
    match fs::create_dir(path) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        created => created?,
    }
    sync_directory(above)
}

/// Brings a file's content to the disk; the path is the one that it has or gets.
pub fn sync_file(file: &File, path: &Path) -> io::Result<()> {
    file.sync_data()?;
    noted(path);
    Ok(())
}

/// Brings the names in a directory to the disk.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    // Windows keeps names without being asked, and opens no directories.
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    noted(path);
    Ok(())
}

/// The directory that names a path; `.` for a name alone.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

/// Says what was synced, which tests hear: they cannot pull the plug.
fn noted(path: &Path) {
    tracing::trace!(target: "memhost::synced", path = &*path.to_string_lossy(), "synced");
}

#[cfg(test)]
mod tests {
    use super::*;
    use memhost_testing::synced::{note_synced, synced};

    #[test]
    fn a_file_is_synced_before_its_directory_and_nothing_else_is_left() {
        note_synced();
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        for content in ["one", "two"] {
            write_whole(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        let once = [path, home.path().to_owned()];
        assert_eq!(synced(home.path()), [once.clone(), once].concat());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let taken = home.path().join("taken");
        fs::create_dir(&taken).unwrap();
        assert!(write_whole(&taken, b"x").is_err());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_for_its_user_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let mode = |name: &str| {
            let about = fs::metadata(home.path().join(name)).unwrap();
            about.permissions().mode() & 0o777
        };
        write_private(&home.path().join("private"), b"x").unwrap();
        write_whole(&home.path().join("shared"), b"x").unwrap();
        assert_eq!(mode("private"), 0o600);
        assert_ne!(mode("shared") & 0o044, 0);
    }

    #[test]
    fn directories_are_synced_from_above() {
        note_synced();
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("a/b/c");
        create_directories(&deep).unwrap();
        create_directories(&deep).unwrap();
        assert!(deep.is_dir());
        let above = ["", "a", "a/b"].map(|name| home.path().join(name));
        assert_eq!(synced(home.path()), above);

        fs::write(home.path().join("file"), "").unwrap();
        assert!(create_directories(&home.path().join("file/below")).is_err());
    }
}
