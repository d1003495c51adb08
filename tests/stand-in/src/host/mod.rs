//! The host's rules.

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
