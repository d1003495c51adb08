//! What an app's files say: host.json, local.settings.json, and the function.json of each function's
//! folder. They are read once, and all that is wrong in them is found.

use crate::app::finding::{self, Finding};
use crate::app::function::Function;
use crate::app::host_json::{self, HostJson};
use crate::app::json;
use crate::app::names;
use crate::app::settings::{self, Settings};
use crate::app::tool::Tool;
use crate::host::routes::Template;
use std::path::{Path, PathBuf};

/// An app as its files describe it.
#[derive(Debug, Default)]
pub struct Description {
    /// The app's root, in which its handler runs.
    pub root: PathBuf,
    pub host: HostJson,
    /// The functions that run, in the host's order.
    pub functions: Vec<Function>,
    /// The functions that a setting disables.
    pub disabled: Vec<Function>,
    /// The folders whose function.json could not be read.
    pub unread: Vec<String>,
    /// local.settings.json; `None` if there is no such file.
    pub settings: Option<Settings>,
    /// What is wrong in the files themselves. What does not fit together, `make check` finds.
    pub findings: Vec<Finding>,
}

impl Description {
    /// Reads the files of the app in the folder `root`. `setting` gives what the environment holds
    /// under a name, which wins over local.settings.json.
    pub fn read(root: &Path, setting: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut findings = Vec::new();
        let file = |name: &str| json::text(root, name);
        let mut host = Default::default();
        match file(host_json::FILE).and_then(|text| json::parse(&text)) {
            Ok(value) => host = value,
            Err(why) => findings.push(Finding::error(host_json::FILE, why)),
        }
        let settings = root.join(settings::FILE).exists().then(|| {
            let settings = file(settings::FILE).and_then(|text| Settings::parse(&text));
            settings.unwrap_or_else(|why| {
                findings.push(Finding::error(settings::FILE, why));
                Settings::default()
            })
        });
        let own = |name: &str| Some(settings.as_ref()?.get(name)?.to_owned());
        let setting = |name: &str| setting(name).or_else(|| own(name));
        let host = HostJson::read(host, &setting, &mut findings);
        let mut app = Self {
            root: root.to_owned(),
            host,
            findings,
            ..Self::default()
        };
        match folders(root) {
            Ok(names) => {
                for name in names {
                    let text = file(&format!("{name}/function.json"));
                    app.add(name, text, &setting);
                }
            }
            Err(why) => app.findings.push(Finding::error(".", why)),
        }
        app.settings = settings;
        app
    }

    /// Adds the function of a folder, whose function.json has this text.
    fn add(
        &mut self,
        name: String,
        text: Result<String, String>,
        setting: &dyn Fn(&str) -> Option<String>,
    ) {
        let file = format!("{name}/function.json");
        let mut function = match text.and_then(|text| Function::read(&name, &text)) {
            Ok(function) => function,
            Err(why) => {
                self.findings.push(Finding::error(file, why));
                self.unread.push(name);
                return;
            }
        };
        for missing in function.resolve(setting) {
            self.findings.push(Finding::error(&file, missing));
        }
        let names = [
            format!("AzureWebJobs.{name}.Disabled"),
            format!("AzureWebJobs_{name}_Disabled"),
        ];
        let mut values = names.iter().filter_map(|name| setting(name));
        if values.any(|value| value == "1" || value.eq_ignore_ascii_case("true")) {
            self.disabled.push(function);
            return;
        }
        if function.is_http() {
            let route = format!("{}{}", self.host.prefix, function.route_below());
            match Template::parse(&route) {
                Ok(route) => function.route = Some(route),
                Err(why) => self
                    .findings
                    .push(Finding::error(file, format!("route: {why}"))),
            }
        }
        self.functions.push(function);
    }

    /// All functions, also those that are disabled.
    pub fn all(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().chain(&self.disabled)
    }

    /// The names of the folders of all functions, also of those that could not be read.
    pub fn folders(&self) -> Vec<&String> {
        let read = self.all().map(|function| &function.name);
        read.chain(&self.unread).collect()
    }

    /// Errors with what is wrong in the files themselves, one finding a line.
    pub fn read_well(&self) -> Result<(), String> {
        finding::errors(&self.findings).map_or(Ok(()), Err)
    }

    /// What the stand-in does not follow, or leaves out, one sentence each.
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
            for input in function.inputs() {
                if input.is("table") && !input.text("filter").is_empty() {
                    let input = &input.name;
                    notes.push(format!(
                        "{file}: the filter of {input:?} is not evaluated here: put the rows that it \
                         would find into .local/{name}.{input}"
                    ));
                }
            }
            if trigger.is("mcpResourceTrigger") || trigger.is("mcpPromptTrigger") {
                notes.push(format!("{name} is not served here: of MCP only tools are"));
            }
        }
        let disabled = self.disabled.iter();
        notes.extend(disabled.map(|function| format!("{} is disabled", function.name)));
        notes
    }

    /// The tools of the app's MCP server, in the order of their functions.
    pub fn tools(&self) -> Vec<Tool> {
        let functions = self.functions.iter().filter(|function| function.is_tool());
        functions
            .filter_map(|function| Tool::read(&function.name, function.trigger()).ok())
            .collect()
    }

    /// The function of this name, in any case.
    pub fn function(&self, name: &str) -> Option<&Function> {
        let mut functions = self.functions.iter();
        functions.find(|function| function.name.eq_ignore_ascii_case(name))
    }
}

/// The names of the app's folders that hold a function.json, in the host's order.
pub fn folders(root: &Path) -> Result<Vec<String>, String> {
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
