//! Whether a packed app is whole: what is in the zip, and whether Azure may execute the handler in
//! it.

use crate::app::binary;
use crate::app::json;
use std::collections::BTreeSet;
use std::path::Path;

/// What a zip's central directory says of a file.
#[derive(Debug, PartialEq)]
struct Entry {
    name: String,
    bytes: u32,
    /// The file's mode, as in `stat`; none where the zip was not made on Unix, or as on Unix.
    mode: Option<u32>,
}

/// Checks that the zip at `path` holds exactly the app in the folder `root`: host.json, the binary
/// that it names, which has to be executable, and each folder that has a function.json. Gives a
/// sentence that says so, or a line for each fault.
pub fn check(path: &Path, root: &Path) -> Result<String, String> {
    let in_words = |error: std::io::Error, what: &Path| format!("{}: {error}", what.display());
    let zip = std::fs::read(path).map_err(|error| in_words(error, path))?;
    let host = json::read(root, "host.json")?;
    let binary = binary::name(&host);
    let mut functions = BTreeSet::new();
    for entry in std::fs::read_dir(root).map_err(|error| in_words(error, root))? {
        let folder = entry.map_err(|error| in_words(error, root))?.path();
        if let Some(name) = folder
            .file_name()
            .filter(|_| folder.join("function.json").is_file())
        {
            functions.insert(name.to_string_lossy().into_owned());
        }
    }
    let name = path.display();
    let faults = entries(&zip).map_or_else(
        |fault| vec![fault],
        |entries| faults(&entries, binary, &functions),
    );
    if faults.is_empty() {
        return Ok(format!(
            "packed {name}: host.json, {binary}, and {} function folders",
            functions.len()
        ));
    }
    Err(faults
        .iter()
        .map(|fault| format!("{name}: {fault}"))
        .collect::<Vec<_>>()
        .join("\n"))
}

/// Where what is in a zip differs from an app with these functions.
fn faults(entries: &[Entry], binary: &str, functions: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let expected = ["host.json".to_owned(), binary.to_owned()];
    for name in expected.into_iter().chain(
        functions
            .iter()
            .map(|function| format!("{function}/function.json")),
    ) {
        match entries
            .iter()
            .filter(|entry| entry.name == name)
            .collect::<Vec<_>>()[..]
        {
            [] => faults.push(format!("{name} is missing")),
            [Entry { bytes: 0, .. }] => faults.push(format!("{name} is empty")),
            [Entry { mode, .. }]
                if name == binary && mode.is_none_or(|mode| mode & 0o111 != 0o111) =>
            {
                let mode = mode.map_or("none".to_owned(), |mode| format!("{mode:o}"));
                faults.push(format!(
                    "{binary} is not executable for everyone: its mode is {mode}"
                ));
            }
            [_] => {}
            _ => faults.push(format!("{name} is there more than once")),
        }
    }
    for Entry { name, .. } in entries {
        let in_a_folder = name
            .split_once('/')
            .is_some_and(|(folder, _)| functions.contains(folder));
        if !in_a_folder && name != "host.json" && name != binary {
            faults.push(format!("{name} does not belong to the app"));
        }
    }
    faults
}

/// The files in a zip. Fails where it is cut off, or larger than the format allowed before ZIP64 (4
/// GB, 65,535 files).
fn entries(zip: &[u8]) -> Result<Vec<Entry>, String> {
    const END: &[u8] = b"PK\x05\x06";
    const END_BYTES: usize = 22;
    const FILE: &[u8] = b"PK\x01\x02";
    const FILE_BYTES: usize = 46;
    const UNIX: u8 = 3;

    // From its end, where only a comment of at most 65,535 bytes can stand behind.
    let last = zip.len().checked_sub(END_BYTES).ok_or("it is no zip")?;
    let end = (last.saturating_sub(0xffff)..=last)
        .rev()
        .find(|at| zip[*at..].starts_with(END))
        .ok_or("it is no zip")?;
    let count = u16_at(zip, end + 10);
    let mut rest = zip[..end]
        .get(u32_at(zip, end + 16) as usize..)
        .ok_or("its directory is cut off, or in ZIP64")?;
    let mut entries = Vec::new();
    for _ in 0..count {
        if rest.len() < FILE_BYTES || !rest.starts_with(FILE) {
            return Err("its directory is cut off".into());
        }
        let name_bytes = usize::from(u16_at(rest, 28));
        let bytes =
            FILE_BYTES + name_bytes + usize::from(u16_at(rest, 30)) + usize::from(u16_at(rest, 32));
        let (entry, next) = rest
            .split_at_checked(bytes)
            .ok_or("its directory is cut off")?;
        entries.push(Entry {
            name: String::from_utf8_lossy(&entry[FILE_BYTES..FILE_BYTES + name_bytes]).into_owned(),
            bytes: u32_at(entry, 24),
            mode: (entry[5] == UNIX).then(|| u32_at(entry, 38) >> 16),
        });
        rest = next;
    }
    Ok(entries)
}

