//! Checks the routes of HTTP functions: which function gets a request.

use super::Findings;
use crate::app::description::Description;
use crate::app::finding::Finding;
use crate::app::function::Function;
use crate::app::names;

/// The host's constraints that the handler does not know and takes as true.
const TAKEN_AS_TRUE: [&str; 7] = [
    "datetime", "decimal", "double", "float", "regex", "file", "nonfile",
];

pub fn check_route(function: &Function, findings: &mut Findings) {
    let Some(route) = &function.route else { return };
    if let Some(name) = route.optional_before_others() {
        findings.note(format!(
            "{{{name}?}} is not optional, since another segment comes after it: write {{{name}}}"
        ));
    }
    let text = route.to_string();
    if let Some(letter) = text.chars().find(|letter| " #".contains(*letter)) {
        findings.note(format!(
            "callers have to encode {letter:?} of the route: write it without"
        ));
    }
    let is_taken = |name: &&String| TAKEN_AS_TRUE.contains(&name.as_str());
    for name in route.unknown.iter().filter(|name| !is_taken(name)) {
        findings.error(format!(
            "there is no route constraint {name:?}, and the whole app does not start: write \
             another one, int for one"
        ));
    }
}

/// The conflicts of a function that is not in the app yet.
pub fn conflicts_with(app: &Description, new: &Function) -> impl Iterator<Item = Finding> {
    let others = app.functions.iter().filter(|one| one.name != new.name);
    others.filter_map(move |other| {
        let is_first = names::order(&new.name, &other.name).is_lt();
        let (first, then) = if is_first { (new, other) } else { (other, new) };
        conflict(first, then)
    })
}

pub fn check(app: &Description, findings: &mut Vec<Finding>) {
    for (place, function) in app.functions.iter().enumerate() {
        let earlier = app.functions[..place].iter();
        findings.extend(earlier.filter_map(|earlier| conflict(earlier, function)));
    }
}

/// What is wrong if both routes fit a request. The host asks `first` before `then`.
fn conflict(first: &Function, then: &Function) -> Option<Finding> {
    let (one, other) = (first.route.as_ref()?, then.route.as_ref()?);
    let (all, mut methods) = (then.methods(), then.methods());
    methods.retain(|method| first.takes(method));
    if methods.is_empty() || !one.overlaps(other) {
        return None;
    }
    let (first, name) = (&first.name, &then.name);
    let order = format!("the host asks {first} (/{one}) before {name} (/{other})");
    let write = "give them names in the other order, or write routes that differ in a word";
    let mut unknown = one.unknown.iter().chain(&other.unknown);
    let what = if one.covers(other) && other.covers(one) {
        format!(
            "the function {first} has the same route and method, /{other}, and this one does not \
             run: write another \"route\", or other \"methods\""
        )
    } else if let Some(name) = unknown.find(|name| TAKEN_AS_TRUE.contains(&&***name)) {
        format!(
            "a path of /{other} can be one of /{one}, the route of {first}, too, since the \
             constraint {name:?} is taken as true: write routes that differ in a word, and test the \
             value in the function"
        )
    } else if one.covers(other) && methods == all {
        format!("no request reaches it: {order}; {write}")
    } else {
        let methods = methods.join(", ");
        let fits = format!("which gets those requests ({methods}) that fit both routes");
        let what = format!("{order}, {fits}: if that is not meant, {write}");
        return Some(Finding::note(then.file_name(), what));
    };
    Some(Finding::error(then.file_name(), what))
}
