//! `make run`, started by a test.

use stand_in::run::http::{Answer, Connection, request};
use std::fmt::Display;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the first build may take, beside other builds.
const BUILT_WITHIN: Duration = Duration::from_secs(600);

/// A process group, as a terminal starts it.
pub struct Run {
    pub child: Child,
    output: PathBuf,
    pub port: u16,
}

impl Run {
    /// All that it prints goes to the file `output`.
    pub fn spawn(mut command: Command, output: PathBuf) -> Self {
        let file = fs::File::create(&output).expect("a file");
        command.stderr(file.try_clone().expect("a handle"));
        command.process_group(0).stdin(Stdio::null()).stdout(file);
        Self {
            child: command.spawn().expect("it starts"),
            output,
            port: 0,
        }
    }

    /// Waits until it shows its functions.
    pub fn wait_for_port(&mut self) {
        self.port = self.wait_for_output("an address", |text| {
            let (_, rest) = text.split_once("http://localhost:")?;
            rest.split_once('/')?.0.parse().ok()
        });
    }

    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).expect("the output")).into_owned()
    }

    pub fn wait_for_output<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            let ended = self.child.try_wait().expect("its status").is_some();
            match find(&self.output()) {
                Some(found) => return found,
                None if ended => panic!("it ended without {what}"),
                None if begun.elapsed() > BUILT_WITHIN => panic!("waited in vain for {what}"),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    pub fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let mut connection = Connection::open(self.port).expect("a connection");
        let answer = connection.exchange(&request(method, path, &[], body));
        answer.expect("an answer")
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            // Not by Ctrl-C, which a script's background job ignores.
            signal("-KILL", format!("-{}", self.child.id()));
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("{}", self.output());
        }
    }
}

/// Sends it to a process, or to a group behind `-`. False if there is none.
pub fn signal(name: &str, process: impl Display) -> bool {
    let mut kill = Command::new("kill");
    kill.args([name, "--", &process.to_string()]);
    kill.stderr(Stdio::null()).status().expect("kill").success()
}
