//! The routes of HTTP functions: which function a request is for.

use crate::app::description::Description;
use crate::app::finding::Finding;
use crate::app::function::Function;
use crate::app::names;
use crate::commands::check::Findings;
use crate::host::routes::Template;
use std::cmp::Ordering;

/// The constraints that ASP.NET has and that are taken as true here.
const TAKEN_AS_TRUE: [&str; 7] = [
    "datetime", "decimal", "double", "float", "regex", "file", "nonfile",
];

/// Finds what is wrong with the route of a function, whatever those of the others are.
pub fn check_route(function: &Function, findings: &mut Findings) {
    let optional = function
        .route
        .as_ref()
        .and_then(Template::optional_before_others);
    if let Some(name) = optional {
        findings.note(format!(
            "{{{name}?}} is not optional, since another segment comes after it: write {{{name}}}"
        ));
    }
    let route = function.route.iter().map(Template::to_string);
    if let Some(c) = route
        .flat_map(String::into_bytes)
        .map(char::from)
        .find(|c| " #".contains(*c))
    {
        findings.note(format!(
            "callers have to encode {c:?} of the route in a URL: write a route without it"
        ));
    }
    for name in function.route.iter().flat_map(|route| &route.unknown) {
        if !TAKEN_AS_TRUE.contains(&name.as_str()) {
            findings.error(format!(
                "there is no route constraint {name:?}, and the whole app does not start: write \
                 another one, int for one"
            ));
        }
    }
}

/// The error that a new function and those of the app make by their routes.
pub fn conflict_with(app: &Description, new: &Function) -> Option<Finding> {
    let others = app.functions.iter().filter(|one| one.name != new.name);
    let conflicts = others.filter_map(|other| match names::order(&other.name, &new.name) {
        Ordering::Greater => conflict(new, other),
        _ => conflict(other, new),
    });
    conflicts.into_iter().find(Finding::is_error)
}

/// Finds functions that hide each other.
pub fn check(app: &Description, findings: &mut Vec<Finding>) {
    for (place, function) in app.functions.iter().enumerate() {
        let conflicts = app.functions[..place]
            .iter()
            .filter_map(|earlier| conflict(earlier, function));
        findings.extend(conflicts);
    }
}

/// What is wrong with two functions, of which the host asks `first` first.
fn conflict(first: &Function, then: &Function) -> Option<Finding> {
    let (one, other) = (first.route.as_ref()?, then.route.as_ref()?);
    let (all, mut methods) = (then.methods(), then.methods());
    methods.retain(|method| first.takes(method));
    if methods.is_empty() || !one.overlaps(other) {
        return None;
    }
    let (file, name) = (then.file_name(), &first.name);
    if one.covers(other) && other.covers(one) {
        let what = format!(
            "the function {name} has the same route and method, /{other}, and this one does not \
             run: write another \"route\", or other \"methods\""
        );
        return Some(Finding::error(file, what));
    }
    let mut unknown = one.unknown.iter().chain(&other.unknown);
    if let Some(constraint) = unknown.find(|name| TAKEN_AS_TRUE.contains(&name.as_str())) {
        let what = format!(
            "a path of /{other} can be one of /{one}, the route of {name}, too, since the constraint \
             {constraint:?} is taken as true: write routes that differ in a word, and test the value \
             in the function"
        );
        return Some(Finding::error(file, what));
    }
    // The host asks functions by their names in capitals.
    let order = format!(
        "the host asks {name} (/{one}) before {} (/{other})",
        then.name
    );
    let write = "give them names in the other order, or write routes that differ in a word";
    if one.covers(other) && methods == all {
        let what = format!("no request reaches it: {order}; {write}");
        return Some(Finding::error(file, what));
    }
    let what = format!(
        "{order}, which gets those requests ({}) that fit both routes: if that is not meant, {write}",
        methods.join(", ")
    );
    Some(Finding::note(file, what))
}
