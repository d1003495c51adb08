//! Finds blobs that are new or have changed since they triggered a function. `seen.json` keeps what
//! was delivered between runs.

use crate::host::expressions::Template;
use crate::host::newtonsoft::json;
use crate::host::storage::files::{Folder, Stamp, stamp};
use crate::host::storage::names::BlobPath;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long another process's file must rest.
const SETTLED_AFTER: Duration = Duration::from_millis(200);

/// How often all files are checked. Folders, which change with new files, are checked each time.
const LOOK_AT_ALL: Duration = Duration::from_secs(1);

/// At most one part in 200 of the time goes into checking all files.
const LOOK_SHARE: u32 = 200;

const FILE: &str = "seen.json";

/// A function and the blob that triggers it.
pub type Trigger = (String, BlobPath);

/// A function and the path of its trigger.
pub type Pattern = (String, Template);

/// The last version that triggered, and whether it has been delivered.
type Stamps = BTreeMap<Trigger, (Stamp, bool)>;

#[derive(Debug, Default)]
pub struct Seen {
    /// What has been found or written, and not taken yet.
    ready: Vec<Trigger>,
    stamps: Stamps,
    /// Files of other processes, and since when they rest.
    changing: BTreeMap<BlobPath, (Stamp, Instant)>,
    containers: BTreeSet<String>,
    folders: Vec<(PathBuf, Option<Stamp>)>,
    due: Option<Instant>,
    is_unsaved: bool,
}

impl Seen {
    /// If the file cannot be read, all blobs are new.
    pub fn read(folder: &Folder) -> Self {
        let text = folder.read(FILE).ok().flatten().unwrap_or_default();
        let entries: Vec<(String, String, String, Stamp)> =
            serde_json::from_slice(&text).unwrap_or_default();
        let mut seen = Self::default();
        for (function, container, name, stamp) in entries {
            let blob = BlobPath { container, name };
            seen.stamps.insert((function, blob), (stamp, true));
        }
        seen
    }

    /// Finds new and changed blobs. Call [`delivered`](Self::delivered) for each.
    pub fn look(&mut self, folder: &Folder, patterns: &[Pattern]) -> Result<Vec<Trigger>, String> {
        // Until this works, nothing is found or taken, so that an error loses nothing.
        if self.is_unsaved {
            self.save(folder)?;
            self.is_unsaved = false;
        }
        let begun = Instant::now();
        let mut containers = BTreeSet::new();
        for (_, pattern) in patterns {
            match pattern.container() {
                Some(fixed) => containers.extend([fixed.to_owned()]),
                None => containers.extend(folder.containers()?),
            }
        }
        let is_as_it_was = |(folder, was): &(PathBuf, Option<Stamp>)| {
            folder.metadata().ok().map(|data| stamp(&data)) == *was
        };
        if self.due.is_none_or(|due| begun >= due)
            || self.containers != containers
            || !self.folders.iter().all(is_as_it_was)
        {
            self.containers = containers;
            let looked = self.look_at_all(folder, patterns);
            self.due = Some(begun + LOOK_AT_ALL.max(begun.elapsed() * LOOK_SHARE));
            looked?;
        }
        for (blob, (stamp, since)) in std::mem::take(&mut self.changing) {
            match folder.stamp_of(&blob) {
                None => {}
                Some(now) if now != stamp => {
                    self.changing.insert(blob, (now, Instant::now()));
                }
                Some(_) if since.elapsed() < SETTLED_AFTER => {
                    self.changing.insert(blob, (stamp, since));
                }
                Some(_) => self.claim(&blob, stamp, patterns),
            }
        }
        Ok(self.take())
    }

    fn look_at_all(&mut self, folder: &Folder, patterns: &[Pattern]) -> Result<(), String> {
        self.folders.clear();
        for container in &self.containers {
            let found = folder.container(container)?;
            self.folders.extend(found.folders);
            // A deleted blob is new when it comes again.
            let is_there = |blob: &BlobPath| found.blobs.contains_key(blob);
            self.stamps
                .retain(|(_, blob), _| blob.container != *container || is_there(blob));
            for (blob, stamp) in found.blobs {
                let last = blob.name.rsplit('/').next().unwrap_or_default();
                if last.starts_with('.') || last.ends_with('~') {
                    continue;
                }
                let is_new = |trigger| is_new(&self.stamps, &trigger, stamp);
                if !self.changing.contains_key(&blob) && triggered(patterns, &blob).any(is_new) {
                    self.changing.insert(blob, (stamp, Instant::now()));
                }
            }
        }
        Ok(())
    }

    /// Makes a blob ready for the functions that this version has not triggered.
    fn claim(&mut self, blob: &BlobPath, stamp: Stamp, patterns: &[Pattern]) {
        for trigger in triggered(patterns, blob) {
            if is_new(&self.stamps, &trigger, stamp) {
                self.stamps.insert(trigger.clone(), (stamp, false));
                self.ready.push(trigger);
            }
        }
    }

    /// To be called when the stand-in itself has written a blob.
    pub fn written(&mut self, folder: &Folder, blob: &BlobPath, patterns: &[Pattern]) {
        if let Some(stamp) = folder.stamp_of(blob) {
            self.claim(blob, stamp, patterns);
        }
    }

    /// What the stand-in itself has written since the last call. Call
    /// [`delivered`](Self::delivered) for each.
    pub fn take(&mut self) -> Vec<Trigger> {
        std::mem::take(&mut self.ready)
    }

    /// All tries have been made. The next look saves this.
    pub fn delivered(&mut self, trigger: &Trigger) {
        self.stamps
            .entry(trigger.clone())
            .and_modify(|(_, delivered)| *delivered = true);
        self.is_unsaved = true;
    }

    /// The blob is new when it, or its function, comes again.
    pub fn forget(&mut self, trigger: &Trigger) {
        self.stamps.remove(trigger);
    }

    fn save(&self, folder: &Folder) -> Result<(), String> {
        let mut entries = Vec::new();
        for ((function, blob), (stamp, delivered)) in &self.stamps {
            if *delivered {
                entries.push((function, &blob.container, &blob.name, stamp));
            }
        }
        folder.write(FILE, json(&entries).as_bytes())
    }
}

fn is_new(stamps: &Stamps, trigger: &Trigger, stamp: Stamp) -> bool {
    stamps.get(trigger).is_none_or(|(seen, _)| *seen != stamp)
}

fn triggered(patterns: &[Pattern], blob: &BlobPath) -> impl Iterator<Item = Trigger> {
    let path = blob.to_string();
    let triggered = patterns
        .iter()
        .filter(move |(_, path_of)| path_of.matches(&path).is_some());
    triggered.map(|(function, _)| (function.clone(), blob.clone()))
}
