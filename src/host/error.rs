//! Why a function gave no response.

use std::borrow::Cow;
use std::fmt::Display;
use std::panic::Location;

/// Why a function gave no response: a refusal for its HTTP caller, or a failure for the app's log.
///
/// `?` turns any error into a failure: every [`std::error::Error`], `anyhow::Error`, `String`,
/// `&str` and `Box<dyn std::error::Error + Send + Sync>`. The log has the file and line of that
/// `?`, and all of the error's sources. (A plain `Box<dyn std::error::Error>` does not convert:
/// write `.map_err(|error| error.to_string())?`.) [`Context`] adds what an error is about: that of
/// `std::env::var` does not name the variable.
///
/// ```
/// use app::{Context, HttpRequest, HttpResponse, Result};
///
/// fn run(request: HttpRequest) -> Result {
///     let file = std::env::var("PRICE_LIST").context("PRICE_LIST")?;
///     let prices = std::fs::read_to_string(file).context("reading the price list")?;
///     if prices.is_empty() {
///         return Err("the price list is empty".into());
///     }
///     Ok(HttpResponse::text(prices).into())
/// }
/// ```
#[derive(Debug)]
pub struct Error(pub(crate) Why);

#[derive(Debug)]
pub(crate) enum Why {
    /// The invocation was carried out, and its HTTP caller gets a refusal.
    Refused(Refusal),
    /// The invocation was not carried out: an HTTP caller gets a 500, a queue message is tried
    /// again.
    Failed(Failure),
}

/// What an HTTP caller gets instead of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub status: u16,
    pub message: Cow<'static, str>,
}

impl Refusal {
    pub fn new(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { status, message }
    }
}

/// What the app's log gets.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Where the function failed; `None` for a panic, whose reason has the place in it.
    pub place: Option<&'static Location<'static>>,
    pub reason: String,
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { place, reason } = self;
        match place {
            Some(place) => write!(f, "failed: {reason} (at {}:{})", place.file(), place.line()),
            None => f.write_str(reason),
        }
    }
}

impl Error {
    /// Refuses an HTTP caller with a status from 400 to 499 and a sentence that helps. Any other
    /// status is a failure, and so is a refusal in a function with another trigger.
    pub fn refuse(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Why::Refused(Refusal::new(status, message)))
    }

    /// Fails the invocation. The app's log gets the reason, with the file and line of this call.
    #[track_caller]
    pub fn fail(reason: impl Into<String>) -> Self {
        Self(Why::Failed(Failure {
            place: Some(Location::caller()),
            reason: reason.into(),
        }))
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        let error = error.into();
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let text = error.to_string();
            // Some errors end with the text of their source.
            if !reason.ends_with(&text) {
                reason = format!("{reason}: {text}");
            }
            source = error.source();
        }
        Self::fail(reason)
    }
}

/// Says what a function was doing when an error occurred.
pub trait Context<T> {
    /// Turns an error into a failure that begins with `doing`: "reading the price list: No such
    /// file or directory". Its file and line are those of this call. A refusal stays as it is.
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
            Err(Error(Why::Failed(Failure { reason, .. }))) => {
                Err(Error::fail(format!("{doing}: {reason}")))
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

#[cfg(test)]
mod tests {
    use super::*;

    type Result<T> = std::result::Result<T, Error>;

    fn failure(error: Error) -> (u32, String) {
        match error.0 {
            Why::Failed(Failure {
                place: Some(place),
                reason,
            }) => (place.line(), reason),
            other => panic!("{other:?}"),
        }
    }

    /// An error, and the errors that it comes from.
    #[derive(Debug)]
    struct Chained(&'static str, Option<Box<Chained>>);

    impl Display for Chained {
        fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Chained {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            self.1.as_ref().map(|source| &**source as _)
        }
    }

    #[test]
    fn any_error_converts_with_its_place_and_its_sources() {
        let chain = ["no disk", "no file: no disk", "no list"].into_iter();
        let chain = chain.fold(None, |source, text| Some(Box::new(Chained(text, source))));
        let boxed = Box::<dyn std::error::Error + Send + Sync>::from("boxed");
        let line = line!();
        let errors: [Error; 5] = [
            "x".parse::<u8>().unwrap_err().into(),
            "text".into(),
            String::from("string").into(),
            boxed.into(),
            chain.unwrap().into(),
        ];
        let reasons = "invalid digit found in string|text|string|boxed|no list: no file: no disk";
        for ((error, reason), line) in errors.into_iter().zip(reasons.split('|')).zip(line + 2..) {
            assert_eq!(failure(error), (line, reason.to_owned()));
        }
    }

    #[test]
    fn a_context_says_what_was_being_done_and_where() {
        let read = || "x".parse::<u8>().context("reading the price");
        let doing = "pricing: reading the price: invalid digit found in string";
        let found = failure(read().context("pricing").unwrap_err());
        assert_eq!(found, (line!() - 1, doing.into()));
        let refused: Result<u8> = Err(Error::refuse(404, "no such item")).context("pricing");
        let Err(Error(Why::Refused(Refusal { status, message }))) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!((status, &*message), (404, "no such item"));
    }
}
