//! The host's rules: what it sends to functions, and what it does with their answers.

pub mod answer;
pub mod base64;
pub mod data;
pub mod date;
pub mod delivery;
pub mod expressions;
pub mod invoke;
pub mod mcp;
pub mod newtonsoft;
pub mod outputs;
pub mod payload;
pub mod record;
pub mod request;
pub mod retry;
pub mod routes;
pub mod schedule;
pub mod storage;
