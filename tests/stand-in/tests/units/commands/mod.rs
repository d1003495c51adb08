mod changes;
mod check;
mod package;
mod tools;
mod zip;
