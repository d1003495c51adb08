//! The schedules of timers.

use super::Findings;
use crate::app::function::Function;
use crate::host::date::{DAY, Date};
use crate::host::schedule::Schedule;

/// Finds what is wrong with the schedule of a function that a timer triggers.
pub fn check(function: &Function, findings: &mut Findings) {
    let trigger = function.trigger();
    let text = trigger.text("schedule");
    // A schedule that is missing has been found, and so has a setting.
    if !trigger.is("timerTrigger") || text.is_empty() || text.contains('%') {
        return;
    }
    match Schedule::parse(text) {
        Err(why) => findings.error(format!(
            "the schedule {text:?} is wrong, and the function does not run: {why}; write \"0 0 3 * * *\" for each day at 3"
        )),
        Ok(Schedule::Every(ticks)) if ticks <= 0 => findings.note(format!(
            "the schedule {text:?} runs the function again and again without a pause"
        )),
        // Days are meant where they are written: `1.00:00:00`.
        Ok(Schedule::Every(ticks)) if ticks >= DAY && !text.contains('.') => {
            let (days, hours) = (ticks / DAY, text.split(':').next().unwrap_or_default());
            findings.note(format!(
                "the schedule {text:?} is {days} days, not {hours} hours: write \"1.00:00:00\" for each \
                 day, \"0 0 * * * *\" for each hour"
            ));
        }
        Ok(schedule @ Schedule::Cron(_)) if schedule.next(Date::now()).is_none() => {
            findings.note(format!("the schedule {text:?} never comes"));
        }
        Ok(_) => {}
    }
}
