//! What a worker takes from itself before it loads foreign code.

use std::io::{Read, Write};

pub(super) type Pipes = (Box<dyn Read + Send>, Box<dyn Write + Send>);

/// The pipes to the host under other numbers: a plugin that prints or reads meets the error output and the end of an
/// empty input.
#[cfg(unix)]
pub(super) fn private_pipes() -> std::io::Result<Pipes> {
    use std::fs::File;
    use std::os::fd::AsFd;
    let input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(std::io::stderr().as_fd())?;
    Ok((Box::new(std::io::BufReader::with_capacity(64 << 10, input)), Box::new(output)))
}

#[cfg(not(unix))]
pub(super) fn private_pipes() -> std::io::Result<Pipes> {
    Ok((Box::new(std::io::stdin()), Box::new(std::io::stdout())))
}

/// Limits memory, and keeps rows out of core files.
#[cfg(unix)]
pub(super) fn before_loading(memory: Option<u64>) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let lower = |resource, wanted: u64| {
        // The administrator's limit stands when it is the lower one.
        let maximum = getrlimit(resource).maximum.map_or(wanted, |maximum| maximum.min(wanted));
        setrlimit(resource, Rlimit { current: Some(maximum), maximum: Some(maximum) })
            .map_err(|error| format!("its worker cannot be limited: {error}"))
    };
    lower(Resource::Core, 0)?;
    match memory {
        Some(memory) => lower(Resource::As, memory),
        None => Ok(()),
    }
}

#[cfg(not(unix))]
pub(super) fn before_loading(_: Option<u64>) -> Result<(), String> {
    Ok(())
}

/// Ends the process without running code of the plugin, which would run at a regular exit.
pub(super) fn end_this_process() -> ! {
    #[cfg(unix)]
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::exit(0)
}
