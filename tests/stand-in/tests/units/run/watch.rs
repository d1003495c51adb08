//! Which files make up an app.

use crate::files;
use stand_in::run::watch::Files;

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
    for path in ["README.md", "target/debug/y"] {
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
