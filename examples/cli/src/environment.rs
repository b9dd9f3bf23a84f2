//! The environment of the program.

/// A variable of the environment; set to nothing, it is as good as not set.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
