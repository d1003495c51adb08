//! The commands `new`, `remove` and `mine`, run as the Makefile runs them, in an app for each test.

use stand_in::commands::lock;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TABLE: &str = "src/functions/mod.rs";
const TESTS: &str = "tests/functions/main.rs";
const SETTINGS: &str = "local.settings.json";
const EMPTY_TABLE: &str = "pub const ROUTES: &[Route] = &[];\n";
const HOST: &str = r#"{"customHandler": {"description": {"defaultExecutablePath": "handler"}}}"#;
const TIMER: &str =
    r#"{"bindings": [{"type": "timerTrigger", "name": "x", "schedule": "0 * * * * *"}]}"#;

struct App(PathBuf);

impl App {
    fn new(test: &str) -> Self {
        let app = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(test));
        if app.0.exists() {
            fs::remove_dir_all(&app.0).unwrap();
        }
        app.write("host.json", HOST);
        let settings = "{\n  \"Values\": {\n    \"AzureWebJobsStorage\": \"x\"\n  }\n}\n";
        app.write(SETTINGS, settings);
        app.write(".funcignore", "Makefile\nsrc/*\n");
        let table = format!("//! Functions.\n\nuse crate::Route;\n\n{EMPTY_TABLE}");
        app.write(TABLE, &table);
        app.write(TESTS, "//! Tests.\n\n#[test]\nfn they_fit() {}\n");
        app
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn has(&self, file: &str) -> bool {
        self.0.join(file).exists()
    }

    /// Every file with its text, without removed ones and git's.
    fn files(&self) -> BTreeMap<String, String> {
        fn add(folder: &Path, before: &str, files: &mut BTreeMap<String, String>) {
            for entry in folder.read_dir().unwrap() {
                let entry = entry.unwrap();
                let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
                let name = format!("{before}{name}");
                if !path.is_dir() {
                    files.insert(name, fs::read_to_string(path).unwrap());
                } else if name != ".git" && name != "target" {
                    add(&path, &format!("{name}/"), files);
                }
            }
        }
        let mut files = BTreeMap::new();
        add(&self.0, "", &mut files);
        files
    }

    /// A command with make's variables: `new NAME=ingest OUT=blob queue`. A word without `=`
    /// belongs to the value before it.
    fn command(&self, line: &str) -> Command {
        self.command_by(Command::new(env!("CARGO_BIN_EXE_stand-in")), line)
    }

    fn command_by(&self, mut program: Command, line: &str) -> Command {
        let mut words = line.split(' ');
        program.args(words.next()).current_dir(&self.0);
        let mut variables: Vec<(&str, String)> = Vec::new();
        for word in words {
            match word.split_once('=') {
                Some((name, value)) => variables.push((name, value.to_owned())),
                None => variables.last_mut().unwrap().1 += &format!(" {word}"),
            }
        }
        let names: Vec<&str> = variables.iter().map(|(name, _)| *name).collect();
        program.env("WRITTEN", names.join(" ")).envs(variables);
        program
    }

    /// Runs a command that succeeds, and gives its output.
    #[track_caller]
    fn done(&self, line: &str) -> String {
        succeeds(&mut self.command(line))
    }

    /// The command fails with these words and changes nothing.
    #[track_caller]
    fn refused(&self, line: &str, words: &str) {
        let before = self.files();
        let output = self.command(line).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        assert_eq!(self.files(), before, "{line}");
        assert!(said.starts_with("error: "), "{line}: {said}");
        assert!(said.contains(words), "{line}: no {words:?} in {said}");
    }

    /// Below a line `file:`, each line has words of that file, with any white space.
    #[track_caller]
    fn holds(&self, lines: &str) {
        let (mut file, mut text) = ("", String::new());
        for line in lines.trim().lines().map(str::trim) {
            if let Some(name) = line.strip_suffix(':') {
                file = name;
                text = self
                    .read(name)
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
            } else {
                assert!(text.contains(line), "no {line} in {file}: {text}");
            }
        }
    }

