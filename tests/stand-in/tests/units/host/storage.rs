use crate::files::{self, folder};
use serde_json::json;
use stand_in::host::newtonsoft::{Token, parse};
use stand_in::host::storage::files::Folder;
use stand_in::host::storage::names::{self, BlobPath};
use stand_in::host::storage::seen::Seen;
use stand_in::host::storage::{Given, Storage, blobs, tables};
use std::time::{Duration, Instant};

/// A folder of a storage with these files, which goes with the first of the two.
fn local(files: &[(&str, &str)]) -> (files::Folder, Folder) {
    let files = folder(files);
    let local = Folder::kept(files.path().to_owned());
    (files, local)
}

/// Nothing is left of what was not written.
fn assert_tmp_is_empty(files: &files::Folder) {
    let left = std::fs::read_dir(files.path().join("tmp"));
    assert_eq!(left.expect("a folder").count(), 0);
}

fn blob(path: &str) -> BlobPath {
    BlobPath::parse(path).unwrap_or_else(|why| panic!("{path:?}: {why}"))
}

#[test]
fn messages_come_out_in_order_and_of_wanted_queues_only() {
    let storage = Storage::default();
    for (queue, message) in [("b", "1"), ("Q", "2"), ("q", "3")] {
        storage.put(queue, message.into());
    }
    assert_eq!(storage.messages("q"), [b"2", b"3"]);
    let counts: Vec<_> = storage.queues().into_iter().collect();
    assert_eq!(counts, [("b".to_owned(), 1), ("q".to_owned(), 2)]);
    let wait = || storage.wait(|queue| queue == "q", Duration::ZERO);
    assert_eq!(wait(), Some(("q".to_owned(), b"2".to_vec())));
    assert_eq!(wait(), Some(("q".to_owned(), b"3".to_vec())));
    assert_eq!(wait(), None);
    let drained = (storage.drain("b"), storage.messages("b"));
    assert_eq!(drained, (vec![b"1".to_vec()], vec![]));
    assert_eq!([0, 1, 2, 3].map(|_| storage.turn(2)), [0, 1, 0, 1]);
}

#[test]
fn names_are_those_that_azure_takes() {
    let is_taken = |name: &str| [names::queue(name).is_ok(), names::container(name).is_ok()];
    for name in ["orders", "a-1-b", "or-ders", &"a".repeat(63)] {
        assert_eq!(is_taken(name), [true; 2], "{name}");
    }
    let long = "a".repeat(64);
    for name in [
        "or--ders",
        "-orders",
        "orders-",
        "Orders_New",
        "ab",
        "a.b",
        &long,
    ] {
        assert_eq!(is_taken(name), [false; 2], "{name}");
    }
    // Capitals in a queue's name are made small; in a container's they fail.
    assert_eq!(names::queue("Orders").as_deref(), Ok("orders"));
    assert!(names::container("Upper").is_err());
    assert!(names::container("$root").is_ok() && names::container("$web").is_ok());
    assert!(names::table("Orders").is_ok() && names::table("a1b").is_ok());
    for name in ["1ab", "ab", "a-b-c", "aüb", &long] {
        assert!(names::table(name).is_err(), "{name}");
    }
}

