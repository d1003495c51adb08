//! Tests of the room `commands`.

mod changes;
mod check;
mod package;
mod tools;
mod zip;
