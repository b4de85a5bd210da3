//! Files and folders that only their owner may read: what a run did to an org is nobody else's business.
//!
//! What is absent: where files are, and what is in them. Where a system has no such modes, what it inherits stays.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// Options by which a new file is made for its owner alone. The mode of a file that exists stays as it is.
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a file that does not exist yet.
///
/// # Errors
/// It exists, or cannot be made.
pub fn create_new(path: &Path) -> io::Result<File> {
    options().create_new(true).open(path)
}

/// Makes a folder with those above it that do not exist yet. One that exists stays as it is.
///
/// # Errors
/// It cannot be made.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Whether others than the owner may read, write or enter it. Nothing that does not exist is open to others.
#[cfg(unix)]
pub fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// No system without such modes tells this simply.
#[cfg(not(unix))]
pub fn is_open_to_others(_: &Path) -> bool {
    false
}

/// Takes the rights of others away from a file or folder that has some.
///
/// # Errors
/// It is another user's, or its file system knows no modes.
#[cfg(unix)]
pub fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if !is_open_to_others(path) {
        return Ok(());
    }
    let mut permissions = fs::metadata(path)?.permissions();
    permissions.set_mode(permissions.mode() & 0o700);
    fs::set_permissions(path, permissions)?;
    // Some file systems take the change and keep what they had.
    if is_open_to_others(path) {
        return Err(io::ErrorKind::Unsupported.into());
    }
    Ok(())
}

/// Where a system has no such modes there is nothing to take away.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn restrict(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        let metadata = fs::metadata(path).expect("it is there");
        metadata.permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_the_owners_alone_and_what_was_open_is_restricted() {
        let folder = tempfile::tempdir().expect("a folder");
        let (below, file) = (folder.path().join("a/b"), folder.path().join("a/b/file"));
        create_folder(&below).expect("folders");
        create_new(&file).expect("a file");
        assert_eq!((mode(&below), mode(&file)), (0o700, 0o600));
        assert_eq!(mode(below.parent().expect("a parent")), 0o700);
        for (path, open, closed) in [(&below, 0o755, 0o700), (&file, 0o644, 0o600)] {
            fs::set_permissions(path, fs::Permissions::from_mode(open)).expect("opened");
            assert!(is_open_to_others(path));
            restrict(path).expect("restricted");
            assert_eq!(mode(path), closed);
        }
    }
}
