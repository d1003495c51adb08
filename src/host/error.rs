//! Why a function gave no response.

use std::borrow::Cow;
use std::fmt::Display;
use std::panic::Location;

/// Why a function gave no response: a refusal that its HTTP caller is told, or a failure, of which
/// the app's log tells the reason, with file and line.
///
/// Any error becomes a failure by `?`: every [`std::error::Error`], `anyhow::Error`, `String`,
/// `&str` and `Box<dyn std::error::Error + Send + Sync>`. The log has the file and line of that
/// `?`, and all the error's sources. (A plain `Box<dyn std::error::Error>` does not convert: write
/// `.map_err(|error| error.to_string())?`.)
///
/// ```
/// use app::{Context, HttpRequest, HttpResponse, Result};
///
/// fn run(request: HttpRequest) -> Result {
///     let prices = std::fs::read_to_string("prices.json").context("reading the price list")?;
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
    /// The caller is told no: the invocation was carried out.
    Refused(Refusal),
    /// The invocation was not carried out: an HTTP caller gets a 500, a queue message is tried
    /// again.
    Failed(Failure),
}

/// What an HTTP caller is told instead of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub status: u16,
    pub message: Cow<'static, str>,
}

/// What the app's log is told.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Where the function gave up; `None` for a panic, whose reason says so itself.
    pub place: Option<&'static Location<'static>>,
    pub reason: String,
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self.place {
            Some(place) => write!(
                f,
                "failed: {} (at {}:{})",
                self.reason,
                place.file(),
                place.line()
            ),
            None => f.write_str(&self.reason),
        }
    }
}

impl Error {
    /// Refuses an HTTP caller with a status from 400 to 499 and a sentence that helps; any other
    /// status is a failure. In a function with any other trigger it fails the invocation.
    pub fn refuse(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Why::Refused(Refusal {
            status,
            message: message.into(),
        }))
    }

    /// Fails the invocation, for the reason given in the app's log.
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
            // Some errors end with their source already.
            if !reason.ends_with(&text) {
                reason = format!("{reason}: {text}");
            }
            source = error.source();
        }
        Self::fail(reason)
    }
}

/// Says what a function was doing when an error came.
pub trait Context<T> {
    /// Makes an error a failure that begins with `doing`: "reading the price list: No such file or
    /// directory". Its place is that of this call. A refusal stays as it is: it is for the caller.
    #[track_caller]
    fn context(self, doing: impl Display) -> Result<T, Error>;
}

impl<T, E> Context<T> for Result<T, E>
where
    Error: From<E>,
{
    #[track_caller]
    fn context(self, doing: impl Display) -> Result<T, Error> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => match Error::from(error) {
                Error(Why::Failed(Failure { reason, .. })) => {
                    Err(Error::fail(format!("{doing}: {reason}")))
                }
                refused => Err(refused),
            },
        }
    }
}

/// "there are: a, b" or "there are none", for errors.
pub(crate) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    match names.collect::<Vec<_>>() {
        names if names.is_empty() => "there are none".into(),
        names => format!("there are: {}", names.join(", ")),
    }
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

    #[derive(Debug)]
    struct Chained(Option<Box<Chained>>, &'static str);

    impl Display for Chained {
        fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            f.write_str(self.1)
        }
    }

    impl std::error::Error for Chained {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            self.0.as_ref().map(|source| &**source as _)
        }
    }

    #[test]
    fn any_error_converts_with_its_place_and_its_sources() {
        let number = || -> Result<u8> { Ok("x".parse::<u8>()?) };
        let found = failure(number().unwrap_err());
        assert_eq!(found, (line!() - 2, "invalid digit found in string".into()));
        let text = || -> Result<u8> { Err("text")? };
        assert_eq!(failure(text().unwrap_err()), (line!() - 1, "text".into()));
        let string = || -> Result<u8> { Err(String::from("string"))? };
        let found = failure(string().unwrap_err());
        assert_eq!(found, (line!() - 2, "string".into()));
        let boxed =
            || -> Result<u8> { Err(Box::<dyn std::error::Error + Send + Sync>::from("boxed"))? };
        assert_eq!(failure(boxed().unwrap_err()), (line!() - 1, "boxed".into()));
        let chain = Chained(
            Some(Box::new(Chained(
                Some(Box::new(Chained(None, "no disk"))),
                "no file",
            ))),
            "no list",
        );
        let found = failure(chain.into());
        assert_eq!(found, (line!() - 1, "no list: no file: no disk".into()));
        let repeated = Chained(Some(Box::new(Chained(None, "no disk"))), "no file: no disk");
        assert_eq!(failure(repeated.into()).1, "no file: no disk");
    }

    #[test]
    fn a_context_says_what_was_being_done_and_where() {
        let read = || "x".parse::<u8>().context("reading the price");
        let doing = "pricing: reading the price: invalid digit found in string";
        let found = failure(read().context("pricing").unwrap_err());
        assert_eq!(found, (line!() - 1, doing.into()));
        let refused: Result<u8> = Err(Error::refuse(404, "no such item")).context("pricing");
        assert!(
            matches!(refused, Err(Error(Why::Refused(Refusal { status: 404, message }))) if message == "no such item")
        );
    }
}
