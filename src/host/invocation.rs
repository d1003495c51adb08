//! Invocations: the trigger's value, other inputs, metadata.

use super::datum::{self, Datum, Members};
use super::error::listed;
use super::response::Result;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::fmt;

/// An invocation of a function, part of the [`HttpRequest`](crate::HttpRequest) of an HTTP trigger.
///
/// ```
/// use app::{Invocation, Response, Result, log};
///
/// /// For a blob trigger, with the blob `settings` as another input.
/// fn run(invocation: Invocation) -> Result {
///     let image = invocation.trigger.binary()?;
///     let name: Option<String> = invocation.metadata("name")?;
///     let settings = invocation.input("settings")?;
///     let width: u32 = settings.map_or(Ok(100), |settings| settings.json())?;
///     log::info(format_args!("{name:?} to a width of {width}"));
///     Ok(Response::new().output("thumbnail", image))
/// }
/// ```
pub struct Invocation<'a> {
    /// The host's id for it (`X-Azure-Functions-InvocationId`); empty if the caller sent none.
    pub id: &'a str,
    /// The trigger's value: the queue message, the timer's state and so on. Empty for HTTP.
    pub trigger: Datum<'a>,
    /// The other members of `Data`.
    pub(crate) inputs: Members<'a>,
    pub(crate) metadata: Option<&'a RawValue>,
}

/// Names and lengths: the metadata can hold a caller's key.
impl fmt::Debug for Invocation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (id, trigger, inputs) = (self.id, &self.trigger, &self.inputs);
        let metadata = self.metadata.map(|json| json.get().len());
        write!(f, "Invocation({id}, {trigger:?}, {inputs:?}, {metadata:?})")
    }
}

impl<'a> Invocation<'a> {
    pub(crate) fn new(id: &'a str, inputs: Members<'a>, metadata: Option<&'a RawValue>) -> Self {
        Self {
            id,
            trigger: Datum::default(),
            inputs,
            metadata,
        }
    }

    /// The value of the input binding `name`; `None` if there is nothing to read, such as a blob
    /// that does not exist. The rows of a `table` are always a list: `input.json::<Vec<Row>>()`.
    /// Errors if no input has this name.
    #[track_caller]
    pub fn input(&self, name: &str) -> Result<Option<Datum<'_>>> {
        let Some(json) = self.inputs.get(name) else {
            let names = listed(self.inputs.names());
            return Err(format!("no input has the name {name:?}: {names}").into());
        };
        let datum = datum::read(json).map_err(|error| format!("the input {name}: {error}"))?;
        Ok(Some(datum).filter(|datum| !datum.is_absent()))
    }

    /// A member of the trigger's metadata, such as `Id`; `None` if it is absent. Errors if it is
    /// not a `T`. The host also puts the members of a JSON message there, and they win: if such an
    /// `Id` must not fail the invocation, write `invocation.metadata("Id").ok().flatten()`.
    #[track_caller]
    pub fn metadata<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let members = self.metadata.map(|json| serde_json::from_str(json.get()));
        let member = members.and_then(|members: Result<Members, _>| members.ok()?.get(name));
        let Some(json) = member.filter(|json| json.get() != "null") else {
            return Ok(None);
        };
        // A number or a boolean comes as a text of its JSON.
        let value = datum::read(json).and_then(|datum| {
            let as_text = serde_json::to_string(datum.text())?;
            serde_json::from_str(&as_text).or_else(|_| serde_json::from_str(datum.text()))
        });
        let wrong = |error| format!("the metadata {name} is not of the kind expected: {error}");
        Ok(Some(value.map_err(wrong)?))
    }
}
