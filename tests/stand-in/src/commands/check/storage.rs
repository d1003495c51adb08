//! Queues, blobs and tables: their names by Azure's rules, and the expressions in them.

use super::Findings;
use crate::app::description::Description;
use crate::app::finding::Finding;
use crate::app::function::{Binding, Direction, Function};
use crate::app::json;
use crate::host::expressions::Template;
use crate::host::storage::names::{self, BlobPath};

/// The members of a table's binding in which expressions stand.
const TEMPLATES: [&str; 4] = ["tableName", "partitionKey", "rowKey", "filter"];

/// What stands for the value of an expression where a name is looked at.
const VALUE: &str = "aaa";

/// Finds what is wrong with the queues, blobs and tables of a function.
pub fn check(function: &Function, findings: &mut Findings) {
    for binding in &function.bindings {
        match binding.kind.to_ascii_lowercase().as_str() {
            "queuetrigger" | "queue" => queue(function, binding, findings),
            "blobtrigger" | "blob" => blob(function, binding, findings),
            "table" => table(function, binding, findings),
            _ => {}
        }
    }
}

/// What a name that Azure does not take does.
fn then(binding: &Binding) -> &'static str {
    match binding.direction {
        _ if binding.is_trigger() => "the function does not run",
        Direction::Out => {
            "the host finds it when the function has run: the work is done, and the invocation fails \
             all the same"
        }
        _ => "every invocation fails before the function is called",
    }
}

/// The text of a member with a value for each of its expressions, which are looked at; `None` if it
/// is not there, or wrong in itself, which is found here or elsewhere.
fn filled(
    function: &Function,
    binding: &Binding,
    member: &str,
    findings: &mut Findings,
) -> Option<String> {
    let text = binding.text(member);
    // Settings that are missing have been found.
    if text.is_empty() || text.contains('%') {
        return None;
    }
    let (name, then) = (&binding.name, then(binding));
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(why) => {
            findings.error(format!(
                "the {member} of {name:?}: {}, and {then}: write {{id}} for the value of id",
                why.trim_end_matches('.')
            ));
            return None;
        }
    };
    let trigger = function.trigger();
    let path = Template::parse(trigger.text("path")).ok();
    let mut filled = text.to_owned();
    for expression in template.expressions() {
        let shown = expression.to_string();
        if !binding.is_trigger() && !expression.can_come_from(&trigger.kind, path.as_ref()) {
            let kind = &trigger.kind;
            findings.error(format!(
                "nothing gives {shown} in the {member} of {name:?} a value with a {kind}: {then}; \
                 write {{rand-guid}}, {{DateTime}}, or a name that the trigger gives"
            ));
        }
        filled = filled.replace(&shown, VALUE);
    }
    Some(filled)
}

/// A finding about a name that Azure does not take.
fn refused(binding: &Binding, why: &str, findings: &mut Findings) {
    let (name, then) = (&binding.name, then(binding));
    findings.error(format!("{why} ({name:?}): {then}; write another name"));
}

fn queue(function: &Function, binding: &Binding, findings: &mut Findings) {
    let text = binding.text("queueName");
    // A trigger has no expressions.
    let name = match binding.is_trigger() {
        true => Some(text.to_owned()).filter(|text| !text.is_empty() && !text.contains('%')),
        false => filled(function, binding, "queueName", findings),
    };
    let Some(name) = name else { return };
    match names::queue(&name) {
        Err(why) => refused(binding, &why, findings),
        Ok(small) if small != name => findings.note(format!(
            "the host makes the capitals of the queue {text:?} small: write {:?}",
            text.to_ascii_lowercase()
        )),
        Ok(_) => {}
    }
}

/// Finds functions that take the messages of one queue from each other.
pub fn check_queues(app: &Description, findings: &mut Vec<Finding>) {
    let mut queues: Vec<(&str, [String; 2])> = Vec::new();
    let triggered = app.functions.iter();
    for function in triggered.filter(|function| function.trigger().is("queueTrigger")) {
        let member = |name| function.trigger().text(name).to_ascii_lowercase();
        let connection = member("connection").replace("azurewebjobsstorage", "");
        let queue = [member("queueName"), connection];
        let name = &*function.name;
        match queues.iter().find(|(_, earlier)| *earlier == queue) {
            Some((twin, [queue, _])) => findings.push(Finding::note(
                function.file_name(),
                format!(
                    "{twin} and {name} are triggered by one queue, {queue:?}: each message reaches one \
                     of them, and which one cannot be known; write two queues if both need it"
                ),
            )),
            None => queues.push((name, queue)),
        }
    }
}

fn blob(function: &Function, binding: &Binding, findings: &mut Findings) {
    let Some(path) = filled(function, binding, "path", findings) else {
        return;
    };
    let container = path.split('/').next().unwrap_or_default();
    let why = match binding.is_trigger() {
        true => names::container(container).err(),
        false => BlobPath::parse(&path).err(),
    };
    if let Some(why) = why {
        refused(binding, &why, findings);
    }
}

fn table(function: &Function, binding: &Binding, findings: &mut Findings) {
    let name = &binding.name;
    for member in TEMPLATES {
        let filled = filled(function, binding, member, findings);
        if let ("tableName", Some(table)) = (member, filled)
            && let Err(why) = names::table(&table)
        {
            refused(binding, &why, findings);
        }
    }
    for member in ["dataType", "cardinality"] {
        if !binding[member].is_null() {
            findings.error(format!(
                "{member} on the table {name:?} fails every invocation: delete it"
            ));
        }
    }
    let take = &binding["take"];
    if !take.is_null() && json::integer(take).is_none() {
        findings.error(format!(
            "the take of {name:?} is {take}, and the function does not run: write a number"
        ));
    }
    let filter = binding.text("filter");
    let expressions = Template::parse(filter).ok();
    let mut expressions = expressions.iter().flat_map(Template::expressions);
    if let Some(path) = expressions.find(|expression| expression.names.len() > 1) {
        findings.error(format!(
            "{path} in the filter of {name:?} fails every invocation: write the name of a parameter or \
             member alone, {{name}}"
        ));
    }
    let has = |member: &str| !binding.text(member).is_empty();
    match binding.direction {
        Direction::In if has("rowKey") => findings.note(format!(
            "the host ignores the rowKey of {name:?}, and the function gets the whole partition: write \
             \"filter\": \"RowKey eq '...'\""
        )),
        Direction::Out if has("rowKey") && !has("partitionKey") => findings.note(format!(
            "{name:?} has a rowKey and no partitionKey: each row brings its own, or the invocation \
             fails after the function has run"
        )),
        _ => {}
    }
    if has("partitionKey") && filter.to_ascii_lowercase().contains(" or ") {
        findings.note(format!(
            "the host joins the filter of {name:?} to the partitionKey by \"and\", without \
             parentheses, so the part after \"or\" reads other partitions: write ( ... ) around it"
        ));
    }
}
