//! The Makefile, with stand-ins for cargo, func, Azurite and Node.js: how it calls them, and how
//! they end.

use crate::checkout::shell;
use crate::wait::wait_for;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A folder with a Makefile, a host.json and these programs.
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
        let host = r#"{"customHandler": {"description": {"defaultExecutablePath": "shop"}}}"#;
        app.write("host.json", host);
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

    /// make without the variables of the make and the cargo that run this test.
    fn make(&self, arguments: &[&str]) -> Command {
        let mut make = shell(&self.0, r#"exec make "$@""#);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RUST") {
                make.env_remove(&name);
            }
        }
        let path = std::env::var("PATH").unwrap();
        make.env("PATH", format!("{}:{path}", self.0.join("bin").display()));
        make.arg("make").args(arguments);
        make
    }

    /// Whether make succeeds, and its output.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = self.make(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.success(), said)
    }

    /// The output of a make that fails before any program that writes `ran`.
    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> String {
        let (succeeds, said) = self.run(arguments);
        assert!(!succeeds && !self.has("ran"), "{said}");
        said
    }
}

fn runs(pid: &str) -> bool {
    let mut kill = Command::new("kill");
    let kill = kill.args(["-0", pid]).stderr(Stdio::null()).status();
    kill.is_ok_and(|status| status.success())
}

/// Starts a child, and only ends by SIGKILL.
const STUBBORN: &str = "trap '' TERM INT HUP; sleep 600 & echo $$ $! >>pids; wait; wait";

/// `make start` without the build.
const START: [&str; 7] = ["-o", "check", "-o", "build", "-o", "node", "start"];

