//! The commands `new`, `remove` and `mine`, run as the Makefile runs them, in an app that is made
//! for each test.

use stand_in::commands::lock::Lock;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TABLE: &str = "src/functions/mod.rs";
const TRIGGERS: [&str; 9] = [
    "http",
    "timer",
    "queue",
    "blob",
    "servicebus",
    "eventhub",
    "eventgrid",
    "cosmosdb",
    "mcp",
];

/// An app without functions, in a folder of its own.
struct App(PathBuf);

impl App {
    fn new(test: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        if root.exists() {
            fs::remove_dir_all(&root).unwrap();
        }
        let app = Self(root);
        app.write(
            "host.json",
            r#"{"customHandler": {"description": {"defaultExecutablePath": "handler"}}}"#,
        );
        app.write(
            "local.settings.json",
            "{\n  \"Values\": {\n    \"AzureWebJobsStorage\": \"x\"\n  }\n}\n",
        );
        app.write(".funcignore", "Makefile\nsrc/*\n");
        app.write(
            TABLE,
            "//! Functions.\n\nuse crate::Route;\n\npub const ROUTES: &[Route] = &[];\n",
        );
        app.write(
            "tests/functions/main.rs",
            "//! Tests.\n\n#[test]\nfn they_fit() {}\n",
        );
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

    /// Every file with its text, without what was removed and what is git's.
    fn files(&self) -> BTreeMap<String, String> {
        fn add(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
            for entry in folder.read_dir().unwrap() {
                let path = entry.unwrap().path();
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('\\', "/");
                match path.is_dir() {
                    true if [".git", "target"].contains(&name.as_str()) => {}
                    true => add(root, &path, files),
                    false => drop(files.insert(name, fs::read_to_string(&path).unwrap())),
                }
            }
        }
        let mut files = BTreeMap::new();
        add(&self.0, &self.0, &mut files);
        files
    }

    /// Runs a command and its variables as make hands them over: `["new", "NAME=ingest"]`.
    fn run(&self, command: &[&str]) -> Output {
        let mut stand_in = Command::new(env!("CARGO_BIN_EXE_stand-in"));
        stand_in.arg(command[0]).current_dir(&self.0);
        let variables = command[1..].iter().map(|one| one.split_once('=').unwrap());
        let names: Vec<&str> = variables.clone().map(|(name, _)| name).collect();
        let stand_in = stand_in.envs(variables).env("WRITTEN", names.join(" "));
        stand_in.output().unwrap()
    }

    /// Runs a command that succeeds, and gives what it says.
    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        said
    }

    /// Runs a command that is refused and changes nothing, and gives the line in which it says why.
    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> String {
        let before = self.files();
        let output = self.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert_eq!(self.files(), before, "{arguments:?}");
        assert!(said.starts_with("error: "), "{said}");
        said
    }