#[test]
fn a_blobs_name_is_what_azure_makes_of_it() {
    for (path, name) in [
        ("outs/a", "a"),
        ("outs/a/b c/d.txt", "a/b c/d.txt"),
        ("outs//lead", "lead"),
        ("outs/a/../b", "b"),
        ("outs/a/./b", "a/b"),
        ("outs/%20%2F'\u{fc}", "%20%2F'\u{fc}"),
        ("outs/.hidden", ".hidden"),
        ("$root/a", "a"),
    ] {
        assert_eq!(blob(path).name, name, "{path}");
    }
    let long = format!("outs/{}/{}", "a".repeat(255), "b".repeat(255));
    assert!(BlobPath::parse(&long).is_ok());
    for (path, why) in [
        ("outs", "no name"),
        ("outs/", "is empty"),
        ("outs/a.", "ends with a dot"),
        ("outs/a/", "or a slash"),
        ("outs/.", "ends with a dot"),
        ("outs/..", "ends with a dot"),
        ("outs/a\\b", "backslash"),
        ("outs/../other/b", "leave the container"),
        ("outs/a/../../other/b", "leave the container"),
        ("outs/a\0b", "NUL"),
        ("outs/a//b", "two slashes"),
        (&format!("outs/{}", "a".repeat(256)), "255 bytes"),
        (&format!("outs/{}b", "a/".repeat(512)), "1024 characters"),
        ("Outs/a", "container's name"),
    ] {
        let error = BlobPath::parse(path).expect_err(path);
        assert!(error.contains(why), "{path}: {error}");
    }
    for (part, why) in [
        ("a:b", "':'"),
        ("a?", "'?'"),
        ("tab\t", "'\\t'"),
        ("con", "device"),
        ("NUL.txt", "device"),
        ("com1", "device"),
        ("a ", "space"),
    ] {
        let found = names::no_windows_file(part).expect(part);
        assert!(found.contains(why), "{part}: {found}");
    }
    for part in ["comma", "com0", "com10", "a b.txt"] {
        assert_eq!(names::no_windows_file(part), None, "{part}");
    }
}

#[test]
fn blobs_are_files_that_nobody_sees_half_written() {
    let (files, local) = local(&[("blobs/ins/there/x", "x"), ("blobs/not_one/y", "y")]);
    let bytes = b"\0\xff\n";
    for name in ["a/b/c", "a/b/d", "new"] {
        local
            .write(blob(&format!("ins/{name}")).file(), bytes)
            .expect("a blob");
    }
    assert_eq!(
        local.read(blob("ins/a/b/c").file()),
        Ok(Some(bytes.to_vec()))
    );
    for absent in ["ins/no", "ins/new/below", "other/x", "ins/a"] {
        assert_eq!(local.read(blob(absent).file()), Ok(None), "{absent}");
    }
    let names = |container: &str| -> Vec<String> {
        let (listed, _) = blobs::list(&local, container).expect("a list");
        let listed = listed.into_iter();
        let listed = listed.map(|(name, stamp)| format!("{name} {}", stamp.0));
        listed.collect()
    };
    assert_eq!(names("ins"), ["a/b/c 3", "a/b/d 3", "new 3", "there/x 1"]);
    assert_eq!(names("none"), [""; 0]);
    assert_eq!(blobs::containers(&local), Ok(vec!["ins".to_owned()]));

    // A folder is not a blob, and a file is not a folder.
    let error = local
        .write(blob("ins/a/b").file(), b"")
        .expect_err("a folder");
    assert!(error.contains("b: it is a folder already"), "{error}");
    let error = local
        .write(blob("ins/new/x").file(), b"")
        .expect_err("a file");
    assert!(error.contains("is a file already"), "{error}");
    assert_tmp_is_empty(&files);

    let delete = |path: &str| blobs::delete(&local, &blob(path));
    assert_eq!(delete("ins/a/b/c"), Ok(true));
    assert_eq!(delete("ins/a/b/c"), Ok(false));
    assert_eq!(delete("ins/a/b/d"), Ok(true));
    assert!(!files.path().join("blobs/ins/a").exists());
    assert_eq!(delete("ins/there"), Ok(false));
    assert_eq!(delete("ins/there/x"), Ok(true));
    assert_eq!(delete("ins/new"), Ok(true));
    assert!(files.path().join("blobs/ins").exists());
}

#[test]
fn a_store_of_its_own_is_empty_and_goes_with_its_app() {
    let storage = Storage::default();
    let path = storage.folder.join("");
    assert!(!path.exists());
    assert!(matches!(storage.input("f", "b"), Ok(None)));
    storage
        .folder
        .write(blob("ins/a").file(), b"a")
        .expect("a blob");
    assert!(path.is_dir());
    drop(storage);
    assert!(!path.exists());
}

