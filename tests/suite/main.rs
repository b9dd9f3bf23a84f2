//! What the whole must do, on real databases, with real plugins and the real command line.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod architecture;
mod cli;
mod docs;
mod embedding;
mod golden;
mod interruption;
mod migrations;
mod plugin_host;
mod scale;
mod store;
mod support;
