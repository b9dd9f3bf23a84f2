//! The host's callbacks in C form: a counted pointer and functions.

use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RStr, RString};

/// What a host looks like on the wire. Cloning and dropping count references on the host's side, so a plugin may keep it
/// as long as it likes.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatHost {
    /// The host's object; one reference of it.
    pub context: *const (),
    /// Adds a reference.
    pub retain: extern "C" fn(*const ()),
    /// Gives a reference up.
    pub release: extern "C" fn(*const ()),
    /// A line for the log: 0 debug, 1 information, 2 warning, 3 error.
    pub log: extern "C" fn(*const (), u8, RStr<'_>),
    /// Units done and in all.
    pub progress: extern "C" fn(*const (), u64, u64),
    /// Whether the run was cancelled.
    pub cancelled: extern "C" fn(*const ()) -> bool,
    /// A secret by name.
    pub secret: extern "C" fn(*const (), RStr<'_>) -> ROption<RString>,
}

// SAFETY: whoever makes one promises that `context` may be used from any thread.
unsafe impl Send for FlatHost {}
// SAFETY: as above.
unsafe impl Sync for FlatHost {}

impl Clone for FlatHost {
    fn clone(&self) -> Self {
        (self.retain)(self.context);
        Self { ..*self }
    }
}

impl Drop for FlatHost {
    fn drop(&mut self) {
        (self.release)(self.context);
    }
}
