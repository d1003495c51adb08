//! `make run` as a process, for an app that builds quickly and then runs `fake`.

use crate::fake;
use crate::started::{Run, signal};
use crate::wait::wait_for;
use serde_json::{Value, json};
use stand_in::run::http::{Answer, Connection, request};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The app's program. Its function `hello` answers with TEXT.
const PROGRAM: &str = r#"fn main() {
    println!("its arguments: {:?}", std::env::args().skip(1).collect::<Vec<_>>());
    eprintln!("a warning of handler {}", std::process::id());
    let mut fake = std::process::Command::new("TESTS");
    fake.args(["fake::serve", "--exact", "--nocapture", "--quiet", "--test-threads=1"]);
    fake.env("STAND_IN_FAKE", "TEXT");
    panic!("{}", std::os::unix::process::CommandExt::exec(&mut fake));
}"#;

/// A workspace of its own inside the stand-in's.
const CARGO: &str = r#"
workspace = {}
package = { name = "tiny", edition = "2024" }
bin = [{ name = "handler", path = "src/main.rs" }]
example = [{ name = "table", path = "table.rs" }]
"#;

pub struct Folder(pub PathBuf);

impl Folder {
    /// An app with `hello`, and these functions, one per line, without HTTP triggers.
    pub fn new(test: &str, functions: &str) -> Self {
        let all = format!("hello: get > answer\n{functions}");
        let folder = Self(fake::app_with(&format!("run-{test}"), &all));
        folder.write_host("00:30:00");
        folder.write("Cargo.toml", CARGO);
        folder.write_program("first");
        folder.write_table("/api/hello", functions);
        folder
    }