/// The number at `at`, which the caller has seen to be inside.
fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

#[cfg(test)]
mod tests {
    use super::{Entry, entries, faults};
    use std::collections::BTreeSet;

    fn entry(name: &str, bytes: u32, mode: Option<u32>) -> Entry {
        Entry {
            name: name.into(),
            bytes,
            mode,
        }
    }

    /// A zip of empty files: their entries as a packer writes them, a comment behind.
    fn zip(files: &[Entry], comment: &str) -> Vec<u8> {
        let mut zip = b"what lies before the directory".to_vec();
        let start = u32::try_from(zip.len()).unwrap();
        for Entry { name, bytes, mode } in files {
            let mut head = [0; 46];
            head[..4].copy_from_slice(b"PK\x01\x02");
            head[5] = if mode.is_some() { 3 } else { 0 };
            head[24..28].copy_from_slice(&bytes.to_le_bytes());
            head[28..30].copy_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
            head[30] = 2;
            head[32] = 3;
            head[38..42].copy_from_slice(&(mode.unwrap_or_default() << 16).to_le_bytes());
            zip.extend(head.iter().chain(name.as_bytes()).chain(b"xxccc"));
        }
        let mut end = [0; 22];
        end[..4].copy_from_slice(b"PK\x05\x06");
        end[10] = u8::try_from(files.len()).unwrap();
        end[16..20].copy_from_slice(&start.to_le_bytes());
        end[20..].copy_from_slice(&u16::try_from(comment.len()).unwrap().to_le_bytes());
        zip.extend(end.iter().chain(comment.as_bytes()));
        zip
    }

    fn app() -> Vec<Entry> {
        vec![
            entry("host.json", 200, Some(0o100_644)),
            entry("handler", 500_000, Some(0o100_755)),
            entry("hello/", 0, Some(0o040_755)),
            entry("hello/function.json", 100, Some(0o100_644)),
            entry("hello/words.txt", 0, Some(0o100_644)),
        ]
    }

    #[test]
    fn the_directory_is_read_as_it_was_written() {
        for comment in ["", "a comment that says PK"] {
            assert_eq!(entries(&zip(&app(), comment)), Ok(app()));
        }
        assert_eq!(
            entries(&zip(&[entry("handler", 1, None)], "")),
            Ok(vec![entry("handler", 1, None)])
        );
        assert_eq!(entries(&zip(&[], "")), Ok(vec![]));
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let zip = zip(&app(), "");
        for length in 0..zip.len() {
            assert!(
                entries(&zip[..length]).is_err(),
                "{length} of {} bytes",
                zip.len()
            );
        }
        for start in 1..zip.len() {
            assert!(
                entries(&zip[start..]).is_err(),
                "without the first {start} bytes"
            );
        }
    }

    #[test]
    fn each_fault_is_named() {
        let functions = BTreeSet::from(["hello".to_owned()]);
        let all = |entries: &[Entry]| faults(entries, "handler", &functions);
        assert_eq!(all(&app()), [""; 0]);
        for (index, missing) in ["host.json", "handler", "", "hello/function.json"]
            .into_iter()
            .enumerate()
        {
            if !missing.is_empty() {
                let mut entries = app();
                entries.remove(index);
                assert_eq!(all(&entries), [format!("{missing} is missing")]);
            }
        }
        for (mode, says) in [
            (None, "none"),
            (Some(0o100_644), "100644"),
            (Some(0o100_744), "100744"),
        ] {
            let mut entries = app();
            entries[1].mode = mode;
            assert_eq!(
                all(&entries),
                [format!(
                    "handler is not executable for everyone: its mode is {says}"
                )]
            );
        }
        for stray in [
            "local.settings.json",
            "src/main.rs",
            "handler.exe",
            "hello\\function.json",
            "./handler",
        ] {
            let mut entries = app();
            entries.push(entry(stray, 1, Some(0o100_755)));
            assert_eq!(
                all(&entries),
                [format!("{stray} does not belong to the app")]
            );
        }
        let mut entries = app();
        entries[1].bytes = 0;
        entries.push(entry("host.json", 1, None));
        assert_eq!(
            all(&entries),
            ["host.json is there more than once", "handler is empty"]
        );
        let missing = [
            "handler.bin is missing",
            "handler does not belong to the app",
        ];
        assert_eq!(faults(&app(), "handler.bin", &functions), missing);
        let functions = BTreeSet::from(["hello".to_owned(), "handler".to_owned()]);
        let mut entries = app();
        entries[1].name = "handler.bin".into();
        entries.push(entry("handler/function.json", 1, None));
        assert_eq!(faults(&entries, "handler.bin", &functions), [""; 0]);
    }
}
