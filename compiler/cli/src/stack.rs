//! A stack's directory: files written whole, unchanged ones left alone, what no longer belongs removed.
//!
//! All new text is first written into a directory beside the files it will replace; only when all of it is on disk is each
//! file renamed into place. An error before that leaves the directory as it was. A crash between two renames leaves whole
//! files, some new, some old, and the next build finishes the work.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use evc_compiler::emit::{File, Files, each};

/// The file that lists what evc wrote, so that it removes nothing else.
pub const MANIFEST: &str = ".evc-manifest";

/// Where new text waits until all of it is there.
const STAGING: &str = ".evc-staging";

/// The files there; beside them stands the manifest.
const STAGED: &str = "files";

/// How many files one thread looks at or writes: a thread of its own pays only for many.
const AT_ONCE: usize = 500;

/// What writing a stack did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Files that are new or have other bytes than before.
    pub changed: usize,
    /// Files that were as they should be.
    pub unchanged: usize,
    /// Files that no longer belong and were removed.
    pub removed: usize,
}

/// Why a stack could not be written.
#[derive(Debug)]
pub(super) enum Error {
    /// Something with a path failed.
    Io(PathBuf, io::Error),
    /// Files in the way that evc did not write.
    NotOurs(Vec<String>),
    /// A symbolic link in the stack's directory, which leads elsewhere.
    Link(PathBuf),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "cannot write `{}`: {error}", path.display()),
            Self::Link(path) => {
                write!(f, "`{}` is a symbolic link, and evc writes and removes nothing through one", path.display())
            }
            Self::NotOurs(files) => {
                write!(f, "these files are in the way, and evc did not write them:")?;
                files.iter().try_for_each(|file| write!(f, "\n  {file}"))
            }
        }
    }
}

/// Writes `files` into `directory`, and removes what an earlier build wrote and this one does not. Files that evc did not
/// write are replaced only with `force`. `once` files are written only where there is none yet.
pub(super) fn write(directory: &Path, files: &Files, force: bool) -> Result<Written, Error> {
    for path in [MANIFEST, STAGING] {
        no_links(directory, path)?;
    }
    let before = manifest(directory)?;
    for path in files.iter().map(|file| file.path).chain(before.iter().map(String::as_str)) {
        no_links(directory, path)?;
    }
    let mut written = Written::default();
    let mut changed = Vec::new();
    let mut foreign = Vec::new();
    let files: Vec<File<'_>> = files.iter().collect();
    for (file, found) in files.iter().zip(each(&files, AT_ONCE, |file| look(directory, file))) {
        match found? {
            Found::Missing => changed.push(*file),
            Found::Other if file.once => written.unchanged += 1,
            Found::Other if !force && !before.contains(file.path) => {
                foreign.push(directory.join(file.path).display().to_string());
            }
            Found::Other => changed.push(*file),
            Found::Same => written.unchanged += 1,
        }
    }
    if !foreign.is_empty() {
        return Err(Error::NotOurs(foreign));
    }
    let now: BTreeSet<String> = files.iter().filter(|file| !file.once).map(|file| file.path.to_owned()).collect();
    let stale: Vec<&String> = before.iter().filter(|path| !now.contains(*path)).collect();
    if changed.is_empty() && stale.is_empty() && before == now {
        return Ok(written);
    }

    let staging = directory.join(STAGING);
    let staged = stage(&staging, &changed).and_then(|()| {
        let target = staging.join(MANIFEST);
        fs::write(&target, listing(&now)).map_err(|error| Error::Io(target, error))
    });
    if let Err(error) = staged {
        // The error that stopped the build is worth more than one about cleaning up after it.
        let _ = fs::remove_dir_all(&staging);
        return Err(error);
    }
    place(&staging.join(STAGED), directory)?;
    written.changed = changed.len();
    for path in stale {
        written.removed += usize::from(remove(directory, path)?);
    }
    // Last: until then the one before says what may be removed.
    rename(&staging.join(MANIFEST), &directory.join(MANIFEST))?;
    fs::remove_dir_all(&staging).map_err(|error| Error::Io(staging, error))?;
    Ok(written)
}

