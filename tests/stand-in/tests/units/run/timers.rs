//! What a timer brings when it runs by its schedule.

use crate::files;
use serde_json::{Value, json};
use stand_in::app::function::Function;
use stand_in::host::date::Date;
use stand_in::host::rules::Sys;
use stand_in::host::schedule::Schedule;
use stand_in::host::triggers::timer_payload;
use stand_in::run::timers::value;

#[test]
fn a_timer_brings_what_the_host_sent() {
    for (capture, schedule) in [
        ("schedule", "*/1 * * * *"),
        ("startup", "0 0 0 1 1 *"),
        ("timespan", "00:00:07"),
        ("retry-first", "*/10 * * * * *"),
    ] {
        let mut sent = files::json(&format!("wire/host-timer-{capture}.json"));
        let metadata = sent["Metadata"].as_object_mut().expect("metadata");
        metadata.remove("RetryContext");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let sys = &sent["Metadata"]["sys"];
        let sys = Sys {
            method_name: text(&sys["MethodName"]),
            utc_now: text(&sys["UtcNow"]),
            rand_guid: text(&sys["RandGuid"]),
        };
        let (binding, seen) = sent["Data"]
            .as_object()
            .and_then(|data| data.iter().next())
            .expect("data");
        let due = seen["ScheduleStatus"]["Next"]
            .as_str()
            .and_then(Date::parse);
        let parsed = Schedule::parse(schedule).expect("a schedule");
        let trigger = json!({"type": "timerTrigger", "name": binding, "schedule": schedule});
        let function = Function {
            name: sys.method_name.clone(),
            bindings: vec![trigger.into()],
            ..Function::default()
        };
        let payload = timer_payload(&function, &value(&parsed, due, None), Vec::new(), &sys);
        assert_eq!(payload.parse::<Value>().expect("JSON"), sent, "{capture}");
    }
}

#[test]
fn a_status_holds_the_run_before() {
    let (hourly, at) = (
        Schedule::parse("0 0 * * * *").expect("a schedule"),
        Date::parse,
    );
    let value = value(
        &hourly,
        at("2026-11-28T03:00:00Z"),
        at("2026-11-28T02:00:00.5Z"),
    );
    let expected = json!({
        "Last": "2026-11-28T02:00:00.5+00:00", "Next": "2026-11-28T03:00:00+00:00",
        "LastUpdated": "2026-11-28T02:00:00.5+00:00",
    });
    assert_eq!(value["ScheduleStatus"], expected);
}