    fn git(&self, arguments: &str) {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@b"]);
        succeeds(git.args(arguments.split(' ')).current_dir(&self.0));
    }

    fn commit(&self) {
        for command in ["init -q", "add -A", "commit -qm All"] {
            self.git(command);
        }
    }
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}{why}");
    said
}

#[test]
fn what_new_adds_remove_takes_away() {
    let triggers = "http timer queue blob servicebus eventhub eventgrid cosmosdb mcp";
    let triggers: Vec<&str> = triggers.split(' ').collect();
    let app = App::new("new-and-remove");
    let before = app.files();
    let outputs = "queue blob,table servicebus eventhub eventgrid cosmosdb queue";
    for trigger in &triggers {
        app.done(&format!("new NAME=plain-{trigger} TRIGGER={trigger}"));
        app.done(&format!(
            "new NAME=All_{trigger} TRIGGER={trigger} OUT={outputs}"
        ));
    }
    let with = app.files();
    // Three files per function: function.json, the function and its test. Tools also have
    // tool.json.
    assert_eq!(with.len(), before.len() + 2 * 3 * triggers.len() + 2);
    app.holds(
        r#"
        src/functions/mod.rs:
            //! Functions. mod all_blob; mod all_cosmosdb;
            pub mod plain_mcp; mod plain_queue;
            Route::http( "plain-http", &["GET", "POST"], "/api/plain-http", plain_http::run, ),
            Route::trigger("plain-queue", "message", &[], plain_queue::run),
            Route::tool("plain-mcp", "context", &[], plain_mcp::run),
        "#,
    );
    for list in [TABLE, TESTS] {
        let lines = with[list].lines();
        let modules = lines.filter(|line| line.trim_start_matches("pub ").starts_with("mod "));
        assert_eq!(modules.count(), 2 * triggers.len(), "{list}");
    }
    for trigger in triggers {
        app.done(&format!("remove NAME=All_{trigger}"));
        app.done(&format!("remove NAME=plain-{trigger}"));
    }
    assert_eq!(app.files(), before);
    // A function can be added and removed again.
    app.done("new NAME=All_http TRIGGER=http");
    let said = app.done("remove NAME=All_http");
    assert!(said.contains("target/removed/All_http-2"), "{said}");
    for file in [
        "All_http/function.json",
        "src/functions/all_http.rs",
        "tests/functions/all_http.rs",
    ] {
        for number in 1..=2 {
            assert!(app.has(&format!("target/removed/All_http-{number}/{file}")));
        }
    }
}

#[test]
fn a_missing_setting_is_added() {
    let app = App::new("settings");
    let before = "{\n  // mine\n  \"Values\": {\n    \"EventHubConnection\": \"x\"\n  }\n}\n";
    app.write(SETTINGS, before);
    let said = app.done("new NAME=ingest TRIGGER=queue OUT=servicebus,eventhub");
    let added = "AzureWebJobsStorage, ServiceBusConnection.";
    assert!(said.contains(added), "{said}");
    let lines = "\"x\",\n    \"AzureWebJobsStorage\": \"UseDevelopmentStorage=true\",\n    \"ServiceBusConnection\": \"\"\n";
    assert_eq!(app.read(SETTINGS), before.replace("\"x\"\n", lines));
    fs::remove_file(app.0.join(SETTINGS)).unwrap();
    app.done("new NAME=other TRIGGER=queue");
    assert!(!app.has(SETTINGS));
}

