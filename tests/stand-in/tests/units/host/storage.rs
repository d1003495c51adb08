use crate::files;
use crate::host::{cases_of, expressions::template};
use serde_json::json;
use stand_in::host::newtonsoft::{Token, parse};
use stand_in::host::storage::files::Folder;
use stand_in::host::storage::names::{self, BlobPath};
use stand_in::host::storage::seen::{Pattern, Seen};
use stand_in::host::storage::{Storage, tables};
use std::fmt::Debug;
use std::time::{Duration, Instant};

fn local(files: &[(&str, &str)]) -> Folder {
    let local = Folder::temporary();
    for (path, text) in files {
        write(&local, path, text);
    }
    local
}

/// Writes a file as another process does.
fn write(local: &Folder, path: &str, text: &str) {
    let file = local.join(path);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    std::fs::write(file, text).expect("a file");
}

fn assert_tmp_is_empty(local: &Folder) {
    let left = local.join("tmp").read_dir().expect("a folder");
    assert_eq!(left.count(), 0);
}

fn assert_error<T: Debug>(result: Result<T, String>, words: &str) {
    let error = result.expect_err(words);
    assert!(error.contains(words), "{error}: no {words}");
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
    for (kind, names) in cases_of("names in storage") {
        let is_taken = |name: &str| match kind {
            "queue" => names::queue(name).is_ok(),
            "container" => names::container(name).is_ok(),
            _ => names::table(name).is_ok(),
        };
        let (good, bad) = names.split_once(" | ").expect("good and bad ones");
        assert_eq!(good.split(' ').find(|name| !is_taken(name)), None, "{kind}");
        assert_eq!(bad.split(' ').find(|name| is_taken(name)), None, "{kind}");
        assert!(is_taken(&"a".repeat(63)) && !is_taken(&"a".repeat(64)));
    }
    assert_eq!(names::queue("Orders").as_deref(), Ok("orders"));
}

#[test]
fn a_blobs_name_is_what_azure_makes_of_it() {
    let refused = |path: &str, why| assert_error(BlobPath::parse(path), why);
    for (path, name) in cases_of("names of blobs") {
        match name.strip_prefix("! ") {
            Some(why) => refused(path, why),
            None => assert_eq!(blob(path).name, name, "{path}"),
        }
    }
    refused("outs/a\0b", "NUL");
    let [long, longer] = [255, 256].map(|length| format!("outs/{}/b", "a".repeat(length)));
    blob(&long);
    refused(&longer, "255 bytes");
    refused(&format!("outs/{}b", "a/".repeat(512)), "1024 characters");
    for (part, why) in cases_of("files on Windows") {
        let found = names::no_windows_file(part).unwrap_or("-".to_owned());
        assert!(found.contains(why), "{part}: {found}");
    }
    assert!(names::no_windows_file("tab\t").is_some_and(|why| why.contains("'\\t'")));
}

