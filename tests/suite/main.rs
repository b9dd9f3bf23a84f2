//! What the whole must do, on real databases, with real plugins and the real command line.

mod architecture;
mod cli;
mod embedding;
mod golden;
mod interruption;
mod migrations;
mod plugin_host;
mod scale;
mod store;
mod support;
