use crate::files::folder;
use stand_in::commands::changes::Changes;
use stand_in::commands::lock;
use std::fs;
use std::path::Path;

/// The files and folders in a folder, in their order.
fn entries(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string());
    let mut names: Vec<String> = names.map(Result::unwrap).collect();
    names.sort();
    names
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap()
}

#[test]
fn all_changes_are_made() {
    let folder = folder(&[("old", "old"), ("moved/deep", "moved")]);
    let root = folder.path();
    let mut changes = Changes::default();
    changes.write("old", "first");
    changes.write("old", "second");
    changes.write("new/deep/file", "text");
    changes.rename("moved", "away/there");
    assert_eq!(changes.read(root, "old").unwrap(), "second");
    assert_eq!(changes.read(root, "moved/deep").unwrap(), "moved");
    changes.apply(root, "").unwrap();
    assert_eq!(entries(root), ["away", "new", "old"]);
    assert_eq!(entries(&root.join("new/deep")), ["file"]);
    assert_eq!(read(root, "old"), "second");
    assert_eq!(read(root, "new/deep/file"), "text");
    assert_eq!(read(root, "away/there/deep"), "moved");
}

#[test]
fn a_change_that_cannot_be_made_changes_nothing() {
    // A file cannot hold another, whether it is written or moved to.
    for (written, to) in [
        ("old/file", "away"),
        ("fine", "old/away"),
        ("fine/file", "old/file/x"),
    ] {
        let folder = folder(&[("old", "old"), ("moved", "moved")]);
        let mut changes = Changes::default();
        changes.write("old", "new");
        changes.write("fresh/deep/file", "text");
        changes.write(written, "text");
        changes.rename("moved", to);
        changes.rename("missing", "away");
        changes.apply(folder.path(), "").unwrap_err();
        assert_eq!(entries(folder.path()), ["moved", "old"], "{written} {to}");
        assert_eq!(read(folder.path(), "old"), "old");
    }
}

#[test]
fn what_fails_in_the_middle_says_what_was_done_and_the_way_back() {
    let folder = folder(&[("old", "old"), ("full/file", "")]);
    let mut changes = Changes::default();
    changes.write("old", "new");
    // No file takes the place of a folder.
    changes.write("full", "text");
    let error = changes
        .apply(folder.path(), "git checkout . brings it back.")
        .unwrap_err();
    assert!(error.starts_with("full: "), "{error}");
    let end = "Before that, this was done: old is written. git checkout . brings it back.";
    assert!(error.ends_with(end), "{error}");
    assert_eq!(entries(folder.path()), ["full", "old"]);
}

#[test]
fn what_a_killed_command_left_behind_is_replaced() {
    let folder = folder(&[("old", "old"), (".unfinished-old", "half of a te")]);
    let mut changes = Changes::default();
    changes.write("old", "new");
    changes.apply(folder.path(), "").unwrap();
    assert_eq!(entries(folder.path()), ["old"]);
    assert_eq!(read(folder.path(), "old"), "new");
}

#[cfg(unix)]
#[test]
fn modes_and_links_stay_and_a_read_only_file_is_left_alone() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder(&[("file", "old"), ("read-only", "old")]);
    let root = folder.path();
    let set = |file: &str, mode| {
        fs::set_permissions(root.join(file), fs::Permissions::from_mode(mode)).unwrap();
    };
    set("file", 0o751);
    set("read-only", 0o444);
    symlink("file", root.join("link")).unwrap();
    let mut changes = Changes::default();
    changes.write("link", "new");
    changes.apply(root, "").unwrap();
    assert!(root.join("link").is_symlink());
    assert_eq!(read(root, "file"), "new");
    assert_eq!(
        root.join("file").metadata().unwrap().permissions().mode() & 0o777,
        0o751
    );
    let mut changes = Changes::default();
    changes.write("file", "newer");
    changes.write("read-only", "new");
    let error = changes.apply(root, "").unwrap_err();
    assert_eq!(error, "read-only: it is read-only");
    assert_eq!(read(root, "file"), "new");
}

/// /dev/shm is a disk of its own on most Linux machines.
#[cfg(target_os = "linux")]
#[test]
fn what_is_moved_to_another_disk_arrives_whole() {
    use std::os::unix::fs::{MetadataExt, symlink};
    let folder = folder(&[("from/deep/file", "text"), ("from/other", "")]);
    let root = folder.path();
    let other = Path::new("/dev/shm").join(format!("changes-{}", std::process::id()));
    let Ok(()) = fs::create_dir(&other) else {
        return;
    };
    assert_ne!(
        root.metadata().unwrap().dev(),
        other.metadata().unwrap().dev()
    );
    symlink(&other, root.join("target")).unwrap();
    let mut changes = Changes::default();
    changes.rename("from", "target/removed/from");
    let moved = changes.apply(root, "");
    let arrived = fs::read_to_string(other.join("removed/from/deep/file"));
    let mut changes = Changes::default();
    changes.rename("target/removed/from", "back");
    // It fails in the first part, and what was copied is gone again.
    changes.rename("missing/file", "target/x");
    let refused = changes.apply(root, "");
    let still = other.join("removed/from/other").exists();
    fs::remove_dir_all(&other).unwrap();
    assert_eq!((moved, arrived.unwrap().as_str()), (Ok(()), "text"));
    assert!(refused.is_err() && still);
    assert_eq!(entries(root), ["target"]);
}

#[test]
fn a_lock_is_held_by_one_command_and_freed_with_it() {
    let folder = folder(&[]);
    let held = lock::take(folder.path(), "new").unwrap();
    let refused = lock::take(folder.path(), "mine").err().unwrap();
    let holder = format!("make new (process {}) is at work", std::process::id());
    assert!(refused.starts_with(&holder), "{refused}");
    drop(held);
    lock::take(folder.path(), "mine").unwrap();
}