    fn git(&self, arguments: &[&str]) {
        let names = ["-c", "user.name=a", "-c", "user.email=a@b"];
        let output = Command::new("git")
            .args(names)
            .args(arguments)
            .current_dir(&self.0)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn what_new_adds_remove_takes_away() {
    let app = App::new("new-and-remove");
    let before = app.files();
    let outputs = "queue blob,table servicebus eventhub eventgrid cosmosdb queue";
    for trigger in TRIGGERS {
        app.done(&[
            "new",
            &format!("NAME=plain-{trigger}"),
            &format!("TRIGGER={trigger}"),
        ]);
        app.done(&[
            "new",
            &format!("NAME=All_{trigger}"),
            &format!("TRIGGER={trigger}"),
            &format!("OUT={outputs}"),
        ]);
    }
    let with = app.files();
    // function.json, the function and its test; tool.json of the tools.
    assert_eq!(with.len(), before.len() + 2 * 3 * TRIGGERS.len() + 2);
    let table = with[TABLE].split_whitespace().collect::<Vec<_>>().join(" ");
    for entry in [
        r#"Route::http( "plain-http", &["GET", "POST"], "/api/plain-http", plain_http::run, ),"#,
        r#"Route::trigger("plain-queue", "message", &[], plain_queue::run),"#,
        r#"Route::tool("plain-mcp", "context", &[], plain_mcp::run),"#,
    ] {
        assert!(table.contains(entry), "{table}");
    }
    assert!(
        with[TABLE].starts_with("//! Functions.\n\nmod all_blob;\nmod all_cosmosdb;\n"),
        "{table}"
    );
    for list in [TABLE, "tests/functions/main.rs"] {
        assert_eq!(
            with[list].matches("\nmod ").count() + with[list].matches("\npub mod ").count(),
            2 * TRIGGERS.len(),
            "{list}"
        );
    }
    for trigger in TRIGGERS {
        app.done(&["remove", &format!("NAME=All_{trigger}")]);
        app.done(&["remove", &format!("NAME=plain-{trigger}")]);
    }
    assert_eq!(app.files(), before);
    assert!(
        app.0
            .join("target/removed/All_http-1/All_http/function.json")
            .is_file()
    );
    assert!(
        app.0
            .join("target/removed/All_http-1/src/functions/all_http.rs")
            .is_file()
    );
    assert!(
        app.0
            .join("target/removed/All_http-1/tests/functions/all_http.rs")
            .is_file()
    );
}

#[test]
fn a_function_that_was_removed_can_come_and_go_again() {
    let app = App::new("again");
    for number in 1..=2 {
        app.done(&["new", "NAME=ingest", "TRIGGER=queue"]);
        let said = app.done(&["remove", "NAME=ingest"]);
        assert!(
            said.contains(&format!("target/removed/ingest-{number}")),
            "{said}"
        );
    }
}

#[test]
fn a_missing_setting_is_added_with_an_empty_value() {
    let app = App::new("settings");
    app.write(
        "local.settings.json",
        "{\n  // mine\n  \"Values\": {\n    \"EventHubConnection\": \"x\"\n  }\n}\n",
    );
    let said = app.done(&[
        "new",
        "NAME=ingest",
        "TRIGGER=queue",
        "OUT=servicebus,eventhub",
    ]);
    assert!(
        said.contains("AzureWebJobsStorage, ServiceBusConnection."),
        "{said}"
    );
    let values = "\"EventHubConnection\": \"x\",\n    \"AzureWebJobsStorage\": \"\",\n    \"ServiceBusConnection\": \"\"\n";
    assert_eq!(
        app.read("local.settings.json"),
        format!("{{\n  // mine\n  \"Values\": {{\n    {values}  }}\n}}\n")
    );
    fs::remove_file(app.0.join("local.settings.json")).unwrap();
    app.done(&["new", "NAME=other", "TRIGGER=queue"]);
    assert!(!app.0.join("local.settings.json").exists());
}

#[test]
fn what_was_asked_for_is_in_function_json_the_table_the_function_and_the_test() {
    let app = App::new("options");
    let route = "ROUTE=items/{kind:alpha}/{id:int}";
    app.done(&[
        "new",
        "NAME=shop",
        "TRIGGER=http",
        route,
        "METHODS=put,Delete",
        "AUTH=anonymous",
        "IN=table blob",
        "OUT=table,queue,queue",
    ]);
    let json = app.read("shop/function.json");
    for line in [
        "      \"name\": \"req\",\n      \"route\": \"items/{kind:alpha}/{id:int}\",\n",
        "      \"authLevel\": \"anonymous\",\n      \"methods\": [\"put\", \"delete\"]\n    },",
        "\"name\": \"inTable\",",
        "\"path\": \"shop-given/given\",",
        "\"name\": \"outQueue2\",\n      \"queueName\": \"shop-out2\",",
    ] {
        assert!(json.contains(line), "{line}\n{json}");
    }
    let table = app.read(TABLE);
    for part in [
        "&[\"PUT\", \"DELETE\"],",
        "&[\"outTable\", \"outQueue\", \"outQueue2\"],",
    ] {
        assert!(table.contains(part), "{table}");
    }
    let code = app.read("src/functions/shop.rs");
    for part in [
        "use crate::{HttpRequest, HttpResponse, Output, Response, Result, log};\nuse serde_json::json;\n",
        "[request.param(\"kind\")?, request.param(\"id\")?]",
        "let rows: Vec<serde_json::Value> = rows.json()?;",
        "\"PartitionKey\": \"shop\",\n        \"RowKey\": request.invocation.id,\n",
        "    Ok(Response::from(answer)\n        .output(\"outTable\", Output::raw(&out_table)?)\n",
    ] {
        assert!(code.contains(part), "{part}\n{code}");
    }
    let test = app.read("tests/functions/shop.rs");
    for part in [
        "app.call(\"PUT\", \"/api/items/kind/1\", &[], \"\");",
        "answer.json()[\"item\"], \"kind/1\"",
        "app.input(\"shop\", \"inBlob\", \"given\".into());",
        "assert_eq!(app.queue(\"shop-out2\"), [text]);",
    ] {
        assert!(test.contains(part), "{part}\n{test}");
    }
    app.done(&[
        "new",
        "NAME=nightly",
        "TRIGGER=timer",
        "SCHEDULE=0 30 4 * * 1-5",
    ]);
    let json = app.read("nightly/function.json");
    assert!(
        json.contains("      \"schedule\": \"0 30 4 * * 1-5\"\n    }"),
        "{json}"
    );
    assert!(
        app.read("src/functions/nightly.rs")
            .contains("the schedule `0 30 4 * * 1-5`")
    );
    app.done(&["new", "NAME=thumbnail", "TRIGGER=blob", "OUT=blob,queue"]);
    let json = app.read("thumbnail/function.json");
    assert!(json.contains("\"source\": \"EventGrid\""), "{json}");
    let code = app.read("src/functions/thumbnail.rs");
    assert!(
        code.contains(".output(\"outBlob\", bytes.as_slice())"),
        "{code}"
    );
}

#[test]
fn a_variable_of_the_environment_that_nobody_has_written_does_not_count() {
    let app = App::new("environment");
    let mut command = Command::new(env!("CARGO_BIN_EXE_stand-in"));
    let command = command.arg("new").current_dir(&app.0).env("NAME", "other");
    let output = command
        .env("WRITTEN", "TRIGGER")
        .env("TRIGGER", "queue")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("make new NAME=ingest"));
    assert!(!app.0.join("other").exists());
}

/// Nothing is lost, and the same command can be run again.
#[cfg(unix)]
#[test]
fn a_command_that_is_killed_at_any_moment_leaves_lists_that_are_whole() {
    let app = App::new("killed");
    app.write("src/functions/first.rs", "fn run() {}");
    let (list, tests) = (app.read(TABLE), app.read("tests/functions/main.rs"));
    let variables = [
        ("NAME", "ingest"),
        ("TRIGGER", "queue"),
        ("OUT", "blob"),
        ("WRITTEN", "NAME TRIGGER OUT"),
    ];
    let mut killed = 0;
    for round in 0..20 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stand-in"));
        let command = command.arg("new").current_dir(&app.0).envs(variables);
        let mut child = command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Sooner and later, up to its end.
        std::thread::sleep(std::time::Duration::from_millis(round * 6));
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().code().is_none());
        for (file, before) in [(TABLE, &list), ("tests/functions/main.rs", &tests)] {
            let now = app.read(file);
            assert!(
                now == *before || now.contains("mod ingest;"),
                "{file}: {now}"
            );
        }
        if !app.read(TABLE).contains("mod ingest;") {
            let said = app.done(&["new", "NAME=ingest", "TRIGGER=queue", "OUT=blob"]);
            assert!(said.contains("ingest is there"), "{said}");
        }
        assert_eq!(
            app.read("tests/functions/main.rs")
                .matches("mod ingest;")
                .count(),
            1
        );
        app.done(&["remove", "NAME=ingest"]);
        assert_eq!(
            (app.read(TABLE), app.read("tests/functions/main.rs")),
            (list.clone(), tests.clone())
        );
    }
    assert!(killed > 0);
    let files: Vec<String> = app.files().into_keys().collect();
    assert!(
        !files
            .iter()
            .any(|file| file.contains("unfinished") || file.contains("ingest")),
        "{files:?}"
    );
}

