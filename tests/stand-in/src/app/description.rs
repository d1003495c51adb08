//! What an app's files say: host.json, local.settings.json, and the function.json of each
//! function's folder.

use crate::app::json;
use crate::host::routes::Template;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How the host sends a request to a function that has nothing but an httpTrigger and an http
/// output. All other functions get their payload always.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// `enableProxyingHttpRequest` on a current host: the caller's request as it is.
    Proxied,
    /// `enableForwardingHttpRequest`: the caller's request, put together anew.
    Forwarded,
    /// Neither, or a host that does not know the first: an invocation.
    Payload,
}

/// An app as its files describe it.
#[derive(Debug)]
pub struct Description {
    /// The app's root, in which its handler runs.
    pub root: PathBuf,
    /// The functions that are not disabled, in the host's order: by name, ignoring case.
    pub functions: Vec<Function>,
    pub form: Form,
    /// What the handler is started with, `customHandler.description.arguments`.
    pub arguments: Vec<String>,
    /// `customHandler.description.workingDirectory`, else the root.
    pub working_directory: PathBuf,
    /// How often a queue message is tried: `extensions.queues.maxDequeueCount`.
    pub max_dequeue_count: u32,
    /// Whether messages lie in queues as base64: `extensions.queues.messageEncoding`.
    pub base64_queues: bool,
    /// `Values` of local.settings.json.
    pub values: BTreeMap<String, String>,
    /// What is left out, or not honoured here, a sentence each.
    pub notes: Vec<String>,
}

/// A folder with a function.json.
#[derive(Debug)]
pub struct Function {
    pub name: String,
    /// Its bindings, with `%NAME%` resolved. Each has a `name`, a `type` and a `direction`, and one
    /// is a trigger.
    pub bindings: Vec<Value>,
    /// The route of an HTTP function, its prefix included.
    pub route: Option<Template>,
}

