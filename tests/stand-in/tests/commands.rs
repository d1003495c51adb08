//! The commands `new`, `remove` and `mine`, run as the Makefile runs them, in an app that is made
//! for each test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TABLE: &str = "src/functions/mod.rs";
const TRIGGERS: [&str; 8] = [
    "http",
    "timer",
    "queue",
    "blob",
    "servicebus",
    "eventhub",
    "eventgrid",
    "cosmosdb",
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
    // function.json, the function and its test.
    assert_eq!(with.len(), before.len() + 2 * 3 * TRIGGERS.len());
    let table = &with[TABLE];
    assert!(
        table
            .contains("    Route::http(\"plain-http\", &[\"GET\", \"POST\"], \"/api/plain-http\", plain_http::run),\n")
    );
    assert!(
        table
            .contains("    Route::trigger(\"plain-queue\", \"message\", &[], plain_queue::run),\n")
    );
    assert!(
        table.starts_with("//! Functions.\n\nmod all_blob;\nmod all_cosmosdb;\n"),
        "{table}"
    );
    for list in [TABLE, "tests/functions/main.rs"] {
        assert_eq!(
            with[list].matches("\nmod ").count(),
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
    assert!(
        table
            .contains("Route::trigger(\"Match\", \"item\", &[\"$return\", \"hub\"], r#match::run)"),
        "{table}"
    );
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
        test.contains("app.send(\"items\", \"hi\")")
            && test.contains("assert_eq!(app.queue(\"done\"), [\"hi\"]);")
    );

    let routed = r#"{"bindings": [
        {"type": "httpTrigger", "name": "req", "methods": ["get", "delete"], "route": "items/{category:alpha}/{id:int?}"},
        {"type": "http", "direction": "out", "name": "res"}]}"#;
    app.write("items/function.json", routed);
    app.done(&["new", "NAME=items", "TRIGGER=http"]);
    let (table, code) = (app.read(TABLE), app.read("src/functions/items.rs"));
    assert!(
        table.contains(
            "&[\"GET\", \"DELETE\"], \"/v1/items/{category:alpha}/{id:int?}\", items::run"
        ),
        "{table}"
    );
    assert!(
        code.contains("request.param(\"category\")?") && code.contains("request.param(\"id\")?"),
        "{code}"
    );
    assert!(
        app.read("tests/functions/items.rs")
            .contains("app.get(\"/v1/items/category?name=pen&quantity=2\")")
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
            .contains("has the outputs already")
    );
}

#[test]
fn what_cannot_be_is_refused_in_words_and_changes_nothing() {
    let app = App::new("refused");
    app.done(&["new", "NAME=Web-Two", "TRIGGER=http"]);
    assert!(app.0.join("src/functions/web_two.rs").is_file());
    app.write("docs/page.md", "text");
    app.write("src/functions/helpers/mod.rs", "");
    let long = "x".repeat(129);
    for (name, trigger, outputs, says) in [
        ("", "queue", "", "make new NAME=ingest TRIGGER=queue"),
        (
            "ingest",
            "",
            "",
            "http, timer, queue, blob, servicebus, eventhub, eventgrid, cosmosdb",
        ),
        (
            "ingest",
            "sqs",
            "",
            "no trigger \"sqs\" here; there are http, timer, queue",
        ),
        (
            "ingest",
            "queue",
            "blob,sqs",
            "no output \"sqs\" here; there are queue, blob, table",
        ),
        (
            "1st",
            "queue",
            "",
            "the host takes no function called \"1st\"",
        ),
        (&long, "queue", "", "the host takes no function called"),
        (
            "Host",
            "queue",
            "",
            "the host takes no function called \"Host\"",
        ),
        ("mod", "queue", "", "src/functions/mod.rs"),
        ("main", "queue", "", "tests/functions/main.rs"),
        ("crate", "queue", "", "Rust has no module"),
        ("Tests", "queue", "", "the folder is Rust's own"),
        ("nul", "queue", "", "a device on Windows"),
        ("Makefile-job", "queue", "", ".funcignore"),
        ("web-two", "queue", "", "there is Web-Two already"),
        ("WebTwo", "queue", "", "src/functions/web_two.rs already"),
        ("helpers", "queue", "", "src/functions/helpers already"),
        ("docs", "queue", "", "there is docs already"),
        ("DOCS", "queue", "", "there is docs already"),
        (
            "Web-Two",
            "",
            "",
            "src/functions/mod.rs has the function \"Web-Two\" already",
        ),
    ] {
        let said = app.refused(&[
            "new",
            &format!("NAME={name}"),
            &format!("TRIGGER={trigger}"),
            &format!("OUT={outputs}"),
        ]);
        assert!(said.contains(says), "{name} {trigger} {outputs}: {said}");
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
        "[package]\nname = \"template\"\ndescription = \"a template\"\n\n[lib]\nname = \"app\"\n",
    );
    app.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"serde\"\nversion = \"1\"\n\n[[package]]\nname = \"template\"\nversion = \"0\"\n");
    app.write("README.md", "# The template");
    app.write("tests/template/your-README.md", &your_readme());
    app.write("tests/template/main.rs", "");
    app.write(".github/workflows/template.yml", "");
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
    assert!(
        said.contains("hello") && said.contains("make new NAME=ingest"),
        "{said}"
    );
    let files: Vec<String> = app.files().into_keys().collect();
    let left = [
        ".funcignore",
        ".github/workflows/ci.yml",
        ".gitignore",
        "Cargo.lock",
        "Cargo.toml",
        "README.md",
        "host.json",
        "local.settings.json",
        TABLE,
        "tests/functions/main.rs",
    ];
    assert_eq!(files, left);
    assert_eq!(
        app.read("Cargo.toml"),
        "[package]\nname = \"my-app\"\n\n[lib]\nname = \"app\"\n"
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
    for (name, says) in [
        ("", "make mine NAME=my-app"),
        ("1st", "is not a name for a package"),
        ("serde", "in Cargo.lock already"),
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
    app.done(&["mine", "NAME=my-app"]);
}
