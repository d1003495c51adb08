//! The clock: timers run by their schedules, in UTC.

use crate::app::description::Description;
use crate::app::function::Function;
use crate::app::json;
use crate::host::date::{Date, SECOND};
use crate::host::delivery::Delivery;
use crate::host::payload;
use crate::host::record::lock;
use crate::host::schedule::Schedule;
use crate::host::storage::Given;
use crate::run::current::Current;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How often a timer looks whether it is still part of the app, at the least.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// The timers that run, each on a thread of its own.
pub struct Timers {
    current: Arc<Current>,
    /// Name and schedule.
    run: Arc<Mutex<BTreeSet<(String, String)>>>,
}

impl Timers {
    /// None yet; they will run on the host that serves by then.
    pub fn new(current: &Arc<Current>) -> Self {
        Self {
            current: current.clone(),
            run: Arc::default(),
        }
    }

    /// Starts the app's timers that do not run yet. Those that are no longer part of the app end by
    /// themselves. With `at_startup`, those with `runOnStartup` run at once.
    pub fn start(&self, app: &Description, at_startup: bool) {
        for function in &app.functions {
            let Some(schedule) = schedule(function) else {
                continue;
            };
            let text = function.trigger().text("schedule");
            let key = (function.name.clone(), text.to_owned());
            if !lock(&self.run).insert(key.clone()) {
                continue;
            }
            let at_once = at_startup && runs_on_startup(function);
            let (current, run) = (self.current.clone(), self.run.clone());
            thread::spawn(move || {
                keep(&current, &key.0, &key.1, &schedule, at_once);
                lock(&run).remove(&key);
            });
        }
    }
}

/// Runs a timer for as long as it is part of the app with this schedule.
fn keep(current: &Current, name: &str, text: &str, schedule: &Schedule, at_once: bool) {
    let (mut last, mut is_startup) = (None, at_once);
    let mut due = schedule.next(Date::now());
    loop {
        if !is_startup && !waits_until(current, name, text, due) {
            return;
        }
        // While another host is on its way, a time that has come waits for it.
        let Ok(host) = current.get() else {
            thread::sleep(LOOK_PAUSE);
            continue;
        };
        let Some(function) = own(&host.app, name, text) else {
            return;
        };
        let begun = Date::now();
        let reason = if is_startup { "runOnStartup" } else { text };
        let value = payload::timer_value(schedule, due, last);
        host.deliver(Delivery::given(function, Given::Json(value), reason));
        last = Some(begun);
        // A run that is not over when its next time comes is not started a second time: the next
        // begins when it ends, and times in between are left out.
        if !is_startup && let Some(this) = due {
            due = schedule.next(this);
            let now = Date::now();
            if due.is_some_and(|due| due.until(now) > 0) {
                due = Some(now);
            }
        }
        is_startup = false;
    }
}

/// Waits until a time. Gives false if the timer is no longer part of the app then.
fn waits_until(current: &Current, name: &str, text: &str, due: Option<Date>) -> bool {
    loop {
        let left = due.map_or(SECOND, |due| Date::now().until(due));
        if left <= 0 {
            return true;
        }
        let left = Duration::from_nanos(u64::try_from(left).unwrap_or_default() * 100);
        thread::sleep(left.min(LOOK_PAUSE));
        if let Some(host) = current.now()
            && own(&host.app, name, text).is_none()
        {
            return false;
        }
    }
}

fn own<'a>(app: &'a Description, name: &str, text: &str) -> Option<&'a Function> {
    let function = app.function(name)?;
    schedule(function).filter(|_| function.trigger().text("schedule") == text)?;
    Some(function)
}

/// The schedule of a timer's function; `None` of any other.
pub fn schedule(function: &Function) -> Option<Schedule> {
    let trigger = function.trigger();
    let is_timer = trigger.is("timerTrigger");
    is_timer.then(|| Schedule::parse(trigger.text("schedule")).ok())?
}

fn runs_on_startup(function: &Function) -> bool {
    json::flag(&function.trigger()["runOnStartup"]) == Some(true)
}
