//! The Makefile, run with stand-ins for cargo, func, Azurite and Node.js: what it asks them for, and
//! what becomes of them when make ends.

use stand_in::run::process::wait_for;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// An app of a Makefile, a host.json and these programs.
struct App(PathBuf);

impl App {
    fn new(test: &str, programs: &[(&str, &str)]) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("makefile-{test}"));
        if root.exists() {
            fs::remove_dir_all(&root).unwrap();
        }
        let app = Self(root);
        let makefile = Path::new(env!("CARGO_MANIFEST_DIR")).join("Makefile");
        app.write("Makefile", &fs::read_to_string(makefile).unwrap());
        app.write(
            "host.json",
            r#"{"customHandler": {"description": {"defaultExecutablePath": "shop"}}}"#,
        );
        let usual = [
            ("cc", ""),
            ("rustup", ""),
            ("rustc", "echo /nowhere"),
            ("npx", ""),
        ];
        for (name, script) in usual.iter().chain(programs) {
            let file = format!("bin/{name}");
            app.write(&file, &format!("#!/usr/bin/env bash\n{script}\n"));
            fs::set_permissions(app.0.join(file), fs::Permissions::from_mode(0o755)).unwrap();
        }
        app
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap_or_default()
    }

    fn has(&self, file: &str) -> bool {
        self.0.join(file).exists()
    }

    /// make, with nothing of what the make and the cargo that run this test have set.
    fn make(&self, arguments: &[&str]) -> Command {
        let mut make = Command::new("make");
        let path = std::env::var("PATH").unwrap();
        make.args(arguments)
            .current_dir(&self.0)
            .env("PATH", format!("{}:{path}", self.0.join("bin").display()))
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["CARGO", "MAKE", "MFLAGS", "RUST"]
                .iter()
                .any(|prefix| text.starts_with(prefix))
            {
                make.env_remove(&name);
            }
        }
        make
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// Whether the process runs.
fn runs(pid: &str) -> bool {
    let kill = Command::new("kill")
        .args(["-0", pid])
        .stderr(Stdio::null())
        .status();
    kill.is_ok_and(|status| status.success())
}

/// Starts a child of its own, and ends by no signal but SIGKILL.
const STUBBORN: &str = "trap '' TERM INT HUP; sleep 600 & echo $$ $! >>pids; wait; wait";