    fn write_host(&self, limit: &str) {
        let limit = format!(r#"{{"functionTimeout":"{limit}","logging":{{}},"#);
        let program = r#""handler","arguments":["--own","%RUN_TEST%"]"#;
        let host = fake::HOST.replacen('{', &limit, 1);
        self.write("host.json", &host.replace(r#""handler""#, program));
    }

    /// Its table: `hello` at `path`, and other functions.
    fn write_table(&self, path: &str, functions: &str) {
        let hello = json!({"Http": {"methods": ["GET"], "path": path}});
        let mut table = vec![json!({"name": "hello", "outputs": [], "kind": hello})];
        for (name, bindings) in fake::functions(functions) {
            let names: Vec<_> = bindings.iter().map(|binding| &binding["name"]).collect();
            let kind = json!({"Trigger": {"binding": names[0]}});
            table.push(json!({"name": name, "outputs": names[1..], "kind": kind}));
        }
        let table = Value::from(table);
        let code = format!("fn main() {{ println!(\"{{}}\", r#\"{table}\"#) }}");
        self.write("table.rs", &code);
    }

    fn write_program(&self, text: &str) {
        let tests = std::env::current_exe().expect("the test's path");
        let program = PROGRAM.replace("TESTS", tests.to_str().expect("text"));
        self.write("src/main.rs", &program.replace("TEXT", text));
    }

    /// A command of the stand-in, in this folder. Cargo's builds are kept between runs.
    fn command(&self, command: &str) -> Command {
        let mut stand_in = Command::new(env!("CARGO_BIN_EXE_stand-in"));
        stand_in.arg(command).current_dir(&self.0);
        stand_in.env_remove("CARGO_BUILD_TARGET_DIR");
        stand_in.env("CARGO_TARGET_DIR", self.0.with_extension("target"));
        stand_in
    }

    pub fn write(&self, path: &str, text: &str) {
        fake::write(&self.0, path, text);
    }
}

/// `make run` on a free port. Waits until it shows its functions.
pub fn start(folder: &Folder, arguments: &[&str]) -> Run {
    let mut run = spawn(folder, &[&["--port", "0"], arguments].concat());
    run.wait_for_port();
    run
}

fn spawn(folder: &Folder, arguments: &[&str]) -> Run {
    let mut command = folder.command("run");
    command.args(arguments).env("RUN_TEST", "of-the-shell");
    Run::spawn(command, folder.0.with_extension("txt"))
}

impl Run {
    pub fn wait_for_words(&mut self, words: &str, times: usize) {
        let has = |text: &str| (text.matches(words).count() >= times).then_some(());
        self.wait_for_output(words, has);
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, b"")
    }

    fn post(&self, queue: &str, message: &str) {
        let path = format!("/local/queues/{queue}");
        let answer = self.ask("POST", &path, message.as_bytes());
        assert_eq!(answer.status, 201);
    }

    fn waiting(&self, path: &str) -> Connection {
        let mut caller = Connection::open(self.port).expect("a connection");
        caller.send(&request("GET", path, &[], b"")).expect("sent");
        caller
    }

    #[track_caller]
    fn assert_says(&self, words: &[&str]) {
        let output = self.output();
        for words in words {
            assert!(output.contains(words), "{output:?} has no {words:?}");
        }
    }

    fn count(&self, words: &str) -> usize {
        self.output().matches(words).count()
    }

    /// The lines about invocations, without times; `ID` and `N` stand for what differs each time.
    pub fn lines(&self) -> Vec<String> {
        let output = self.output();
        let lines = output.lines().filter_map(|line| {
            let (_, line) = line.strip_prefix('[')?.split_once("] ")?;
            let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            if let Some(ms) = words.iter().position(|word| word.starts_with("ms")) {
                words[ms - 1] = "N".to_owned();
            }
            let id = words.get_mut(1);
            if let Some(id) = id.filter(|id| id.len() == 9 && id.ends_with(':')) {
                *id = "ID:".to_owned();
            }
            Some(words.join(" "))
        });
        lines.collect()
    }

    /// Counts the lines about invocations with this beginning.
    pub fn begin(&self, beginning: &str) -> usize {
        let lines = self.lines().into_iter();
        lines.filter(|line| line.starts_with(beginning)).count()
    }

    /// The handler's text and its process id.
    fn hello(&self) -> (String, u32) {
        let answer = self.get("/api/hello");
        assert_eq!(answer.status, 200, "{answer:?}\n{}", self.output());
        let (text, pid) = answer.text().rsplit_once(' ').expect("two words");
        (text.to_owned(), pid.parse().expect("a process id"))
    }

    fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().expect("its status").code()
    }
}

fn wait_for_end(pid: u32) {
    wait_for("the handler's end", || (!signal("-0", pid)).then_some(()));
}

/// The lines about `work`, in order.
const WORK: &str = "\
work ID: a message in jobs
work ID: it\\nworked
work ID: succeeded in N ms
work ID: a message in jobs
work ID: failed in N ms, try 1 of 3: no price (at src/work.rs:7)
work ID: a message in jobs, try 2 of 3
work ID: failed in N ms, try 2 of 3
work ID: a message in jobs, try 3 of 3
work ID: failed in N ms, try 3 of 3";

const HELLO: &str = "\
hello ID: GET /api/hello?never
hello ID: GET /api/hello?a=1
hello ID: 200 in N ms
hello ID: GET /api/hello?fail
hello ID: failed with 500 in N ms: no tea (at src/hello.rs:7)
hello ID: GET /api/hello?own500
hello ID: 500 in N ms";

#[test]
fn the_terminal_says_what_runs_and_what_happens_in_a_line_each() {
    let functions = "work: on-queue jobs > queue:$return done
        yearly: startup-timer 0 0 0 1 1 *";
    let folder = Folder::new("terminal", functions);
    let mut run = start(&folder, &["--timers", "off"]);
    let _never = run.waiting("/api/hello?never");
    run.wait_for_words("?never", 1);
    for (query, status, end) in [
        ("a=1", 200, ": 200 in "),
        ("fail", 500, ": failed with 500 in "),
        ("own500", 500, ": 500 in "),
    ] {
        assert_eq!(run.get(&format!("/api/hello?{query}")).status, status);
        // The caller may have its answer earlier.
        run.wait_for_words(end, 1);
    }
    for (message, end) in [("tea", "succeeded"), ("no price", "moved to")] {
        run.post("jobs", message);
        run.wait_for_words(end, 1);
    }
    run.wait_for_words(": looked for one\n", 3);
    // The handler's own lines come another way.
    let own = "work ID: looked for one";
    assert_eq!(run.begin(own), 3);
    for (function, expected) in [("hello", HELLO), ("work", WORK)] {
        let mut lines = run.lines();
        lines.retain(|line| line.starts_with(function) && line != own);
        assert_eq!(lines.join("\n"), expected);
    }
    run.assert_says(&[
        "\nFunctions:\n\n\thello: [GET] http://localhost:",
        "\nTimers are off: TIMERS=off\n",
        "host.json: ignored here: logging",
        "its arguments: [\"--own\", \"of-the-shell\"]",
        "a warning of handler ",
        "queue done: a text that is longer than the line has room for, so that it is cut\n",
        "moved to jobs-poison: no price\n",
    ]);
    // The reason is shown once, no timer runs, and nothing is coloured.
    let words = ["no price (at", "no tea (at", "runOnStartup", "\x1b"];
    assert_eq!(words.map(|words| run.count(words)), [1, 1, 0, 0]);

    // A long run is reported once until it has run twice as long.
    run.wait_for_words(": still running after 10 s\n", 1);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(run.count("still running"), 1);
}

#[test]
fn it_reloads_and_no_request_fails() {
    let folder = Folder::new("reloads", "");
    let port = fake::listen().1;
    let settings = format!(r#"{{"Host":{{"LocalHttpPort":{port},"CORS":"*"}}}}"#);
    folder.write("local.settings.json", &settings);
    let mut run = spawn(&folder, &["--verbose", "1"]);
    run.wait_for_port();
    assert_eq!(run.port, port);
    run.wait_for_words("\nlocal.settings.json: ignored here: Host.CORS\n", 1);
    let (text, first) = run.hello();
    assert_eq!(text, "first");
    // All is shown, such as whole ids.
    let output = run.output();
    let (_, guid) = output.split_once("] hello ").expect("an invocation");
    assert_eq!(guid.find(':'), Some(36), "{guid}");

    // The first handler has work while the second takes its place.
    let mut slow = run.waiting("/api/hello?slow");
    run.wait_for_words("GET /api/hello?slow", 1);
    folder.write_program("second");
    run.wait_for_words("] reloaded in ", 1);
    assert_eq!(run.hello().0, "second");
    let slow = slow.read(true).expect("an answer");
    assert_eq!(slow.text(), format!("first {first}"));
    wait_for_end(first);

    let not_reloaded = "not reloaded: what ran before goes on";
    folder.write("src/main.rs", "fn main() { no such thing }");
    run.wait_for_words(not_reloaded, 1);
    run.assert_says(&["error: "]);
    assert_eq!(run.hello().0, "second");
    folder.write_program("again");
    run.wait_for_words("] reloaded in ", 2);

    folder.write("hello/function.json", "{\n\n]");
    run.wait_for_words(not_reloaded, 2);
    run.assert_says(&["] hello/function.json: line 3: "]);
    assert_eq!(run.hello().0, "again");

    // The table differs until it says the same.
    fake::write_functions(&folder.0, "hello: get v2/{id} > answer");
    run.wait_for_words(not_reloaded, 3);
    run.assert_says(&["/api/v2/{id}"]);
    folder.write_table("/api/v2/{id}", "");
    folder.write_program("third");
    run.wait_for_words("] reloaded in ", 3);
    let starts_with = |run: &Run, text| run.get("/api/v2/7").text().starts_with(text);
    assert!(starts_with(&run, "third "));
    assert_eq!(run.get("/api/hello").status, 404);
    run.wait_for_words("\thello: [GET] http://localhost:", 2);

    // A handler that ends well is not restarted until the app changes.
    assert_eq!(run.get("/api/v2/7?exit=0").status, 500);
    run.wait_for_words("code 0, and so it is not started again", 1);
    let answer = run.get("/api/v2/7");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("code 0"), "{answer:?}");

    // Two edits, the second during the first build.
    let building = "main.rs has changed: building\n";
    let before = run.count(building);
    folder.write_program("fourth");
    run.wait_for_words(building, before + 1);
    folder.write_program("fifth");
    wait_for("both", || starts_with(&run, "fifth ").then_some(()));

    fs::remove_dir_all(folder.0.join("hello")).expect("removed");
    folder.write("table.rs", "fn main() { println!(\"[]\") }");
    run.wait_for_words("\nFunctions:\n\n\tnone yet: make new\n", 1);
}

#[test]
fn it_ends_at_once_with_all_that_it_has_started() {
    crate::interrupts::heed();
    let folder = Folder::new("ends", "");
    for name in ["-INT", "-TERM", "-KILL"] {
        let mut run = start(&folder, &[]);
        let pid = run.hello().1;
        // Like a terminal: to the whole group, without the handler.
        assert!(signal(name, format!("-{}", run.child.id())));
        assert_eq!(run.exit_code(), None);
        wait_for_end(pid);
    }
}

#[test]
fn what_keeps_it_from_starting_is_one_clear_line() {
    let folder = Folder::new("not-started", "");
    let says = |arguments: &str, words: &str| {
        let arguments: Vec<_> = arguments.split(' ').collect();
        let mut run = spawn(&folder, &arguments);
        assert_eq!(run.exit_code(), Some(1));
        run.assert_says(&[words]);
    };
    let (_taken, port) = fake::listen();
    let in_use = format!("port {port} is in use; for another: make run PORT=");
    let options = "there are --port, --attach, --timers, --verbose";
    for (arguments, words) in [
        (&*format!("--port {port}"), &*in_use),
        ("--port x", "PORT=x is not a port from 0 to 65535"),
        ("--attach", "ATTACH= is not a port from 0 to 65535"),
        ("--timers x", "TIMERS=x is neither on nor off"),
        (
            "--ports 1",
            &format!("there is no option --ports; {options}"),
        ),
    ] {
        says(arguments, &format!("error: {words}"));
    }
    let (function, bindings) = ("hello/function.json", r#"{"bindings""#);
    let (program, main) = ("src/main.rs", "fn main() {");
    let with_script = r#"{"scriptFile":"x","bindings""#;
    let no_script = "hello/function.json: \"x\" is not there, and the function";
    let exits = "fn main() { std::process::exit(7);";
    let ended = "error: the handler ended with code 7 before it answered\n";
    for (file, right, wrong, words) in [
        (function, "get", "post", "error: src/functions/mod.rs: "),
        (function, bindings, with_script, no_script),
        (program, main, exits, ended),
        (program, main, "fn main() { no such thing", "error: "),
        ("host.json", "{", "[", "host.json: line 1: "),
    ] {
        let text = fs::read_to_string(folder.0.join(file)).expect(file);
        folder.write(file, &text.replacen(right, wrong, 1));
        says("--port 0", words);
        folder.write(file, &text);
    }
}

/// The compiler's errors, the files' errors, and what could not be checked.
#[test]
fn make_check_says_that_the_app_does_not_compile() {
    let folder = Folder::new("check", "");
    folder.write("src/main.rs", "fn main() { no such thing }");
    folder.write("hello/function.json", "{\n\n]");
    let said = folder.command("check").output().unwrap();
    let text = String::from_utf8(said.stderr).unwrap();
    let expected = [
        "src/main.rs:1:",
        "hello/function.json: line 3: ",
        "error: the app does not compile, so its table could not be read\n",
    ];
    let found = expected.map(|words| text.find(words));
    assert!(found.is_sorted() && found[0].is_some(), "{text}");
    assert_eq!(said.status.code(), Some(1));
}

#[test]
fn it_uses_a_handler_that_runs_already() {
    let folder = Folder(fake::app("attach"));
    let port = fake::listen().1;
    // There is no time limit: nothing can be killed, and a breakpoint may take long.
    folder.write_host("00:00:01");
    let mut run = spawn(&folder, &["--port", "0", "--attach", &port.to_string()]);
    run.wait_for_words(&format!("waiting for a handler on 127.0.0.1:{port}"), 1);
    let listener = std::net::TcpListener::bind(("127.0.0.1", port)).expect("the port");
    std::thread::spawn(move || Arc::new(fake::Fake::default()).serve(&listener));
    run.wait_for_port();
    assert_eq!(run.get("/api/length").text(), "hello");
    let (_silent, begun) = (run.waiting("/api/silent"), Instant::now());

    // Nothing is built, and it says so.
    folder.write_host("00:00:02.5");
    run.wait_for_words("host.json has changed: reading the app's files", 1);
    run.wait_for_words("read again, with the attached handler as it is, in ", 1);
    assert_eq!(run.count("building") + run.count("reloaded"), 0);

    // Messages are delivered, with tries, also to later functions.
    let mut sent: BTreeSet<_> = (0..200).map(|n| format!("message {n}")).collect();
    sent.insert("fail once".to_owned());
    for message in sent.iter().map(String::as_str).chain(["fail", "bytes"]) {
        run.post("copy-in", message);
    }
    let arrived = |queue: &str, count: usize| {
        wait_for(queue, || {
            let listed = run.get(&format!("/local/queues/{queue}"));
            let listed: Vec<Value> = serde_json::from_slice(&listed.body).expect("a list");
            (listed.len() == count).then_some(listed)
        })
    };
    let texts = arrived("second-out", 201).into_iter();
    let texts = texts.map(|text| text.as_str().expect("a text").to_owned());
    assert_eq!(texts.collect::<BTreeSet<_>>(), sent);
    assert_eq!(arrived("copy-in-poison", 1), ["fail"]);
    assert_eq!(arrived("copy-out-poison", 1), [json!({"base64": "/wA="})]);
    run.assert_says(&[
        "queue second-out: message 7",
        "status 500: it failed",
        "second had message 7",
    ]);
    let more_than_the_limit = Duration::from_secs(4);
    std::thread::sleep(more_than_the_limit.saturating_sub(begun.elapsed()));
    assert_eq!(run.get("/api/length").status, 203);
    assert_eq!(run.count("functionTimeout"), 0);
}

#[test]
fn timers_run_by_their_schedules() {
    let functions = "tick: timer * * * * * *
        long: timer 00:00:01
        yearly: startup-timer 0 0 0 1 1 *";
    let folder = Folder::new("timers", functions);
    let mut run = start(&folder, &[]);
    let begun = Instant::now();
    let ended = |run: &Run, name: &str| run.begin(&format!("{name} ID: succeeded"));
    wait_for("three seconds of timers", || {
        (ended(&run, "tick") >= 3 && ended(&run, "long") >= 2).then_some(())
    });
    assert!(begun.elapsed() > Duration::from_secs(2));
    assert!(run.begin("tick ID: * * * * * *") > 0);
    // After a reload, due timers run, those of the start do not run again, and a changed schedule
    // replaces the old one.
    fake::write_functions(&folder.0, "tick: timer 0 0 0 1 1 *");
    run.wait_for_words("] reloaded in ", 1);
    let (ticks, long) = (run.begin("tick ID: *"), ended(&run, "long"));
    let ran = || (ended(&run, "long") > long + 1).then_some(());
    wait_for("another run", ran);
    let output = run.output();
    assert_eq!(ended(&run, "yearly"), 1, "{output}");
    assert_eq!(run.begin("yearly ID: runOnStartup"), 1);
    // One may have been running.
    assert!(run.begin("tick ID: *") <= ticks + 1, "{output}");
    assert_eq!(run.count("two at once"), 0, "{output}");
}

#[test]
fn a_handler_whose_function_never_ends_or_that_ends_itself_is_started_again() {
    let folder = Folder::new("again", "work: on-queue jobs");
    folder.write_host("00:00:01");
    let mut run = start(&folder, &[]);
    let mut before = run.hello().1;
    let mut is_another = |run: &Run| {
        let (text, now) = run.hello();
        assert_eq!(text, "first");
        assert_ne!(now, before, "{}", run.output());
        before = now;
    };
    for time in 1..=2 {
        let (mut never, begun) = (run.waiting("/api/hello?never"), Instant::now());
        let mut slow = run.waiting("/api/hello?slow");
        run.wait_for_words("it has run longer than functionTimeout, 1 s", time);
        // A run that ends within the two seconds is answered.
        let slow = slow.read(true).expect("an answer");
        assert_eq!(slow.status, 200, "{}", run.output());
        assert_eq!(never.read(true).expect("an answer").status, 500);
        let took = begun.elapsed().as_secs();
        assert!((3..10).contains(&took), "{took} s");
        is_another(&run);
    }
    // A slow run may also be reported before the kill.
    let announced = run.count("in 2 s the handler is killed and started again\n");
    assert!((2..=4).contains(&announced), "{}", run.output());
    for words in [
        " ms: it ran longer than functionTimeout, 1 s\n",
        "] the handler was killed: it is started again\n",
    ] {
        assert_eq!(run.count(words), 2, "{}", run.output());
    }
    // A message has used one try.
    run.post("jobs", "never");
    run.wait_for_words(", try 2 of 3\n", 1);
    run.wait_for_words(" ms, try 2 of 3\n", 1);
    is_another(&run);

    // None of these counts as a crash. Code 200 is a restart on purpose, as often as it likes, and
    // `kill -9` is an error as 1 is.
    for code in [200, 200, 200, 200, 1, 137] {
        let again = format!("the handler has ended with code {code}: it is started again");
        let times = run.count(&again);
        if code == 137 {
            assert!(signal("-KILL", run.hello().1));
        } else {
            // The request that ends it fails, and the next waits for another handler.
            let answer = run.get(&format!("/api/hello?exit={code}"));
            assert_eq!(answer.status, 500);
        }
        run.wait_for_words(&again, times + 1);
        is_another(&run);
    }
    // It may end before it answers.
    if let Ok(answer) = run.waiting("/api/hello?exit=1").read(true) {
        assert_eq!(answer.status, 500);
    }
    assert_eq!(run.exit_code(), Some(1));
    run.assert_says(&[
        "with code 1, the third error in 30 minutes: the host ends; make run starts it again",
    ]);
}
