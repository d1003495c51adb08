//! The app's files: what they say, and edits of them.

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
