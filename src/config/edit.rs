//! Changes to the configuration file. What they do not name stays as it is, comments included.
//!
//! The file is replaced as a whole or not at all, and only its owner can read it: it may hold the
//! token. It never takes a file apart that it cannot read.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tempfile::Builder;
use toml_edit::{Array, DocumentMut, Item, Value};

use super::error::mask;

/// The first line of a new file.
const HEAD: &str = "# Settings of segue. `segue config` lists every key and what is in force.\n";

/// Why the file was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It is there and is not TOML.
    #[error("{} cannot be changed before it is mended: {message}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// It cannot be read or written.
    #[error("{}: {error}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The system's words.
        error: io::Error,
    },
}

/// A configuration file that is being changed.
#[derive(Debug)]
pub struct Edit {
    file: PathBuf,
    document: DocumentMut,
    before: String,
}

impl Edit {
    /// Reads a file; one that is not there is empty.
    pub fn open(file: &Path) -> Result<Self, EditError> {
        // A link, as managers of dot files make them, stays one.
        let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(EditError::Io { file, error }),
        };
        match text.parse::<DocumentMut>() {
            Ok(document) => Ok(Self { file, document, before: text }),
            Err(error) => Err(EditError::Syntax { file, message: mask(error.message()) }),
        }
    }

    /// The file, links resolved.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Sets a key to a text.
    pub fn set_text(&mut self, key: &str, text: &str) {
        self.set(key, text.into());
    }

    /// Sets a key to a list of numbers.
    pub fn set_numbers(&mut self, key: &str, numbers: impl IntoIterator<Item = u64>) {
        let numbers = numbers.into_iter().map(u64::cast_signed).collect::<Array>();
        self.set(key, numbers.into());
    }

    /// Removes a key, and the comment above it.
    pub fn remove(&mut self, key: &str) {
        self.document.remove(key);
    }

    fn set(&mut self, key: &str, mut value: Value) {
        match self.document.get_mut(key).and_then(Item::as_value_mut) {
            Some(old) => {
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
            None => drop(self.document.insert(key, Item::Value(value))),
        }
    }

    /// Writes the file, unless nothing was changed and nobody else can read it.
    pub fn save(&self) -> Result<(), EditError> {
        self.write().map_err(|error| EditError::Io { file: self.file.clone(), error })
    }

    fn write(&self) -> io::Result<()> {
        let text = self.document.to_string();
        if text == self.before && !text.is_empty() {
            return fs::set_permissions(&self.file, Permissions::from_mode(0o600));
        }
        let folder = self.file.parent().unwrap_or(Path::new("/"));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let private = Permissions::from_mode(0o600);
        let mut file =
            Builder::new().prefix(".config-").permissions(private).tempfile_in(folder)?;
        let head = if self.before.is_empty() { HEAD } else { "" };
        file.write_all(format!("{head}{text}").as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.file).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        let before = "# mine\ntoken = \"1:old\" # secret\n\n# why\nwarm_runs = 7\n";
        fs::write(&file, before).unwrap();
        let link = dir.path().join("link.toml");
        std::os::unix::fs::symlink(&file, &link).unwrap();

        let mut edit = Edit::open(&link).unwrap();
        edit.set_text("token", "2:new");
        edit.set_numbers("allowed_users", [7, 8]);
        edit.save().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let expected = "# mine\ntoken = \"2:new\" # secret\n\n# why\nwarm_runs = 7\n\
                        allowed_users = [7, 8]\n";
        assert_eq!(text, expected);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(link.is_symlink());

        let mut edit = Edit::open(&file).unwrap();
        edit.remove("token");
        edit.save().unwrap();
        assert!(!fs::read_to_string(&file).unwrap().contains("2:new"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn a_new_file_is_its_owners_alone_and_a_broken_one_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("new/config.toml");
        let mut edit = Edit::open(&file).unwrap();
        edit.set_text("token", "1:x");
        edit.save().unwrap();
        assert!(fs::read_to_string(&file).unwrap().ends_with("force.\ntoken = \"1:x\"\n"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

        fs::write(&file, "token = \"123456:AAF7-g0gYncWnm5Iyf").unwrap();
        let error = Edit::open(&file).unwrap_err().to_string();
        assert!(error.contains("config.toml") && !error.contains("AAF7"), "{error}");
        let blocked = Edit::open(&file.join("below")).unwrap_err().to_string();
        assert!(blocked.contains("below"), "{blocked}");
    }
}