impl Description {
    /// Reads the files of the app in the folder `root`. `setting` gives what the environment holds
    /// under a name, which wins over local.settings.json. Errors with a sentence a line.
    pub fn read(root: &Path, setting: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let (mut errors, mut notes) = (Vec::new(), Vec::new());
        let host = json::read(root, "host.json")?;
        let values = read_values(root)?;
        let setting = |name: &str| setting(name).or_else(|| values.get(name).cloned());
        notes.extend(ignored(&host));
        let text = |pointer: &str, default: &str| match host.pointer(pointer) {
            None | Some(Value::Null) => Ok(default.to_owned()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(format!(
                "host.json: {} is {other}, and has to be a text",
                pointer[1..].replace('/', ".")
            )),
        };
        let prefix = text("/extensions/http/routePrefix", "api")?;
        let base64_queues = match text("/extensions/queues/messageEncoding", "base64")?
            .to_ascii_lowercase()
            .as_str()
        {
            "base64" => true,
            "none" => false,
            other => {
                return Err(format!(
                    "host.json: extensions.queues.messageEncoding is {other}: base64 or none"
                ));
            }
        };
        let max_dequeue_count = match host.pointer("/extensions/queues/maxDequeueCount") {
            None => 5,
            Some(count) => count
                .as_u64()
                .and_then(|count| u32::try_from(count).ok())
                .filter(|count| *count > 0)
                .ok_or_else(|| {
                    format!("host.json: extensions.queues.maxDequeueCount is {count}, and has to be a number from 1")
                })?,
        };
        let is_on = |name: &str| host["customHandler"][name] == true;
        let form = match (
            is_on("enableProxyingHttpRequest"),
            is_on("enableForwardingHttpRequest"),
        ) {
            // On current hosts proxying wins over forwarding.
            (true, _) => Form::Proxied,
            (false, true) => Form::Forwarded,
            (false, false) => Form::Payload,
        };
        // [Workers/Http/Configuration/HttpWorkerOptionsSetup.cs] Split at spaces, `%NAME%` replaced
        // from the environment.
        let arguments = match host.pointer("/customHandler/description/arguments") {
            Some(Value::Array(arguments)) => arguments.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let arguments = arguments
            .iter()
            .flat_map(|text| text.split(' '))
            .filter(|text| !text.is_empty());
        let arguments = arguments
            .map(|text| resolved(text, &setting).unwrap_or_else(|_| text.to_owned()))
            .collect();
        let working_directory = root.join(text("/customHandler/description/workingDirectory", "")?);

        let mut functions = Vec::new();
        for name in function_folders(root)? {
            match Function::read(root, &name, &prefix, &setting, &mut notes) {
                Ok(function) => functions.extend(function),
                Err(error) => errors.push(error),
            }
        }
        functions.sort_by_key(|function| function.name.to_ascii_lowercase());
        for pair in functions
            .windows(2)
            .filter(|pair| pair[0].name.eq_ignore_ascii_case(&pair[1].name))
        {
            errors.push(format!(
                "the folders {} and {} are functions of one name",
                pair[0].name, pair[1].name
            ));
        }
        if !errors.is_empty() {
            return Err(errors.join("\n"));
        }
        let root = root.to_owned();
        Ok(Self {
            root,
            functions,
            form,
            arguments,
            working_directory,
            max_dequeue_count,
            base64_queues,
            values,
            notes,
        })
    }

    /// The function of this name, in any case.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions
            .iter()
            .find(|function| function.name.eq_ignore_ascii_case(name))
    }

    /// The function that a queue triggers.
    pub fn triggered_by(&self, queue: &str) -> Option<&Function> {
        let triggered = |function: &&Function| {
            is(function.trigger(), "type", "queueTrigger")
                && is(function.trigger(), "queueName", queue)
        };
        self.functions.iter().find(triggered)
    }
}

/// Whether a member of a binding is this text, in any case.
pub fn is(binding: &Value, member: &str, text: &str) -> bool {
    binding[member]
        .as_str()
        .is_some_and(|value| value.eq_ignore_ascii_case(text))
}

/// The `name` of a binding.
pub fn name(binding: &Value) -> &str {
    binding["name"].as_str().unwrap_or_default()
}

impl Function {
    /// Reads the function of a folder; `None` where it is disabled.
    fn read(
        root: &Path,
        name: &str,
        prefix: &str,
        setting: &dyn Fn(&str) -> Option<String>,
        notes: &mut Vec<String>,
    ) -> Result<Option<Self>, String> {
        let file = json::read(root, &format!("{name}/function.json"))?;
        let wrong = |what: String| format!("{name}/function.json: {what}");
        if is_disabled(name, &file["disabled"], setting) {
            notes.push(format!("{name} is disabled"));
            return Ok(None);
        }
        if file.get("retry").is_some() {
            notes.push(format!("{name}/function.json: retry is ignored here"));
        }
        let bindings = file["bindings"]
            .as_array()
            .filter(|bindings| !bindings.is_empty());
        let mut bindings = bindings
            .ok_or_else(|| wrong("it has no bindings".into()))?
            .clone();
        for binding in &mut bindings {
            if let Some(members) = binding.as_object_mut() {
                members.entry("direction").or_insert_with(|| "in".into());
            }
            let given = |member: &&str| binding[*member].is_string();
            if let Some(missing) = ["name", "type", "direction"]
                .into_iter()
                .find(|member| !given(member))
            {
                return Err(wrong(format!("the binding {binding} has no {missing}")));
            }
            let shown = self::name(binding).to_owned();
            for (member, value) in binding.as_object_mut().into_iter().flatten() {
                // A route is a template of its own.
                if let (true, Value::String(text)) = (member != "route", value) {
                    let named = |name: String| {
                        format!("%{name}% in {member} of {shown} is no setting that there is")
                    };
                    *text = resolved(text, setting).map_err(|name| wrong(named(name)))?;
                }
            }
            let queue = is(binding, "type", "queue") || is(binding, "type", "queueTrigger");
            if queue && binding["queueName"].as_str().is_none_or(str::is_empty) {
                return Err(wrong(format!("the binding {shown} has no queueName")));
            }
        }
        let mut function = Self {
            name: name.to_owned(),
            bindings,
            route: None,
        };
        let triggers = function
            .bindings
            .iter()
            .filter(|binding| is_trigger(binding))
            .count();
        if triggers != 1 {
            return Err(wrong(format!(
                "it has {triggers} bindings whose type ends in Trigger, and needs one"
            )));
        }
        if function.is_http() {
            let route = function.trigger()["route"].as_str().unwrap_or(name);
            let route = Template::parse(&format!("{prefix}/{route}"))
                .map_err(|error| wrong(format!("route: {error}")))?;
            let ignored = |unknown: &String| {
                format!("{name}/function.json: the constraint {unknown} is ignored here")
            };
            notes.extend(route.unknown.iter().map(ignored));
            function.route = Some(route);
        }
        Ok(Some(function))
    }