#[test]
fn an_input_is_what_was_given_or_its_file() {
    let files = folder(&[("f.b", "text"), ("f.c/x", "")]);
    let storage = Storage::with_files(files.path().to_owned());
    let bytes = |given: Option<Given>| match given {
        Some(Given::Bytes(bytes)) => String::from_utf8(bytes).expect("text"),
        given => panic!("{given:?}"),
    };
    assert_eq!(bytes(storage.input("f", "b").expect("an input")), "text");
    assert!(matches!(storage.input("f", "c"), Ok(None)));
    storage.set_input("f", "b", Given::Bytes(b"given".to_vec()));
    assert_eq!(bytes(storage.input("f", "b").expect("an input")), "given");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let files = folder(&[("local", "a file of that name")]);
    let local = Folder::kept(files.path().join("local"));
    let error = local.write(blob("ins/a").file(), b"").expect_err("a file");
    assert!(
        error.contains("local") && error.contains("file already"),
        "{error}"
    );
    assert_eq!(local.read(blob("ins/a").file()), Ok(None));
    assert_eq!(blobs::containers(&local), Ok(vec![]));
    let error = tables::insert(&local, "Orders", keys(), &rows(r#"[{}]"#)).expect_err("a file");
    assert!(error.contains("file already"), "{error}");
}

#[test]
fn what_outputs_wrote_fills_no_memory_under_make_run() {
    let files = folder(&[]);
    let of_run = Storage::with_files(files.path().to_owned());
    let of_app = Storage::default();
    for number in 0..4 {
        for storage in [&of_run, &of_app] {
            storage.write("f", "b", json!(number), 500_000);
        }
    }
    assert_eq!(of_run.written("f", "b"), [2, 3]);
    assert_eq!(of_app.written("f", "b"), [0, 1, 2, 3]);
    of_run.write("f", "b", json!("a large blob"), 100 << 20);
    assert_eq!(of_run.written("f", "b"), ["a large blob"]);
}

/// What looks for blobs of the container `ins`, all of which trigger `f`, and `a` also `g`.
fn look(seen: &mut Seen, local: &Folder) -> Vec<String> {
    let triggered = |blob: &BlobPath| match blob.name.as_str() {
        "a" => vec!["f".to_owned(), "g".to_owned()],
        _ => vec!["f".to_owned()],
    };
    let triggers = seen
        .look(local, ["ins".to_owned()].into(), triggered)
        .expect("a look");
    for trigger in &triggers {
        seen.delivered(trigger);
    }
    triggers
        .iter()
        .map(|(function, blob)| format!("{function} {blob}"))
        .collect()
}

/// Looks until something is new.
fn look_long(seen: &mut Seen, local: &Folder) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let found = look(seen, local);
        if !found.is_empty() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing is new");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn new_and_changed_files_trigger_once_each() {
    let (files, local) = local(&[
        ("blobs/ins/a", "1"),
        ("blobs/ins/.hidden", "1"),
        ("blobs/ins/backup~", "1"),
        ("blobs/others/x", "1"),
    ]);
    let mut seen = Seen::read(&local);
    assert_eq!(look(&mut seen, &local), [""; 0], "it may still be written");
    assert_eq!(look_long(&mut seen, &local), ["f ins/a", "g ins/a"]);
    let write = |name: &str, text: &str| {
        let file = files.path().join("blobs/ins").join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    };
    write("deep/er/b", "1");
    assert_eq!(look_long(&mut seen, &local), ["f ins/deep/er/b"]);
    write("deep/er/b", "12");
    assert_eq!(look_long(&mut seen, &local), ["f ins/deep/er/b"]);

    // What the stand-in itself has written is whole at once, and counts once.
    local.write(blob("ins/own").file(), b"1").expect("a blob");
    let own = |seen: &mut Seen| {
        seen.written(&local, &blob("ins/own"), vec!["f".to_owned()]);
        seen.take()
    };
    assert_eq!(own(&mut seen), [("f".to_owned(), blob("ins/own"))]);
    assert_eq!(own(&mut seen), []);
    local.write(blob("ins/own").file(), b"1").expect("a blob");
    assert_eq!(own(&mut seen).len(), 1, "the same text anew triggers again");

    // What has triggered nothing, its function being gone, is new when it comes again.
    seen.forget(&("f".to_owned(), blob("ins/a")));
    assert_eq!(look_long(&mut seen, &local), ["f ins/a"]);

    // Another process knows what has been delivered, and what has changed while none looked.
    look(&mut seen, &local);
    write("a", "another");
    let mut seen = Seen::read(&local);
    let mut all = look_long(&mut seen, &local);
    all.extend(look_all(&mut seen, &local));
    all.sort();
    // The last was on its way when the first process ended.
    assert_eq!(all, ["f ins/a", "f ins/own", "g ins/a"]);
}

/// All that is new within the time that files of others need.
fn look_all(seen: &mut Seen, local: &Folder) -> Vec<String> {
    let begun = Instant::now();
    let mut all = Vec::new();
    while begun.elapsed() < Duration::from_millis(1500) {
        all.extend(look(seen, local));
        std::thread::sleep(Duration::from_millis(5));
    }
    all
}

fn keys() -> [Option<&'static str>; 2] {
    [Some("p"), Some("r")]
}

fn rows(json: &str) -> Vec<Token> {
    match parse(json, 64).expect("JSON") {
        Token::Array(rows) => rows,
        row => vec![row],
    }
}

#[test]
fn a_table_gives_the_list_that_the_host_sent() {
    let wire = files::json("wire/host-table-input.json");
    let list = wire["Data"]["rows"].as_str().expect("a text");
    let (files, local) = local(&[]);
    let other = r#"{"partitionkey":"p2","ROWKEY":"a","n":1}"#;
    tables::insert(&local, "parts", [None; 2], &rows(list)).expect("rows");
    tables::insert(&local, "Parts", [None; 2], &rows(other)).expect("a row");
    let read = |table, partition| tables::read(&local, table, Some(partition), 0);
    assert_eq!(read("parts", "p1").as_deref(), Ok(list));
    let p2 = r#"[{"PartitionKey":"p2","RowKey":"a","n":1}]"#;
    assert_eq!(read("PARTS", "p2").as_deref(), Ok(p2));
    assert_eq!(read("parts", "no").as_deref(), Ok("[]"));
    let count = |take| {
        let all = tables::read(&local, "parts", None, take).expect("rows");
        rows(&all).len()
    };
    assert_eq!([0, 1, 3, 9].map(count), [4, 1, 3, 4]);
    let error = tables::read(&local, "none", None, 0).expect_err("no table");
    assert!(
        error.contains("there is no table none") && error.contains("none.json"),
        "{error}"
    );
    // One row stands on each line.
    let text = std::fs::read_to_string(files.path().join("tables/parts.json")).expect("a file");
    assert_eq!(text.lines().count(), 6);
}

#[test]
fn a_row_is_inserted_and_replaces_none() {
    let (_files, local) = local(&[]);
    let insert = |json: &str| tables::insert(&local, "Orders", keys(), &rows(json));
    let all = || tables::read(&local, "Orders", None, 0).expect("rows");
    insert(r#"{"n":1}"#).expect("a row");
    let error = insert(r#"{"RowKey":"r","n":2}"#).expect_err("there already");
    let words = "The specified entity already exists";
    assert!(error.contains(words), "{error}");
    assert!(all().contains("\"n\":1"));
    insert(r#"{"ETag":"*","n":3}"#).expect("a row");
    assert_eq!(all(), r#"[{"PartitionKey":"p","RowKey":"r","n":3}]"#);
    // Together or not at all.
    assert!(insert(r#"[{"RowKey":"new"},{"RowKey":"r"}]"#).is_err());
    assert!(insert(r#"[{"RowKey":"new"},{"RowKey":"new"}]"#).is_err());
    assert!(!all().contains("new"));
    insert("[]").expect("nothing");

    let without = |keys| tables::insert(&local, "Orders", keys, &rows(r#"{"n":1}"#));
    let error = without([Some("p"), None]).expect_err("no key");
    assert!(error.contains("no RowKey"), "{error}");
    let long = format!(r#"{{"RowKey":"x","t":"{}"}}"#, "x".repeat(32_769));
    for (json, why) in [
        (r#"{"RowKey":"a/b"}"#, "'/'"),
        (r#"{"RowKey":"a#b"}"#, "'#'"),
        (r#"{"n":12345678901234567890}"#, "64 bits"),
        (r#"[1]"#, "is a JSON object"),
        (r#"{"g":"no","g@odata.type":"Edm.Guid"}"#, "a GUID"),
        (r#"{"d":"no","d@odata.type":"Edm.DateTime"}"#, "a date"),
        (&long, "32768"),
    ] {
        let error = insert(json).expect_err(json);
        assert!(error.contains(why), "{json}: {error}");
    }
    let error = tables::insert(&local, "a_b", keys(), &[]).expect_err("a name");
    assert!(error.contains("\"a_b\" is not a table's name"), "{error}");
}

#[test]
fn properties_become_what_a_table_makes_of_them() {
    let (_files, local) = local(&[]);
    let row = r#"{"int":7,"double":10.10,"whole":2.0,"far":1e400,"no":null,"yes":true,
        "date":"2026-11-21T10:00:00+02:00","nested":{"a":[1]},
        "moment":"2026-11-21T10:00:00+02:00","moment@odata.type":"Edm.DateTime",
        "id":"6f9619ff-8b86-d011-b42d-00c04fc964ff","id@odata.type":"Edm.Guid"}"#;
    tables::insert(&local, "Orders", keys(), &rows(row)).expect("a row");
    let text = tables::read(&local, "Orders", None, 0).expect("rows");
    let found: serde_json::Value = text.parse().expect("JSON");
    let expected = json!([{
        "PartitionKey": "p", "RowKey": "r", "int": 7, "double": 10.1, "whole": 2.0,
        "far": "Infinity", "yes": true, "date": "2026-11-21T08:00:00+00:00",
        "nested": "{\n  \"a\": [\n    1\n  ]\n}", "moment": "2026-11-21T08:00:00Z",
        "id": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    }]);
    assert_eq!(found, expected);
    assert!(
        text.contains("\"whole\":2.0"),
        "doubles have a point: {text}"
    );
}

#[test]
fn a_table_that_is_no_list_of_rows_is_named() {
    let (_files, local) = local(&[
        ("tables/broken.json", "[{]"),
        ("tables/nokeys.json", r#"[{"RowKey":"r"}]"#),
        ("tables/number.json", r#"[{"PartitionKey":1,"RowKey":"r"}]"#),
        (
            "tables/twice.json",
            r#"[{"PartitionKey":"p","RowKey":"r"},{"PartitionKey":"p","RowKey":"r"}]"#,
        ),
        (
            "tables/Edited.JSON",
            "[\n {\"RowKey\": \"b\", \"PartitionKey\": \"p\", \"b\": null}\n]",
        ),
    ]);
    let read = |table| tables::read(&local, table, None, 0);
    for table in ["broken", "nokeys", "number", "twice"] {
        let error = read(table).expect_err(table);
        assert!(error.contains(&format!("{table}.json")), "{error}");
        assert!(tables::insert(&local, table, keys(), &rows("{}")).is_err());
    }
    let broken = read("broken").expect_err("not JSON");
    assert!(broken.contains("it is not JSON: line "), "{broken}");
    let row = r#"[{"PartitionKey":"p","RowKey":"b"}]"#;
    assert_eq!(read("edited").as_deref(), Ok(row));
}

/// A blob that is larger than `ulimit -f` allows is an error, and the one before stays whole.
#[cfg(any(target_os = "linux", target_os = "macos"))]
#[test]
fn what_does_not_fit_is_an_error_and_leaves_what_was_there() {
    // Set where this test runs once more, with a limit.
    const LIMITED: &str = "STAND_IN_LIMITED";
    if std::env::var_os(LIMITED).is_none() {
        let test = "host::storage::what_does_not_fit_is_an_error_and_leaves_what_was_there";
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "ulimit -f 64; exec \"$0\" \"$@\""]);
        command.arg(std::env::current_exe().expect("the test's path"));
        command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
        let output = command.env(LIMITED, "1").output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{output:?}"
        );
        return;
    }
    stand_in::host::storage::files::fail_at_limits();
    let (files, local) = local(&[]);
    local.write(blob("ins/a").file(), b"small").expect("a blob");
    let error = local
        .write(blob("ins/a").file(), &[b'x'; 1 << 20])
        .expect_err("a limit");
    assert!(error.contains("ins") && error.contains("large"), "{error}");
    assert_eq!(
        local.read(blob("ins/a").file()),
        Ok(Some(b"small".to_vec()))
    );
    assert_tmp_is_empty(&files);
}
