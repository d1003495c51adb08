//! Why a function gave no response.

use std::borrow::Cow;
use std::fmt::Display;
use std::panic::Location;

/// Why a function gave no response: a refusal for its caller, or a failure for the app's log.
///
/// `?` turns any error into a failure: every [`std::error::Error`], `anyhow::Error`, `String`,
/// `&str` and `Box<dyn std::error::Error + Send + Sync>` (of one without `Send + Sync`, take the
/// text: `.map_err(|error| error.to_string())?`). The log has the file and line of that `?`, and
/// all of the error's sources. [`Context`] adds what an error is about.
///
/// ```
/// use app::{Context, Error, HttpRequest, HttpResponse, Result};
///
/// fn run(request: HttpRequest) -> Result {
///     let list = request.query("list").ok_or(Error::refuse(400, "which ?list= is it?"))?;
///     let prices = std::fs::read_to_string(list).context("reading the price list")?;
///     Ok(HttpResponse::text(prices).into())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Error {
    /// The status of a refusal; a failure has none.
    pub(crate) status: Option<u16>,
    pub(crate) reason: Cow<'static, str>,
    /// Where the function failed. A panic's reason has its place in it.
    pub(crate) place: Option<&'static Location<'static>>,
}

impl Error {
    /// Refuses an HTTP caller (by a status from 400 to 499) or an MCP agent (by any) with a
    /// sentence that helps. Any other refusal is a failure.
    pub fn refuse(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: Some(status),
            reason: message.into(),
            place: None,
        }
    }

    /// Fails the invocation. The log has the reason, and the file and line of this call.
    #[track_caller]
    pub fn fail(reason: impl Into<String>) -> Self {
        Self {
            status: None,
            reason: Cow::Owned(reason.into()),
            place: Some(Location::caller()),
        }
    }

    /// What the log says of it, after the function's name.
    pub(crate) fn logged(&self) -> String {
        let reason = &self.reason;
        match (self.place, self.status) {
            (Some(place), _) => format!("failed: {reason} (at {}:{})", place.file(), place.line()),
            (None, Some(status)) => format!("refused it: {status}: {reason}"),
            (None, None) => reason.to_string(),
        }
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        let error = error.into();
        let mut reason = error.to_string();
        for error in std::iter::successors(error.source(), |error| error.source()) {
            let text = error.to_string();
            // Some errors end with the text of their source.
            if !reason.ends_with(&text) {
                reason = format!("{reason}: {text}");
            }
        }
        Self::fail(reason)
    }
}

/// Says what a function was doing when an error occurred.
pub trait Context<T> {
    /// Turns an error into a failure that begins with `doing`: "reading the price list: No such
    /// file or directory". Its place is that of this call. A refusal stays as it is.
    #[track_caller]
    fn context(self, doing: impl Display) -> Result<T, Error>;
}

impl<T, E> Context<T> for Result<T, E>
where
    Error: From<E>,
{
    #[track_caller]
    fn context(self, doing: impl Display) -> Result<T, Error> {
        match self.map_err(Error::from) {
            Err(error) if error.status.is_none() => {
                Err(Error::fail(format!("{doing}: {}", error.reason)))
            }
            result => result,
        }
    }
}

/// "there are: a, b" or "there are none".
pub(crate) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names = names.collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        return "there are none".into();
    }
    format!("there are: {names}")
}