#[test]
fn make_start_ends_all_that_it_has_started() {
    let azurite = format!("touch listens; {STUBBORN}");
    let func = format!("[ $1 = --version ] && echo 4.0.6280 && exit; {STUBBORN}");
    let programs = [
        ("azurite", azurite.as_str()),
        ("func", &func),
        // Whether Azurite listens.
        ("node", "[ -e listens ]"),
    ];
    // To make alone, as an IDE ends its task, and to all in the terminal, as Ctrl-C does.
    for (signal, whom) in [("-TERM", ""), ("-INT", "-")] {
        let app = App::new("start", &programs);
        let mut make = app.make(&["-o", "check", "-o", "build", "-o", "node", "start"]);
        let make = make
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut make = make.spawn().unwrap();
        let pids = wait_for("func and Azurite", || {
            let pids: Vec<String> = app
                .read("pids")
                .split_whitespace()
                .map(str::to_owned)
                .collect();
            (pids.len() == 4).then_some(pids)
        });
        assert!(pids.iter().all(|pid| runs(pid)));
        let begun = Instant::now();
        let whom = format!("{whom}{}", make.id());
        Command::new("kill")
            .args([signal, "--", &whom])
            .status()
            .unwrap();
        make.wait().unwrap();
        wait_for("the end of all of them", || {
            (!pids.iter().any(|pid| runs(pid))).then_some(())
        });
        // Two seconds until SIGKILL, and some for a machine that is busy.
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[test]
fn make_start_refuses_a_func_that_runs_no_custom_handlers() {
    let app = App::new(
        "func-5",
        &[(
            "func",
            "[ $1 = --version ] && echo 5.0.0-preview.1 || touch ran",
        )],
    );
    let output = app
        .make(&["-o", "check", "-o", "build", "-o", "node", "start"])
        .output()
        .unwrap();
    let said = said(&output);
    assert!(!output.status.success() && !app.has("ran"), "{said}");
    assert!(
        said.contains("npm i -g azure-functions-core-tools@4"),
        "{said}"
    );
}

#[test]
fn make_clean_keeps_what_is_the_owners() {
    let app = App::new("clean", &[("cargo", "[ $1 = clean ] && rm -rf target")]);
    for file in [
        "target/debug/x",
        "target/removed/a-1/x",
        ".local/x",
        ".azurite/x",
        "shop",
        "deploy.zip",
    ] {
        app.write(file, "");
    }
    let output = app.make(&["clean"]).output().unwrap();
    let words = said(&output);
    assert!(output.status.success(), "{words}");
    for kept in ["target/removed", ".local", ".azurite"] {
        assert!(
            app.has(kept) && words.contains(&format!("rm -rf {kept}\n")),
            "{kept}: {words}"
        );
    }
    assert!(app.has("target/removed/a-1/x"));
    for gone in ["target/debug", "shop", "deploy.zip"] {
        assert!(!app.has(gone), "{gone}");
    }
    fs::remove_dir_all(app.0.join("target/removed")).unwrap();
    app.write("target/debug/x", "");
    let output = app.make(&["clean"]).output().unwrap();
    assert!(!app.has("target") && !said(&output).contains("target/removed"));
}

#[test]
fn the_binarys_name_is_that_of_host_json_whatever_its_comments_say() {
    let member = |name: &str| format!("\"defaultExecutablePath\": \"{name}\"");
    let (shop, old) = (member("shop"), member("old"));
    for (host, name) in [
        (format!("{{\"a\": \"http://x\", {shop}}}"), "shop"),
        (format!("{{{shop}, // {old}\n\"b\": 1}}"), "shop"),
        (format!("{{\"a\": \"\\\"\", // \"q {old}\n{shop}}}"), "shop"),
        (format!("// {old}\n{{\r\n\t{shop} /* {old} */ }}"), "shop"),
        (format!("/* {old} */ {{{}}}", member("./bin.x")), "bin.x"),
        ("{}".into(), "handler"),
    ] {
        let app = App::new("name", &[]);
        app.write("host.json", &host);
        let output = app.make(&["-pn", "help"]).output().unwrap();
        let line = format!("NAMED := {name}\n");
        assert!(said(&output).contains(&line), "{host}: no {line}");
    }
}

#[test]
fn a_script_that_host_json_names_is_never_overwritten() {
    let app = App::new("script", &[("cargo", "touch ran")]);
    app.write("shop", "#!/bin/sh\nexec ./my-own\n");
    let output = app.make(&["build"]).output().unwrap();
    let said = said(&output);
    assert!(!output.status.success() && !app.has("ran"), "{said}");
    assert!(
        said.contains("host.json names shop as the handler, and that is a script"),
        "{said}"
    );
    assert!(app.make(&["clean"]).output().unwrap().status.success());
    assert!(app.read("shop").starts_with("#!/bin/sh"));
}

/// Writes down how it was called, and builds a handler.
const CARGO: &str = "case \"$*\" in \
    *\"config get\"*) echo '[\"--cfg\",\"owner\"]' ;; \
    build*) printf '%s\\n' \"${RUSTFLAGS-unset}\" \"$@\" >called; [ ! -e fails ] || { cat fails >&2; exit 1; }; \
        mkdir -p target/release target/x/release; touch target/release/handler target/x/release/handler ;; \
    esac";

#[test]
fn the_flags_of_the_release_build_leave_the_owners_in_force() {
    let app = App::new("flags", &[("cargo", CARGO)]);
    let build = ["build", "TARGET=x", "MUSL"];
    let musl = |rustflags: &str| {
        let mut make = app.make(&["build", "TARGET=x86_64-unknown-linux-musl"]);
        make.env("RUSTFLAGS", rustflags).output().unwrap();
        app.read("called")
    };
    let called = musl("");
    // No RUSTFLAGS, not even empty ones: they would replace all that configuration files say.
    assert!(called.starts_with("unset\nbuild\n"), "{called}");
    assert!(
        called.contains("target.'cfg(all())'.rustflags=[\"-C\",\"linker=rust-lld\","),
        "{called}"
    );
    assert!(
        called.contains("target.'cfg(not(any()))'.rustflags=[\"--cfg\",\"owner\"]"),
        "{called}"
    );
    let called = musl("--cfg mine");
    assert!(
        called.starts_with("--cfg mine -C linker=rust-lld "),
        "{called}"
    );
    assert!(!called.contains("rustflags="), "{called}");
    app.make(&build[..2]).output().unwrap();
    assert!(!app.read("called").contains("rustflags="));
}

#[test]
fn a_build_that_needs_something_for_musl_says_what() {
    let app = App::new("hints", &[("cargo", CARGO)]);
    for (error, hint) in [
        (
            "error: failed to run custom build command for `openssl-sys v0.9.1`",
            "use rustls",
        ),
        (
            "error occurred: failed to find tool \"x86_64-linux-musl-gcc\"",
            "install musl-tools",
        ),
        ("error: expected one of", ""),
    ] {
        app.write("fails", error);
        let output = app.make(&["build", "TARGET=x"]).output().unwrap();
        let said = said(&output);
        assert!(!output.status.success() && said.contains(error), "{said}");
        for other in ["rustls", "musl-tools"] {
            assert_eq!(said.contains(other), hint.contains(other), "{said}");
        }
    }
}

#[test]
fn a_variable_that_there_is_not_is_refused_with_those_that_are() {
    let app = App::new("variables", &[("cargo", "env >called")]);
    for variable in [
        "TRIGER=queue",
        "BINARY=`touch ran`",
        "ARCH=$$(touch ran)",
        "a`touch`b=1",
    ] {
        let output = app
            .make(&["new", "NAME=ingest", variable])
            .output()
            .unwrap();
        let said = said(&output);
        assert!(
            !output.status.success() && !app.has("called") && !app.has("ran"),
            "{said}"
        );
        assert!(said.contains(variable.split('=').next().unwrap()), "{said}");
        assert!(said.contains("APP ATTACH AUTH"), "{said}");
    }
    // make itself turns $$ into $; nothing else becomes of a value.
    let values = [
        "NAME=`touch ran` \"'",
        "OUT=$$(touch ran)",
        "CARGO_BUILD_JOBS=1",
    ];
    let output = app
        .make(&[&["new"], &values[..]].concat())
        .env("TRIGGER", "queue")
        .output();
    assert!(output.unwrap().status.success() && !app.has("ran"));
    let called = app.read("called");
    for line in ["NAME=`touch ran` \"'\n", "OUT=$(touch ran)\n"] {
        assert!(called.contains(line), "{called}");
    }
    let written = called
        .lines()
        .find_map(|line| line.strip_prefix("WRITTEN="))
        .unwrap();
    let mut written: Vec<&str> = written.split(' ').collect();
    written.sort_unstable();
    assert_eq!(written, ["NAME", "OUT"]);
}
