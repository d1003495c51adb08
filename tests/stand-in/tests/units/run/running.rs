use stand_in::run::running::{Line, Running, own, sentence};

/// Lines with `^` before their texts and reasons.
const LINES: &str = "\
invocation 7-a: ^took an order
warning: invocation 7-a: ^old
error: invocation 7-a: ^GET /api/x: 500: ^function x failed: no: tea (at src/x.rs:7)
error: invocation 7-a: ^GET /x: after its answer had begun, ^function x failed: no
error: invocation 7-a: ^PRICE: 500: the function's own words
error: invocation 7-a: ^GET /x: soon: no
invocation without id: x
an invocation 7-a: x
listening";

#[test]
fn lines_of_invocations_are_known() {
    for case in LINES.lines() {
        let parts: Vec<_> = case.split('^').collect();
        let from = |part: usize| parts.get(part).map(|_| parts[part..].concat());
        let (line, text, reason) = (parts.concat(), from(1), from(2));
        let expected = text.as_deref().map(|text| Line {
            id: "7-a",
            text,
            reason: reason.as_deref(),
        });
        assert_eq!(Line::read(&line), expected, "{line}");
    }
}

#[test]
fn a_sentence_is_the_functions_own() {
    for (reason, words, place) in [
        ("failed: ", "no tea", " (at src/x.rs:7)"),
        ("function x failed: ", "no tea", " (at src/x.rs:7)"),
        ("", "function x answers, and has none", ""),
        ("failed: ", "tea", " (at home)"),
        ("", "status 500: no", ""),
    ] {
        let reason = format!("{reason}{words}{place}");
        assert_eq!(own(&reason), format!("{words}{place}"));
        assert_eq!(sentence(&reason), words);
    }
}

#[test]
fn a_reason_is_kept_for_the_end() {
    let running = Running::default();
    let start = |id: &str| running.begin(id, "x");
    start("1");
    assert!(running.report("1", "the handler's") && running.report("1", "a later one"));
    let reason = running.end("1", Some("the host's"), false).0;
    assert_eq!(reason.as_deref(), Some("the handler's"));
    // A late line adds nothing, but its function is known.
    assert!(running.report("1", "the handler's"));
    assert_eq!(running.function("1").as_deref(), Some("x"));
    start("2");
    assert_eq!(running.end("2", None, false).0, None);
    assert!(!running.report("2", "late") && !running.report("3", "unknown"));
    // The report of an error may come after the answer.
    start("4");
    std::thread::scope(|scope| {
        scope.spawn(|| running.report("4", "soon"));
        let reason = running.end("4", None, true).0;
        assert!(reason.is_none_or(|reason| reason == "soon"));
    });
    start("5");
    let (id, function, _) = running.longest().expect("an invocation");
    assert_eq!((id.as_str(), function.as_str()), ("5", "x"));
    running.report_all("all");
    assert!(running.long().is_empty());
    assert_eq!(running.end("5", None, true).0.as_deref(), Some("all"));
    assert!(running.longest().is_none());
}