/// As a full disk: no file may be longer than 0 bytes.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_changes_nothing_and_the_next_try_works() {
    let app = App::new("full");
    app.done(&["new", "NAME=first", "TRIGGER=timer"]);
    let before = app.files();
    for (command, name) in [("new", "ingest"), ("remove", "first")] {
        let stand_in = env!("CARGO_BIN_EXE_stand-in");
        let line = format!("trap '' XFSZ; ulimit -f 0; exec '{stand_in}' {command} 2>/dev/null");
        let mut shell = Command::new("bash");
        let shell = shell
            .args(["-c", &line])
            .current_dir(&app.0)
            .env("NAME", name);
        let written = if command == "new" {
            "NAME TRIGGER"
        } else {
            "NAME"
        };
        let shell = shell.env("TRIGGER", "queue").env("WRITTEN", written);
        assert!(!shell.output().unwrap().status.success(), "{command}");
        assert_eq!(app.files(), before, "{command}");
    }
    app.done(&["new", "NAME=ingest", "TRIGGER=queue"]);
    app.done(&["remove", "NAME=first"]);
}

#[test]
fn two_commands_at_once_are_refused_and_the_second_says_who_is_at_work() {
    let app = App::new("two");
    let held = Lock::take(&app.0, "mine").unwrap();
    for command in [
        &["new", "NAME=ingest", "TRIGGER=queue"][..],
        &["remove", "NAME=x"],
        &["mine", "NAME=x"],
        &["package"],
    ] {
        let said = app.refused(command);
        let holder = format!("make mine (process {}) is at work", std::process::id());
        assert!(said.contains(&holder), "{said}");
    }
    drop(held);
    app.done(&["new", "NAME=ingest", "TRIGGER=queue"]);
}

