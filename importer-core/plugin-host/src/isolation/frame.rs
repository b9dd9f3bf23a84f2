//! Frames between host and worker: a length, a kind, a body.

use std::io::{self, Read, Write};

/// What a worker says first, with [`VERSION`] behind it: another program in its place says something else.
pub(super) const MAGIC: &[u8; 8] = b"IMPWORKR";
/// Changes with every change of a frame; host and worker are built together.
pub(super) const VERSION: u32 = 1;
/// The largest frame. A batch is full at 4 MiB of text; a single row may be larger, a frame without bounds must not be.
pub(super) const LARGEST: usize = 256 << 20;
const HEADER: usize = 5;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal,)+) => {
        /// What a frame is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Kind { $($(#[doc = $doc])+ $name = $number,)+ }

        impl Kind {
            fn of(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

kinds! {
    /// Host: load this plugin.
    Load = 1,
    /// Host: open a source.
    Open = 2,
    /// Host: the next rows of a source.
    Next = 3,
    /// Host: close an object.
    Close = 4,
    /// Host: make and configure a rule, a set-level rule or a match feature.
    Create = 5,
    /// Host: check rows.
    Check = 6,
    /// Host: show rows to a set-level rule.
    Observe = 7,
    /// Host: what a set-level rule found.
    Finish = 8,
    /// Host: compare pairs.
    Compare = 9,
    /// Host: a question to an adapter that is answered in JSON.
    Ask = 10,
    /// Host: the run of this object was cancelled.
    Cancel = 11,
    /// Host: the secret that was asked for.
    Secret = 12,
    /// Worker: it is there.
    Hello = 64,
    /// Worker: the answer.
    Done = 65,
    /// Worker: the call failed.
    Failed = 66,
    /// Worker: a line for the log.
    Log = 67,
    /// Worker: how far a source is.
    Progress = 68,
    /// Worker: a secret is wanted.
    WantSecret = 69,
}

/// A frame that is being put together.
#[derive(Debug)]
pub(super) struct Frame(Vec<u8>);

impl Frame {
    pub(super) fn new(kind: Kind) -> Self {
        Self(vec![0, 0, 0, 0, kind as u8])
    }

    /// Where the body is written; what lies there already must stay.
    pub(super) fn body(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    /// The bytes to send, or why they are too many.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, String> {
        let length = self.0.len() - HEADER;
        let bounded = u32::try_from(length).ok().filter(|_| length <= LARGEST);
        let bounded = bounded.ok_or_else(|| {
            format!(
                "{length} bytes at once are more than the {LARGEST} that may pass between host and worker"
            )
        })?;
        self.0[..4].copy_from_slice(&bounded.to_le_bytes());
        Ok(self.0)
    }

    pub(super) fn send(self, to: &mut impl Write) -> io::Result<()> {
        let bytes = self.finish().map_err(io::Error::other)?;
        to.write_all(&bytes)?;
        to.flush()
    }
}

/// Reads a frame; `None` at the end of the stream.
pub(super) fn receive(from: &mut impl Read) -> io::Result<Option<(Kind, Vec<u8>)>> {
    let mut header = [0; HEADER];
    if from.read(&mut header[..1])? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut header[1..])?;
    let [a, b, c, d, kind] = header;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    let broken = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let kind = Kind::of(kind).ok_or_else(|| broken(format!("there is no frame of kind {kind}")))?;
    if length > LARGEST {
        return Err(broken(format!("a frame of {length} bytes is too large")));
    }
    // Grows as bytes arrive, so that a length that lies costs nothing.
    let mut body = Vec::with_capacity(length.min(8 << 20));
    if from.take(length as u64).read_to_end(&mut body)? != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some((kind, body)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_frame_arrives_as_it_was_sent(body in prop::collection::vec(any::<u8>(), 0..99)) {
            let mut frame = Frame::new(Kind::Check);
            frame.body().extend(&body);
            let mut wire = Vec::new();
            frame.send(&mut wire).unwrap();
            prop_assert_eq!(receive(&mut wire.as_slice()).unwrap(), Some((Kind::Check, body)));
            for cut in 1..wire.len() {
                prop_assert!(receive(&mut &wire[..cut]).is_err());
            }
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut rest = bytes.as_slice();
            while let Ok(Some(_)) = receive(&mut rest) {}
        }
    }

    #[test]
    fn a_frame_that_claims_too_much_is_refused_before_it_is_read() {
        let error = receive(&mut [255, 255, 255, 255, 65].as_slice()).unwrap_err();
        assert!(error.to_string().contains("too large"), "{error}");
    }
}
