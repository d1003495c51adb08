//! Tests of the room `commands`.

mod check;
