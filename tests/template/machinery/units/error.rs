//! `src/host/error.rs`

use app::{Context, Error};
use std::fmt;

#[derive(Debug)]
struct Chained(&'static str, Option<Box<Chained>>);

impl fmt::Display for Chained {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Chained {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.1.as_deref()?)
    }
}

#[test]
fn a_failure_names_each_source_once_and_a_refusal_stays_as_it_is() {
    let chain = ["no disk", "no file: no disk", "no list"].into_iter();
    let chain = chain.fold(None, |source, text| Some(Box::new(Chained(text, source))));
    let boxed: Box<dyn std::error::Error + Send + Sync> = chain.unwrap();
    let failed = Err::<(), _>(boxed).context("pricing").unwrap_err();
    let place = format!("line: {}", line!() - 1);
    let failed = format!("{failed:?}");
    assert!(failed.contains("\"pricing: no list: no file: no disk\"") && failed.contains(&place));
    let refused = Err::<(), _>(Error::refuse(404, "no item"));
    let refused = format!("{:?}", refused.context("pricing").unwrap_err());
    assert!(refused.contains("Some(404)") && refused.contains("\"no item\""));
}
