//! The one thing that the scripted `claude` may really do: write a file inside its directory, where
//! the script says so.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::script::Tool;

/// Writes what a tool would write. Anything else is left undone.
pub(super) fn write(directory: &Path, tool: &Tool) -> io::Result<()> {
    let field = |name: &str| tool.input[name].as_str().unwrap_or_default();
    let path = inside(directory, field("file_path"))?;
    match tool.name.as_str() {
        "Write" => fs::write(path, field("content")),
        "Edit" => {
            let text = fs::read_to_string(&path)?;
            fs::write(path, text.replacen(field("old_string"), field("new_string"), 1))
        }
        _ => Ok(()),
    }
}

/// The path, if its folder lies in the directory, links resolved, and it is no link itself.
fn inside(directory: &Path, path: &str) -> io::Result<PathBuf> {
    let outside = || io::Error::other("outside the directory");
    let path = directory.join(path);
    let folder = path.parent().ok_or_else(outside)?.canonicalize()?;
    let name = path.file_name().ok_or_else(outside)?;
    let path = folder.join(name);
    if !folder.starts_with(directory.canonicalize()?) || path.is_symlink() {
        return Err(outside());
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use serde_json::{Value, json};

    use super::*;

    fn tool(name: &str, input: &Value) -> Tool {
        serde_json::from_value(json!({"name": name, "input": input})).unwrap()
    }

    #[test]
    fn files_are_written_inside_and_nowhere_else() {
        let [here, elsewhere] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let at = |path: &str| json!({"file_path": path, "content": "sow in May"});
        let put = |path: &str| write(here.path(), &tool("Write", &at(path)));
        put("notes.md").unwrap();
        let edit = json!({"file_path": "notes.md", "old_string": "May", "new_string": "April"});
        write(here.path(), &tool("Edit", &edit)).unwrap();
        assert_eq!(fs::read_to_string(here.path().join("notes.md")).unwrap(), "sow in April");
        symlink(elsewhere.path(), here.path().join("link")).unwrap();
        symlink(elsewhere.path().join("x"), here.path().join("x")).unwrap();
        let absolute = elsewhere.path().join("y");
        for path in ["link/x", "x", "../x", absolute.to_str().unwrap(), ""] {
            assert!(put(path).is_err(), "{path}");
        }
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
