//! What happens to the answers, errors and log lines of the functions in `app/answers.rs`.

use crate::requests::*;
use serde_json::json;

/// After an empty 2xx in payload form the host would wait until the function's timeout.
#[test]
fn every_invocation_gets_a_json_object() {
    let handler = start();
    let odd = "nothing output return fail chain vary cookies binary 99 199 200 204 304 599 600";
    let too = "nothing empty null output twice return answer refuse panic other";
    let payload = |what: &str| {
        let url = format!("http://localhost/api/odd?what={what}");
        let req = json!({"Method": "POST", "Url": url, "Body": "[]"});
        json!({"Data": {"item": what, "req": req}}).to_string()
    };
    let payloads = odd.split(' ').chain(too.split(' ')).map(payload);
    for payload in payloads.chain(["", "{}", "null"].map(str::to_owned)) {
        for name in "odd odd-too panics panics-too refuses heads nowhere".split(' ') {
            let answer = invoke(&handler, name, &payload);
            let is_right = !matches!(answer.status, 204 | 304)
                && answer.header("Content-Type") == Some("application/json")
                && answer.json().is_object();
            assert!(is_right, "{name} {payload}: {answer:?}");
        }
    }
}

/// LINE stands for the line that fails.
const PLACED: [(&str, &str); 6] = [
    (
        "chain",
        "failed: no price LINE: invalid digit found in string",
    ),
    (
        "context",
        "failed: prices: no price LINE: invalid digit found in string",
    ),
    ("text", "failed: a text LINE"),
    ("string", "failed: a string LINE"),
    ("error", "failed: an error LINE"),
    (
        "output",
        "sets the output at line LINE, which its route does not declare; there are none",
    ),
];

#[test]
fn an_error_is_logged_with_its_place_and_its_sources() {
    let handler = start();
    for (what, error) in PLACED {
        let answer = get(&handler, &format!("/api/odd?what={what}"));
        assert_error(&answer, 500, &["function odd"]);
        // The reason is for the log only.
        let is_failure = answer.json()["error"] == "function odd failed";
        assert!(is_failure || what == "output", "{answer:?}");
        let (before, after) = error.split_once("LINE").expect("a line");
        let start = format!("GET /api/odd: 500: function odd {before}");
        handler.wait_for_stderr(&start);
        let stderr = handler.stderr().replace('\\', "/");
        let (_, rest) = stderr.split_once(&start).expect("the line");
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let file = "tests/template/machinery/app/answers.rs";
        let expected = format!("{digits}{after} (at {file}:{digits})\n");
        assert!(rest.starts_with(&expected), "{rest} is not {expected}");
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_debug_build_writes_a_panics_backtrace_where_it_is_asked_for() {
    let mut command = command();
    command.env("RUST_BACKTRACE", "1");
    let panicked = |handler: Handler| {
        get(&handler, "/api/panics");
        handler.wait_for_stderr("as the test wants");
        handler.stderr()
    };
    let stderr = panicked(Handler::from_command(command));
    // One line per frame, with its place if known.
    let is_frame = |line: &str| {
        line.trim_start().starts_with(|c: char| c.is_ascii_digit())
            && line.contains("answers::panics")
            && line.contains("answers.rs:")
    };
    assert!(stderr.lines().any(is_frame), "{stderr}");
    let stderr = panicked(start());
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn log_lines_arrive_whatever_becomes_of_the_invocation() {
    let handler = start();
    let odd = |how: &str| {
        let payload = json!({"Data": {"item": how}});
        invoke(&handler, "odd-too", payload.to_string())
    };
    let logs = odd("nothing").json()["Logs"].take();
    assert_eq!(logs, json!(["info", "from a helper"]));
    handler.wait_for_stderr(&format!("warning: invocation {ID}: look at this\n"));
    handler.wait_for_stderr(&format!("error: invocation {ID}: that is wrong\n"));
    handler.wait_for_stdout("\nfrom a thread\n");
    // The host ignores `Logs` of a failure.
    for (times, how) in [
        (0, "return"),
        (1, "fail"),
        (2, "refuse"),
        (3, "panic"),
        (4, "output"),
    ] {
        assert_eq!(odd(how).status == 500, times > 0);
        for line in ["info", "from a helper"] {
            let line = format!("\ninvocation {ID}: {line}\n");
            let count = || handler.stdout().matches(&line).count();
            wait_until(&line, || count() >= times);
            assert_eq!(count(), times, "{how}");
        }
    }
}