/// Writes files that people go on with into a directory that has none of them. An error leaves the directory as it was.
pub(super) fn create(directory: &Path, files: &Files) -> Result<(), Error> {
    for path in files.iter().map(|file| file.path).chain([STAGING]) {
        no_links(directory, path)?;
    }
    let files: Vec<File<'_>> = files.iter().collect();
    let blocked = files.iter().filter_map(|file| in_the_way(directory, file.path));
    let blocked: BTreeSet<PathBuf> = blocked.collect();
    if !blocked.is_empty() {
        return Err(Error::NotOurs(blocked.iter().map(|path| path.display().to_string()).collect()));
    }
    let made = directory.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists()).last();
    let staging = directory.join(STAGING);
    let done = stage(&staging, &files).and_then(|()| place(&staging.join(STAGED), directory));
    // What stopped it is worth more than a trouble with what is left over.
    let _ = fs::remove_dir_all(&staging);
    if done.is_err() {
        for file in &files {
            let _ = remove(directory, file.path);
        }
        let _ = made.map(fs::remove_dir_all);
    }
    done
}

/// What keeps a new file from its path: something that stands there, or a file where a folder above it is to be.
fn in_the_way(directory: &Path, path: &str) -> Option<PathBuf> {
    let target = directory.join(path);
    let above = target.ancestors().skip(1).take_while(|folder| *folder != directory).find(|folder| folder.is_file());
    above.map(Path::to_owned).or_else(|| target.exists().then_some(target))
}

/// What stands where a file is to be.
enum Found {
    Missing,
    Same,
    Other,
}

fn look(directory: &Path, file: &File<'_>) -> Result<Found, Error> {
    let target = directory.join(file.path);
    match fs::read(&target) {
        Ok(bytes) if bytes == file.text.as_bytes() => Ok(Found::Same),
        Ok(_) => Ok(Found::Other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Missing),
        Err(error) => Err(Error::Io(target, error)),
    }
}

/// Writes a file that people go on with, unless there is one. Says whether it did.
pub(super) fn write_new(path: &Path, text: &str) -> Result<bool, Error> {
    create_parent(path)?;
    let failed = |error| Error::Io(path.to_owned(), error);
    match fs::File::create_new(path) {
        Ok(mut file) => io::Write::write_all(&mut file, text.as_bytes()).map(|()| true).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// Replaces a file by new text, whole or not at all.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), Error> {
    create_parent(path)?;
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".evc-new");
    let new = path.with_file_name(name);
    fs::write(&new, text).map_err(|error| Error::Io(new.clone(), error))?;
    rename(&new, path)
}

/// Refuses a path below `directory` that goes through a symbolic link, or is one: what is written stays in the directory. The
/// directory itself may be reached through one.
fn no_links(directory: &Path, path: &str) -> Result<(), Error> {
    let mut place = directory.to_owned();
    for part in Path::new(path).components() {
        place.push(part);
        match fs::symlink_metadata(&place) {
            Ok(found) if found.is_symlink() => return Err(Error::Link(place)),
            Ok(_) => {}
            // What is not there yet is made, and is no link then.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => break,
            Err(error) => return Err(Error::Io(place, error)),
        }
    }
    Ok(())
}

/// The paths an earlier build wrote. A line that leads out of the directory is nobody's doing and is skipped.
fn manifest(directory: &Path) -> Result<BTreeSet<String>, Error> {
    let path = directory.join(MANIFEST);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let inside =
                |line: &&str| Path::new(line).components().all(|part| matches!(part, std::path::Component::Normal(_)));
            Ok(text
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .filter(inside)
                .map(str::to_owned)
                .collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(Error::Io(path, error)),
    }
}

/// The text of a manifest: the paths that evc wrote.
pub(super) fn listing(paths: &BTreeSet<String>) -> String {
    let list: String = paths.iter().map(|path| format!("{path}\n")).collect();
    format!("# What evc wrote here. It replaces and removes these files, and no others.\n{list}")
}