#[test]
fn what_was_asked_for_is_in_function_json_the_table_the_function_and_the_test() {
    let app = App::new("options");
    let said = app.done(
        "new NAME=shop TRIGGER=http ROUTE=items/{kind:alpha}/{id:int} METHODS=put,Delete AUTH=anonymous \
         IN=table blob OUT=table,queue,queue",
    );
    let table = "Create the table of an input first";
    assert!(said.contains(table), "{said}");
    let said = app.done("new NAME=plain TRIGGER=http");
    assert!(!said.contains(table), "{said}");
    app.done("new NAME=nightly TRIGGER=timer SCHEDULE=0 30 4 * * 1-5");
    app.done("new NAME=thumbnail TRIGGER=blob OUT=blob,queue");
    app.done("new NAME=model TRIGGER=mcp");
    app.holds(
        r#"
        shop/function.json:
            "name": "req", "route": "items/{kind:alpha}/{id:int}", "authLevel": "anonymous", "methods": ["put", "delete"] },
            "name": "inTable",
            "path": "shop-given/given",
            "name": "outQueue2", "queueName": "shop-out2",
        src/functions/mod.rs:
            pub mod model; mod nightly;
            &["PUT", "DELETE"],
            &["outTable", "outQueue", "outQueue2"],
        src/functions/shop.rs:
            use crate::{HttpRequest, HttpResponse, Output, Response, Result, log}; use serde_json::json;
            request.param("kind")?
            let rows: Vec<serde_json::Value> = rows.json()?;
            "PartitionKey": "shop", "RowKey": request.invocation.id,
            Ok(Response::from(answer) .output("outTable", Output::raw(&out_table)?)
        tests/functions/shop.rs:
            app.call("PUT", "/api/items/kind/1", &[], "");
            answer.json()["item"], "kind"
            app.input("shop", "inBlob", "given".into());
            assert_eq!(app.queue("shop-out2"), [text]);
        plain/function.json:
            "name": "req", "authLevel": "function", "methods": ["get", "post"] },
        src/functions/nightly.rs:
            the schedule `0 30 4 * * 1-5`
        thumbnail/function.json:
            "source": "EventGrid"
        src/functions/thumbnail.rs:
            .output("outBlob", bytes)
        "#,
    );
    let nightly = r#"{
  "bindings": [
    {
      "type": "timerTrigger",
      "direction": "in",
      "name": "timer",
      "schedule": "0 30 4 * * 1-5"
    }
  ]
}
"#;
    assert_eq!(app.read("nightly/function.json"), nightly);
}

/// Nothing is lost, and the command can be run again.
#[cfg(unix)]
#[test]
fn a_command_that_is_killed_at_any_moment_leaves_lists_that_are_whole() {
    let app = App::new("killed");
    let before = app.files();
    let mut killed = 0;
    for round in 0..20 {
        const NEW: &str = "new NAME=ingest TRIGGER=mcp OUT=blob";
        let mut command = app.command(NEW);
        let mut child = command
            .stdout(fs::File::create("/dev/null").unwrap())
            .spawn()
            .unwrap();
        // Earlier and later, up to its end.
        std::thread::sleep(std::time::Duration::from_millis(round * 6));
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().code().is_none());
        for list in [TABLE, TESTS] {
            let now = app.read(list);
            let is_whole = now == before[list] || now.contains("mod ingest;");
            assert!(is_whole, "{list}: {now}");
        }
        if !app.read(TABLE).contains("mod ingest;") {
            let said = app.done(NEW);
            assert!(said.contains("ingest is there"), "{said}");
        }
        assert_eq!(app.read(TESTS).matches("mod ingest;").count(), 1);
        app.done("remove NAME=ingest");
        assert_eq!(app.files(), before);
    }
    assert!(killed > 0);
}

/// Like a full disk: no file may be longer than 0 bytes.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_changes_nothing_and_the_next_try_works() {
    let app = App::new("full");
    app.done("new NAME=first TRIGGER=timer");
    let before = app.files();
    let commands = ["new NAME=ingest TRIGGER=queue", "remove NAME=first"];
    for line in commands {
        let mut shell = Command::new("bash");
        let run = r#"trap '' XFSZ; ulimit -f 0; exec "$0" "$@" 2>/dev/null"#;
        shell.args(["-c", run, env!("CARGO_BIN_EXE_stand-in")]);
        let output = app.command_by(shell, line).output().unwrap();
        assert!(!output.status.success(), "{line}");
        assert_eq!(app.files(), before, "{line}");
    }
    for line in commands {
        app.done(line);
    }
}

