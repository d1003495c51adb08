use crate::files::folder;
use stand_in::commands::changes::Changes;
use std::fs;
use std::path::Path;

/// Changes of the files `old`, `moved` and `full/file`: files to write and to rename.
fn change(root: &Path, written: &[&str], moved: &[(&str, &str)]) -> Result<(), String> {
    let mut changes = Changes::new(root);
    for path in written {
        changes.write(*path, "new");
    }
    for (from, to) in moved {
        changes.rename(*from, *to);
    }
    changes.apply("git checkout . brings it back.")
}

/// All files below a folder with their texts, and the empty folders.
fn tree(folder: &Path) -> String {
    let mut lines = Vec::new();
    add(folder, "", &mut lines);
    lines.sort();
    lines.join(", ")
}

fn add(folder: &Path, before: &str, lines: &mut Vec<String>) {
    let count = lines.len();
    for entry in folder.read_dir().unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        match path.is_dir() {
            true => add(&path, &format!("{before}{name}/"), lines),
            false => {
                let text = fs::read_to_string(path).unwrap();
                lines.push(format!("{before}{name} {text}"));
            }
        }
    }
    if lines.len() == count {
        lines.push(before.to_owned());
    }
}

#[test]
fn all_changes_are_made() {
    let folder = folder(&[("old", "old"), ("moved/deep", "moved")]);
    let root = folder.path();
    let mut changes = Changes::new(root);
    changes.write("old", "first");
    changes.write("old", "second");
    changes.edit("moved/deep", str::to_owned).unwrap();
    let edited = changes.edit("old", |text| format!("{text}!"));
    edited.unwrap();
    // Names may have up to 255 bytes.
    let long = "x".repeat(255);
    let new = format!("new/{long}/{long}");
    changes.write(&new, "text");
    changes.rename("moved", "away/there");
    assert_eq!(changes.read("old").unwrap(), "second!");
    assert_eq!(changes.read("moved/deep").unwrap(), "moved");
    assert_eq!(changes.written(), ["old", &new]);
    changes.apply("").unwrap();
    let all = format!("away/there/deep moved, {new} text, old second!");
    assert_eq!(tree(root), all);
}

#[test]
fn a_change_that_cannot_be_made_changes_nothing() {
    for (written, from, to) in [
        // A file cannot contain another file.
        ("old/file", "moved", "away"),
        ("fine", "moved", "old/away"),
        ("fine/file", "moved", "old/file/x"),
        ("fine", "missing", "away"),
    ] {
        let folder = folder(&[("old", "old"), ("moved", "moved")]);
        let written = ["old", "fresh/deep/file", written];
        let refused = change(folder.path(), &written, &[(from, to)]);
        assert!(refused.is_err(), "{written:?} {from} {to}");
        assert_eq!(tree(folder.path()), "moved moved, old old", "{refused:?}");
    }
}

#[test]
fn what_fails_in_the_middle_says_what_was_done_and_the_way_back() {
    let folder = folder(&[("old", "old"), ("full/file", "")]);
    // A file does not replace a folder.
    let error = change(folder.path(), &["old", "full"], &[]).unwrap_err();
    assert!(error.starts_with("full: "), "{error}");
    let end = "Before that, this was done: old is written. git checkout . brings it back.";
    assert!(error.ends_with(end), "{error}");
    assert_eq!(tree(folder.path()), "full/file , old new");
}

#[cfg(unix)]
#[test]
fn modes_and_links_stay_and_a_read_only_file_is_left_alone() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder(&[("file", "old"), ("read-only", "old")]);
    let root = folder.path();
    for (file, mode) in [("file", 0o751), ("read-only", 0o444)] {
        fs::set_permissions(root.join(file), fs::Permissions::from_mode(mode)).unwrap();
    }
    symlink("file", root.join("link")).unwrap();
    change(root, &["link"], &[]).unwrap();
    assert!(root.join("link").is_symlink());
    let mode = root.join("file").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o751);
    let error = change(root, &["other", "read-only"], &[]).unwrap_err();
    assert_eq!(error, "read-only: it is read-only");
    assert_eq!(tree(root), "file new, link new, read-only old");
}

/// On most Linux machines /dev/shm is another disk.
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
    let disk = |path: &Path| path.metadata().unwrap().dev();
    assert_ne!(disk(root), disk(&other));
    symlink(&other, root.join("target")).unwrap();
    let moved = change(root, &[], &[("from", "target/gone/from")]);
    let arrived = tree(root);
    // The first move fails, and its copy is removed.
    let back = [("target/gone/from", "back"), ("missing/file", "target/x")];
    let refused = change(root, &[], &back);
    let left = tree(root);
    fs::remove_dir_all(&other).unwrap();
    assert_eq!(moved, Ok(()));
    let all = "target/gone/from/deep/file text, target/gone/from/other ";
    assert_eq!(arrived, all);
    assert!(refused.is_err());
    assert_eq!(left, arrived);
}
