use std::sync::Arc;

use super::isolation::IsolatedPlugin;

/// The way to a plugin: through a module in this process, or through a worker.
#[derive(Clone)]
pub(super) enum Way<M> {
    Here(M),
    Apart(Arc<IsolatedPlugin>),
}

impl<M> Way<M> {
    /// The way to a part of it; `None` when that is not there.
    pub(super) fn to<N>(&self, part: impl FnOnce(&M) -> Option<N>) -> Option<Way<N>> {
        Some(match self {
            Self::Here(module) => Way::Here(part(module)?),
            Self::Apart(plugin) => Way::Apart(Arc::clone(plugin)),
        })
    }
}