#[test]
fn two_commands_at_once_are_refused_and_the_second_says_who_is_at_work() {
    let app = App::new("two");
    let held = lock::take(&app.0, "mine").unwrap();
    let holder = format!("make mine (process {}) is at work", std::process::id());
    for line in [
        "new NAME=ingest TRIGGER=queue",
        "remove NAME=x",
        "mine NAME=x",
        "azure",
    ] {
        app.refused(line, &holder);
    }
    drop(held);
    app.done("new NAME=ingest TRIGGER=queue");
}

#[test]
fn an_existing_folder_is_read_and_stays_as_it_is() {
    let app = App::new("existing");
    let host = r#"{"extensions": {"http": {"routePrefix": "v1"}}} // a comment"#;
    app.write("host.json", host);
    let json = r#"{
  // by func new
  "bindings": [
    {"type": "queueTrigger", "direction": "in", "name": "item", "queueName": "items", "connection": ""},
    {"type": "queue", "direction": "out", "name": "$return", "queueName": "done"},
    {"type": "signalR", "direction": "out", "name": "hub", "hubName": "h"},
    {"type": "blob", "direction": "in", "name": "prices", "path": "prices/prices.json"},
  ]
}
"#;
    let json = format!("\u{feff}{json}");
    app.write("Match/function.json", &json);
    app.done("new NAME=Match");
    assert_eq!(app.read("Match/function.json"), json);
    let routed = r#"{"bindings": [
        {"type": "httpTrigger", "name": "req", "methods": ["get", "delete"], "route": "items/{category:alpha}/{id:int?}"},
        {"type": "http", "direction": "out", "name": "res"}]}"#;
    app.write("items/function.json", routed);
    app.done("new NAME=items");
    app.holds(
        r#"
        src/functions/mod.rs:
            mod r#match;
            Route::trigger("Match", "item", &["$return", "hub"], r#match::run),
            Route::http( "items", &["GET", "DELETE"], "/v1/items/{category:alpha}/{id:int?}", items::run, ),
        tests/functions/main.rs:
            mod r#match;
        src/functions/match.rs:
            .return_value(text)
            // Set the output hub: .output("hub", value)
            invocation.input("prices")?
        tests/functions/match.rs:
            app.send("items", text)
            assert_eq!(app.queue("done"), [text]);
            app.input("Match", "prices", "given".into());
        src/functions/items.rs:
            request.param("category")?
        tests/functions/items.rs:
            app.get("/v1/items/category")
        "#,
    );
    app.write(
        "slip/function.json",
        &TIMER.replace("timerTrigger", "timerTriger"),
    );
    app.write("broken/function.json", "{\n \"bindings\": [\n");
    app.write("timer/function.json", TIMER);
    app.refused("new NAME=slip", "write \"timerTrigger\"");
    app.refused("new NAME=broken", "broken/function.json: line 3");
    for variable in ["TRIGGER", "OUT"] {
        let words = format!("has its bindings already: leave {variable} away");
        app.refused(&format!("new NAME=timer {variable}=queue"), &words);
    }
}

