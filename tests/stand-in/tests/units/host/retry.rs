use crate::files;
use serde_json::{Value, json};
use stand_in::app::function::Function;
use stand_in::host::retry::Retry;

fn policy(trigger: &str, retry: Value) -> Option<Retry> {
    let file = json!({"retry": retry, "bindings": [{"type": trigger, "name": "x"}]});
    Retry::of(&Function::read("f", &file.to_string()).expect("a function"))
}

#[test]
fn a_policy_says_how_often_and_when() {
    let fixed = json!({"strategy": "fixedDelay", "maxRetryCount": 2, "delayInterval": "00:00:10"});
    let growing = json!({
        "strategy": "exponentialBackoff", "maxRetryCount": -1,
        "minimumInterval": "00:00:01", "maximumInterval": "00:00:06",
    });
    let seconds = |policy: &Retry, done| policy.pause(done).map_or(0, |pause| pause.as_secs());
    let twice = policy("queueTrigger", fixed.clone()).expect("a policy");
    let pauses = [0, 1, 2, 3, 40].map(|done| seconds(&twice, done));
    assert_eq!(pauses, [10, 10, 0, 0, 0]);
    assert_eq!(twice.label(2), "run 3 of 3");
    let growing = policy("timerTrigger", growing).expect("a policy");
    let pauses = [0, 1, 2, 3, 999].map(|done| seconds(&growing, done));
    assert_eq!(pauses, [1, 2, 4, 6, 6]);
    assert_eq!(growing.pause(1000), None);
    assert_eq!(growing.label(2), "run 3");
    // HTTP callers wait, so the host has no policy for them.
    assert_eq!(policy("httpTrigger", fixed), None);
    assert_eq!(policy("queueTrigger", Value::Null), None);
}

#[test]
fn each_run_knows_how_many_came_before() {
    for (capture, done) in [
        ("timer-retry-first", 0),
        ("timer-retry-second", 1),
        ("queue-retry", 2),
    ] {
        let seen = &files::json(&format!("wire/host-{capture}.json"))["Metadata"];
        let (context, function) = (&seen["RetryContext"], &seen["sys"]["MethodName"]);
        let most = &context["MaxRetryCount"];
        let policy =
            json!({"strategy": "fixedDelay", "maxRetryCount": most, "delayInterval": "00:00:01"});
        let policy = self::policy("queueTrigger", policy).expect("a policy");
        let failure = (done > 0).then_some("why");
        let own = policy.context(function.as_str().expect("a name"), done, failure);
        let members = "/RetryCount /MaxRetryCount /Instance /State /Exception/MethodName \
                       /Exception/ClassName /Exception/Message /Exception/Handled";
        for member in members.split(' ') {
            let (own, seen) = (own.pointer(member), context.pointer(member));
            assert_eq!(own, seen, "{capture} {member}");
        }
        let why = own.pointer("/Exception/InnerException/Message");
        assert_eq!(why.and_then(Value::as_str), failure);
    }
}