    /// Its trigger's binding.
    pub fn trigger(&self) -> &Value {
        // `read` has made sure that there is one.
        self.bindings
            .iter()
            .find(|binding| is_trigger(binding))
            .unwrap_or(&Value::Null)
    }

    /// The bindings of its outputs.
    pub fn outputs(&self) -> impl Iterator<Item = &Value> {
        self.bindings
            .iter()
            .filter(|binding| is(binding, "direction", "out"))
    }

    /// The bindings of its inputs, without the trigger.
    pub fn inputs(&self) -> impl Iterator<Item = &Value> {
        self.bindings
            .iter()
            .filter(|binding| is(binding, "direction", "in") && !is_trigger(binding))
    }

    /// Whether HTTP requests trigger it.
    pub fn is_http(&self) -> bool {
        is(self.trigger(), "type", "httpTrigger")
    }

    /// Whether it has nothing but an httpTrigger and an http output
    /// [Extensions/FunctionMetadataExtensions.cs, IsHttpInAndOutFunction].
    pub fn is_http_only(&self) -> bool {
        self.bindings.len() == 2
            && self.is_http()
            && self.outputs().all(|binding| is(binding, "type", "http"))
    }

    /// The methods that an HTTP function takes, in capitals; none where it takes all.
    pub fn methods(&self) -> Vec<String> {
        let methods = self.trigger()["methods"].as_array().into_iter().flatten();
        methods
            .filter_map(Value::as_str)
            .map(str::to_ascii_uppercase)
            .collect()
    }

    /// Whether an HTTP function takes a method. Newer hosts pass HEAD to those that take GET.
    pub fn takes(&self, method: &str) -> bool {
        let methods = self.methods();
        methods.is_empty()
            || methods
                .iter()
                .any(|one| one == method || (method == "HEAD" && one == "GET"))
    }
}

fn is_trigger(binding: &Value) -> bool {
    binding["type"]
        .as_str()
        .is_some_and(|kind| kind.to_ascii_lowercase().ends_with("trigger"))
}

fn is_disabled(name: &str, disabled: &Value, setting: &dyn Fn(&str) -> Option<String>) -> bool {
    let is_true = |name: &str| {
        setting(name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    };
    let settings = [
        format!("AzureWebJobs.{name}.Disabled"),
        format!("AzureWebJobs_{name}_Disabled"),
    ];
    *disabled == true
        || disabled.as_str().is_some_and(is_true)
        || settings.iter().any(|name| is_true(name))
}

/// The names of the folders that have a function.json.
fn function_folders(root: &Path) -> Result<Vec<String>, String> {
    let failed = |error| format!("{}: {error}", root.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root).map_err(failed)? {
        let folder = entry.map_err(failed)?;
        if folder.path().join("function.json").is_file() {
            let name = folder.file_name().into_string();
            names.push(name.map_err(|name| {
                format!("the folder {} has a name that is not UTF-8", name.display())
            })?);
        }
    }
    Ok(names)
}

/// `Values` of local.settings.json, as texts; none where there is no such file.
fn read_values(root: &Path) -> Result<BTreeMap<String, String>, String> {
    const FILE: &str = "local.settings.json";
    if !root.join(FILE).is_file() {
        return Ok(BTreeMap::new());
    }
    let settings = json::read(root, FILE)?;
    if settings["IsEncrypted"] == true {
        return Err("local.settings.json is encrypted: func settings decrypt".into());
    }
    let values = settings["Values"].as_object().into_iter().flatten();
    values
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name.clone(), text.clone())),
            Value::Bool(_) | Value::Number(_) => Ok((name.clone(), value.to_string())),
            other => Err(format!(
                "local.settings.json: {name} is {other}, and has to be a text"
            )),
        })
        .collect()
}