#[test]
fn an_existing_folder_is_read_and_stays_as_it_is() {
    let app = App::new("existing");
    app.write(
        "host.json",
        r#"{"extensions": {"http": {"routePrefix": "v1"}}} // a comment"#,
    );
    let json = "\u{feff}{\n  // by func new\n  \"bindings\": [\n    {\"type\": \"queueTrigger\", \"direction\": \"in\", \
                \"name\": \"item\", \"queueName\": \"items\", \"connection\": \"\"},\n    \
                {\"type\": \"queue\", \"direction\": \"out\", \"name\": \"$return\", \"queueName\": \"done\"},\n    \
                {\"type\": \"signalR\", \"direction\": \"out\", \"name\": \"hub\", \"hubName\": \"h\"},\n    \
                {\"type\": \"blob\", \"direction\": \"in\", \"name\": \"prices\", \"path\": \"prices/prices.json\"},\n  ]\n}\n";
    app.write("Match/function.json", json);
    app.done(&["new", "NAME=Match"]);
    assert_eq!(app.read("Match/function.json"), json);
    let (table, code) = (app.read(TABLE), app.read("src/functions/match.rs"));
    for part in ["\"Match\",", "&[\"$return\", \"hub\"],", "r#match::run,"] {
        assert!(table.contains(part), "{table}");
    }
    assert!(
        table.contains("\nmod r#match;\n")
            && app
                .read("tests/functions/main.rs")
                .contains("\nmod r#match;\n")
    );
    assert!(
        code.contains(".return_value(text)") && code.contains("set each of hub with"),
        "{code}"
    );
    assert!(code.contains("invocation.input(\"prices\")?"), "{code}");
    let test = app.read("tests/functions/match.rs");
    assert!(
        test.contains("app.send(\"items\", text)")
            && test.contains("assert_eq!(app.queue(\"done\"), [text]);")
            && test.contains("app.input(\"Match\", \"prices\", \"given\".into());"),
        "{test}"
    );

    let routed = r#"{"bindings": [
        {"type": "httpTrigger", "name": "req", "methods": ["get", "delete"], "route": "items/{category:alpha}/{id:int?}"},
        {"type": "http", "direction": "out", "name": "res"}]}"#;
    app.write("items/function.json", routed);
    app.done(&["new", "NAME=items", "TRIGGER=http"]);
    let (table, code) = (app.read(TABLE), app.read("src/functions/items.rs"));
    for part in [
        "&[\"GET\", \"DELETE\"],",
        "\"/v1/items/{category:alpha}/{id:int?}\",",
        "items::run,",
    ] {
        assert!(table.contains(part), "{table}");
    }
    assert!(
        code.contains("request.param(\"category\")?") && code.contains("request.param(\"id\")?"),
        "{code}"
    );
    assert!(
        app.read("tests/functions/items.rs")
            .contains("app.get(\"/v1/items/category\")")
    );

    app.write(
        "slip/function.json",
        r#"{"bindings": [{"type": "queueTriger", "name": "x"}]}"#,
    );
    assert!(
        app.refused(&["new", "NAME=slip"])
            .contains("write \"queueTrigger\"")
    );
    app.write("broken/function.json", "{\n \"bindings\": [\n");
    assert!(
        app.refused(&["new", "NAME=broken"])
            .contains("broken/function.json: line 3")
    );
    app.write(
        "timer/function.json",
        r#"{"bindings": [{"type": "timerTrigger", "name": "x", "schedule": "0 * * * * *"}]}"#,
    );
    assert!(
        app.refused(&["new", "NAME=timer", "TRIGGER=queue"])
            .contains("has the trigger timerTrigger already")
    );
    assert!(
        app.refused(&["new", "NAME=timer", "OUT=queue"])
            .contains("has its bindings already: leave OUT away")
    );
}

