//! Claims of sources.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::stores;

/// As a host does whose other threads start the workers of isolated plugins.
#[test]
fn a_source_is_free_at_once_while_other_threads_start_processes() {
    for subject in stores() {
        let starting = AtomicU32::new(2);
        let start = || {
            for _ in 0..150 {
                Command::new(env!("CARGO")).arg("--version").output().unwrap();
            }
            starting.fetch_sub(1, Ordering::Relaxed);
        };
        let refused = std::thread::scope(|scope| {
            scope.spawn(start);
            scope.spawn(start);
            let mut refused = 0;
            while starting.load(Ordering::Relaxed) > 0 {
                refused += u32::from(subject.store.lock_system("volunteer", "north").is_err());
            }
            refused
        });
        assert_eq!(refused, 0, "{}", subject.name());
    }
}
