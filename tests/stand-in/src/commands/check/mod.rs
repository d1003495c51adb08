//! `make check`: whether the app's files agree with each other and with the compiled table, and
//! work under the host.

mod bindings;
mod folders;
mod host_json;
mod routes;
mod table;
mod tools;
mod values;

use crate::app::description::Description;
use crate::app::finding::{self, Finding};
use crate::app::function::Function;
use crate::app::json;
use crate::run::build;
use serde_json::Value;
use std::path::Path;

pub use tools::fix;

/// Errors if a finding is an error.
pub fn run(root: &Path) -> Result<(), String> {
    let built = build::build(root, true);
    let table = built.as_ref().map(|built| built.table.as_str());
    let findings = check(root, table.ok());
    for finding in &findings {
        eprintln!("{finding}");
    }
    // The compiler has already shown its own errors.
    built.map_err(|why| match why.is_empty() {
        true => "the app does not compile, so its table could not be read".to_owned(),
        false => why,
    })?;
    match findings.iter().filter(|finding| finding.is_error).count() {
        0 => Ok(()),
        count => Err(format!("to correct: {count}")),
    }
}

/// For a test of the app: panics with the errors. `table` is JSON.
#[track_caller]
pub fn assert_fits(root: &str, table: &str) {
    if let Some(errors) = finding::errors(&check(Path::new(root), Some(table))) {
        panic!("{errors}");
    }
}

/// `table` is the output of `tests/stand-in/table.rs`; without it, only the files are checked.
fn check(root: &Path, table: Option<&str>) -> Vec<Finding> {
    let app = Description::of(root);
    check_app(&app, table)
}

pub fn check_app(app: &Description, table: Option<&str>) -> Vec<Finding> {
    let mut findings = app.findings.clone();
    findings.extend(host_json::check(app));
    folders::check(app, &mut findings);
    for function in app.all() {
        let mut found = Findings::of(&function.file_name());
        folders::check_function(app, function, &mut found);
        findings.extend(found.all);
        findings.extend(check_function(function));
    }
    routes::check(app, &mut findings);
    tools::check(app, &mut findings);
    if let Some(table) = table {
        table::check(app, table, &mut findings);
    }
    // Findings about one file stay together.
    findings.sort_by(|one, other| one.file.cmp(&other.file));
    findings
}

/// The first error of a function that is not in the app yet.
pub fn check_new(app: &Description, function: &Function) -> Option<Finding> {
    let mut findings = check_function(function);
    findings.extend(routes::conflicts_with(app, function));
    findings.extend(tools::twin(app.all(), function));
    findings.into_iter().find(|finding| finding.is_error)
}

fn check_function(function: &Function) -> Vec<Finding> {
    let mut findings = Findings::of(&function.file_name());
    bindings::check(function, &mut findings);
    routes::check_route(function, &mut findings);
    tools::check_function(function, &mut findings);
    findings.all
}

struct Findings {
    file: String,
    all: Vec<Finding>,
}

impl Findings {
    fn of(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            all: Vec::new(),
        }
    }

    fn error(&mut self, what: impl Into<String>) {
        self.all.push(Finding::error(&self.file, what));
    }

    fn note(&mut self, what: impl Into<String>) {
        self.all.push(Finding::note(&self.file, what));
    }
}

/// Notes misspelt members, at any depth. `before` is put before their names: `extensions.http.`.
fn misspelt(object: &Value, known: &[&str], before: &str, findings: &mut Findings) {
    for (name, value) in json::members(object) {
        let names = known.iter().filter_map(|path| path.split('.').next());
        if let Some(meant) = near(name, names)
            && json::member(object, meant).is_null()
        {
            findings.note(format!(
                "the host does not read {before}{name}: write {meant:?}"
            ));
        }
        let inside = json::below(known, name);
        misspelt(value, &inside, &format!("{before}{name}."), findings);
    }
}

/// The known word that is meant: one letter may differ in a word of at least 4, two from 8 letters
/// on, three from 20. `None` for a known word.
fn near<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    // A letter is added, removed, changed, or swapped with its neighbour.
    let far = |known: &str| strsim::osa_distance(&word, &known.to_ascii_lowercase());
    let nearest = known.min_by_key(|known| far(known))?;
    let most = match nearest.len() {
        0..4 => 0,
        4..8 => 1,
        8..20 => 2,
        _ => 3,
    };
    (1..=most).contains(&far(nearest)).then_some(nearest)
}
