use crate::any_port::port_in;
use crate::wait::wait_for;
use stand_in::run::process;
use std::ops::Deref;
use std::process::Command;

/// A handler process, and what tests wait for.
pub struct Handler(process::Handler);

impl Deref for Handler {
    type Target = process::Handler;

    fn deref(&self) -> &process::Handler {
        &self.0
    }
}

impl Handler {
    /// Waits until `command` prints where it listens.
    pub fn from_command(command: Command) -> Self {
        let announced = Self::spawn(command).announced();
        announced.unwrap_or_else(|_| panic!("it ended before it listened"))
    }

    /// Does not wait; `port` is not known yet.
    pub fn spawn(command: Command) -> Self {
        Self(process::Handler::spawn(0, command, None).expect("it starts"))
    }

    /// Waits for the line with the address; errors with the process if it ended first.
    pub fn announced(mut self) -> Result<Self, Self> {
        match self.wait("its address", || port_in(&self.stdout())) {
            Some(port) => {
                self.0.port = port;
                Ok(self)
            }
            None => Err(self),
        }
    }

    pub fn pid(&self) -> u32 {
        self.0.pid().expect("a process of one's own")
    }

    pub fn is_running(&self) -> bool {
        self.exit_code().is_none()
    }

    #[track_caller]
    pub fn wait_for_stderr(&self, what: &str) {
        let found = self.wait(what, || self.stderr().contains(what).then_some(()));
        assert!(found.is_some(), "stderr ended without {what:?}");
    }

    #[track_caller]
    pub fn wait_for_stdout(&self, what: &str) {
        let found = self.wait(what, || self.stdout().contains(what).then_some(()));
        assert!(found.is_some(), "stdout ended without {what:?}");
    }

    /// Waits until `find` gives something; `None` if the process ended without it.
    #[track_caller]
    fn wait<T>(&self, what: &str, find: impl Fn() -> Option<T>) -> Option<T> {
        wait_for(what, || {
            let ended = !self.is_running();
            find().map(Some).or(ended.then_some(None))
        })
    }

    /// Waits until the process ends by itself, and gives its exit code.
    pub fn wait_for_exit(&self) -> i32 {
        wait_for("the handler to end", || self.exit_code())
    }

    /// Sends a signal by its name, such as `TERM`.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        assert!(signal(&self.pid().to_string(), name), "kill -{name} failed");
    }
}

/// False if there is no such process.
#[cfg(unix)]
pub fn signal(pid: &str, name: &str) -> bool {
    let mut kill = Command::new("kill");
    let sent = kill.args([&format!("-{name}"), pid]).output();
    sent.expect("kill runs").status.success()
}
