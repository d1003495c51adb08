//! The app's files: host.json, function.json, local.settings.json, .funcignore, and the table of
//! functions.

pub mod binary;
pub mod description;
pub mod finding;
pub mod function;
pub mod host_json;
pub mod ignore;
pub mod json;
pub mod names;
pub mod settings;
pub mod table;
pub mod tool;
