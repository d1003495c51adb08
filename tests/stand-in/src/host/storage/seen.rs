//! Which blobs have triggered which functions, and which are new or have changed since. What was
//! delivered is kept in the file `seen.json`, so that changes while nobody looked trigger later.

use crate::host::newtonsoft::json;
use crate::host::storage::files::{Folder, Stamp, stamp};
use crate::host::storage::names::BlobPath;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A file of somebody else counts once it has not changed for so long.
const SETTLED_AFTER: Duration = Duration::from_millis(200);

/// How often all files are looked at. A new file changes its folder, which is looked at each time.
const LOOK_AT_ALL: Duration = Duration::from_secs(1);

/// Looking at all files may take one part of so many of the time.
const LOOK_SHARE: u32 = 200;

const FILE: &str = "seen.json";

/// A function and the blob that triggers it.
pub type Trigger = (String, BlobPath);

#[derive(Debug, Default)]
pub struct Seen {
    /// What the stand-in itself has written, and has not been given yet.
    ready: Vec<Trigger>,
    /// The version of each that has triggered, or is on its way.
    stamps: BTreeMap<Trigger, Stamp>,
    /// Those on their way: `seen.json` has them when they have arrived.
    under_way: BTreeSet<Trigger>,
    /// Files of others that have changed: the version, and since when it is that.
    changing: BTreeMap<BlobPath, (Stamp, Instant)>,
    containers: BTreeSet<String>,
    /// Each folder of a container, as it was.
    folders: Vec<(PathBuf, Option<Stamp>)>,
    /// When all files are looked at next.
    due: Option<Instant>,
    /// Whether the file has to be written.
    is_old: bool,
}

impl Seen {
    /// What the file says. One that cannot be read counts for nothing: all blobs are new then.
    pub fn read(folder: &Folder) -> Self {
        let text = folder.read(FILE).ok().flatten().unwrap_or_default();
        let entries: Vec<(String, String, String, Stamp)> =
            serde_json::from_slice(&text).unwrap_or_default();
        let mut seen = Self::default();
        for (function, container, name, stamp) in entries {
            let blob = BlobPath { container, name };
            seen.stamps.insert((function, blob), stamp);
        }
        seen
    }

    /// Looks for blobs in these containers that are new or have changed, and gives the functions
    /// that each of them triggers, by `triggered`. What is given is on its way until
    /// [`delivered`](Self::delivered).
    pub fn look(
        &mut self,
        folder: &Folder,
        containers: BTreeSet<String>,
        triggered: impl Fn(&BlobPath) -> Vec<String>,
    ) -> Result<Vec<Trigger>, String> {
        let begun = Instant::now();
        let is_as_it_was = |(folder, was): &(PathBuf, Option<Stamp>)| {
            folder.metadata().ok().map(|data| stamp(&data)) == *was
        };
        if self.due.is_none_or(|due| begun >= due)
            || self.containers != containers
            || !self.folders.iter().all(is_as_it_was)
        {
            self.containers = containers;
            let looked = self.look_at_all(folder, &triggered);
            self.due = Some(begun + LOOK_AT_ALL.max(begun.elapsed() * LOOK_SHARE));
            looked?;
        }
        let mut settled = Vec::new();
        self.changing.retain(|blob, (stamp, since)| {
            let now = folder.stamp_of(blob);
            if now == Some(*stamp) && since.elapsed() >= SETTLED_AFTER {
                settled.push((blob.clone(), *stamp));
                return false;
            }
            if let Some(now) = now.filter(|now| now != stamp) {
                (*stamp, *since) = (now, Instant::now());
            }
            now.is_some()
        });
        for (blob, stamp) in settled {
            self.claim(&blob, stamp, triggered(&blob));
        }
        let triggers = self.take();
        if std::mem::take(&mut self.is_old) {
            self.save(folder)?;
        }
        Ok(triggers)
    }

    fn look_at_all(
        &mut self,
        folder: &Folder,
        triggered: &impl Fn(&BlobPath) -> Vec<String>,
    ) -> Result<(), String> {
        self.folders.clear();
        for container in &self.containers {
            let found = folder.container(container)?;
            self.folders.extend(found.folders);
            // What has gone is new when it comes again.
            let names: BTreeSet<&String> = found.blobs.iter().map(|(name, _)| name).collect();
            self.stamps
                .retain(|(_, blob), _| blob.container != *container || names.contains(&blob.name));
            for (name, stamp) in found.blobs {
                let last = name.rsplit('/').next().unwrap_or_default();
                if last.starts_with('.') || last.ends_with('~') {
                    continue;
                }
                let container = container.clone();
                let blob = BlobPath { container, name };
                let is_new = |function| self.stamps.get(&(function, blob.clone())) != Some(&stamp);
                if !self.changing.contains_key(&blob) && triggered(&blob).into_iter().any(is_new) {
                    self.changing.insert(blob, (stamp, Instant::now()));
                }
            }
        }
        Ok(())
    }

    /// Makes a version of a blob ready for functions: for those that it has not triggered already.
    fn claim(&mut self, blob: &BlobPath, stamp: Stamp, functions: Vec<String>) {
        for function in functions {
            let trigger = (function, blob.clone());
            if self.stamps.insert(trigger.clone(), stamp) != Some(stamp) {
                self.under_way.insert(trigger.clone());
                self.ready.push(trigger);
            }
        }
    }

    /// The stand-in itself has written a blob, which triggers these functions.
    pub fn written(&mut self, folder: &Folder, blob: &BlobPath, functions: Vec<String>) {
        if let Some(stamp) = folder.stamp_of(blob) {
            self.claim(blob, stamp, functions);
        }
    }

    /// What the stand-in itself has written since the last time. It is on its way, too.
    pub fn take(&mut self) -> Vec<Trigger> {
        std::mem::take(&mut self.ready)
    }

    /// A blob has triggered a function, with all tries. The next look writes it to the file.
    pub fn delivered(&mut self, trigger: &Trigger) {
        self.under_way.remove(trigger);
        self.is_old = true;
    }

    /// A blob has triggered nothing: its function has gone. It is new when the function comes again.
    pub fn forget(&mut self, trigger: &Trigger) {
        self.under_way.remove(trigger);
        self.stamps.remove(trigger);
    }

    fn save(&self, folder: &Folder) -> Result<(), String> {
        let arrived = self
            .stamps
            .iter()
            .filter(|(trigger, _)| !self.under_way.contains(trigger));
        let entries =
            arrived.map(|((function, blob), stamp)| (function, &blob.container, &blob.name, stamp));
        let entries: Vec<_> = entries.collect();
        folder.write(FILE, json(&entries).as_bytes())
    }
}
