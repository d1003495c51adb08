use crate::files;
use stand_in::commands::lock;
use stand_in::run::watch::Files;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(30);

#[test]
fn every_change_is_seen() {
    let folder = files::folder(&[]);
    let root = folder.path();
    let write = |path: &str, text: &str| {
        std::fs::create_dir_all(root.join(path).parent().expect("a parent")).expect("a folder");
        std::fs::write(root.join(path), text).expect("a file");
    };
    for path in [
        "src/functions/a.rs",
        "a/function.json",
        "host.json",
        "README.md",
        "target/x/function.json",
    ] {
        write(path, "1");
    }
    let before = Files::of(root);
    assert_eq!(before.difference(&Files::of(root)), None);
    for path in [
        "README.md",
        "target/debug/y",
        "src/functions/.unfinished-a.rs",
    ] {
        write(path, "more");
        assert_eq!(before.difference(&Files::of(root)), None);
    }
    for path in [
        "src/functions/a.rs",
        "a/function.json",
        "host.json",
        "b/function.json",
        "Cargo.toml",
        "src/new.rs",
    ] {
        let before = Files::of(root);
        write(path, "longer");
        assert_eq!(before.difference(&Files::of(root)), Some(root.join(path)));
    }
    let before = Files::of(root);
    std::fs::remove_file(root.join("src/new.rs")).expect("removed");
    assert_eq!(
        before.difference(&Files::of(root)),
        Some(root.join("src/new.rs"))
    );
}

/// A command such as `make new`, which writes several files, is one change.
#[test]
fn a_change_ends_with_the_command_that_makes_it() {
    let folder = files::folder(&[("host.json", "1"), ("target/x", "")]);
    let root = folder.path();
    let lock = lock::take(root, "new").expect("the lock");
    let (sender, changes) = channel();
    let mut seen = Files::of(root);
    let watched = root.to_owned();
    std::thread::spawn(
        move || {
            while sender.send(seen.wait_for_change(&watched)).is_ok() {}
        },
    );
    for name in ["a", "b", "c"] {
        let file = root.join(name).join("function.json");
        std::fs::create_dir_all(root.join(name)).expect("a folder");
        std::fs::write(file, "{}").expect("a file");
        assert!(changes.recv_timeout(Duration::from_millis(200)).is_err());
    }
    drop(lock);
    let first = changes.recv_timeout(DEADLINE).expect("a change");
    assert_eq!(first, Path::new("a").join("function.json"));
    // The others came with it; this is the next change.
    std::fs::write(root.join("host.json"), "longer").expect("a file");
    let next = changes.recv_timeout(DEADLINE).expect("a change");
    assert_eq!(next, Path::new("host.json"));
}
