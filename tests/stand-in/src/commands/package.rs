//! What goes to Azure, and nothing else.

use crate::app::{binary, ignore, json};
use crate::commands::zip::Zip;
use std::fs;
use std::io;
use std::path::Path;

const FOLDER: &str = "target/publish";
const ZIP: &str = "target/publish.zip";

/// What func never publishes, whatever `.funcignore` says.
const NEVER: [&str; 6] = [
    ".git",
    ".vscode",
    ".funcignore",
    ".gitignore",
    "local.settings.json",
    "project.lock.json",
];

/// Stands for any file in a folder.
const ANY: &str = "any_file_at_all";

const BUILT: &str = "target/handler-for-azure";

/// Writes the files that func would publish by `.funcignore`, and the handler, executable also from
/// Windows. Gives the files with their sizes. Errors if the handler would not run in Azure.
pub fn azure(root: &Path) -> Result<Vec<String>, String> {
    let host = json::read(root, "host.json")?;
    let handler = binary::name(&host);
    let binary = fs::read(root.join(BUILT)).map_err(|error| format!("{BUILT}: {error}"))?;
    if !runs_in_azure(&binary) {
        return Err("the handler would not run in Azure: it is not a static x86-64 binary".into());
    }
    let patterns = ignore::patterns(root).map_err(|why| format!("{}: {why}", ignore::FILE))?;
    // Folders that are left out whole are not read: target can be large.
    let has_exceptions = patterns.lines().any(|line| line.trim().starts_with('!'));
    let is_out =
        |path: &str| ignore::left_out(&patterns, path) && !(has_exceptions && path.ends_with(ANY));
    let mut files = vec![handler.to_owned()];
    add(root, "", &is_out, &mut files)?;
    files.sort();
    files.dedup();
    let folder = root.join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{FOLDER}: {error}"))?;
    }
    let mut zip = Zip::default();
    let mut publish = |file: &String| -> io::Result<String> {
        let (from, mode) = match file == handler {
            true => (root.join(BUILT), 0o755),
            false => (root.join(file), 0o644),
        };
        let to = folder.join(file);
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        // `copy` keeps the mode, and cargo has made the handler executable.
        let size = fs::copy(from, &to)?;
        let added = zip.add(file, mode, &fs::read(to)?);
        added.map_err(io::Error::other)?;
        Ok(format!("{size:>10}  {file}"))
    };
    let mut lines = Vec::new();
    for file in &files {
        lines.push(publish(file).map_err(|error| format!("{file}: {error}"))?);
    }
    fs::write(root.join(ZIP), zip.finish()?).map_err(|error| format!("{ZIP}: {error}"))?;
    Ok(lines)
}

/// Adds what a folder publishes to `files`. Paths have slashes on every system.
fn add(
    root: &Path,
    folder: &str,
    left_out: &dyn Fn(&str) -> bool,
    files: &mut Vec<String>,
) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", root.join(folder).display());
    for entry in root.join(folder).read_dir().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().into_string();
        let name = name.map_err(|name| format!("{name:?}: its name is not Unicode"))?;
        let (path, place) = (format!("{folder}{name}"), entry.path());
        let below = format!("{path}/");
        let is_left_out = match place.is_dir() {
            true => left_out(&format!("{below}{ANY}")),
            false => left_out(&path),
        };
        if is_left_out || NEVER.contains(&name.as_str()) {
            continue;
        } else if !place.is_dir() {
            files.push(path);
        } else if place.is_symlink() {
            return Err(format!(
                "{path} is a link to a folder, and func would follow it: put the folder itself there, \
                 or add it to .funcignore"
            ));
        } else {
            add(root, &below, left_out, files)?;
        }
    }
    Ok(())
}

/// Whether it is for Linux on x86-64, without a dynamic linker: Azure has another libc.
pub fn runs_in_azure(binary: &[u8]) -> bool {
    const X86_64: u16 = 62;
    const INTERPRETER: u16 = 3;
    let number = |at: usize| Some(u16::from_le_bytes([*binary.get(at)?, *binary.get(at + 1)?]));
    // ELF, 64 bits, little-endian.
    if !binary.starts_with(b"\x7fELF\x02\x01") || number(18) != Some(X86_64) {
        return false;
    }
    let (Some(start), Some(size), Some(count)) = (number(32), number(54), number(56)) else {
        return false;
    };
    let mut segments = (0..count).map(|n| usize::from(start) + usize::from(n) * usize::from(size));
    segments.all(|at| number(at).is_some_and(|kind| kind != INTERPRETER))
}
