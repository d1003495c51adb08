use crate::files;
use stand_in::app::description::Description;
use stand_in::app::finding::Finding;
use stand_in::commands::check::{assert_fits, check_app};

pub const HOST: &str = r#"{"version": "2.0", "customHandler": {"description": {"defaultExecutablePath": "handler"}},
    "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}}"#;

const QUEUE: &str =
    r#"{"bindings": [{"type": "queueTrigger", "name": "item", "queueName": "in-queue"}]}"#;

fn found(given: &[(&str, &str)], table: Option<&str>) -> Vec<Finding> {
    let folder = files::folder(given);
    check_app(&Description::read(folder.path(), &|_| None), table)
}

/// The first lines of `findings.txt` say how to read it.
#[test]
fn each_case_has_its_findings() {
    let (mut words, mut files, mut count) = (Vec::new(), Vec::new(), 0);
    for line in include_str!("findings.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            files.clear();
            continue;
        }
        let with = |line: String, (word, text): &(String, String)| line.replace(word, text);
        let line = words.iter().fold(line.to_owned(), with);
        if let Some(line) = line.strip_prefix("  ") {
            let (cases, expected) = line.split_once("=>").expect(line);
            for case in cases.split(" ; ") {
                check_case(&files, case, expected);
                count += 1;
            }
        } else {
            let (name, text) = line.split_once(':').expect("a name and its text");
            let is_word = name.bytes().all(|byte| byte.is_ascii_uppercase());
            let part = (name.to_owned(), text.trim().to_owned());
            if is_word { &mut words } else { &mut files }.push(part);
        }
    }
    assert!(count > 300, "{count}");
}

/// The path of a file by its name in `findings.txt`.
fn path(name: &str) -> String {
    match name {
        "table" => "src/functions/mod.rs".into(),
        _ if name.ends_with(".json") || name.contains('/') || name.starts_with('.') => name.into(),
        _ => format!("{name}/function.json"),
    }
}

fn check_case(files: &[(String, String)], case: &str, expected: &str) {
    let mut fillings = case.split(" | ").map(str::trim);
    let (mut given, mut table, mut about) = (Vec::new(), None, "");
    for (name, text) in files {
        let mut text = text.to_owned();
        if let Some((before, after)) = text.split_once("...") {
            about = name;
            text = [before, fillings.next().expect(case), after].concat();
        }
        match path(name) {
            _ if name == "table" => table = Some(text),
            path if path == *name => given.push((path, text.replace("\\n", "\n"))),
            path => given.push((path, format!("{{\"bindings\": [{text}]}}"))),
        }
    }
    assert_eq!(fillings.next(), None, "{case}");
    let given = given.iter().map(|(path, text)| (&**path, &**text));
    let given: Vec<_> = [("host.json", HOST)].into_iter().chain(given).collect();
    let found = found(&given, table.as_deref());
    let shown = format!("{case}: {found:#?}");
    let has_secret = found.iter().any(|one| one.what.contains("secret"));
    assert!(!has_secret, "{shown}");
    let expected = expected.split(" + ").map(str::trim);
    let expected: Vec<&str> = expected.filter(|one| *one != "nothing").collect();
    assert_eq!(found.len(), expected.len(), "{shown}");
    for expected in expected {
        let mut names = files.iter().map(|(name, _)| &**name).chain(["host.json"]);
        let mut is_file = |name: &str| names.any(|one| one.starts_with(name));
        let own = expected.split_once(": ").filter(|(name, _)| is_file(name));
        let (name, words) = own.unwrap_or((about, expected));
        let note = words.strip_prefix("note: ");
        let is_it = |finding: &Finding| {
            let mut words = note.unwrap_or(words).split(" ... ");
            finding.file == path(name)
                && finding.is_error == note.is_none()
                && words.all(|words| finding.what.contains(words))
        };
        assert!(found.iter().any(is_it), "{expected} in {shown}");
    }
}

#[test]
fn an_app_that_does_not_fit_its_table_fails_its_own_test() {
    let table = r#"[{"name": "item", "outputs": [], "kind": {"Trigger": {"binding": "item"}}}]"#;
    let folder = files::folder(&[("host.json", HOST), ("item/function.json", QUEUE)]);
    let root = folder.path().to_str().expect("a path");
    assert_fits(root, table);
    let wrong = std::panic::catch_unwind(|| assert_fits(root, "[]")).expect_err("a panic");
    let why = wrong.downcast_ref::<String>().expect("a text");
    let line = "item/function.json: no line in src/functions/mod.rs is for it: \
                write Route::trigger(\"item\", \"item\", &[], item::run), and the code";
    assert_eq!(why, line);
}

/// Some file systems have only one of them.
#[test]
fn one_name_in_any_case_is_found() {
    let twins = [("Web/function.json", QUEUE), ("web/function.json", QUEUE)];
    let found = found(&twins, None);
    let is_twin = |one: &Finding| one.what.contains("Web is a function of the same");
    let is_found = found.iter().any(is_twin);
    assert!(
        is_found || cfg!(any(windows, target_os = "macos")),
        "{found:?}"
    );
}
