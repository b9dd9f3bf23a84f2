//! A private Postgres server for as long as a command runs, of either [`Kind`].
//!
//! [`Cluster::start`] starts this program once more as the *keeper*: it makes the server and takes it away again when
//! its standard input ends. That happens however its parent ends, so that not even a killed run leaves a server behind;
//! what a killed keeper leaves, the next one sweeps away.

mod account;
mod cluster;
mod found;
mod keeper;
mod kind;
mod locale;
mod place;

pub(crate) use cluster::{Cluster, TEST_URL};
pub(crate) use found::{in_path, server_directory};
pub(crate) use keeper::keep;
pub(crate) use kind::Kind;
pub(crate) use locale::german_can_be_had;

/// The port, which only names the socket: the server does not listen on the network.
const PORT: u16 = 5432;

/// The server's superuser.
const SUPERUSER: &str = "postgres";