/// Commands that fail, each with words of its error.
const REFUSED: &str = r#"
new TRIGGER=queue => make new NAME=ingest TRIGGER=queue
new NAME=ingest => TRIGGER=queue for one: blob, cosmosdb, eventgrid, eventhub, http, mcp, queue, servicebus, timer
new NAME=ingest TRIGGER=sqs => no trigger "sqs"; there are blob, cosmosdb, eventgrid
new NAME=ingest TRIGGER=queue OUT=blob,sqs => no output "sqs"; there are blob, cosmosdb, eventgrid
new NAME=ingest TRIGGER=queue IN=queue => no input "queue"; there are blob, cosmosdb, sql, table
new NAME=ingest TRIGGER=queue ROUTE=items => TRIGGER=queue takes no ROUTE; it takes NAME, TRIGGER, IN, OUT
new NAME=ingest TRIGGER=timer AUTH=admin => TRIGGER=timer takes no AUTH; it takes NAME, TRIGGER, IN, OUT, SCHEDULE
new NAME=ingest TRIGGER=http SCHEDULE=0 0 3 * * * => takes no SCHEDULE; it takes NAME, TRIGGER, IN, OUT, ROUTE, METHODS, AUTH
new NAME=ingest TRIGGER=http METHODS=get,fetch => no method "fetch"; there are get, post, put, patch, delete, head, options
new NAME=ingest TRIGGER=http AUTH=nobody => no AUTH "nobody"; there are anonymous, function, admin
new NAME=ingest TRIGGER=http ROUTE=/items => without a slash at its beginning
new NAME=ingest TRIGGER=http ROUTE=C:/Program Files/Git/items => Git Bash takes what begins with one
new NAME=ingest TRIGGER=http ROUTE=items//x => ingest/function.json: route: two slashes
new NAME=ingest TRIGGER=http METHODS=get ROUTE=shop/{*rest} => shop/function.json: no request reaches it: the host asks ingest
new NAME=story TRIGGER=http METHODS=get ROUTE=shop/list => story/function.json: no request reaches it: the host asks shop
new NAME=ingest TRIGGER=http ROUTE=items/{id:itn} => no route constraint "itn", and the whole app does not start
new NAME=ingest TRIGGER=timer SCHEDULE=daily => ingest/function.json: 
new NAME=ingest TRIGGER=queue APP=shop => make new has no variable APP; there are NAME, TRIGGER, IN, OUT, ROUTE
new NAME=1st TRIGGER=queue => the host takes no function called "1st"
new NAME=mod TRIGGER=queue => src/functions/mod.rs
new NAME=Makefile-job TRIGGER=queue => .funcignore
new NAME=web-two TRIGGER=queue => there is Web-Two already
new NAME=WebTwo TRIGGER=queue => src/functions/web_two.rs already
new NAME=helpers TRIGGER=queue => src/functions/helpers already: choose another name, or move it away
new NAME=price TRIGGER=mcp => price/function.json: cost has the toolName "price" too
new NAME=back => tests/functions/back.rs already: choose another name, or move it away
new NAME=docs TRIGGER=queue => there is docs already
new NAME=DOCS TRIGGER=queue => there is docs already
new NAME=Web-Two => src/functions/mod.rs has the function "Web-Two" already
remove NAME=web => no function "web"; there are back, cost, shop, Web-Two
remove => say which: make remove NAME=ingest; there are back
"#;

#[test]
fn what_cannot_be_is_refused_in_words_and_changes_nothing() {
    let app = App::new("refused");
    app.done("new NAME=Web-Two TRIGGER=http");
    assert!(app.has("src/functions/web_two.rs"));
    app.done("new NAME=shop TRIGGER=http METHODS=get ROUTE=shop/{id}");
    app.write("docs/page.md", "text");
    app.write("back/function.json", TIMER);
    app.write("tests/functions/back.rs", "");
    let tool = r#"{"bindings": [{"type": "mcpToolTrigger", "name": "x", "toolName": "Price"}]}"#;
    app.write("cost/function.json", tool);
    app.write("src/functions/helpers/mod.rs", "");
    for line in REFUSED.trim_start().lines() {
        let (line, words) = line.split_once(" => ").unwrap();
        app.refused(line, words);
    }
    // A variable of the environment that make does not pass does not count.
    let output = app
        .command("new TRIGGER=queue")
        .env("NAME", "other")
        .output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(said.contains("make new NAME=ingest"), "{said}");
    app.write(TABLE, "// no table\n");
    for line in ["new NAME=ingest TRIGGER=queue", "remove NAME=Web-Two"] {
        app.refused(line, "src/functions/mod.rs: there is no table");
    }
}

