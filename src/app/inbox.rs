//! Where files of the chat are put down for Claude: a folder of the project, or the one that is
//! configured.
//!
//! Names come from strangers' programs: nothing in them leads out of the folder, and no file that
//! is there is written over.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The folder inside a project. Git ignores it by a file of its own.
const FOLDER: &str = ".segue/inbox";
/// Longest name, its ending included, bytes: file systems take 255, and a number may be added.
const NAME: usize = 200;
/// Most files of one name.
const SAME: usize = 1_000;

/// Puts a file down and says where. `configured` goes over the folder inside `project`.
pub(super) fn save(
    configured: Option<&Path>,
    project: &Path,
    (name, bytes): (&str, &[u8]),
) -> io::Result<PathBuf> {
    let folder = match configured {
        Some(folder) => {
            fs::create_dir_all(folder)?;
            folder.canonicalize()?
        }
        None => inside(project)?,
    };
    let name = safe(name);
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
        _ => (name.as_str(), String::new()),
    };
    for count in 1..SAME {
        let name = if count == 1 { name.clone() } else { format!("{stem}-{count}{ending}") };
        let path = folder.join(name);
        match File::options().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(bytes)?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!("{} is full of files of this name", folder.display())))
}

/// The folder inside a project, made if need be.
fn inside(project: &Path) -> io::Result<PathBuf> {
    let project = project.canonicalize()?;
    let folder = project.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    // What a repository brings along may be a link to anywhere.
    if !folder.starts_with(&project) {
        return Err(io::Error::other(format!("{} leads out of the project", folder.display())));
    }
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        fs::write(ignore, "*\n")?;
    }
    Ok(folder)
}

/// A name that is one, whatever was sent for it.
fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let sign = |sign: char| match sign {
        sign if sign.is_alphanumeric() || matches!(sign, '.' | '-' | '_') => sign,
        _ => '_',
    };
    let name: String = last.trim().chars().map(sign).collect();
    let name = name.trim_start_matches('.');
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.chars().count() <= 10 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let mut room = NAME - ending.len();
    let fits = |sign: &char| {
        let left = room.checked_sub(sign.len_utf8());
        room = left.unwrap_or_default();
        left.is_some()
    };
    let stem: String = stem.chars().take_while(fits).collect();
    match (stem.is_empty(), ending.is_empty()) {
        (true, _) => format!("file{ending}"),
        (false, _) => format!("{stem}{ending}"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        for (name, expected) in [
            ("notes.txt", "notes.txt"),
            ("Übersicht 2.pdf", "Übersicht_2.pdf"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\x.exe", "x.exe"),
            ("..", "file"),
            (".bashrc", "bashrc"),
            ("", "file"),
            ("a\u{202e}gpj.sh", "a_gpj.sh"),
            ("a\nb`$(x)`", "a_b___x__"),
            ("/", "file"),
        ] {
            assert_eq!(safe(name), expected, "{name}");
        }
        assert_eq!(safe(&"x".repeat(500)).len(), NAME);
        assert_eq!(safe(&format!("{}.tar", "x".repeat(500))).len(), NAME);
        assert_eq!(safe(&format!("{}.tar", "豆".repeat(85))), format!("{}.tar", "豆".repeat(65)));
    }

    #[test]
    fn nothing_is_written_over() {
        let project = tempfile::tempdir().unwrap();
        let put = |bytes: &[u8]| save(None, project.path(), ("a.txt", bytes)).unwrap();
        let (first, second) = (put(b"one"), put(b"two"));
        assert!(first.ends_with(".segue/inbox/a.txt") && second.ends_with("a-2.txt"));
        assert_eq!(fs::read(first).unwrap(), b"one");
        assert_eq!(fs::read_to_string(second.with_file_name(".gitignore")).unwrap(), "*\n");
        let other = tempfile::tempdir().unwrap();
        let path = save(Some(other.path()), project.path(), ("a.txt", b"x")).unwrap();
        assert!(path.starts_with(other.path().canonicalize().unwrap()));
        for _ in 0..2 {
            save(None, project.path(), (&"豆".repeat(85), b"x")).unwrap();
        }
    }

    #[test]
    fn a_project_cannot_lead_files_elsewhere() {
        let [project, elsewhere] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        symlink(elsewhere.path(), project.path().join(".segue")).unwrap();
        assert!(save(None, project.path(), ("a.txt", b"x")).is_err());
        assert!(!elsewhere.path().join("inbox/a.txt").exists());
    }
}
