//! Retry policies.

use crate::files;
use serde_json::{Value, json};
use stand_in::app::function::Function;
use stand_in::host::retry::Retry;
use std::time::Duration;

fn policy(trigger: &str, retry: Value) -> Option<Retry> {
    let file = json!({"retry": retry, "bindings": [{"type": trigger, "name": "x"}]});
    Retry::of(&Function::read("f", &file.to_string()).expect("a function"))
}

#[test]
fn a_policy_says_how_often_and_when() {
    let fixed = |count: i64| json!({"strategy": "fixedDelay", "maxRetryCount": count, "delayInterval": "00:00:10"});
    let growing = json!({
        "strategy": "exponentialBackoff", "maxRetryCount": -1,
        "minimumInterval": "00:00:01", "maximumInterval": "00:00:06",
    });
    let seconds = |policy: &Retry| {
        let pauses = [0, 1, 2, 3, 40].map(|done| policy.pause(done));
        pauses.map(|pause| pause.map(|pause| pause.as_secs()))
    };
    let twice = policy("queueTrigger", fixed(2)).expect("a policy");
    assert_eq!(seconds(&twice), [Some(10), Some(10), None, None, None]);
    assert_eq!(twice.label(2), "run 3 of 3");
    let growing = policy("timerTrigger", growing).expect("a policy");
    assert_eq!(seconds(&growing), [1, 2, 4, 6, 6].map(Some));
    let forever = policy("timerTrigger", fixed(-1)).expect("a policy");
    let ten_seconds = Some(Duration::from_secs(10));
    let at_the_end = [forever.pause(999), forever.pause(1000)];
    assert_eq!(at_the_end, [ten_seconds, None]);
    // HTTP callers wait: the host has no policy for them.
    assert_eq!(policy("httpTrigger", fixed(2)), None);
    assert_eq!(policy("queueTrigger", Value::Null), None);
}

#[test]
fn each_run_knows_how_many_came_before() {
    for (capture, done) in [
        ("timer-retry-first", 0),
        ("timer-retry-second", 1),
        ("queue-retry", 2),
    ] {
        let mut seen = files::json(&format!("wire/host-{capture}.json"));
        let metadata = seen["Metadata"].as_object_mut().expect("metadata");
        let context = metadata.remove("RetryContext").expect("a context");
        let function = metadata["sys"]["MethodName"].as_str().expect("a name");
        let policy = json!({
            "strategy": "fixedDelay", "maxRetryCount": context["MaxRetryCount"],
            "delayInterval": "00:00:01",
        });
        let policy = self::policy("queueTrigger", policy).expect("a policy");
        let failure = (done > 0).then_some("why");
        let own = policy.context(function, done, failure);
        for member in ["RetryCount", "MaxRetryCount", "Instance", "State"] {
            assert_eq!(own[member], context[member], "{capture} {member}");
        }
        for member in ["MethodName", "ClassName", "Message", "Handled"] {
            let own = &own["Exception"][member];
            assert_eq!(*own, context["Exception"][member], "{capture} {member}");
        }
        assert_eq!(
            own["Exception"]["InnerException"]["Message"].as_str(),
            failure
        );
    }
}
