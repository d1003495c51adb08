//! The routes of HTTP functions: which function a request is for.

use crate::app::description::Description;
use crate::app::finding::Finding;
use crate::app::function::Function;

/// Finds functions that a request could be for besides another one.
pub fn check(app: &Description, findings: &mut Vec<Finding>) {
    for (place, function) in app.functions.iter().enumerate() {
        let conflicts = app.functions[..place]
            .iter()
            .filter_map(|earlier| conflict(earlier, function));
        findings.extend(conflicts);
    }
}

/// Whether a request could be for either function, and the host or the handler would not keep them
/// apart.
fn conflict(a: &Function, b: &Function) -> Option<Finding> {
    let (one, other) = (a.route.as_ref()?, b.route.as_ref()?);
    let methods = b.methods();
    if !a.methods().iter().any(|method| methods.contains(method)) {
        return None;
    }
    let file = format!("{}/function.json", b.name);
    if one.is_same(other) {
        let why = format!(
            "the function {} has the same route and method, /{other}",
            a.name
        );
        let write = format!("{why}: write another \"route\", or other \"methods\"");
        return Some(Finding::error(file, write));
    }
    let constraint = one
        .unknown
        .first()
        .or(other.unknown.first())
        .filter(|_| one.overlaps(other))?;
    let why = format!(
        "a path of /{other} can be one of /{one}, the route of {}, too, since the constraint \
         {constraint:?} is taken as true",
        a.name
    );
    let write =
        format!("{why}: write routes that differ in a word, and test the value in the function");
    Some(Finding::error(file, write))
}
