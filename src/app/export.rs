//! A whole session into a file, event by event: nothing is held but the line that is being written.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

use thiserror::Error;

use crate::{
    claude::{
        catalog,
        home::Home,
        session::{Session, SessionId},
        transcript::story::Outline,
    },
    screens::export::{Heading, Rendering},
    telegram::callback::Format,
};

/// What is to be written.
pub(crate) struct Export {
    /// What stands above it.
    pub(crate) heading: Heading,
    outline: Outline,
    format: Format,
}

/// Why a session was not written.
#[derive(Debug, Error)]
pub(crate) enum ExportError {
    /// There is no such session.
    #[error("no such session")]
    Unknown,
    /// The file would have become larger than wanted.
    #[error("too large")]
    TooLarge,
    /// The transcript could not be read, or the file not written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Export {
    /// Reads where all of the session stands. `user_home` is the person's home directory.
    pub(crate) fn of(
        home: &Home,
        user_home: &Path,
        session: SessionId,
        format: Format,
    ) -> Result<Self, ExportError> {
        let found = catalog::find(home, session).zip(home.transcript(session));
        let (session, path): (Session, _) = found.ok_or(ExportError::Unknown)?;
        let outline = Outline::of(&path)?;
        Ok(Self { heading: Heading::of(&session, &outline, user_home), outline, format })
    }

    /// Writes it, at most `most` bytes; returns how many they are.
    pub(crate) fn write(&self, out: impl Write, most: u64) -> Result<u64, ExportError> {
        let mut out = Counted { out: BufWriter::new(out), written: 0, most };
        let mut rendering = Rendering::new(self.format);
        let written = out
            .write_all(rendering.begin(&self.heading).as_bytes())
            .and_then(|()| {
                self.outline.tell(|event| out.write_all(rendering.event(&event).as_bytes()))
            })
            .and_then(|()| out.write_all(rendering.end().as_bytes()))
            .and_then(|()| out.flush());
        match written {
            Ok(()) => Ok(out.written),
            Err(_) if out.written > most => Err(ExportError::TooLarge),
            Err(error) => Err(error.into()),
        }
    }
}

/// A writer that counts, and fails above its limit.
struct Counted<W> {
    out: W,
    /// What was given to it, the piece that it refused included.
    written: u64,
    most: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written += bytes.len() as u64;
        if self.written > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_above_the_limit_is_refused() {
        let mut home = Path::new(env!("CARGO_MANIFEST_DIR")).to_owned();
        home.push("fixtures/home");
        let home = Home::at(home);
        let session = catalog::page(&home, &catalog::Query { take: 1, ..Default::default() });
        let id = session.sessions[0].id;
        let export = Export::of(&home, Path::new("/home/ada"), id, Format::Html).unwrap();
        let mut whole = Vec::new();
        let size = export.write(&mut whole, u64::MAX).unwrap();
        assert_eq!(size, whole.len() as u64);
        assert_eq!(export.write(io::sink(), size).unwrap(), size);
        assert!(matches!(export.write(io::sink(), size - 1), Err(ExportError::TooLarge)));
        let nobody = "11111111-1111-4111-8111-111111111111".parse().unwrap();
        let unknown = Export::of(&home, Path::new("/"), nobody, Format::Html);
        assert!(matches!(unknown, Err(ExportError::Unknown)));
    }
}
