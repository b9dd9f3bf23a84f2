//! Running a command to its end, or to a signal.

use std::io::{self, IsTerminal};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::Failure;

/// How long a command that was asked to end may take before it is killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The signals that ask us to end: noted instead of obeyed at once, so that what was started is also stopped.
pub(crate) struct Signals {
    interrupt: Arc<AtomicBool>,
    terminate: Arc<AtomicBool>,
}

impl Signals {
    /// Notes signals from here on.
    pub(crate) fn catch() -> Result<Self, Failure> {
        let signals = Self { interrupt: Arc::default(), terminate: Arc::default() };
        for (number, flag) in
            [(SIGINT, &signals.interrupt), (SIGTERM, &signals.terminate), (SIGHUP, &signals.terminate)]
        {
            signal_hook::flag::register(number, Arc::clone(flag))
                .map_err(|e| format!("cannot listen to signal {number}: {e}"))?;
        }
        Ok(signals)
    }

    /// The exit code that tells of the signal received, if one was.
    fn code(&self) -> Option<u8> {
        let noted = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        if noted(&self.terminate) { Some(143) } else { noted(&self.interrupt).then_some(130) }
    }

    /// Runs the command and returns its exit code; a signal to us ends the command and everything it started.
    pub(crate) fn run(&self, command: &mut Command) -> Result<u8, Failure> {
        if let Some(code) = self.code() {
            return Ok(code);
        }
        let mut child = Started::new(command)?;
        let mut asked: Option<Instant> = None;
        loop {
            if let Some(status) = child.ended()? {
                if asked.is_some() {
                    child.signal(Signal::KILL);
                }
                return Ok(self.code().unwrap_or_else(|| exit_code(status)));
            }
            // At a terminal Ctrl-C has reached the command as well, which decides what it means (`psql` goes on).
            let ours_to_end = child.group || self.terminate.load(Ordering::Relaxed);
            match asked {
                None if ours_to_end && self.code().is_some() => {
                    child.signal(Signal::TERM);
                    asked = Some(Instant::now());
                }
                Some(since) if since.elapsed() > PATIENCE => child.signal(Signal::KILL),
                _ => {}
            }
            sleep(Duration::from_millis(20));
        }
    }
}

/// A running command.
struct Started {
    process: Child,
    name: String,
    /// Whether it leads a process group of its own, so that its descendants can be signalled with it. Not at a
    /// terminal: a group in the background must not read from it.
    group: bool,
}

impl Started {
    fn new(command: &mut Command) -> Result<Self, Failure> {
        let name = command.get_program().to_string_lossy().into_owned();
        let group = !io::stdin().is_terminal();
        if group {
            command.process_group(0);
        }
        let process = command.spawn().map_err(|e| format!("cannot run `{name}`: {e}"))?;
        Ok(Self { process, name, group })
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        Ok(self.process.try_wait().map_err(|e| format!("cannot wait for `{}`: {e}", self.name))?)
    }

    /// Sends a signal; that the process may just have ended is no failure.
    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.process);
        let _ = if self.group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
    }
}

/// A status as shells count it: 128 and the signal's number for a killed process.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    u8::try_from(code).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(script: &str) -> u8 {
        let signals = Signals { interrupt: Arc::default(), terminate: Arc::default() };
        signals.run(Command::new("sh").args(["-c", script])).expect("a shell")
    }

    #[test]
    fn the_exit_code_is_the_commands() {
        assert_eq!(code_of("exit 0"), 0);
        assert_eq!(code_of("exit 101"), 101);
        assert_eq!(code_of("kill -KILL $$"), 137);
    }

    #[test]
    fn a_signal_ends_the_command_and_what_it_started() {
        let signals = Signals { interrupt: Arc::default(), terminate: Arc::default() };
        let terminate = Arc::clone(&signals.terminate);
        let later = std::thread::spawn(move || {
            sleep(Duration::from_millis(100));
            terminate.store(true, Ordering::Relaxed);
        });
        let started = Instant::now();
        let code = signals.run(Command::new("sh").args(["-c", "sleep 60 & wait"])).expect("a shell");
        later.join().expect("the other thread");
        assert_eq!(code, 143);
        assert!(started.elapsed() < PATIENCE, "it ended when asked and did not have to be killed");
    }
}