/// Writes everything that is to be renamed into place.
fn stage(staging: &Path, changed: &[File<'_>]) -> Result<(), Error> {
    if staging.exists() {
        fs::remove_dir_all(staging).map_err(|error| Error::Io(staging.to_owned(), error))?;
    }
    let staged = staging.join(STAGED);
    let folders: BTreeSet<Option<&Path>> = changed.iter().map(|file| Path::new(file.path).parent()).collect();
    for folder in std::iter::once(Path::new("")).chain(folders.into_iter().flatten()) {
        let folder = staged.join(folder);
        fs::create_dir_all(&folder).map_err(|error| Error::Io(folder, error))?;
    }
    let written = each(changed, AT_ONCE, |File { path, text, .. }| {
        let target = staged.join(path);
        fs::write(&target, text).map_err(|error| Error::Io(target, error))
    });
    written.into_iter().collect()
}

/// Moves all that is in one directory into another. What is new there moves whole, with all that is in it.
fn place(from: &Path, to: &Path) -> Result<(), Error> {
    let unreadable = |error| Error::Io(from.to_owned(), error);
    for entry in fs::read_dir(from).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() && to.is_dir() {
            place(&from, &to)?;
        } else {
            rename(&from, &to)?;
        }
    }
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(|error| Error::Io(to.to_owned(), error))
}

fn create_parent(path: &Path) -> Result<(), Error> {
    let Some(parent) = path.parent() else { return Ok(()) };
    fs::create_dir_all(parent).map_err(|error| Error::Io(parent.to_owned(), error))
}