#[test]
fn make_start_ends_all_that_it_has_started() {
    crate::interrupts::heed();
    let azurite = format!("touch listens; {STUBBORN}");
    let func = format!("[ $1 = --version ] && echo 4.0.6280 && exit; {STUBBORN}");
    // `node` says whether Azurite listens.
    let programs = [
        ("azurite", &*azurite),
        ("func", &func),
        ("node", "[ -e listens ]"),
    ];
    // To make alone, as an IDE ends its task, and to the whole terminal, as Ctrl-C does.
    for (signal, whom) in [("-TERM", ""), ("-INT", "-")] {
        let app = App::new("start", &programs);
        let mut make = app.make(&START);
        let make = make.process_group(0).stdout(Stdio::null());
        let mut make = make.stderr(Stdio::null()).spawn().unwrap();
        let pids = wait_for("func and Azurite", || {
            let pids = app.read("pids");
            let pids: Vec<String> = pids.split_whitespace().map(str::to_owned).collect();
            (pids.len() == 4).then_some(pids)
        });
        assert!(pids.iter().all(|pid| runs(pid)));
        let begun = Instant::now();
        let whom = format!("{whom}{}", make.id());
        let mut kill = Command::new("kill");
        kill.args([signal, "--", &whom]).status().unwrap();
        make.wait().unwrap();
        let have_ended = || !pids.iter().any(|pid| runs(pid));
        wait_for("the end of all of them", || have_ended().then_some(()));
        // Two seconds until SIGKILL, and more for a busy machine.
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
}

#[test]
fn make_start_refuses_a_func_that_runs_no_custom_handlers() {
    let func = "[ $1 = --version ] && echo 5.0.0-preview.1 || touch ran";
    let said = App::new("func-5", &[("func", func)]).refused(&START);
    let advice = "npm i -g azure-functions-core-tools@4";
    assert!(said.contains(advice), "{said}");
}

#[test]
fn make_clean_keeps_what_is_the_owners() {
    let app = App::new("clean", &[("cargo", "[ $1 = clean ] && rm -rf target")]);
    let kept = ["target/removed", ".local", ".azurite"];
    let gone = ["target/debug", "shop", "deploy.zip"];
    let files = "target/removed/x .local/x .azurite/x target/debug/x shop deploy.zip";
    files.split(' ').for_each(|file| app.write(file, ""));
    let (succeeds, said) = app.run(&["clean"]);
    assert!(succeeds && !gone.iter().any(|file| app.has(file)), "{said}");
    for folder in kept {
        let how = format!("rm -rf {folder}\n");
        let is_kept = app.has(&format!("{folder}/x"));
        assert!(is_kept && said.contains(&how), "{folder}: {said}");
    }
    fs::remove_dir_all(app.0.join("target/removed")).unwrap();
    app.write("target/debug/x", "");
    let (_, said) = app.run(&["clean"]);
    assert!(
        !app.has("target") && !said.contains("target/removed"),
        "{said}"
    );
}

#[test]
fn the_binarys_name_is_that_of_host_json_whatever_its_comments_say() {
    let app = App::new("name", &[]);
    let shop = r#""defaultExecutablePath": "shop""#;
    for (host, name) in [
        (r#"{"a": "http://x", SHOP}"#, "shop"),
        ("{SHOP, // OLD\n\"b\": 1}", "shop"),
        ("{\"a\": \"\\\"\", // \"q OLD\nSHOP}", "shop"),
        ("// OLD\n{\r\n\tSHOP /* OLD */ }", "shop"),
        (r#"/* OLD */ {"defaultExecutablePath": "./bin.x"}"#, "bin.x"),
        ("{}", "handler"),
    ] {
        let old = shop.replace("shop", "old");
        let host = host.replace("SHOP", shop).replace("OLD", &old);
        app.write("host.json", &host);
        let (_, said) = app.run(&["-pn", "help"]);
        let line = format!("NAMED := {name}\n");
        assert!(said.contains(&line), "{host}: no {line}");
    }
}

#[test]
fn a_script_that_host_json_names_is_never_overwritten() {
    let app = App::new("script", &[("cargo", "touch ran")]);
    app.write("shop", "#!/bin/sh\nexec ./my-own\n");
    let said = app.refused(&["build"]);
    let why = "host.json names shop as the handler, and that is a script";
    assert!(said.contains(why), "{said}");
    assert!(app.run(&["clean"]).0);
    assert!(app.read("shop").starts_with("#!/bin/sh"));
}

/// Writes its arguments down, and builds a handler.
const CARGO: &str = "case \"$*\" in \
    build*) printf '%s\\n' \"${RUSTFLAGS-unset}\" \"$@\" >called; [ ! -e fails ] || { cat fails >&2; exit 1; }; \
        mkdir -p target/release target/x/release; touch target/release/handler target/x/release/handler ;; \
    esac";

#[test]
fn the_flags_of_the_release_build_leave_the_owners_in_force() {
    let app = App::new("flags", &[("cargo", CARGO)]);
    let musl = |rustflags: &str| {
        let mut make = app.make(&["build", "TARGET=x86_64-unknown-linux-musl"]);
        make.env("RUSTFLAGS", rustflags).output().unwrap();
        app.read("called")
    };
    let called = musl("");
    // No RUSTFLAGS, not even empty: they would replace those of configuration files.
    assert!(called.starts_with("unset\nbuild\n"), "{called}");
    let ours = "target.'cfg(all())'.rustflags=[\"-C\",\"linker=rust-lld\",";
    assert!(called.contains(ours), "{called}");
    let called = musl("--cfg mine");
    let both = "--cfg mine -C linker=rust-lld ";
    assert!(called.starts_with(both), "{called}");
    assert!(!called.contains("rustflags="), "{called}");
    app.run(&["build", "TARGET=x"]);
    let called = app.read("called");
    assert!(
        called.contains("\nx\n") && !called.contains("rustflags="),
        "{called}"
    );
}

#[test]
fn a_build_that_needs_something_for_musl_says_what() {
    let app = App::new("hints", &[("cargo", CARGO)]);
    let openssl = "failed to run custom build command for `openssl-sys v0.9.1`";
    let c_code = "failed to find tool \"x86_64-linux-musl-gcc\"";
    for (error, hint) in [
        (openssl, "use rustls"),
        (c_code, "install musl-tools"),
        ("error: expected one of", ""),
    ] {
        app.write("fails", error);
        let said = app.refused(&["build", "TARGET=x"]);
        assert!(said.contains(error), "{said}");
        for other in ["use rustls", "install musl-tools"] {
            assert_eq!(said.contains(other), hint == other, "{said}");
        }
    }
}

#[test]
fn a_variable_that_there_is_not_is_refused_with_those_that_are() {
    let app = App::new("variables", &[("cargo", "env >called")]);
    for written in [
        "TRIGER=queue",
        "BINARY=`touch ran`",
        "ARCH=$$(touch ran)",
        "a`touch`b=1",
    ] {
        let said = app.refused(&["new", "NAME=ingest", written]);
        let name = written.split('=').next().unwrap();
        let names_all = said.contains(name) && said.contains("APP ATTACH AUTH");
        assert!(names_all && !app.has("called"), "{said}");
    }
    // make turns $$ into $, and changes nothing else. TRIGGER is not written.
    let line = [
        "new",
        "NAME=`touch ran` \"'",
        "OUT=$$(touch ran)",
        "CARGO_BUILD_JOBS=1",
    ];
    let output = app.make(&line).env("TRIGGER", "queue").output().unwrap();
    assert!(output.status.success() && !app.has("ran"));
    let called = app.read("called");
    let value = |name: &str| {
        let mut lines = called.lines();
        lines
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .unwrap()
    };
    assert_eq!(
        (value("NAME"), value("OUT")),
        ("`touch ran` \"'", "$(touch ran)")
    );
    let mut written: Vec<&str> = value("WRITTEN").split(' ').collect();
    written.sort_unstable();
    assert_eq!(written, ["NAME", "OUT"]);
}
