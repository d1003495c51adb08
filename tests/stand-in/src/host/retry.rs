//! Runs a failed function again by its `retry` [azure-webjobs-sdk, FixedDelayRetryStrategy and
//! ExponentialBackoffRetryStrategy].

use crate::app::function::Function;
use crate::app::json;
use crate::host::schedule::time_span;
use serde_json::{Value, json};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// -1 means for ever.
    most: i64,
    /// The first pause and the longest.
    delay: [Duration; 2],
}

/// The limit of a policy without an end.
const FOR_EVER: i64 = 1000;

impl Retry {
    /// `None` for an HTTP function: the host has no policies for those.
    pub fn of(function: &Function) -> Option<Self> {
        let retry = Self::read(&function.file).ok().flatten();
        retry.filter(|_| !function.is_http())
    }

    /// The policy in a function.json, if there is one. Errors if it is not complete.
    pub fn read(file: &Value) -> Result<Option<Self>, String> {
        let retry = json::member(file, "retry");
        if retry.is_null() {
            return Ok(None);
        }
        let wrong = |member: &str, write: &str| {
            let written = match json::member(retry, member) {
                Value::Null => format!("it has no {member}"),
                value => format!("its {member} is {value}"),
            };
            format!("{written}: write \"{member}\": {write}")
        };
        let interval = |member: &str| {
            let ticks = json::member(retry, member).as_str().and_then(time_span);
            let ticks = ticks.and_then(|ticks| u64::try_from(ticks).ok());
            let ticks = ticks.ok_or_else(|| wrong(member, "\"00:00:10\", hh:mm:ss"))?;
            Ok::<_, String>(Duration::from_nanos(ticks.saturating_mul(100)))
        };
        let strategy = json::member(retry, "strategy").as_str().unwrap_or_default();
        let delay = match strategy.to_ascii_lowercase().as_str() {
            "fixeddelay" => [interval("delayInterval")?; 2],
            "exponentialbackoff" => [interval("minimumInterval")?, interval("maximumInterval")?],
            _ => {
                return Err(wrong(
                    "strategy",
                    "\"fixedDelay\" or \"exponentialBackoff\"",
                ));
            }
        };
        let most = json::integer(json::member(retry, "maxRetryCount"));
        let most = most.ok_or_else(|| wrong("maxRetryCount", "a number, -1 for ever"))?;
        Ok(Some(Self { most, delay }))
    }

    /// The pause after a failed run; `None` after the last. `done` counts the runs before it. (The
    /// host adds up to a fifth at random to growing delays.)
    pub fn pause(&self, done: u32) -> Option<Duration> {
        let [first, most] = self.delay;
        let repeats = if self.most < 0 { FOR_EVER } else { self.most };
        (i64::from(done) < repeats).then(|| first.saturating_mul(1 << done.min(20)).min(most))
    }

    pub fn label(&self, done: u32) -> String {
        match self.most {
            ..0 => format!("run {}", done + 1),
            most => format!("run {} of {}", done + 1, most + 1),
        }
    }

    /// `Metadata.RetryContext` without stack traces (tests/template/wire/host-queue-retry.json).
    pub fn context(&self, function: &str, done: u32, failure: Option<&str>) -> Value {
        let exception = failure.filter(|_| done > 0).map(|why| {
            json!({
                "MethodName": format!("Host.Functions.{function}"), "Handled": false,
                "ClassName": "Microsoft.Azure.WebJobs.Host.FunctionInvocationException",
                "Message": format!("Exception while executing function: Functions.{function}"),
                "InnerException": {"Message": why, "Data": {}, "InnerException": null},
                "Data": null, "HResult": -2146233088, "Source": "System.Private.CoreLib",
            })
        });
        json!({
            "RetryCount": done, "MaxRetryCount": self.most, "Exception": exception,
            "Instance": null, "State": {},
        })
    }
}