#[test]
fn what_cannot_be_is_refused_in_words_and_changes_nothing() {
    let app = App::new("refused");
    app.done(&["new", "NAME=Web-Two", "TRIGGER=http"]);
    assert!(app.0.join("src/functions/web_two.rs").is_file());
    app.write("docs/page.md", "text");
    app.write("src/functions/helpers/mod.rs", "");
    let long = format!("NAME={}", "x".repeat(129));
    let refused: [(&[&str], &str); 30] = [
        (&["TRIGGER=queue"], "make new NAME=ingest TRIGGER=queue"),
        (
            &["NAME=ingest"],
            "TRIGGER=queue for one: blob, cosmosdb, eventgrid, eventhub, http, mcp, queue, servicebus, timer",
        ),
        (
            &["NAME=ingest", "TRIGGER=sqs"],
            "no trigger \"sqs\" here; there are blob, cosmosdb, eventgrid",
        ),
        (
            &["NAME=ingest", "TRIGGER=queue", "OUT=blob,sqs"],
            "no output \"sqs\" here; there are blob, cosmosdb, eventgrid",
        ),
        (
            &["NAME=ingest", "TRIGGER=queue", "IN=queue"],
            "no input \"queue\" here; there are blob, cosmosdb, sql, table",
        ),
        (
            &["NAME=ingest", "TRIGGER=queue", "ROUTE=items"],
            "TRIGGER=queue takes no ROUTE; it takes NAME, TRIGGER, IN, OUT",
        ),
        (
            &["NAME=ingest", "TRIGGER=timer", "AUTH=admin"],
            "TRIGGER=timer takes no AUTH; it takes NAME, TRIGGER, IN, OUT, SCHEDULE",
        ),
        (
            &["NAME=ingest", "TRIGGER=http", "SCHEDULE=0 0 3 * * *"],
            "takes no SCHEDULE; it takes NAME, TRIGGER, IN, OUT, ROUTE, METHODS, AUTH",
        ),
        (
            &["NAME=ingest", "TRIGGER=http", "METHODS=get,fetch"],
            "no method \"fetch\"; there are get, post, put, patch, delete, head, options",
        ),
        (
            &["NAME=ingest", "TRIGGER=http", "AUTH=nobody"],
            "no AUTH \"nobody\"; there are anonymous, function, admin",
        ),
        (
            &["NAME=ingest", "TRIGGER=http", "ROUTE=/items"],
            "without a slash at its beginning",
        ),
        (
            &[
                "NAME=ingest",
                "TRIGGER=http",
                "ROUTE=C:/Program Files/Git/items",
            ],
            "Git Bash takes what begins with one",
        ),
        (
            &["NAME=ingest", "TRIGGER=http", "ROUTE=items/{id:itn}"],
            "no route constraint \"itn\", and the whole app does not start",
        ),
        (
            &["NAME=ingest", "TRIGGER=timer", "SCHEDULE=daily"],
            "ingest/function.json: ",
        ),
        (
            &["NAME=ingest", "TRIGGER=queue", "APP=shop"],
            "make new has no variable APP; there are NAME, TRIGGER, IN, OUT, ROUTE",
        ),
        (
            &["NAME=1st", "TRIGGER=queue"],
            "the host takes no function called \"1st\"",
        ),
        (
            &[&long, "TRIGGER=queue"],
            "the host takes no function called",
        ),
        (
            &["NAME=Host", "TRIGGER=queue"],
            "the host takes no function called \"Host\"",
        ),
        (&["NAME=mod", "TRIGGER=queue"], "src/functions/mod.rs"),
        (&["NAME=main", "TRIGGER=queue"], "tests/functions/main.rs"),
        (&["NAME=crate", "TRIGGER=queue"], "Rust has no module"),
        (&["NAME=Tests", "TRIGGER=queue"], "the folder is Rust's own"),
        (&["NAME=nul", "TRIGGER=queue"], "a device on Windows"),
        (&["NAME=Makefile-job", "TRIGGER=queue"], ".funcignore"),
        (
            &["NAME=web-two", "TRIGGER=queue"],
            "there is Web-Two already",
        ),
        (
            &["NAME=WebTwo", "TRIGGER=queue"],
            "src/functions/web_two.rs already",
        ),
        (
            &["NAME=helpers", "TRIGGER=queue"],
            "src/functions/helpers already",
        ),
        (&["NAME=docs", "TRIGGER=queue"], "there is docs already"),
        (&["NAME=DOCS", "TRIGGER=queue"], "there is docs already"),
        (
            &["NAME=Web-Two"],
            "src/functions/mod.rs has the function \"Web-Two\" already",
        ),
    ];
    for (variables, says) in refused {
        let said = app.refused(&[&["new"], variables].concat());
        assert!(said.contains(says), "{variables:?}: {said}");
    }
    assert!(
        app.refused(&["remove", "NAME=web-two"])
            .contains("no function \"web-two\"; did you mean Web-Two?")
    );
    assert!(
        app.refused(&["remove", "NAME=web"])
            .contains("no function \"web\"; there are: Web-Two")
    );
    assert!(app.refused(&["remove"]).contains("make remove NAME=ingest"));
    app.write(TABLE, "// no table\n");
    assert!(
        app.refused(&["new", "NAME=ingest", "TRIGGER=queue"])
            .contains("src/functions/mod.rs: there is no table")
    );
    assert!(
        app.refused(&["remove", "NAME=Web-Two"])
            .contains("src/functions/mod.rs: there is no table")
    );
}

