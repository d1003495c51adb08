//! Tests of the room `commands`.

mod changes;
mod check;
mod mistakes;
mod package;
mod tools;
mod zip;