/// `text` with each `%NAME%` replaced by the setting; the error is the name of one that there is
/// not.
fn resolved(text: &str, setting: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut parts = text.split('%');
    let mut resolved = parts.next().unwrap_or_default().to_owned();
    while let Some(name) = parts.next() {
        match parts.next() {
            Some(after) => resolved += &(setting(name).ok_or(name)? + after),
            None => resolved += &format!("%{name}"),
        }
    }
    Ok(resolved)
}

/// What host.json says that is neither honoured nor without meaning here.
fn ignored(host: &Value) -> Option<String> {
    const HONOURED: [&str; 10] = [
        "version",
        "extensionBundle",
        "customHandler.description.defaultExecutablePath",
        "customHandler.description.arguments",
        "customHandler.description.workingDirectory",
        "customHandler.enableForwardingHttpRequest",
        "customHandler.enableProxyingHttpRequest",
        "extensions.http.routePrefix",
        "extensions.queues.maxDequeueCount",
        "extensions.queues.messageEncoding",
    ];
    let mut ignored = Vec::new();
    let mut open: Vec<(String, &Value)> = host
        .as_object()?
        .iter()
        .map(|(name, value)| (name.clone(), value))
        .collect();
    while let Some((path, value)) = open.pop() {
        let inner = format!("{path}.");
        match value {
            _ if HONOURED.contains(&path.as_str()) => {}
            Value::Object(members)
                if HONOURED.iter().any(|honoured| honoured.starts_with(&inner)) =>
            {
                open.extend(
                    members
                        .iter()
                        .map(|(name, value)| (inner.clone() + name, value)),
                );
            }
            _ => ignored.push(path),
        }
    }
    ignored.sort();
    (!ignored.is_empty()).then(|| format!("host.json: ignored here: {}", ignored.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A folder with these files, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str, files: &[(&str, &str)]) -> Self {
            let folder =
                std::env::temp_dir().join(format!("stand-in-{test}-{}", std::process::id()));
            for (path, text) in files {
                fs::create_dir_all(folder.join(path).parent().expect("a parent"))
                    .expect("a folder");
                fs::write(folder.join(path), text).expect("a file");
            }
            Self(folder)
        }

        fn read(&self) -> Result<Description, String> {
            Description::read(&self.0, &|name| {
                (name == "SHELL").then(|| "shell".to_owned())
            })
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const QUEUE: &str =
        r#"{"bindings":[{"type":"queueTrigger","name":"item","queueName":"%Q%-in"}]}"#;
    const HTTP: &str = r#"{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","methods":["get"],"route":"x/{id:datetime}"},
        {"type":"http","direction":"out","name":"res"}], // both
        }"#;

    #[test]
    fn an_app_is_read() {
        let folder = Folder::new(
            "read",
            &[
                (
                    "host.json",
                    r#"{"version":"2.0","logging":{"logLevel":{}},"customHandler":{"description":{"arguments":["-p %SHELL%"]},
                    "enableForwardingHttpRequest":true,"port":1},"extensions":{"http":{"routePrefix":"v1","hsts":{}},
                    "queues":{"maxDequeueCount":3,"messageEncoding":"None","batchSize":1},"blobs":{}}}"#,
                ),
                (
                    "local.settings.json",
                    r#"{"Values":{"Q":"jobs","N":5,"SHELL":"file","AzureWebJobs.off2.Disabled":"True"}}"#,
                ),
                ("b/function.json", QUEUE),
                ("A/function.json", HTTP),
                ("off/function.json", r#"{"disabled":true,"bindings":[]}"#),
                ("off2/function.json", r#"{"bindings":[]}"#),
                ("src/lib.rs", ""),
            ],
        );
        let app = folder.read().expect("an app");
        let names: Vec<_> = app
            .functions
            .iter()
            .map(|function| function.name.as_str())
            .collect();
        assert_eq!((names, app.form), (vec!["A", "b"], Form::Forwarded));
        assert_eq!((app.max_dequeue_count, app.base64_queues), (3, false));
        assert_eq!(
            (app.arguments, &app.values["N"]),
            (vec!["-p".to_owned(), "shell".to_owned()], &"5".to_owned())
        );
        assert_eq!(app.functions[1].trigger()["queueName"], "jobs-in");
        assert_eq!(
            app.functions[1].trigger()["direction"],
            "in",
            "the host's default"
        );
        assert_eq!(app.functions[0].methods(), ["GET"]);
        assert!(app.functions[0].takes("HEAD") && !app.functions[0].takes("POST"));
        assert!(
            app.functions[0]
                .route
                .as_ref()
                .is_some_and(|route| route.matches("/v1/x/7").is_some())
        );
        let mut notes = app.notes;
        notes.sort();
        assert_eq!(
            notes,
            [
                "A/function.json: the constraint datetime is ignored here",
                "host.json: ignored here: customHandler.port, extensions.blobs, extensions.http.hsts, \
                 extensions.queues.batchSize, logging",
                "off is disabled",
                "off2 is disabled",
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let function = |bindings: &str| format!(r#"{{"bindings":[{bindings}]}}"#);
        let trigger = r#"{"type":"timerTrigger","direction":"in","name":"t"}"#;
        for (test, host, json, named) in [
            ("a", "{", function(trigger), "host.json, line 1: "),
            (
                "b",
                r#"{"extensions":{"queues":{"messageEncoding":"utf8"}}}"#,
                function(trigger),
                "messageEncoding is utf8",
            ),
            (
                "c",
                r#"{"extensions":{"queues":{"maxDequeueCount":0}}}"#,
                function(trigger),
                "maxDequeueCount is 0",
            ),
            (
                "d",
                r#"{"extensions":{"http":{"routePrefix":1}}}"#,
                function(trigger),
                "extensions.http.routePrefix is 1",
            ),
            (
                "e",
                "{}",
                function(""),
                "f/function.json: it has no bindings",
            ),
            ("f", "{}", "{\n]".to_owned(), "function.json, line 2: "),
            (
                "g",
                "{}",
                function(r#"{"type":"blob","direction":"in"}"#),
                r#"has no name"#,
            ),
            (
                "h",
                "{}",
                function(&format!("{trigger},{trigger}")),
                "it has 2 bindings whose type ends in Trigger",
            ),
            (
                "i",
                "{}",
                function(
                    r#"{"type":"queueTrigger","direction":"in","name":"q","queueName":"%NO%"}"#,
                ),
                "%NO% in queueName of q",
            ),
            (
                "j",
                "{}",
                function(r#"{"type":"queueTrigger","direction":"in","name":"q"}"#),
                "the binding q has no queueName",
            ),
            (
                "k",
                "{}",
                function(r#"{"type":"httpTrigger","direction":"in","name":"q","route":"{*a}/b"}"#),
                "route: nothing may come",
            ),
        ] {
            let folder = Folder::new(test, &[("host.json", host), ("f/function.json", &json)]);
            let error = folder.read().expect_err("an error");
            assert!(
                error.contains(named),
                "{error:?} does not contain {named:?}"
            );
        }
        let folder = Folder::new(
            "l",
            &[
                ("host.json", "{}"),
                ("local.settings.json", r#"{"Values":{"A":[]}}"#),
            ],
        );
        assert!(folder.read().expect_err("an error").contains("A is []"));
    }

    #[test]
    fn settings_replace_their_names() {
        let setting = |name: &str| (name == "A").then(|| "1".to_owned());
        assert_eq!(resolved("x%A%y%A%", &setting).as_deref(), Ok("x1y1"));
        assert_eq!(resolved("100%", &setting).as_deref(), Ok("100%"));
        assert_eq!(resolved("%B%", &setting), Err("B".to_owned()));
    }
}
