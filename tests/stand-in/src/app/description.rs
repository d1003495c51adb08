//! An app's host.json, local.settings.json and function.json files, read once, with all their
//! errors.

use crate::app::finding::Finding;
use crate::app::function::{Binding, Function};
use crate::app::host_json::{self, HostJson};
use crate::app::json;
use crate::app::names;
use crate::app::settings::{self, Settings};
use crate::app::tool::Tool;
use std::path::{Path, PathBuf};

#[derive(Debug, Default)]
pub struct Description {
    pub root: PathBuf,
    pub host: HostJson,
    /// In the host's order, without disabled ones.
    pub functions: Vec<Function>,
    /// Functions that a setting disables.
    pub disabled: Vec<Function>,
    /// Folders whose function.json could not be read.
    pub unread: Vec<String>,
    pub settings: Option<Settings>,
    pub findings: Vec<Finding>,
}

impl Description {
    /// With this process's environment.
    pub fn of(root: &Path) -> Self {
        Self::read(root, &|name| std::env::var(name).ok())
    }

    /// `setting` reads the environment, which wins over local.settings.json.
    pub fn read(root: &Path, setting: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut app = Self {
            root: root.to_owned(),
            ..Self::default()
        };
        let host = json::text(root, host_json::FILE).and_then(|text| json::parse(&text));
        let host = app.found(host_json::FILE, host);
        if root.join(settings::FILE).exists() {
            let settings = json::text(root, settings::FILE).and_then(|text| Settings::parse(&text));
            app.settings = Some(app.found(settings::FILE, settings));
        }
        let own = app.settings.clone().unwrap_or_default();
        let setting = |name: &str| setting(name).or_else(|| own.get(name));
        app.host = HostJson::read(host, &setting, &mut app.findings);
        for name in app.found(".", folders(root)) {
            app.add(name, &setting);
        }
        app
    }

    /// Adds an error to the findings, and gives a default instead.
    fn found<T: Default>(&mut self, file: &str, read: Result<T, String>) -> T {
        read.unwrap_or_else(|why| {
            self.findings.push(Finding::error(file, why));
            T::default()
        })
    }

    fn add(&mut self, name: String, setting: &dyn Fn(&str) -> Option<String>) {
        let file = format!("{name}/function.json");
        let function = json::text(&self.root, &file).and_then(|text| Function::read(&name, &text));
        let Some(mut function) = self.found(&file, function.map(Some)) else {
            return self.unread.push(name);
        };
        for missing in function.resolve(setting) {
            self.findings.push(Finding::error(&file, missing));
        }
        let disabled = ["AzureWebJobs.{}.Disabled", "AzureWebJobs_{}_Disabled"];
        let disabled = disabled.map(|form| setting(&form.replace("{}", &name)));
        let mut disabled = disabled.into_iter().flatten();
        if disabled.any(|value| value == "1" || value.eq_ignore_ascii_case("true")) {
            return self.disabled.push(function);
        }
        let routed = function.set_route(&self.host.prefix);
        self.found(&file, routed);
        self.functions.push(function);
    }

    /// Also the disabled ones.
    pub fn all(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().chain(&self.disabled)
    }

    /// The names of all functions, also of disabled and unreadable ones.
    pub fn folders(&self) -> Vec<&String> {
        let read = self.all().map(|function| &function.name);
        read.chain(&self.unread).collect()
    }

    /// What the stand-in ignores, one sentence each.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let settings = self.settings.as_ref().map(Settings::ignored);
        for (file, ignored) in [
            (host_json::FILE, self.host.ignored()),
            (settings::FILE, settings.unwrap_or_default()),
        ] {
            if !ignored.is_empty() {
                notes.push(format!("{file}: ignored here: {}", ignored.join(", ")));
            }
        }
        for function in &self.functions {
            let (name, file, trigger) = (&function.name, function.file_name(), function.trigger());
            for unknown in function.route.iter().flat_map(|route| &route.unknown) {
                notes.push(format!("{file}: the constraint {unknown} is ignored here"));
            }
            let filters = |input: &&Binding| input.is("table") && !input.text("filter").is_empty();
            for Binding { name: input, .. } in function.inputs().filter(filters) {
                notes.push(format!(
                    "{file}: the filter of {input:?} is not evaluated here: put the rows that it \
                     would find into .local/{name}.{input}"
                ));
            }
            if trigger.is("mcpResourceTrigger") || trigger.is("mcpPromptTrigger") {
                notes.push(format!("{name} is not served here: of MCP only tools are"));
            }
        }
        let disabled = self.disabled.iter();
        notes.extend(disabled.map(|function| format!("{} is disabled", function.name)));
        notes
    }

    /// Without those that cannot be read; the checks report them.
    pub fn tools(&self) -> Vec<Tool> {
        let functions = self.functions.iter().filter(|function| function.is_tool());
        functions
            .filter_map(|function| Tool::read(&function.name, function.trigger()).ok())
            .collect()
    }

    /// The name may be in any case. The error says which there are.
    pub fn named(&self, name: &str) -> Result<&Function, String> {
        self.function(name).ok_or_else(|| {
            let names = names::listed(self.functions.iter().map(|function| &function.name));
            format!("there is no function {name}; {names}")
        })
    }

    /// For an error: `there are hello [GET] at /api/hello`.
    pub fn listed_routes(&self) -> String {
        names::listed(self.functions.iter().filter_map(|function| {
            let (name, methods) = (&function.name, function.methods().join(","));
            let route = function.route.as_ref()?;
            Some(format!("{name} [{methods}] at /{route}"))
        }))
    }

    /// The name may be in any case.
    pub fn function(&self, name: &str) -> Option<&Function> {
        let mut functions = self.functions.iter();
        functions.find(|function| function.name.eq_ignore_ascii_case(name))
    }
}

/// Folders with a function.json, in the host's order.
fn folders(root: &Path) -> Result<Vec<String>, String> {
    let unreadable = |error| format!("{}: {error}", root.display());
    let mut folders = Vec::new();
    for entry in root.read_dir().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.path().join("function.json").is_file() {
            folders.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    folders.sort_by(|one, other| names::order(one, other));
    Ok(folders)
}
