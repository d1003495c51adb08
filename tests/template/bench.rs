//! `make bench`: what the handler costs on this machine, in half a minute.
//!
//! - Size, start and memory are those of `$HANDLER`, or of cargo's build. A start ends with the
//!   answer to the host's readiness request. Memory is the peak (VmHWM, only on Linux).
//! - The loads go to the tests' app (tests/template/machinery/app), in a new process for each, over
//!   loopback. The connections open in one burst, and each sends its next request after the answer,
//!   in the host's form. `busy`, rate times mean latency, is the number of served connections: if
//!   it is well below all, the figures don't count.
//!
//! The client shares the processors. An unexpected answer gives exit code 1. `cargo test --bench
//! bench` checks each load's answer, and measures nothing.

mod any_port;
#[path = "machinery/app/mod.rs"]
mod tests_app;

use any_port::{on_any_port, port_in};
use serde_json::Value;
use stand_in::host::request::invocation;
use stand_in::run::http::{Connection, request};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

app::global_allocator!();

const STARTS: usize = 200;
const LOAD: Duration = Duration::from_millis(1500);

const ORDER: &str = include_str!("wire/host-order-json.json");
const QUEUE: &str = include_str!("wire/host-queue-json.json");
const ID: &str = "70734a6c-261f-4802-9a19-265034c703c3";

fn main() {
    tests_app::serve_if_asked();
    if !env::args().any(|argument| argument == "--bench") {
        for load in &loads() {
            first_answer(&Server::start(tests_app()), load);
            println!("{}: answered", load.name);
        }
        return println!("nothing was measured: `cargo bench` does that");
    }
    measure_starts();
    println!("\nload                    conn    p50 us    p99 us  requests/s   busy  memory kB");
    for load in loads() {
        for connections in [1, 16] {
            measure(&load, connections);
        }
    }
}

/// This executable, as the tests' app.
fn tests_app() -> Command {
    let mut command = on_any_port(env::current_exe().expect("the bench's path"));
    command.env(tests_app::SERVE, "1");
    command
}

fn measure_starts() {
    let built = || env!("CARGO_BIN_EXE_handler").into();
    let path: PathBuf = env::var_os("HANDLER").map_or_else(built, PathBuf::from);
    let path = std::path::absolute(path).expect("the handler's path");
    let (mut took, mut memory) = (Vec::new(), 0);
    for _ in 0..STARTS {
        let begun = Instant::now();
        let server = Server::start(on_any_port(path.clone()));
        took.push(microseconds(begun));
        memory = memory.max(server.status("VmHWM:"));
    }
    let bytes = fs::metadata(&path).expect("the handler").len();
    let [p0, p50, p90] = percentiles(&mut took, [0, 50, 90]);
    let path = path.display();
    println!("{path}: {bytes} bytes, at most {memory} kB of memory");
    println!("{STARTS} starts: min {p0:.0}, p50 {p50:.0}, p90 {p90:.0} us");
}

struct Load {
    name: String,
    request: Vec<u8>,
    answer: String,
}

fn loads() -> Vec<Load> {
    // Hello and an echo, as a host proxies them.
    let headers = [
        ("X-Forwarded-Host", "localhost:7071"),
        ("X-Forwarded-Proto", "http"),
        ("X-Azure-Functions-InvocationId", ID),
    ];
    let long = "x".repeat(40 << 10);
    let item = |id| format!("{{\"id\":{id},\"name\":\"item {id} of the order\"}}");
    let items: Vec<String> = (1..=980).map(item).collect();
    let json = format!("{{\"items\":[{}]}}", items.join(","));
    let load = |name: &str, request, answer: &str| Load {
        name: name.to_owned(),
        request,
        answer: answer.to_owned(),
    };
    let invoked = |function: &str, payload: &str| {
        let path = format!("/{function}");
        invocation("127.0.0.1", &path, ID, payload.trim_end().as_bytes())
    };
    let ordered = |name, body| load(name, invoked("order", &order(body)), "Order enqueued");
    let hello = request("GET", "/api/hello", &headers, b"");
    let mut loads = vec![
        load("hello", hello, "hello world"),
        load("order", invoked("order", ORDER), "Order enqueued"),
        load(
            "MyQueueFunction",
            invoked("MyQueueFunction", QUEUE),
            "Outputs",
        ),
        ordered("order of 40 KiB", &long),
        ordered("order of 40 KiB of JSON", &json),
    ];
    for (name, bytes) in [("1 KiB", 1 << 10), ("64 KiB", 64 << 10), ("1 MiB", 1 << 20)] {
        let body = "x".repeat(bytes);
        let echo = request("POST", "/api/hello", &headers, body.as_bytes());
        loads.push(load(&format!("echo of {name}"), echo, &body));
    }
    loads
}