#[test]
fn a_function_called_as_the_binary_gives_that_another_name() {
    let app = App::new("handler");
    let host = app.read("host.json");
    let renamed = host.replace("\"handler\"", "\"handler.bin\"");
    app.write("handler", "built");
    let said = app.done("new NAME=handler TRIGGER=queue");
    assert!(said.contains("./handler.bin from now on"), "{said}");
    assert_eq!(app.read("host.json"), renamed);
    assert_eq!(app.read("handler.bin"), "built");
    assert!(app.has("handler/function.json"));
    app.holds("src/functions/mod.rs:\nmod handler;");
    app.refused("new NAME=Handler TRIGGER=queue", "there is handler already");
    app.done("remove NAME=handler");
    assert_eq!(app.read("host.json"), renamed);
    let said = app.done("new NAME=HANDLER TRIGGER=queue");
    assert!(!said.contains("from now on"), "{said}");

    let app = App::new("handler-by-func");
    app.write("Handler/function.json", TIMER);
    app.done("new NAME=Handler");
    assert_eq!(app.read("host.json"), renamed);

    let app = App::new("handler-without-name");
    app.write("host.json", "{}");
    let write = r#""defaultExecutablePath": "handler.bin""#;
    app.refused("new NAME=handler TRIGGER=queue", write);
    app.write("host.json", &host);
    app.write("handler", "built");
    app.write("handler.bin/file", "a folder");
    app.refused("new NAME=handler TRIGGER=queue", "handler");
}

#[test]
fn functions_written_by_hand_are_removed_too() {
    let app = App::new("by-hand");
    let table = r#"mod shop;
mod single;

pub const ROUTES: &[Route] = &[
    Route::http_with_bindings(
        "order",
        &["POST"],
        &["message"],
        shop::order,
    ),
    Route::trigger("cancel", "x", &[], shop::cancel), Route::trigger("single", "x", &[], single::go),
    Route::trigger("inline", "x", &[], inline_run),
];
"#;
    app.write(TABLE, table);
    for file in ["shop.rs", "single.rs", "single/part.rs"] {
        app.write(&format!("src/functions/{file}"), "");
    }
    let names = ["order", "inline", "single", "folder-only", "cancel"];
    for name in names {
        app.write(&format!("{name}/function.json"), TIMER);
    }
    app.done("remove NAME=order");
    // The file also has cancel.
    assert!(app.has("src/functions/shop.rs"));
    assert!(app.read(TABLE).starts_with("mod shop;\nmod single;\n"));
    for name in &names[1..] {
        app.done(&format!("remove NAME={name}"));
    }
    for path in [
        "src/functions/shop.rs",
        "src/functions/single.rs",
        "src/functions/single",
    ]
    .iter()
    .chain(&names)
    {
        assert!(!app.has(path), "{path}");
    }
    assert_eq!(app.read(TABLE).trim_start(), EMPTY_TABLE);
}

/// The README of `make mine`, without a name.
const YOUR_README: &str = include_str!("../../template/your-README.md");

/// An app like a clone of the template.
fn template(test: &str) -> App {
    let app = App::new(test);
    let manifest = r#"[package]
name = "template"
description = "a template"
license = "MIT-0"

[workspace]

[lib]
name = "app"

# Only the template's own repository has these.
[[test]]
name = "machinery"

[[bench]]
name = "bench"
# End of the template's own.

[profile.release]
lto = "fat"
"#;
    app.write("Cargo.toml", manifest);
    let packages = "[[package]]\nname = \"serde\"\nversion = \"1\"\n\n[[package]]\nname = \"template\"\nversion = \"0\"\n";
    app.write("Cargo.lock", &format!("version = 4\n\n{packages}"));
    app.write("README.md", "# The template");
    app.write("tests/template/your-README.md", YOUR_README);
    let gone = ".ci/run .github/dependabot.yml .github/workflows/template.yml LICENSE src/functions/hello.rs \
        tests/functions/hello.rs tests/stand-in/tests/commands.rs tests/template/main.rs";
    let stay = ".github/workflows/ci.yml docs/guide.md src/lib.rs tests/stand-in/src/main.rs";
    for file in gone.split_whitespace().chain(stay.split(' ')) {
        app.write(file, "");
    }
    app.write(".gitignore", "/target/\n*.secret\n");
    let table = EMPTY_TABLE.replace(
        "[]",
        r#"[Route::http("hello", &[], "/api/hello", hello::run)]"#,
    );
    app.write(TABLE, &format!("mod hello;\n\n{table}"));
    app.write(TESTS, "//! Tests.\n\nmod hello;\n");
    app.write("hello/function.json", TIMER);
    app
}

