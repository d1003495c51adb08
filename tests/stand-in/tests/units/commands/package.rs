use crate::files::{Folder, folder};
use stand_in::commands::package::{azure, runs_in_azure};
use stand_in::commands::zip::Zip;
use std::fs;

/// The head of a 64-bit ELF file with program headers of these kinds.
fn elf(machine: u8, kinds: &[u8]) -> Vec<u8> {
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(64 + 56 * kinds.len(), 0);
    (elf[18], elf[32], elf[54], elf[56]) = (machine, 64, 56, kinds.len() as u8);
    for (index, kind) in kinds.iter().enumerate() {
        elf[64 + 56 * index] = *kind;
    }
    elf
}

#[test]
fn only_a_static_binary_for_x86_64_runs_in_azure() {
    assert!(runs_in_azure(&elf(62, &[1, 1, 4])));
    let (arm, dynamic, cut) = (elf(183, &[1]), elf(62, &[6, 3, 1]), elf(62, &[1, 3]));
    for binary in [&arm, &dynamic, &cut[..150], b"MZ\x90\0", b"#!/bin/sh", b""] {
        assert!(!runs_in_azure(binary), "{binary:?}");
    }
}

/// An app with files of every kind, and this handler for Azure.
fn app(handler: &[u8]) -> Folder {
    let host = r#"{"customHandler": {"description": {"defaultExecutablePath": "shop"}}}"#;
    let folder = folder(&[
        ("host.json", host),
        (".funcignore", ".*\n*.md\n*/*.md\n*.toml\ntarget/*\nsrc/*\n"),
        ("Cargo.toml", "x"),
        ("README.md", "x"),
        ("local.settings.json", "secret"),
        ("shop", "the one for this machine"),
        ("prices.json", "{}"),
        ("hello/function.json", "{}"),
        ("hello/README.md", "x"),
        ("hello/words.txt", "words"),
        ("data/deep/list.csv", "a;b"),
        ("data/local.settings.json", "secret"),
        ("data/.vscode/x", "x"),
        ("src/main.rs", "x"),
        ("target/publish/stale", "from before"),
    ]);
    fs::write(folder.path().join("target/handler-for-azure"), handler).unwrap();
    folder
}

#[test]
fn what_funcignore_lets_through_is_packed_and_listed() {
    let handler = elf(62, &[1]);
    let folder = app(&handler);
    let root = folder.path();
    let listed = azure(root).unwrap();
    let expected = [
        "         3  data/deep/list.csv",
        "         2  hello/function.json",
        "         5  hello/words.txt",
        "        69  host.json",
        "         2  prices.json",
        "       120  shop",
    ];
    assert_eq!(listed, expected);
    let published = root.join("target/publish");
    assert_eq!(fs::read(published.join("shop")).unwrap(), handler);
    assert!(!published.join("stale").exists());
    let zipped = fs::read(root.join("target/publish.zip")).unwrap();
    let mut zip = Zip::default();
    for file in expected.map(|line| &line[12..]) {
        let mode = if file == "shop" { 0o755 } else { 0o644 };
        let bytes = fs::read(published.join(file)).unwrap();
        zip.add(file, mode, &bytes).unwrap();
    }
    assert!(zip.finish().unwrap() == zipped);
}

#[test]
fn an_exception_in_a_folder_that_is_left_out_is_packed() {
    let folder = app(&elf(62, &[1]));
    let patterns = "*\n!src/main.rs\n!host.json\n";
    fs::write(folder.path().join(".funcignore"), patterns).unwrap();
    let listed = azure(folder.path()).unwrap().join("\n");
    assert!(listed.contains("  src/main.rs"), "{listed}");
    assert!(!listed.contains("prices.json"), "{listed}");
}

#[test]
fn a_handler_for_another_machine_is_refused() {
    let folder = app(&elf(183, &[1]));
    let refused = azure(folder.path()).unwrap_err();
    assert!(refused.contains("would not run in Azure"), "{refused}");
    assert!(folder.path().join("target/publish/stale").exists());
}

#[cfg(unix)]
#[test]
fn modes_stay_and_a_link_to_a_folder_is_refused_and_never_followed_for_ever() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = app(&elf(62, &[1]));
    let root = folder.path();
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(root.join("target/handler-for-azure"), mode).unwrap();
    azure(root).unwrap();
    let handler = root.join("target/publish/shop").metadata().unwrap();
    assert_eq!(handler.permissions().mode() & 0o777, 0o755);
    symlink(".", root.join("hello/again")).unwrap();
    let refused = azure(root).unwrap_err();
    let words = "hello/again is a link to a folder";
    assert!(refused.starts_with(words), "{refused}");
}
