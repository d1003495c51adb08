//! Runs timers by their schedules, in UTC.

use crate::app::description::Description;
use crate::app::function::Function;
use crate::app::json;
use crate::host::date::{Date, SECOND};
use crate::host::delivery::Delivery;
use crate::host::payload;
use crate::host::schedule::Schedule;
use crate::host::storage::Given;
use crate::run::current::Current;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// By name and schedule.
#[derive(Default)]
pub struct Timers(BTreeMap<(String, String), JoinHandle<()>>);

impl Timers {
    /// Starts the app's timers that do not run yet. Removed ones end by themselves. With
    /// `at_startup`, those with `runOnStartup` run at once.
    pub fn start(&mut self, current: &Arc<Current>, app: &Description, at_startup: bool) {
        for function in &app.functions {
            let Some(schedule) = schedule(function) else {
                continue;
            };
            let trigger = function.trigger();
            let key = (function.name.clone(), trigger.text("schedule").to_owned());
            if self.0.get(&key).is_some_and(|thread| !thread.is_finished()) {
                continue;
            }
            let is_startup = at_startup && json::flag(&trigger["runOnStartup"]) == Some(true);
            let (current, (name, text)) = (current.clone(), key.clone());
            let keep = move || keep(&current, &name, &text, &schedule, is_startup);
            self.0.insert(key, thread::spawn(keep));
        }
    }
}

/// Runs a timer for as long as the app has it with this schedule.
fn keep(current: &Current, name: &str, text: &str, schedule: &Schedule, mut is_startup: bool) {
    let (mut last, mut due) = (None, schedule.next(Date::now()));
    loop {
        let left = due.map_or(SECOND, |due| Date::now().until(due));
        if !is_startup && left > 0 {
            let left = Duration::from_nanos(left.unsigned_abs() * 100);
            thread::sleep(left.min(LOOK_PAUSE));
            let host = current.now();
            if host.is_some_and(|host| own(&host.app, name, text).is_none()) {
                return;
            }
            continue;
        }
        // While a host is starting, a due timer waits for it.
        let host = current.wait();
        let Some(function) = own(&host.app, name, text) else {
            return;
        };
        let begun = Date::now();
        let reason = if is_startup { "runOnStartup" } else { text };
        let value = payload::timer_value(schedule, due, last);
        host.deliver(Delivery::given(function, Given::Json(value), reason));
        last = Some(begun);
        // A run that is late delays the next one; the times in between are left out.
        if !is_startup && let Some(this) = due {
            let (next, now) = (schedule.next(this), Date::now());
            due = next.map(|next| if next.until(now) > 0 { now } else { next });
        }
        is_startup = false;
    }
}

/// The timer, if the app still has it with this schedule.
fn own<'a>(app: &'a Description, name: &str, text: &str) -> Option<&'a Function> {
    let function = app.function(name)?;
    let trigger = function.trigger();
    let is_same = trigger.is("timerTrigger") && trigger.text("schedule") == text;
    is_same.then_some(function)
}

/// `None` if the function is no timer, or its schedule is not valid.
pub fn schedule(function: &Function) -> Option<Schedule> {
    let trigger = function.trigger();
    let is_timer = trigger.is("timerTrigger");
    is_timer.then(|| Schedule::parse(trigger.text("schedule")).ok())?
}
