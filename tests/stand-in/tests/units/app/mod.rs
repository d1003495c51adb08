//! Tests of the room `app`.

mod binary;
mod description;
mod function;
mod host_json;
mod ignore;
mod json;
mod names;
mod settings;
mod table;
