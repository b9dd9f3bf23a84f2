use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use importer_plugin::Error;

use crate::identity::{CUT_OFF, Identity, WRITTEN};

/// How much of the file identifies it when an interrupted run goes on.
const HEAD: u64 = 64 << 10;

/// The bytes of a source, once unpacked.
pub(crate) type Stream = Box<dyn Read + Send>;

/// A file that exists and may be read; opened anew for each pass over it.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) path: String,
    pub(crate) identity: Identity,
    pub(crate) packed: bool,
    done: Arc<AtomicU64>,
}

/// The first bytes, unpacked.
pub(crate) struct Sample {
    pub(crate) bytes: Vec<u8>,
    /// True when nothing follows them.
    pub(crate) complete: bool,
}

impl Input {
    /// Looks at the file without reading more than its head.
    pub(crate) fn examine(path: &str) -> Result<Self, Error> {
        let refuse = |error: io::Error| refused(path, &error);
        let meta = std::fs::metadata(path).map_err(refuse)?;
        if meta.is_dir() {
            return Err(file_error(format!("`{path}` is a directory; give one file inside it")));
        }
        if !meta.is_file() {
            return Err(file_error(format!(
                "`{path}` is a pipe or a device, which cannot be read twice; save its content to a file first"
            )));
        }
        // From here on about the file that is open, which another one may have replaced by now.
        let file = File::open(path).map_err(refuse)?;
        let meta = file.metadata().map_err(refuse)?;
        let head = head(file).map_err(refuse)?;
        Ok(Self {
            path: path.into(),
            identity: Identity::of(&meta, &head),
            packed: head.starts_with(b"\x1f\x8b"),
            done: Arc::default(),
        })
    }

    /// Opens the file at `offset`, which is other than 0 for plain files only.
    pub(crate) fn stream(&self, offset: u64) -> Result<Stream, Error> {
        let mut file = File::open(&self.path).map_err(|e| refused(&self.path, &e))?;
        if offset > 0 {
            file.seek(SeekFrom::Start(offset)).map_err(|e| self.error(e))?;
        }
        self.done.store(offset, Ordering::Relaxed);
        let counted = Counted { file, done: Arc::clone(&self.done) };
        Ok(if self.packed { Box::new(MultiGzDecoder::new(counted)) } else { Box::new(counted) })
    }

    /// Reads the first `limit` bytes.
    pub(crate) fn sample(&self, limit: u64) -> Result<Sample, Error> {
        let mut bytes = Vec::new();
        let mut stream = self.stream(0)?;
        stream.by_ref().take(limit).read_to_end(&mut bytes).map_err(|e| self.error(e))?;
        let complete = (bytes.len() as u64) < limit;
        Ok(Sample { bytes, complete })
    }

    /// Refuses a file that is not any more what it was when it was opened. To be asked before rows are handed over: what
    /// was read from a file that changes may be half of one state and half of another.
    pub(crate) fn check_unchanged(&self) -> Result<(), Error> {
        self.changed(self.look())
    }

    /// The same at the end of the file, where it has to be read to its last byte and to begin as it did.
    pub(crate) fn check_unchanged_and_whole(&self) -> Result<(), Error> {
        let what = self.look().or_else(|| match head(File::open(&self.path).ok()?) {
            Ok(head) if !self.identity.begins_with(&head) => Some(WRITTEN),
            _ if !self.packed && self.done() < self.identity.size => Some(CUT_OFF),
            _ => None,
        });
        self.changed(what)
    }

    /// What happened to the file, as far as its metadata tell.
    fn look(&self) -> Option<&'static str> {
        match std::fs::metadata(&self.path) {
            Ok(now) => self.identity.change(&now),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some("was removed"),
            // Nobody can tell; whether it can be read on will show.
            Err(_) => None,
        }
    }

    fn changed(&self, what: Option<&'static str>) -> Result<(), Error> {
        let Some(what) = what else { return Ok(()) };
        Err(file_error(format!(
            "`{}` {what} while it was read, so the rows read from it may be half old and half new; import it again once \
             whoever writes it is done. Whoever writes it should write to another name and rename the file when it is \
             whole",
            self.path
        )))
    }

    /// How many bytes of the stored file were read in the current pass.
    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Explains a failed read.
    pub(crate) fn error(&self, error: io::Error) -> Error {
        let path = &self.path;
        let kind = error.kind();
        match error.downcast::<Error>() {
            // A layer above the file explained it already.
            Ok(explained) => explained,
            Err(_) if self.packed && kind == io::ErrorKind::UnexpectedEof => file_error(format!(
                "`{path}` is a gzip file that breaks off before its end; fetch it again, it was cut off"
            )),
            Err(_)
                if self.packed
                    && matches!(kind, io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) =>
            {
                file_error(format!("`{path}` is a damaged gzip file; fetch it again"))
            }
            Err(error) => refused(path, &error),
        }
    }
}

fn head(file: File) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

fn refused(path: &str, error: &io::Error) -> Error {
    file_error(match error.kind() {
        io::ErrorKind::NotFound => {
            format!("`{path}` does not exist; check the path, which counts from the current directory")
        }
        io::ErrorKind::PermissionDenied => {
            format!("`{path}` may not be read by this user; ask for permission to read it")
        }
        _ => format!("`{path}` cannot be read: {error}"),
    })
}

/// An error about the file as a whole.
pub(crate) fn file_error(message: String) -> Error {
    Error::data(message).in_field("file")
}

/// Counts what is read from the disk, for progress: below the unpacking, so that it fits the size of the file.
struct Counted {
    file: File,
    done: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.done.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
