//! Checks the value of one member of a binding.

use super::Findings;
use crate::app::function::{Binding, Function};
use crate::app::host_json;
use crate::host::date::{DAY, Date};
use crate::host::expressions::Template;
use crate::host::schedule::Schedule;
use crate::host::storage::names::{self, BlobPath};

/// `rule` is `queue`, `container`, `blob` or `table` for a name in storage, `expressions`,
/// `schedule`, or a rule of [`host_json::check`].
pub fn check(
    function: &Function,
    binding: &Binding,
    member: &str,
    rule: &str,
    findings: &mut Findings,
) {
    match rule {
        "queue" | "container" | "blob" | "table" | "expressions" => {
            name(function, binding, member, rule, findings)
        }
        "schedule" => schedule(binding.text(member), findings),
        _ => {
            let value = &binding[member];
            if let Err(advice) = host_json::check(rule, value) {
                let name = &binding.name;
                findings.error(format!(
                    "the host does not take {value} as the {member} of {name:?}: {advice}"
                ));
            }
        }
    }
}

/// Stands for an expression's value in a name.
const VALUE: &str = "aaa";

fn name(function: &Function, binding: &Binding, member: &str, rule: &str, findings: &mut Findings) {
    let (name, text, trigger) = (&binding.name, binding.text(member), function.trigger());
    // A missing setting is already reported.
    if text.is_empty() || text.contains('%') {
        return;
    }
    let then = match binding.is_trigger() {
        true => "the function does not run",
        false if binding.is_output() => "the work is done, and the invocation fails all the same",
        false => "every invocation fails before the function is called",
    };
    let mut filled = text.to_owned();
    // A queue trigger's name has no expressions.
    let is_template = !(rule == "queue" && binding.is_trigger());
    let template = Template::parse(if is_template { text } else { "" });
    let template = match template {
        Ok(template) => template,
        Err(why) => {
            let why = why.trim_end_matches('.');
            return findings.error(format!(
                "the {member} of {name:?}: {why}: {then}; write {{id}} for the value of id"
            ));
        }
    };
    let path = Template::parse(trigger.text("path")).ok();
    for expression in template.expressions() {
        let shown = expression.to_string();
        if !binding.is_trigger() && !expression.can_come_from(&trigger.kind, path.as_ref()) {
            findings.error(format!(
                "{shown} in the {member} of {name:?} gets no value from the {}: {then}; write \
                 {{rand-guid}}, {{DateTime}}, or a name that the trigger gives",
                trigger.kind
            ));
        } else if member == "filter" && expression.name().contains('.') {
            findings.error(format!(
                "{shown} in the filter of {name:?} fails every invocation: write the name of a \
                 parameter or member alone, {{name}}"
            ));
        }
        filled = filled.replace(&shown, VALUE);
    }
    let container = filled.split('/').next().unwrap_or_default();
    let wrong = match rule {
        "queue" => names::queue(&filled).err(),
        "container" => names::container(container).err(),
        "blob" => BlobPath::parse(&filled).err(),
        "table" => names::table(&filled).err(),
        _ => None,
    };
    if let Some(why) = wrong {
        findings.error(format!("{why} ({name:?}): {then}; write another name"));
    } else if rule == "queue" && filled != filled.to_ascii_lowercase() {
        let small = text.to_ascii_lowercase();
        findings.note(format!(
            "the host makes the capitals of the queue {text:?} small: write {small:?}"
        ));
    }
}

fn schedule(text: &str, findings: &mut Findings) {
    // A missing setting is already reported.
    if text.contains('%') {
        return;
    }
    let what = match Schedule::parse(text) {
        Err(why) => {
            return findings.error(format!(
                "the schedule {text:?} is wrong, and the function does not run: {why}; write \
                 \"0 0 3 * * *\" for each day at 3"
            ));
        }
        Ok(Schedule::Every(..=0)) => "runs the function again and again without a pause".into(),
        // `1.00:00:00` means days, and is intended.
        Ok(Schedule::Every(ticks @ DAY..)) if !text.contains('.') => {
            let write = "\"1.00:00:00\" for each day, \"0 0 * * * *\" for each hour";
            format!("is every {} days: write {write}", ticks / DAY)
        }
        Ok(cron @ Schedule::Cron(_)) if cron.next(Date::now()).is_none() => "never comes".into(),
        Ok(_) => return,
    };
    findings.note(format!("the schedule {text:?} {what}"));
}