/// The captured order with another body, without the members that the host copies to `Metadata`.
fn order(body: &str) -> String {
    let mut order: Value = ORDER.parse().expect("the captured order");
    order["Data"]["req"]["Body"] = body.into();
    order["Data"]["req"]["Headers"]["Content-Length"][0] = body.len().to_string().into();
    let metadata = order["Metadata"].as_object_mut().expect("its metadata");
    metadata.retain(|name, _| !["id", "quantity", "color"].contains(&name.as_str()));
    order.to_string()
}

/// A handler's process, which ends on drop.
struct Server {
    child: Child,
    port: u16,
    /// Kept open, because the handler may print.
    _stdout: BufReader<ChildStdout>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Waits until it has answered.
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a handler");
        let mut stdout = BufReader::new(child.stdout.take().expect("its stdout"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("its first line");
        let port = port_in(&line).unwrap_or_else(|| panic!("it says {line:?}"));
        let server = Self {
            child,
            port,
            _stdout: stdout,
        };
        let ready = server.connect().exchange(&request("GET", "/", &[], b""));
        assert_eq!(ready.expect("an answer").status, 200);
        server
    }

    fn connect(&self) -> Connection {
        Connection::open(self.port).expect("a connection")
    }

    /// A number from /proc/PID/status; 0 if there is none.
    fn status(&self, key: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let value = status
            .lines()
            .find_map(|line| line.strip_prefix(key)?.split_whitespace().next());
        value.and_then(|value| value.parse().ok()).unwrap_or(0)
    }
}

/// Gives the length of the answer's body.
fn first_answer(server: &Server, load: &Load) -> usize {
    let answer = server.connect().exchange(&load.request).expect("an answer");
    let is_expected = answer.status == 200 && answer.text().contains(&load.answer);
    assert!(is_expected, "{}: {answer:?}", load.name);
    answer.body.len()
}

fn measure(load: &Load, connections: usize) {
    let server = Server::start(tests_app());
    let length = first_answer(&server, load);
    let open: Vec<_> = (0..connections).map(|_| server.connect()).collect();
    let end = Instant::now() + LOAD;
    let repeat = |mut connection: Connection| {
        let mut took = Vec::with_capacity(1 << 17); // Enough; untouched, it costs nothing.
        loop {
            let sent = Instant::now();
            let answer = connection.exchange(&load.request).expect("an answer");
            assert_eq!((answer.status, answer.body.len()), (200, length));
            if Instant::now() > end {
                return took;
            }
            took.push(microseconds(sent));
        }
    };
    let mut took: Vec<f64> = thread::scope(|scope| {
        let repeat = &repeat;
        let threads = open.into_iter().map(|one| scope.spawn(move || repeat(one)));
        let threads: Vec<_> = threads.collect();
        let took = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"));
        took.flatten().collect()
    });
    let [p50, p99] = percentiles(&mut took, [50, 99]);
    let rate = took.len() as f64 / LOAD.as_secs_f64();
    let busy = took.iter().sum::<f64>() / LOAD.as_micros() as f64;
    let (name, memory) = (&load.name, server.status("VmHWM:"));
    println!("{name:23}{connections:>5}{p50:>10.1}{p99:>10.1}{rate:>12.0}{busy:>7.1}{memory:>11}");
}

fn microseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}

fn percentiles<const N: usize>(values: &mut [f64], wanted: [usize; N]) -> [f64; N] {
    values.sort_unstable_by(f64::total_cmp);
    assert!(!values.is_empty(), "there was no answer in {LOAD:?}");
    wanted.map(|percent| values[(values.len() - 1) * percent / 100])
}