#[test]
fn a_function_called_as_the_binary_gives_that_another_name() {
    let app = App::new("handler");
    let host = app.read("host.json");
    let renamed = host.replace("\"handler\"", "\"handler.bin\"");
    app.write("handler", "built");
    let said = app.done(&["new", "NAME=handler", "TRIGGER=queue"]);
    assert!(said.contains("./handler.bin from now on"), "{said}");
    assert_eq!(app.read("host.json"), renamed);
    assert_eq!(app.read("handler.bin"), "built");
    assert!(app.0.join("handler/function.json").is_file());
    assert!(app.read(TABLE).contains("\nmod handler;\n"));
    assert!(
        app.refused(&["new", "NAME=Handler", "TRIGGER=queue"])
            .contains("there is handler already")
    );
    app.done(&["remove", "NAME=handler"]);
    assert_eq!(app.read("host.json"), renamed);
    assert!(
        !app.done(&["new", "NAME=HANDLER", "TRIGGER=queue"])
            .contains("from now on")
    );

    let app = App::new("handler-by-func");
    app.write(
        "Handler/function.json",
        r#"{"bindings": [{"type": "timerTrigger", "name": "x", "schedule": "0 * * * * *"}]}"#,
    );
    app.done(&["new", "NAME=Handler"]);
    assert_eq!(app.read("host.json"), renamed);

    let app = App::new("handler-without-name");
    app.write("host.json", "{}");
    assert!(
        app.refused(&["new", "NAME=handler", "TRIGGER=queue"])
            .contains("\"defaultExecutablePath\": \"handler.bin\"")
    );
    app.write("host.json", &host);
    app.write("handler", "built");
    app.write("handler.bin/file", "a folder");
    assert!(
        app.refused(&["new", "NAME=handler", "TRIGGER=queue"])
            .contains("handler")
    );
}

#[test]
fn functions_written_by_hand_are_removed_too() {
    let app = App::new("by-hand");
    let table = "mod shop;\nmod single;\n\npub const ROUTES: &[Route] = &[\n    Route::http_with_bindings(\n        \"order\",\n        \
                 &[\"POST\"],\n        &[\"message\"],\n        shop::order,\n    ),\n    Route::trigger(\"cancel\", \"x\", &[], \
                 shop::cancel), Route::trigger(\"single\", \"x\", &[], single::go),\n    \
                 Route::trigger(\"inline\", \"x\", &[], inline_run),\n];\n";
    app.write(TABLE, table);
    app.write("src/functions/shop.rs", "");
    app.write("src/functions/single.rs", "");
    app.write("src/functions/single/part.rs", "");
    let trigger =
        r#"{"bindings": [{"type": "timerTrigger", "name": "x", "schedule": "0 * * * * *"}]}"#;
    for name in ["order", "cancel", "single", "inline", "folder-only"] {
        app.write(&format!("{name}/function.json"), trigger);
    }
    assert!(
        app.done(&["remove", "NAME=order"])
            .contains("src/functions/shop.rs stays: cancel is in it too")
    );
    assert!(
        app.0.join("src/functions/shop.rs").exists()
            && app.read(TABLE).starts_with("mod shop;\nmod single;\n")
    );
    assert!(
        app.done(&["remove", "NAME=inline"])
            .contains("Its code stays: it is in src/functions/mod.rs")
    );
    app.done(&["remove", "NAME=single"]);
    assert!(
        !app.0.join("src/functions/single.rs").exists()
            && !app.0.join("src/functions/single").exists()
    );
    app.done(&["remove", "NAME=folder-only"]);
    app.done(&["remove", "NAME=cancel"]);
    assert!(!app.0.join("src/functions/shop.rs").exists());
    assert_eq!(app.read(TABLE), "pub const ROUTES: &[Route] = &[];\n");
    assert!(
        ["order", "cancel", "single", "inline", "folder-only"]
            .iter()
            .all(|name| !app.0.join(name).exists())
    );
}

