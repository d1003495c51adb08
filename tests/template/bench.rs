//! `make bench`: what the built handler costs on this machine, in half a minute, as one table.
//!
//! ```text
//! cargo bench --bench bench               measures $HANDLER, or ./handler, or cargo's own build, and the tests' app
//! cargo bench --bench bench -- OTHER ...  measures other handlers beside them and prints ratios
//! ```
//!
//! Size, start and memory are those of the handler, whatever its functions are. The loads are for
//! functions that it need not have: they go to the tests' app (tests/template/machinery/app), as which the
//! bench starts itself anew, compiled as the bench is. `make bench` compiles that as it compiles
//! the handler.
//!
//! - linkage: `static` means that no ELF program header of the file names an interpreter.
//! - start: from spawning the process to the first byte of the answer to `GET /`, the Functions
//!   host's readiness request. Memory is the most that the process ever had (VmHWM, on Linux only).
//! - loads: each against a fresh process, over loopback, from connections that are opened in one
//!   burst, a blocking thread for each, which sends its next request when it has the answer.
//!   `order` and `MyQueueFunction` are sent as a host does: chunked, no Content-Length. `busy` is
//!   rate x mean latency, the connections being served: well below their number, some were not, and
//!   the figures don't count.
//! - threads: those of the process that had `order` on 16 connections, 10 s or more after it.
//! - large orders: the most memory that a fresh process had for one of 10 MiB, in ratio to the
//!   payload that the host sends of it; at most 2.5 is the goal.
//!
//! Requests are written out beforehand, and of an answer only status and length are looked at (of a
//! load's first one the content too), so that little of what is measured is the client; but it
//! shares the handler's processors. An unexpected answer ends the bench with exit code 1; if it is
//! another handler's, that load gets a `-`. `cargo test --all-targets` looks whether each load gets
//! its answer, and measures nothing.

#[path = "machinery/app/mod.rs"]
mod tests_app;

use stand_in::host::rules::to_base64;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

app::global_allocator!();

const STARTS: usize = 200;
const LOAD: Duration = Duration::from_millis(1500);
const TIMEOUT: Duration = Duration::from_secs(10);

const ORDER: &str = include_str!("wire/host-order-json.json");
const QUEUE: &str = include_str!("wire/host-queue-json.json");

fn main() -> ExitCode {
    tests_app::serve_if_asked();
    let (options, others): (Vec<_>, Vec<_>) =
        env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let result = if options.iter().any(|o| o == "--bench") {
        bench(&others)
    } else {
        check()
    };
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    eprintln!("\nbench: {}", explain(error));
    ExitCode::FAILURE
}

/// What can be started, and its name in the table.
struct Handler {
    name: String,
    path: PathBuf,
    /// Whether it is this executable, as the tests' app.
    is_tests_app: bool,
}

impl Handler {
    fn new(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        println!("{name}: {}", path.display());
        Ok(Self {
            name,
            path,
            is_tests_app: false,
        })
    }

