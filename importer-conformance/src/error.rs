/// Why a check could not be made at all; what is wrong with a plugin is in the [`Report`](crate::Report).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A case was asked for that does not exist.
    #[error("there is no case `{0}`; docs/reference/plugin-checks.md lists them")]
    UnknownCase(String),
    /// The file is not there.
    #[error("`{file}` cannot be read: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        why: String,
    },
    /// The process of a case could not be started.
    #[error("the process of a case cannot be started: {0}; name a program with `Settings::worker`")]
    Worker(String),
}
