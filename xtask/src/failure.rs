//! Why a chore could not be done.

/// A sentence for the person at the terminal, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) code: u8,
}

impl Failure {
    /// The command line makes no sense.
    pub(crate) fn usage(message: &str) -> Self {
        Self { message: format!("{message}; `cargo xtask help` says what there is."), code: 2 }
    }

    /// The machine lacks something, which the message says how to get.
    pub(crate) fn missing(message: String) -> Self {
        Self { message, code: 2 }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self { message, code: 1 }
    }
}