    fn tests_app() -> io::Result<Self> {
        Ok(Self {
            name: "tests' app".into(),
            path: env::current_exe()?,
            is_tests_app: true,
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        if self.is_tests_app {
            command.env(tests_app::SERVE, "1");
        }
        command
    }
}

/// Looks whether each load gets its answer.
fn check() -> io::Result<()> {
    let app = Handler::tests_app()?;
    let large = large_orders().into_iter().map(|(load, _)| load);
    for load in loads()
        .into_iter()
        .filter(|load| load.connections == 1)
        .chain(large)
    {
        let (server, _) = Server::start(&app)?;
        first_answer(&server, &load)?;
        println!("{}: answered", load.name);
    }
    println!("nothing was measured: `cargo bench` does that");
    Ok(())
}

fn bench(others: &[String]) -> io::Result<()> {
    let cpus = thread::available_parallelism().map_or(0, usize::from);
    println!(
        "{} {}, {cpus} processors",
        env::consts::OS,
        env::consts::ARCH
    );
    let local =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("handler{}", env::consts::EXE_SUFFIX));
    let handler = match env::var_os("HANDLER") {
        Some(path) => path.into(),
        None if local.is_file() => local,
        None => env!("CARGO_BIN_EXE_handler").into(),
    };
    let paths = std::iter::once(handler).chain(others.iter().map(PathBuf::from));
    let mut handlers = paths.map(Handler::new).collect::<io::Result<Vec<_>>>()?;
    let app = Handler::tests_app()?;
    let width = handlers
        .iter()
        .map(|handler| handler.name.len())
        .max()
        .unwrap_or(0)
        .max(app.name.len());
    if handlers.len() > 1 {
        println!("x: the first one's figure divided by this one's");
    }

    println!(
        "\n{:width$}     bytes  linkage  start min     p50     p90 us  memory kB",
        "handler"
    );
    let mut starts = vec![Vec::new(); handlers.len()];
    let mut memory = vec![None; handlers.len()];
    for _ in 0..STARTS {
        for (i, handler) in handlers.iter().enumerate() {
            // in turn: all of them meet the same noise
            let (server, took) = Server::start(handler)?;
            starts[i].push(took);
            memory[i] = server.status("VmHWM:").max(memory[i]);
        }
    }
    let mut first = None;
    for (i, Handler { name, path, .. }) in handlers.iter().enumerate() {
        let file = fs::read(path)?;
        let (size, linkage) = (file.len(), linkage(&file));
        let [min, p50, p90] = percentiles(&mut starts[i], [0, 50, 90]);
        let kb = memory[i].map_or(f64::NAN, |kb| kb as f64);
        let ratios = ratios(
            &mut first,
            ["bytes", "start", "memory"],
            [size as f64, p50, kb],
        );
        let kb = or_dash(memory[i]);
        println!(
            "{name:width$}{size:>10}{linkage:>9}{min:>11.0}{p50:>8.0}{p90:>8.0}{kb:>14}{ratios}"
        );
    }

    handlers[0] = app;
    println!(
        "\nload                    conn  {:width$}    p50 us    p99 us  requests/s   busy  memory kB",
        "handler"
    );
    let mut idle = Vec::new();
    for load in loads() {
        let (what, connections) = (&load.name, load.connections);
        let mut first = None;
        for handler in &handlers {
            print!("{what:23}{connections:>5}  {:width$}", handler.name);
            let _ = io::stdout().flush();
            let (server, [p50, p99, rate, busy]) = match measure(handler, &load) {
                Ok(result) => result,
                Err(error) if first.is_some() => {
                    println!("{:>10}  {}", "-", explain(error));
                    continue;
                }
                Err(error) => {
                    return fail(format!(
                        "{what}, {connections} connections: {}",
                        explain(error)
                    ));
                }
            };
            let ratios = ratios(&mut first, ["p50", "p99", "rate"], [p50, p99, rate]);
            let kb = or_dash(server.status("VmHWM:"));
            println!("{p50:>10.1}{p99:>10.1}{rate:>12.0}{busy:>7.1}{kb:>11}{ratios}");
            if what == "order" && connections == 16 {
                idle.push((&handler.name, server, Instant::now()));
            }
        }
    }

    println!("\n{:41}payload kB  memory kB  ratio", "");
    for (load, payload) in large_orders() {
        let (server, _) = Server::start(&handlers[0])?;
        first_answer(&server, &load)?;
        let (payload, memory) = (payload as f64 / 1024.0, server.status("VmHWM:"));
        let ratio = memory.map_or("-".into(), |kb| format!("{:.2}", kb as f64 / payload));
        println!(
            "{:41}{payload:>10.0}{:>11}{ratio:>7}",
            load.name,
            or_dash(memory)
        );
    }

    println!();
    for (name, server, since) in idle {
        thread::sleep(Duration::from_secs(10).saturating_sub(since.elapsed()));
        let (threads, after) = (
            or_dash(server.status("Threads:")),
            since.elapsed().as_secs(),
        );
        println!("{name:width$}  threads, {after} s after its last order: {threads}");
    }
    Ok(())
}

/// One request, for so many connections to send again and again.
struct Load {
    name: String,
    connections: usize,
    request: Vec<u8>,
    /// The body of the answer; if not `exact`, something it contains.
    answer: String,
    exact: bool,
}

fn loads() -> Vec<Load> {
    let long = order("application/json", &"x".repeat(40 << 10), 40 << 10, "");
    let json = json_list(980);
    let json = order("application/json", &json, json.len(), "");
    let mut loads = Vec::new();
    for (name, request, answer) in [
        ("hello", hello("GET", "\r\n"), "hello world"),
        ("order", invocation("order", ORDER), "Order enqueued"),
        (
            "MyQueueFunction",
            invocation("MyQueueFunction", QUEUE),
            "Outputs",
        ),
        (
            "order of 40 KiB",
            invocation("order", &long),
            "Order enqueued",
        ),
        (
            "order of 40 KiB of JSON",
            invocation("order", &json),
            "Order enqueued",
        ),
    ] {
        for connections in [1, 16] {
            let (name, answer, exact) = (name.into(), answer.into(), name == "hello");
            loads.push(Load {
                name,
                connections,
                request: request.clone(),
                answer,
                exact,
            });
        }
    }
    const KIB: usize = 1 << 10;
    const MIB: usize = 1 << 20;
    let sizes = [
        ("100 B", 100),
        ("1 KiB", KIB),
        ("4 KiB", 4 * KIB),
        ("64 KiB", 64 * KIB),
        ("1 MiB", MIB),
    ];
    for (label, size) in sizes.into_iter().chain([("10 MiB", 10 * MIB)]) {
        let answer = format!("\"{}\"", "x".repeat(size - 2));
        let rest =
            format!("Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n{answer}");
        let request = hello("POST", &rest);
        loads.push(Load {
            name: format!("echo of {label}"),
            connections: 1,
            request,
            answer,
            exact: true,
        });
    }
    loads
}

/// An order of 10 MiB for each form in which a host passes its body on, and the length of its
/// payload. Of a JSON body the host copies the top-level members to `Metadata`, all but lists.
fn large_orders() -> Vec<(Load, usize)> {
    const SIZE: usize = 10 << 20;
    let text = "ten of the black ones, please. ".repeat(SIZE / 31);
    let list = json_list(SIZE / 44);
    let items = format!(
        "\"items\":{{{}}}",
        json_items(SIZE / 53, |id| format!("\"{id}\":"))
    );
    let object = format!("{{{items}}}");
    let bytes: Vec<u8> = (0..SIZE).map(|n| (n * 31 % 251) as u8 ^ 0x80).collect();
    let load = |kind: &str, payload: String| {
        let (name, request) = (
            format!("order of 10 MiB, {kind}"),
            invocation("order-of-any-size", &payload),
        );
        (
            Load {
                name,
                connections: 1,
                request,
                answer: "Order enqueued".into(),
                exact: false,
            },
            payload.len(),
        )
    };
    vec![
        load("text", order("text/plain", &text, text.len(), "")),
        load(
            "JSON, a list",
            order("application/json", &list, list.len(), ""),
        ),
        load(
            "JSON, also in Metadata",
            order(
                "application/json",
                &object,
                object.len(),
                &format!("{items},"),
            ),
        ),
        load(
            "binary",
            order(
                "application/octet-stream",
                &to_base64(&bytes),
                bytes.len(),
                "",
            ),
        ),
    ]
}

fn json_items(count: usize, name: impl Fn(usize) -> String) -> String {
    let item = |id| {
        format!(
            "{}{{\"id\":{id},\"name\":\"item {id} of the order\"}}",
            name(id)
        )
    };
    (1..=count).map(item).collect::<Vec<_>>().join(",")
}

fn json_list(count: usize) -> String {
    format!("{{\"items\":[{}]}}", json_items(count, |_| String::new()))
}

/// The captured order with another body, its length, and what the host copies of it to `Metadata`,
/// each with a comma.
fn order(content_type: &str, body: &str, length: usize, copied: &str) -> String {
    let body = serde_json::to_string(body).expect("a JSON string");
    let mut order = ORDER.to_owned();
    for (captured, new) in [
        ("application/json", content_type),
        (r#""40""#, &format!("\"{length}\"")),
        (
            r#""id":"\"1005\"","quantity":"\"2\"","color":"\"black\"","#,
            copied,
        ),
        (
            r#""{\"id\":1005,\"quantity\":2,\"color\":\"black\"}""#,
            &body,
        ),
    ] {
        assert!(
            order.contains(captured),
            "tests/template/wire/host-order-json.json is not the captured order"
        );
        order = order.replace(captured, new);
    }
    order
}

/// Hello as a Functions host proxies it; `rest` is further headers, the empty line and the body.
fn hello(method: &str, rest: &str) -> Vec<u8> {
    format!(
        "{method} /api/hello HTTP/1.1\r\nHost: 127.0.0.1:44387\r\n\
         X-Forwarded-Host: localhost:7071\r\nX-Forwarded-Proto: http\r\n\
         X-Azure-Functions-InvocationId: a7494edb-d960-45db-978f-d2f570893f78\r\n{rest}"
    )
    .into_bytes()
}

/// An invocation as a Functions host posts it: chunked, at most 1,024 bytes a chunk.
fn invocation(function: &str, payload: &str) -> Vec<u8> {
    let mut request = format!(
        "POST /{function} HTTP/1.1\r\nHost: 127.0.0.1:44387\r\n\
         X-Azure-Functions-HostVersion: 4.1037.0.0\r\n\
         X-Azure-Functions-InvocationId: 70734a6c-261f-4802-9a19-265034c703c3\r\n\
         User-Agent: Azure-Functions-Host/4.1037.0.0\r\nTransfer-Encoding: chunked\r\n\
         Content-Type: application/json; charset=utf-8\r\n\r\n"
    )
    .into_bytes();
    for chunk in payload.trim_end().as_bytes().chunks(1024) {
        request.extend(format!("{:X}\r\n", chunk.len()).as_bytes());
        request.extend(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    request
}

/// A handler's process, ended with the value.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Spawns the process; gives it, and the microseconds until it answered.
    fn start(handler: &Handler) -> io::Result<(Server, f64)> {
        let (address, name) = (free_address()?, &handler.name);
        let mut command = handler.command();
        let begun = Instant::now();
        let child = command
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", address.port().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .or_else(|e| fail(format!("{name}: {e}")))?;
        let mut server = Server { child, address };
        while server.ready().is_err() {
            if begun.elapsed() > Duration::from_millis(3) {
                if let Ok(Some(status)) = server.child.try_wait() {
                    return fail(format!("{name}: ended without an answer, {status}"));
                }
                if begun.elapsed() > TIMEOUT {
                    return fail(format!("{name}: no answer in {TIMEOUT:?}"));
                }
                thread::sleep(Duration::from_micros(50));
            }
        }
        Ok((server, begun.elapsed().as_secs_f64() * 1e6))
    }

    /// Whether it answers the host's readiness request. The host takes any answer.
    fn ready(&self) -> io::Result<()> {
        // Windows tries a refused connection again for two seconds: hence a timeout.
        let mut stream = TcpStream::connect_timeout(&self.address, Duration::from_millis(10))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:44387\r\n\r\n")?;
        stream.read_exact(&mut [0])
    }

    /// A number from /proc/PID/status.
    fn status(&self, key: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let value = status.lines().find_map(|line| line.strip_prefix(key))?;
        value.split_whitespace().next()?.parse().ok()
    }
}

/// A port that is free, each time another, and not one that systems give to outgoing connections.
fn free_address() -> io::Result<SocketAddr> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in 0..10_000 {
        let n = NEXT.fetch_add(1, Ordering::Relaxed) + (std::process::id() % 10_000) as u16;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 20_000 + n % 10_000));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    fail("no free port between 20000 and 29999")
}

/// Sends the request once, and gives the length of the answer. Errors where the answer is another.
fn first_answer(server: &Server, load: &Load) -> io::Result<usize> {
    let mut body = Vec::new();
    let length = Connection::open(server.address)?.exchange(&load.request, Some(&mut body))?;
    let expected = load.answer.as_bytes();
    let contained = || body.windows(expected.len()).any(|part| part == expected);
    if body != expected && (load.exact || !contained()) {
        let start = String::from_utf8_lossy(&body[..length.min(80)]);
        return fail(format!(
            "{}: unexpected answer of {length} bytes: {start}",
            load.name
        ));
    }
    Ok(length)
}

/// Puts a load on a fresh process. Gives p50 and p99 in microseconds, requests a second and busy.
fn measure(handler: &Handler, load: &Load) -> io::Result<(Server, [f64; 4])> {
    let (server, _) = Server::start(handler)?;
    let length = first_answer(&server, load)?;
    let connections = (0..load.connections).map(|_| Connection::open(server.address));
    let connections: Vec<_> = connections.collect::<io::Result<_>>()?;
    let end = Instant::now() + LOAD;
    let results: Vec<_> = thread::scope(|scope| {
        let start = |c: Connection| scope.spawn(move || c.repeat(&load.request, length, end));
        let threads: Vec<_> = connections.into_iter().map(start).collect();
        threads
            .into_iter()
            .map(|t| t.join().expect("no panic"))
            .collect()
    });
    let mut times = Vec::new();
    for result in results {
        times.extend(result?);
    }
    let [p50, p99] = percentiles(&mut times, [50, 99]);
    let rate = times.len() as f64 / LOAD.as_secs_f64();
    let busy = times.iter().sum::<f64>() / LOAD.as_micros() as f64;
    Ok((server, [p50, p99, rate, busy]))
}

fn fail<T>(message: impl Into<String>) -> io::Result<T> {
    Err(io::Error::other(message.into()))
}

fn explain(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            format!("a connection had no answer in {TIMEOUT:?}")
        }
        _ => error.to_string(),
    }
}