/// Removes a file and the directories that it leaves empty. Says whether it was there.
fn remove(directory: &Path, path: &str) -> Result<bool, Error> {
    let target = directory.join(path);
    match fs::remove_file(&target) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::Io(target, error)),
    }
    for parent in target.ancestors().skip(1).take_while(|parent| *parent != directory) {
        // A directory that is not empty stays; so do those above it.
        if fs::remove_dir(parent).is_err() {
            break;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        let mut files = Files::default();
        for (path, text) in list {
            files.add(*path, *text);
        }
        files
    }

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("evc-stack-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn a_second_build_touches_nothing() {
        let directory = scratch("twice");
        let first = write(&directory, &files(&[("a.txt", "1"), ("b/c.txt", "2")]), false).unwrap();
        assert_eq!(first, Written { changed: 2, unchanged: 0, removed: 0 });
        let modified = fs::metadata(directory.join("a.txt")).unwrap().modified().unwrap();
        let second = write(&directory, &files(&[("a.txt", "1"), ("b/c.txt", "2")]), false).unwrap();
        assert_eq!(second, Written { changed: 0, unchanged: 2, removed: 0 });
        assert_eq!(fs::metadata(directory.join("a.txt")).unwrap().modified().unwrap(), modified);
        assert!(!directory.join(STAGING).exists());
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn what_no_longer_belongs_goes_and_what_is_not_ours_stays() {
        let directory = scratch("stale");
        write(&directory, &files(&[("a.txt", "1"), ("old/b.txt", "2"), ("old2/c.txt", "3")]), false).unwrap();
        fs::write(directory.join("old2/mine.txt"), "mine").unwrap();
        let written = write(&directory, &files(&[("a.txt", "1")]), false).unwrap();
        assert_eq!(written, Written { changed: 0, unchanged: 1, removed: 2 });
        assert!(!directory.join("old").exists());
        assert_eq!(fs::read_to_string(directory.join("old2/mine.txt")).unwrap(), "mine");
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_foreign_file_is_replaced_only_by_force() {
        let directory = scratch("foreign");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("template.yaml"), "mine").unwrap();
        let build = files(&[("template.yaml", "ours"), ("other.txt", "ours")]);
        assert!(matches!(write(&directory, &build, false), Err(Error::NotOurs(files)) if files.len() == 1));
        assert!(!directory.join("other.txt").exists());
        write(&directory, &build, true).unwrap();
        assert_eq!(fs::read_to_string(directory.join("template.yaml")).unwrap(), "ours");
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_manifest_cannot_reach_outside() {
        let directory = scratch("escape");
        fs::create_dir_all(directory.join("stack")).unwrap();
        fs::write(directory.join("precious.txt"), "mine").unwrap();
        fs::write(directory.join("stack").join(MANIFEST), "../precious.txt\n/etc/passwd\n").unwrap();
        write(&directory.join("stack"), &files(&[("a.txt", "1")]), false).unwrap();
        assert!(directory.join("precious.txt").exists());
        fs::remove_dir_all(directory).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_or_removed_through_a_link() {
        for link in ["functions", "functions/old.rs", MANIFEST, STAGING] {
            let scratch = scratch("links");
            let (stack, elsewhere) = (scratch.join("stack"), scratch.join("elsewhere"));
            fs::create_dir_all(&elsewhere).unwrap();
            fs::write(elsewhere.join("old.rs"), "mine").unwrap();
            write(&stack, &files(&[("functions/old.rs", "ours")]), false).unwrap();
            let place = stack.join(link);
            let _ = if place.is_dir() { fs::remove_dir_all(&place) } else { fs::remove_file(&place) };
            let target = if place.extension().is_some() { elsewhere.join("old.rs") } else { elsewhere.clone() };
            std::os::unix::fs::symlink(target, &place).unwrap();
            // With the file, and without it, so that it is to be removed.
            for build in [files(&[("functions/old.rs", "new")]), files(&[("a.txt", "1")])] {
                let error = write(&stack, &build, true).unwrap_err();
                assert!(matches!(&error, Error::Link(at) if *at == place), "{link}: {error}");
            }
            assert_eq!(fs::read_to_string(elsewhere.join("old.rs")).unwrap(), "mine", "{link}");
            assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1, "{link}");
            fs::remove_dir_all(scratch).unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_directory_itself_may_be_a_link() {
        let scratch = scratch("linked");
        fs::create_dir_all(scratch.join("real")).unwrap();
        std::os::unix::fs::symlink(scratch.join("real"), scratch.join("stack")).unwrap();
        write(&scratch.join("stack"), &files(&[("a/b.txt", "1")]), false).unwrap();
        assert_eq!(fs::read_to_string(scratch.join("real/a/b.txt")).unwrap(), "1");
        fs::remove_dir_all(scratch).unwrap();
    }

    #[test]
    fn what_is_created_is_all_there_or_not_at_all() {
        let directory = scratch("created").join("project");
        let project = files(&[("a.txt", "1"), ("b/c.txt", "2")]);
        create(&directory, &project).unwrap();
        assert_eq!(fs::read_to_string(directory.join("b/c.txt")).unwrap(), "2");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
        // All of it is in the way; then a folder where a file should be, and a file where a folder should be.
        let blocked = |files: &Files| match create(&directory, files) {
            Err(Error::NotOurs(paths)) => paths.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!(blocked(&project), 2);
        assert_eq!(blocked(&files(&[("new.txt", "3"), ("b", "3"), ("a.txt/d.txt", "3")])), 2);
        assert!(!directory.join("new.txt").exists());
        create(&directory, &files(&[("b/new.txt", "3")])).unwrap();
        // No file has such a name: writing fails, and what had to be made for it goes.
        let long = "x".repeat(300);
        let elsewhere = directory.join("not/there/yet");
        assert!(create(&elsewhere, &files(&[("a.txt", "1"), (&long, "2")])).is_err());
        assert!(!directory.join("not").exists());
        fs::remove_dir_all(scratch("created")).unwrap_or_default();
    }

    #[test]
    fn a_failed_build_leaves_everything_as_it_was() {
        let directory = scratch("failed");
        write(&directory, &files(&[("a.txt", "1")]), false).unwrap();
        // A directory stands where the second file should go, so that it cannot be read.
        fs::create_dir_all(directory.join("b.txt")).unwrap();
        assert!(write(&directory, &files(&[("a.txt", "2"), ("b.txt", "2")]), false).is_err());
        assert_eq!(fs::read_to_string(directory.join("a.txt")).unwrap(), "1");
        assert!(!directory.join(STAGING).exists());
        fs::remove_dir_all(directory).unwrap();
    }
}