/// The README that `make mine` writes, before it has a name. In an app of one's own it is gone, and
/// a short one stands in.
fn your_readme() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template/your-README.md");
    match file.parent().is_some_and(Path::exists) {
        true => fs::read_to_string(file).unwrap(),
        false => "# YOUR-APP\n\n`make publish APP=name-in-azure`\n".into(),
    }
}

/// An app as the template is cloned.
fn template(test: &str) -> App {
    let app = App::new(test);
    app.write(
        "Cargo.toml",
        "[package]\nname = \"template\"\ndescription = \"a template\"\nlicense = \"MIT-0\"\n\n[lib]\n\
         name = \"app\"\n\n# Only the template's own repository has these.\n[[test]]\nname = \"machinery\"\n\n\
         [[bench]]\nname = \"bench\"\n# End of the template's own.\n\n[profile.release]\nlto = \"fat\"\n",
    );
    app.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"serde\"\nversion = \"1\"\n\n[[package]]\nname = \"template\"\nversion = \"0\"\n");
    app.write("README.md", "# The template");
    app.write("tests/template/your-README.md", &your_readme());
    app.write("tests/template/main.rs", "");
    for file in [
        ".ci/run",
        ".github/dependabot.yml",
        ".github/workflows/template.yml",
        "LICENSE",
        "docs/guide.md",
        "tests/stand-in/tests/commands.rs",
        "tests/stand-in/src/main.rs",
    ] {
        app.write(file, "");
    }
    app.write(".github/workflows/ci.yml", "");
    app.write(".gitignore", "/target/\n*.secret\n");
    app.write(
        TABLE,
        "mod hello;\n\npub const ROUTES: &[Route] = &[Route::http(\"hello\", &[], \"/api/hello\", hello::run)];\n",
    );
    app.write("src/functions/hello.rs", "");
    app.write("tests/functions/hello.rs", "");
    app.write("tests/functions/main.rs", "//! Tests.\n\nmod hello;\n");
    app.write(
        "hello/function.json",
        r#"{"bindings": [{"type": "timerTrigger", "name": "x", "schedule": "0 * * * * *"}]}"#,
    );
    app
}