/// A kept-alive connection, and as much HTTP as it takes to find the end of an answer.
struct Connection {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
}

impl Connection {
    fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Connection {
            stream: BufReader::with_capacity(64 << 10, stream),
            line: Vec::new(),
        })
    }

    /// Sends the request until `end`. Gives the microseconds of each answer that came before it.
    fn repeat(mut self, request: &[u8], length: usize, end: Instant) -> io::Result<Vec<f64>> {
        let mut times = Vec::with_capacity(1 << 17); // enough; untouched, it costs nothing
        let mut sent = Instant::now();
        loop {
            let got = self.exchange(request, None)?;
            let now = Instant::now();
            if got != length {
                return fail(format!("an answer of {got} bytes after one of {length}"));
            } else if now < end {
                times.push((now - sent).as_secs_f64() * 1e6);
                sent = now;
            } else if times.is_empty() {
                return fail(format!("a connection had no answer in {LOAD:?}"));
            } else {
                return Ok(times);
            }
        }
    }

    /// Sends the request and reads the answer. Gives the length of its body.
    fn exchange(&mut self, request: &[u8], mut keep: Option<&mut Vec<u8>>) -> io::Result<usize> {
        self.stream.get_mut().write_all(request)?;
        let status = self.line()?;
        if !status.starts_with("HTTP/1.1 2") {
            return fail(format!("answered {status}"));
        }
        let mut length = None;
        loop {
            let (name, value) = match self.line()? {
                "" => break,
                header => header.split_once(':').unwrap_or_default(),
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse().map_err(io::Error::other)?);
            }
        }
        let mut total = length.unwrap_or(0);
        self.body(total, &mut keep)?;
        let mut chunked = length.is_none();
        while chunked {
            let chunk = usize::from_str_radix(self.line()?, 16).map_err(io::Error::other)?;
            self.body(chunk, &mut keep)?;
            self.line()?;
            total += chunk;
            chunked = chunk > 0;
        }
        Ok(total)
    }

    fn line(&mut self) -> io::Result<&str> {
        self.line.clear();
        if self.stream.read_until(b'\n', &mut self.line)? == 0 {
            return fail("closed the connection");
        }
        std::str::from_utf8(&self.line)
            .map(str::trim_end)
            .map_err(io::Error::other)
    }

    fn body(&mut self, mut length: usize, keep: &mut Option<&mut Vec<u8>>) -> io::Result<()> {
        while length > 0 {
            let buffer = self.stream.fill_buf()?;
            let part = &buffer[..length.min(buffer.len())];
            if part.is_empty() {
                return fail("closed the connection within an answer");
            }
            if let Some(keep) = keep {
                keep.extend(part);
            }
            let read = part.len();
            self.stream.consume(read);
            length -= read;
        }
        Ok(())
    }
}

