use crate::files;
use stand_in::commands::lock;
use stand_in::run::watch::Files;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(30);

#[test]
fn every_change_is_seen() {
    let paths = ["src/functions/a.rs", "a/function.json", "host.json"];
    let folder = files::folder(&paths.map(|path| (path, "1")));
    let root = folder.path();
    let changed = |path: &str| {
        let before = Files::of(root);
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        std::fs::write(file, "longer").expect("a file");
        before.difference(&Files::of(root))
    };
    for path in [
        "README.md",
        "target/x/function.json",
        "src/functions/.unfinished-a.rs",
    ] {
        assert_eq!(changed(path), None);
    }
    let new = ["b/function.json", "b/tool.json", "Cargo.toml", "src/new.rs"];
    for path in paths.into_iter().chain(new) {
        assert_eq!(changed(path), Some(root.join(path)));
    }
    let (before, file) = (Files::of(root), root.join("src/new.rs"));
    std::fs::remove_file(&file).expect("removed");
    assert_eq!(before.difference(&Files::of(root)), Some(file));
}

/// A command such as `make new`, which writes several files, is one change.
#[test]
fn a_change_ends_with_the_command_that_makes_it() {
    let folder = files::folder(&[("host.json", "1"), ("target/x", "")]);
    let root = folder.path();
    let lock = lock::take(root, "new").expect("the lock");
    let (sender, changes) = channel();
    let (mut seen, watched) = (Files::of(root), root.to_owned());
    std::thread::spawn(move || {
        let mut next = || sender.send(seen.wait_for_change(&watched));
        while next().is_ok() {}
    });
    for name in ["a", "b", "c"] {
        let file = root.join(name).join("function.json");
        std::fs::create_dir_all(root.join(name)).expect("a folder");
        std::fs::write(file, "{}").expect("a file");
        assert!(changes.recv_timeout(Duration::from_millis(200)).is_err());
    }
    drop(lock);
    let next = || changes.recv_timeout(DEADLINE).expect("a change");
    assert_eq!(next(), Path::new("a").join("function.json"));
    // The others came with it; this is the next change.
    std::fs::write(root.join("host.json"), "longer").expect("a file");
    assert_eq!(next(), Path::new("host.json"));
}