#[test]
fn mine_leaves_an_app_of_ones_own() {
    let app = template("mine");
    app.git(&["init", "-q"]);
    app.git(&["add", "-A"]);
    app.git(&["commit", "-qm", "The template"]);
    let said = app.done(&["mine", "NAME=my-app"]);
    for words in [
        "Gone: the samples hello with their tests",
        "LICENSE, the license in Cargo.toml",
        "bench, e2e, fuzz and test-release",
        "Yours: the folders of your functions",
        "which a newer one replaces: all else in src",
        "docs/guide.md",
        "make new NAME=ingest",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let files: Vec<String> = app.files().into_keys().collect();
    let left = [
        ".funcignore",
        ".github/workflows/ci.yml",
        ".gitignore",
        "Cargo.lock",
        "Cargo.toml",
        "README.md",
        "docs/guide.md",
        "host.json",
        "local.settings.json",
        TABLE,
        "tests/functions/main.rs",
        "tests/stand-in/src/main.rs",
    ];
    assert_eq!(files, left);
    assert_eq!(
        app.read("Cargo.toml"),
        "[package]\nname = \"my-app\"\n\n[lib]\nname = \"app\"\n\n[profile.release]\nlto = \"fat\"\n"
    );
    assert_eq!(
        app.read("Cargo.lock"),
        "version = 4\n\n[[package]]\nname = \"my-app\"\nversion = \"0\"\n\n[[package]]\nname = \"serde\"\nversion = \"1\"\n"
    );
    let readme = app.read("README.md");
    assert!(
        readme.starts_with("# my-app\n") && readme.contains("`make publish APP=name-in-azure`"),
        "{readme}"
    );
    assert_eq!(
        readme.split_once('\n').unwrap().1,
        your_readme().split_once('\n').unwrap().1
    );
    assert_eq!(app.read(TABLE), "pub const ROUTES: &[Route] = &[];\n");
    assert_eq!(app.read("tests/functions/main.rs"), "//! Tests.\n");
    app.git(&["add", "-A"]);
    app.git(&["commit", "-qm", "Mine"]);
    assert!(
        app.refused(&["mine", "NAME=other"])
            .contains("it is your own app already")
    );
}

#[test]
fn mine_is_refused_where_git_could_not_bring_back_what_goes() {
    let app = template("not-mine");
    let said = app.refused(&["mine", "NAME=my-app"]);
    assert!(
        ["git init", "git add -A", "git commit -m"]
            .iter()
            .all(|command| said.contains(command)),
        "{said}"
    );
    app.git(&["init", "-q"]);
    app.git(&["add", "-A"]);
    app.git(&["commit", "-qm", "The template"]);
    let long = "x".repeat(239);
    for (name, says) in [
        ("", "make mine NAME=my-app"),
        ("1st", "is not a name for a package"),
        ("-a", "is not a name for a package"),
        ("a.b", "is not a name for a package"),
        ("ä", "is not a name for a package"),
        ("serde", "in Cargo.lock already"),
        ("template", "in Cargo.lock already"),
        (&long, "has 239 characters, and cargo takes at most 238"),
    ] {
        assert!(
            app.refused(&["mine", &format!("NAME={name}")])
                .contains(says),
            "{name}"
        );
    }
    for file in ["README.md", "new-file"] {
        app.write(file, "changed");
        assert!(app.refused(&["mine", "NAME=my-app"]).contains(&format!(
            "not committed ({}",
            if file == "new-file" { "??" } else { "M" }
        )));
        app.git(&["add", "-A"]);
        app.git(&["commit", "-qm", file]);
    }
    // Git could not bring them back; one elsewhere stays where it is.
    for file in [
        "tests/template/my.secret",
        "hello/a.secret",
        "elsewhere/b.secret",
    ] {
        app.write(file, "mine");
    }
    let said = app.refused(&["mine", "NAME=my-app"]);
    assert!(
        said.contains("hello/a.secret\ntests/template/my.secret\n"),
        "{said}"
    );
    assert!(!said.contains("b.secret"), "{said}");
    fs::remove_file(app.0.join("hello/a.secret")).unwrap();
    fs::remove_file(app.0.join("tests/template/my.secret")).unwrap();
    app.done(&["mine", "NAME=my-app"]);
    assert_eq!(app.read("elsewhere/b.secret"), "mine");
}

#[test]
fn the_lock_stays_in_order_whatever_its_line_ends() {
    let app = template("lock");
    app.write(".gitattributes", "* -text\n");
    let lock = app.read("Cargo.lock");
    app.write("Cargo.lock", &lock.replace('\n', "\r\n"));
    app.git(&["init", "-q"]);
    app.git(&["add", "-A"]);
    app.git(&["commit", "-qm", "The template"]);
    app.done(&["mine", "NAME=zoo"]);
    assert_eq!(app.read("Cargo.lock"), lock.replace("template", "zoo"));
    app.git(&["reset", "-q", "--hard"]);
    app.write("Cargo.lock", "version = 4\n");
    app.git(&["commit", "-qam", "Without packages"]);
    let said = app.refused(&["mine", "NAME=zoo"]);
    assert!(
        said.contains("Cargo.lock has no package template"),
        "{said}"
    );
}

#[test]
fn git_brings_back_all_that_mine_took_away() {
    let app = template("half");
    app.git(&["init", "-q"]);
    app.git(&["add", "-A"]);
    app.git(&["commit", "-qm", "The template"]);
    // The place is taken.
    app.write("target/template-1", "");
    app.done(&["mine", "NAME=my-app"]);
    assert!(
        app.0
            .join("target/template-2/tests/template/main.rs")
            .is_file()
    );
    app.git(&["reset", "-q", "--hard"]);
    assert!(app.0.join("tests/template/main.rs").is_file());
    // What cannot be moved away is found before anything is changed.
    fs::remove_dir_all(app.0.join("target")).unwrap();
    app.write("target", "a file");
    app.git(&["add", "-f", "target"]);
    app.git(&["commit", "-qm", "A file in the place of the folder"]);
    let said = app.refused(&["mine", "NAME=my-app"]);
    assert!(said.contains("target"), "{said}");
}