/// Whether an ELF file has a PT_INTERP program header, that is, needs the system's dynamic linker.
fn linkage(file: &[u8]) -> &'static str {
    if !file.starts_with(b"\x7fELF") {
        return "not ELF";
    }
    let little = file.get(5) == Some(&1);
    let number = |at: usize, length: usize| {
        let bytes = file.get(at..at + length).unwrap_or_default().iter();
        let push = |n: usize, byte: &u8| n << 8 | usize::from(*byte);
        if little {
            bytes.rev().fold(0, push)
        } else {
            bytes.fold(0, push)
        }
    };
    let (table, size, count) = match file.get(4) {
        Some(2) => (number(32, 8), number(54, 2), number(56, 2)), // 64 bits
        _ => (number(28, 4), number(42, 2), number(44, 2)),
    };
    let interpreter = (0..count).any(|i| number(table + i * size, 4) == 3);
    if interpreter { "dynamic" } else { "static" }
}

fn percentiles<const N: usize>(values: &mut [f64], wanted: [usize; N]) -> [f64; N] {
    values.sort_unstable_by(f64::total_cmp);
    wanted.map(|percent| values[(values.len() - 1) * percent / 100])
}

/// Nothing for the first handler; for others its figures divided by theirs.
fn ratios(first: &mut Option<[f64; 3]>, names: [&str; 3], this: [f64; 3]) -> String {
    let Some(first) = first else {
        *first = Some(this);
        return String::new();
    };
    let ratio = |i: usize| format!("  {} x{:.2}", names[i], first[i] / this[i]);
    [0, 1, 2].map(ratio).concat()
}

fn or_dash(number: Option<u64>) -> String {
    number.map_or("-".into(), |n| n.to_string())
}
