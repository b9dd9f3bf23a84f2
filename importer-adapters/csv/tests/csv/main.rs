//! The adapter as a host uses it, on small files of its own and on public ones.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "the helpers belong to tests: a panic is an answer there"
)]

mod changing;
mod common;
mod reading;
mod refusals;
mod shared_data;