#[test]
fn mine_leaves_an_app_of_ones_own() {
    let app = template("mine");
    app.commit();
    let said = app.done("mine NAME=my-app");
    for words in [
        "Gone: hello, src/functions/hello.rs, tests/functions/hello.rs, LICENSE, ",
        "tests/template, the license in Cargo.toml",
        "bench, e2e, fuzz and test-release",
        "Yours: the folders of your functions",
        "which a newer one replaces: all else in src",
        "docs/guide.md",
        "make new NAME=ingest",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let files: Vec<String> = app.files().into_keys().collect();
    let left = ".funcignore .github/workflows/ci.yml .gitignore Cargo.lock Cargo.toml README.md docs/guide.md host.json \
        local.settings.json src/functions/mod.rs src/lib.rs tests/functions/main.rs tests/stand-in/src/main.rs";
    assert_eq!(files.join(" "), left);
    let manifest = "[package]\nname = \"my-app\"\n\n[workspace]\n\n[lib]\nname = \"app\"\n\n[profile.release]\nlto = \"fat\"\n";
    assert_eq!(app.read("Cargo.toml"), manifest);
    app.holds("Cargo.lock:\n[[package]] name = \"my-app\"");
    let readme = app.read("README.md");
    assert_eq!(readme, YOUR_README.replacen("YOUR-APP", "my-app", 1));
    assert!(
        readme.starts_with("# my-app\n") && readme.contains("`make publish APP=name-in-azure`")
    );
    assert_eq!(app.read(TABLE), EMPTY_TABLE);
    assert_eq!(app.read(TESTS), "//! Tests.\n");
    app.commit();
    app.refused("mine NAME=other", "it is your own app already");
}

#[test]
fn mine_is_refused_where_git_could_not_bring_back_what_goes() {
    let app = template("not-mine");
    for command in ["git init", "git add -A", "git commit -m"] {
        app.refused("mine NAME=my-app", command);
    }
    app.commit();
    let long = "x".repeat(239);
    for (names, says) in [
        ("", "make mine NAME=my-app"),
        ("1st -a a.b ä", "is not a name for a package"),
        ("serde template", "in Cargo.lock already"),
        (&long, "has 239 characters, and cargo takes at most 238"),
    ] {
        for name in names.split(' ') {
            app.refused(&format!("mine NAME={name}"), says);
        }
    }
    for (file, says) in [
        ("README.md", "not committed (M"),
        ("new-file", "not committed (??"),
    ] {
        app.write(file, "changed");
        app.refused("mine NAME=my-app", says);
        app.commit();
    }
    // A sample that cannot be removed is not skipped.
    let table = app.read(TABLE);
    app.write(TABLE, "changed");
    app.commit();
    app.refused("mine NAME=my-app", "there is no table of the form");
    app.write(TABLE, &table);
    app.commit();
    // Git could not restore them. A file elsewhere stays.
    let ignored = ["hello/a.secret", "tests/template/my.secret"];
    for file in ignored.into_iter().chain(["elsewhere/b.secret"]) {
        app.write(file, "mine");
    }
    let named = format!("first:\n{}\n", ignored.join("\n"));
    app.refused("mine NAME=my-app", &named);
    for file in ignored {
        fs::remove_file(app.0.join(file)).unwrap();
    }
    app.done("mine NAME=my-app");
    assert_eq!(app.read("elsewhere/b.secret"), "mine");
}

#[test]
fn git_brings_back_all_that_mine_took_away() {
    let app = template("half");
    app.commit();
    // The folder exists.
    app.write("target/template-1", "");
    app.done("mine NAME=my-app");
    assert!(app.has("target/template-2/tests/template/main.rs"));
    app.git("reset -q --hard");
    assert!(app.has("tests/template/main.rs"));
    // A file that cannot be moved is found before anything is changed.
    fs::remove_dir_all(app.0.join("target")).unwrap();
    app.write("target", "a file");
    app.git("add -f target");
    app.commit();
    app.refused("mine NAME=my-app", "target");
}
