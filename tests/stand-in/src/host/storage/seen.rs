//! Which blobs have triggered which functions, and which are new or have changed since. What was
//! delivered is kept in the file `seen.json`, so that changes while nobody looked trigger later.

use crate::host::storage::blobs::{self, Stamp};
use crate::host::storage::files::Folder;
use crate::host::storage::names::BlobPath;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A file of somebody else counts once it has not changed for so long.
const SETTLED_AFTER: Duration = Duration::from_millis(200);

/// How often all files are looked at. A new file changes its folder, which is looked at each time.
const LOOK_AT_ALL: Duration = Duration::from_secs(1);

/// A function and the blob that triggers it.
pub type Trigger = (String, BlobPath);

/// What is known of the blobs that trigger functions.
#[derive(Debug, Default)]
pub struct Seen {
    /// What the stand-in itself has written, and has not been given yet.
    ready: Vec<Trigger>,
    /// The version of each that has triggered, or is on its way.
    stamps: BTreeMap<Trigger, Stamp>,
    /// Those on their way: `seen.json` has them when they have arrived.
    under_way: BTreeMap<Trigger, Stamp>,
    /// Files of others that have changed: the version, and since when it is that.
    changing: BTreeMap<BlobPath, (Stamp, Instant)>,
    /// Each folder of a container, and when it changed.
    folders: BTreeMap<PathBuf, Option<u64>>,
    looked: Option<Instant>,
    /// Whether the file is up to date.
    is_saved: bool,
    containers: Vec<String>,
}

const FILE: &str = "seen.json";

impl Seen {
    /// What the file says. One that cannot be read counts for nothing: all blobs are new then.
    pub fn read(folder: &Folder) -> Self {
        let text = folder.read(FILE).ok().flatten().unwrap_or_default();
        let entries: Vec<(String, String, String, Stamp)> =
            serde_json::from_slice(&text).unwrap_or_default();
        let entry =
            |(function, container, name, stamp)| ((function, BlobPath { container, name }), stamp);
        let stamps = entries.into_iter().map(entry).collect();
        Self {
            stamps,
            is_saved: true,
            ..Self::default()
        }
    }

    /// Looks for blobs in these containers that are new or have changed, and gives the functions
    /// that each of them triggers, by `triggered`. What is given is on its way until
    /// [`delivered`](Self::delivered). To be called often. Errors where a folder cannot be read, or
    /// the file not be written.
    pub fn look(
        &mut self,
        folder: &Folder,
        containers: &[String],
        triggered: impl Fn(&BlobPath) -> Vec<String>,
    ) -> Result<Vec<Trigger>, String> {
        let is_due = self
            .looked
            .is_none_or(|looked| looked.elapsed() >= LOOK_AT_ALL);
        let is_new = |(folder, at): (&PathBuf, &Option<u64>)| blobs::changed(folder) != *at;
        if is_due || self.containers != containers || self.folders.iter().any(is_new) {
            self.look_at_all(folder, containers, &triggered)?;
        }
        let mut settled = Vec::new();
        self.changing
            .retain(|blob, (stamp, since)| match blobs::stamp_of(folder, blob) {
                None => false,
                Some(now) if now != *stamp => {
                    (*stamp, *since) = (now, Instant::now());
                    true
                }
                Some(_) if since.elapsed() < SETTLED_AFTER => true,
                Some(stamp) => {
                    settled.push((blob.clone(), stamp));
                    false
                }
            });
        let mut triggers = self.take();
        for (blob, stamp) in settled {
            for function in triggered(&blob) {
                triggers.extend(self.claim(&function, &blob, stamp));
            }
        }
        if !self.is_saved {
            self.save(folder)?;
        }
        Ok(triggers)
    }

    fn look_at_all(
        &mut self,
        folder: &Folder,
        containers: &[String],
        triggered: &impl Fn(&BlobPath) -> Vec<String>,
    ) -> Result<(), String> {
        (self.looked, self.containers) = (Some(Instant::now()), containers.to_vec());
        self.folders.clear();
        for container in containers {
            let (found, folders) = blobs::list(folder, container)?;
            // What has gone is new when it comes again.
            let names: BTreeSet<&str> = found.iter().map(|found| &*found.name).collect();
            self.stamps
                .retain(|(_, blob), _| blob.container != *container || names.contains(&*blob.name));
            for found in found {
                let last = found.name.rsplit('/').next().unwrap_or_default();
                if last.starts_with('.') || last.ends_with('~') {
                    continue;
                }
                let (container, name) = (container.clone(), found.name);
                let blob = BlobPath { container, name };
                let is_new = |function: String| {
                    self.stamps.get(&(function, blob.clone())) != Some(&found.stamp)
                };
                if !self.changing.contains_key(&blob) && triggered(&blob).into_iter().any(is_new) {
                    self.changing.insert(blob, (found.stamp, Instant::now()));
                }
            }
            for folder in folders {
                let changed = blobs::changed(&folder);
                self.folders.insert(folder, changed);
            }
        }
        Ok(())
    }

    /// Takes a version of a blob for a function; `None` where it has triggered it already.
    fn claim(&mut self, function: &str, blob: &BlobPath, stamp: Stamp) -> Option<Trigger> {
        let trigger = (function.to_owned(), blob.clone());
        if self.stamps.insert(trigger.clone(), stamp) == Some(stamp) {
            return None;
        }
        self.under_way.insert(trigger.clone(), stamp);
        Some(trigger)
    }

    /// The stand-in itself has written a blob, whole, which triggers these functions.
    pub fn written(&mut self, folder: &Folder, blob: &BlobPath, functions: Vec<String>) {
        if let Some(stamp) = blobs::stamp_of(folder, blob) {
            let claimed = functions
                .iter()
                .filter_map(|function| self.claim(function, blob, stamp));
            let claimed: Vec<Trigger> = claimed.collect();
            self.ready.extend(claimed);
        }
    }

    /// What the stand-in itself has written since the last time. It is on its way until
    /// [`delivered`](Self::delivered).
    pub fn take(&mut self) -> Vec<Trigger> {
        std::mem::take(&mut self.ready)
    }

    /// A blob has triggered a function, with all tries. The next look writes it to the file.
    pub fn delivered(&mut self, trigger: &Trigger) {
        self.under_way.remove(trigger);
        self.is_saved = false;
    }

    /// A blob has triggered nothing: its function has gone. It is new when the function comes again.
    pub fn forget(&mut self, trigger: &Trigger) {
        self.under_way.remove(trigger);
        self.stamps.remove(trigger);
    }

    fn save(&mut self, folder: &Folder) -> Result<(), String> {
        let arrived =
            |(trigger, stamp): &(&Trigger, &Stamp)| self.under_way.get(*trigger) != Some(*stamp);
        let entries = self.stamps.iter().filter(arrived);
        let entries: Vec<_> = entries
            .map(|((function, blob), stamp)| (function, &blob.container, &blob.name, stamp))
            .collect();
        self.is_saved = true;
        let text = serde_json::to_string(&entries).map_err(|error| error.to_string())?;
        folder.write(FILE, text.as_bytes())
    }
}