#[test]
fn blobs_are_files_that_nobody_sees_half_written() {
    let local = local(&[("blobs/ins/there/x", "x"), ("blobs/not_one/y", "y")]);
    let write = |name: &str| local.write(blob(name).file(), b"\0\xff\n");
    for name in ["ins/a/b/c", "ins/a/b/d", "ins/new"] {
        write(name).expect("a blob");
    }
    let read = |name: &str| local.read(blob(name).file());
    assert_eq!(read("ins/a/b/c"), Ok(Some(b"\0\xff\n".to_vec())));
    for absent in ["ins/no", "ins/new/below", "other/x", "ins/a"] {
        assert_eq!(read(absent), Ok(None), "{absent}");
    }
    let names = |container: &str| {
        let found = local.container(container).expect("a list").blobs;
        let named = found
            .iter()
            .map(|(blob, (size, ..))| format!("{} {size}", blob.name));
        named.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(names("ins"), "a/b/c 3, a/b/d 3, new 3, there/x 1");
    assert_eq!(names("none"), "");
    assert_eq!(local.containers(), Ok(vec!["ins".to_owned()]));

    // A folder is not a blob, and a file is not a folder.
    assert_error(write("ins/a/b"), "b: it is a folder already");
    assert_error(write("ins/new/x"), "is a file already");
    assert_tmp_is_empty(&local);

    let delete = |path: &str| local.delete(&blob(path)).expect("deleted, or not there");
    for (path, was_there) in [
        ("ins/a/b/c", true),
        ("ins/a/b/c", false),
        ("ins/there", false),
        ("ins/a/b/d", true),
    ] {
        assert_eq!(delete(path), was_there, "{path}");
    }
    let left = ["blobs/ins/a", "blobs/ins/new"].map(|path| local.join(path).exists());
    assert_eq!(left, [false, true]);
    assert!(delete("ins/there/x") && delete("ins/new"));
    assert!(local.join("blobs/ins").exists());
}

#[test]
fn a_store_of_its_own_is_empty_and_goes_with_its_app() {
    let storage = Storage::default();
    let path = storage.folder.join("");
    assert!(!path.exists());
    assert!(matches!(storage.input("f", "b"), Ok(None)));
    storage.folder.write("a", b"a").expect("a file");
    assert!(path.is_dir());
    drop(storage);
    assert!(!path.exists());
}

#[test]
fn what_outputs_wrote_fills_no_memory_under_make_run() {
    let files = files::folder(&[]);
    let of_run = Storage::with_files(files.path().to_owned());
    let of_app = Storage::default();
    let values = ["1", "2", "3", "4"].map(|text| json!(text.repeat(500_000)));
    for value in &values {
        for storage in [&of_run, &of_app] {
            storage.write("f", "b", value.clone());
        }
    }
    assert_eq!(of_run.written("f", "b"), values[2..]);
    assert_eq!(of_app.written("f", "b"), values);
    let large = json!({"base64": "x".repeat(2 << 20)});
    of_run.write("f", "b", large.clone());
    assert_eq!(of_run.written("f", "b"), [large]);
}

/// All blobs of the container `ins` trigger `f`, and `a` also `g`.
fn patterns() -> Vec<Pattern> {
    let pattern = |(function, path): (&str, _)| (function.to_owned(), template(path));
    [("f", "ins/{name}"), ("g", "ins/a")].map(pattern).into()
}

/// Looks once, and delivers what is new.
fn look(seen: &mut Seen, local: &Folder) -> Vec<String> {
    let new = seen.look(local, &patterns()).expect("a look");
    new.iter().for_each(|trigger| seen.delivered(trigger));
    let shown = new
        .iter()
        .map(|(function, blob)| format!("{function} {blob}"));
    shown.collect()
}

/// Looks until something is new, and for `more` after that.
fn look_for(seen: &mut Seen, local: &Folder, more: Duration) -> String {
    let (mut found, begun, mut end) = (Vec::new(), Instant::now(), None);
    while end.is_none_or(|end| Instant::now() < end) {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing is new");
        found.extend(look(seen, local));
        if end.is_none() && !found.is_empty() {
            end = Some(Instant::now() + more);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    found.sort();
    found.join(", ")
}

#[test]
fn new_and_changed_files_trigger_once_each() {
    let local = local(&[
        ("blobs/ins/a", "1"),
        ("blobs/ins/.hidden", "1"),
        ("blobs/ins/backup~", "1"),
        ("blobs/others/x", "1"),
    ]);
    let mut seen = Seen::read(&local);
    assert_eq!(look(&mut seen, &local), [""; 0], "it may still be written");
    let next = |seen: &mut Seen| look_for(seen, &local, Duration::ZERO);
    assert_eq!(next(&mut seen), "f ins/a, g ins/a");
    for text in ["1", "12"] {
        write(&local, "blobs/ins/deep/er/b", text);
        assert_eq!(next(&mut seen), "f ins/deep/er/b");
    }

    // The stand-in's own blob is complete at once, and counts once.
    let own = blob("ins/own");
    let triggers = |seen: &mut Seen| {
        seen.written(&local, &own, &patterns());
        seen.take()
    };
    // The same text triggers again.
    for _ in 0..2 {
        local.write(own.file(), b"1").expect("a blob");
        assert_eq!(triggers(&mut seen), [("f".to_owned(), own.clone())]);
        assert_eq!(triggers(&mut seen), []);
    }

    // After its function has gone, a blob is new again.
    seen.forget(&("f".to_owned(), blob("ins/a")));
    assert_eq!(next(&mut seen), "f ins/a");

    // Another process knows what was delivered, and what has changed since.
    look(&mut seen, &local);
    write(&local, "blobs/ins/a", "another");
    let mut seen = Seen::read(&local);
    let all = look_for(&mut seen, &local, Duration::from_millis(1500));
    // `own` was being delivered when the first process ended.
    assert_eq!(all, "f ins/a, f ins/own, g ins/a");
}

#[test]
fn a_blob_waits_until_what_was_delivered_can_be_saved() {
    let local = local(&[]);
    let mut seen = Seen::read(&local);
    let own = blob("ins/own");
    let trigger = ("f".to_owned(), own.clone());
    local.write(own.file(), b"1").expect("a blob");
    seen.written(&local, &own, &patterns());
    seen.delivered(&trigger);
    let in_the_way = local.join("seen.json");
    std::fs::create_dir(&in_the_way).expect("a folder");
    for _ in 0..2 {
        assert_error(seen.look(&local, &patterns()), "seen.json");
    }
    std::fs::remove_dir(&in_the_way).expect("no folder");
    assert_eq!(seen.look(&local, &patterns()), Ok(vec![trigger]));
    assert_eq!(seen.look(&local, &patterns()), Ok(vec![]));
    let saved = local.read("seen.json").expect("a file");
    assert!(saved.is_some_and(|text| text.starts_with(b"[[\"f\",\"ins\",\"own\"")));
}

fn rows(json: &str) -> Vec<Token> {
    match parse(json, 64).expect("JSON") {
        Token::Array(rows) => rows,
        row => vec![row],
    }
}

/// Inserts rows with the keys `p` and `r` by default.
fn insert(local: &Folder, table: &str, json: &str) -> Result<(), String> {
    tables::insert(local, table, [Some("p"), Some("r")], &rows(json))
}

fn all(local: &Folder, table: &str) -> Result<String, String> {
    tables::read(local, table, None, 0)
}

#[test]
fn a_table_gives_the_list_that_the_host_sent() {
    let wire = files::json("wire/host-table-input.json");
    let list = wire["Data"]["rows"].as_str().expect("a text");
    let local = local(&[]);
    insert(&local, "parts", list).expect("rows");
    let other = r#"{"partitionkey":"p2","ROWKEY":"a","n":1}"#;
    insert(&local, "Parts", other).expect("a row");
    let read = |table, partition| tables::read(&local, table, Some(partition), 0);
    assert_eq!(read("parts", "p1").as_deref(), Ok(list));
    let p2 = r#"[{"PartitionKey":"p2","RowKey":"a","n":1}]"#;
    assert_eq!(read("PARTS", "p2").as_deref(), Ok(p2));
    assert_eq!(read("parts", "no").as_deref(), Ok("[]"));
    let count = |take| rows(&tables::read(&local, "parts", None, take).expect("rows")).len();
    assert_eq!([0, 1, 3, 9].map(count), [4, 1, 3, 4]);
    assert_error(all(&local, "none"), "there is no table none: ");
    assert_error(all(&local, "none"), "none.json is not there");
    // One row per line.
    let text = std::fs::read_to_string(local.join("tables/parts.json")).expect("a file");
    assert_eq!(text.lines().count(), 6);
}

#[test]
fn a_row_is_inserted_and_replaces_none() {
    let local = local(&[]);
    insert(&local, "Orders", r#"{"n":1}"#).expect("a row");
    insert(&local, "Orders", "[]").expect("nothing");
    let refused = |json: &str, why| assert_error(insert(&local, "Orders", json), why);
    for (json, why) in cases_of("rows that a table refuses") {
        refused(json, why);
    }
    refused(&format!("{{t:'{}'}}", "x".repeat(32_769)), "32768");
    // None of these was written.
    let text = r#"[{"PartitionKey":"p","RowKey":"r","n":1}]"#;
    assert_eq!(all(&local, "Orders").as_deref(), Ok(text));
    insert(&local, "Orders", r#"{"ETag":"*","n":3}"#).expect("a row");
    assert_eq!(all(&local, "Orders"), Ok(text.replace('1', "3")));

    let without = tables::insert(&local, "Orders", [Some("p"), None], &rows("{}"));
    assert_error(without, "no RowKey");
    assert_error(insert(&local, "a_b", "[]"), "\"a_b\" is not a table's name");
}

#[test]
fn properties_become_what_a_table_makes_of_them() {
    for (given, kept) in cases_of("properties of rows") {
        let local = local(&[]);
        insert(&local, "Orders", given).expect(given);
        let row = format!(r#"[{{"PartitionKey":"p","RowKey":"r",{kept}}}]"#);
        assert_eq!(all(&local, "Orders"), Ok(row));
    }
}

#[test]
fn a_table_that_is_no_list_of_rows_is_named() {
    let edited = "[\n {\"RowKey\": \"b\", \"PartitionKey\": \"p\", \"b\": null}\n]";
    let local = local(&[("tables/Edited.JSON", edited)]);
    for (file, why) in cases_of("files that are not tables") {
        let (table, text) = file.split_once(' ').expect("a text");
        write(&local, &format!("tables/{table}.json"), text);
        let error = all(&local, table).expect_err(table);
        assert!(error.contains(&format!("{table}.json: {why}")), "{error}");
        assert_eq!(insert(&local, table, "{}"), Err(error));
    }
    let latin1 = b"[{\"PartitionKey\":\"p\",\"RowKey\":\"r\",\n\"n\":\"caf\xe9\"}]";
    local.write("tables/latin1.json", latin1).expect("a file");
    let why = "latin1.json: it is not UTF-8: line 2";
    assert_error(all(&local, "latin1"), why);
    assert_error(insert(&local, "latin1", "{}"), why);
    let row = r#"[{"PartitionKey":"p","RowKey":"b"}]"#;
    assert_eq!(all(&local, "edited").as_deref(), Ok(row));
}

/// A blob over `ulimit -f` is an error, and the blob before stays.
#[cfg(any(target_os = "linux", target_os = "macos"))]
#[test]
fn what_does_not_fit_is_an_error_and_leaves_what_was_there() {
    // Set when this test runs itself again with a limit.
    const LIMITED: &str = "STAND_IN_LIMITED";
    if std::env::var_os(LIMITED).is_none() {
        let test = "host::storage::what_does_not_fit_is_an_error_and_leaves_what_was_there";
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "ulimit -f 64; exec \"$0\" \"$@\""]);
        command.arg(std::env::current_exe().expect("the test's path"));
        command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
        let output = command.env(LIMITED, "1").output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stdout);
        let passed = output.status.success() && said.contains("1 passed");
        assert!(passed, "{output:?}");
        return;
    }
    stand_in::host::storage::files::fail_at_limits();
    let (local, blob) = (local(&[("blobs/ins/a", "small")]), blob("ins/a").file());
    let error = local.write(&blob, &[b'x'; 1 << 20]).expect_err("a limit");
    assert!(error.contains("ins") && error.contains("large"), "{error}");
    assert_eq!(local.read(&blob), Ok(Some(b"small".to_vec())));
    assert_tmp_is_empty(&local);
}
