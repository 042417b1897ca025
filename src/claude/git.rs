//! The few facts of a git repository that decide which sessions the CLI counts to a directory.
//!
//! Reads `.git` files and nothing else; never runs git.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The top of the working tree that `dir` lies in: the nearest ancestor with a `.git`.
pub(super) fn toplevel(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|dir| dir.join(".git").exists())
}

/// The main working tree of the linked one at `top` (`git worktree add`); `None` where `top` is no
/// linked one.
///
/// There `.git` is a file that names a directory inside the main repository's. Anybody can write such
/// a file, and what is trusted there would be trusted here, so it is believed only when the repository
/// names the working tree back: the directory stands in its `worktrees`, and the `gitdir` in there
/// names this `.git`.
pub(super) fn main_tree(top: &Path) -> Option<PathBuf> {
    let link = top.join(".git");
    // A link to the `.git` of a real one would be named back, too.
    if !link.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let own = fs::canonicalize(top.join(read(&link)?.strip_prefix("gitdir:")?.trim())).ok()?;
    let common = fs::canonicalize(own.join(read(&own.join("commondir"))?.trim())).ok()?;
    let named_back = own.join(read(&own.join("gitdir"))?.trim());
    let is_registered = own.parent()? == common.join("worktrees");
    let is_named = named_back.file_name()? == ".git"
        && fs::canonicalize(named_back.parent()?).ok()? == fs::canonicalize(top).ok()?;
    (is_registered && is_named).then(|| common.parent().map(Path::to_path_buf))?
}

fn read(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok()
}

/// The working trees that the repository of the one at `top` has beside its main one. One whose
/// directory was deleted is among them until git forgets it.
pub(super) fn linked_trees(top: &Path) -> Vec<PathBuf> {
    let main = main_tree(top).unwrap_or_else(|| top.to_path_buf());
    let registry = main.join(".git/worktrees");
    let entries = fs::read_dir(registry).into_iter().flatten().flatten();
    let trees = entries.filter_map(|entry| {
        let own = entry.path();
        let link = own.join(read(&own.join("gitdir"))?.trim());
        let tree = link.parent()?;
        Some(fs::canonicalize(tree).unwrap_or_else(|_| tree.to_path_buf()))
    });
    trees.collect()
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, process::Command};

    use super::*;

    fn git(directory: &Path, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.current_dir(directory).args(["-c", "user.name=Ada", "-c", "user.email=a@b.c"]);
        assert!(command.args(arguments).status().unwrap().success(), "{arguments:?}");
    }

    /// A repository of the real git with a linked working tree beside it.
    fn repository(root: &Path) -> (PathBuf, PathBuf) {
        let (main, tree) = (root.join("main"), root.join("tree"));
        fs::create_dir(&main).unwrap();
        git(&main, &["init", "-q"]);
        git(&main, &["commit", "-q", "--allow-empty", "-m", "Begin"]);
        git(&main, &["worktree", "add", "-q", "../tree"]);
        (main, tree)
    }

    #[test]
    fn a_worktree_is_believed_when_its_repository_names_it_back() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        let (main, tree) = repository(&root);
        assert_eq!(main_tree(&tree), Some(main.clone()));
        assert_eq!(linked_trees(&tree), std::slice::from_ref(&tree));
        assert_eq!(main_tree(&main), None);
        symlink(&tree, root.join("link")).unwrap();
        assert_eq!(main_tree(&root.join("link")), Some(main.clone()), "the same directory");
        git(&main, &["worktree", "move", "../tree", "../moved"]);
        assert_eq!(main_tree(&root.join("moved")), Some(main));
    }

    #[test]
    fn nobody_makes_himself_a_worktree_of_another_repository() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        let (main, tree) = repository(&root);
        let evil = root.join("evil");
        let own = evil.join("own");
        fs::create_dir_all(&own).unwrap();
        let common = main.join(".git");
        let registered = common.join("worktrees/tree");
        let inside = common.join("worktrees/evil");
        let named = |own: &Path, common: &Path, back: &Path| {
            fs::create_dir_all(own).unwrap();
            fs::write(evil.join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
            fs::write(own.join("commondir"), common.display().to_string()).unwrap();
            fs::write(own.join("gitdir"), back.display().to_string()).unwrap();
        };
        named(&own, &common, &evil.join(".git"));
        assert_eq!(main_tree(&evil), None, "a registry of its own");
        assert!(linked_trees(&evil).is_empty());
        named(&common, Path::new("."), &evil.join(".git"));
        assert_eq!(main_tree(&evil), None, "the repository itself");
        fs::write(evil.join(".git"), format!("gitdir: {}\n", registered.display())).unwrap();
        assert_eq!(main_tree(&evil), None, "named is another");
        fs::remove_file(evil.join(".git")).unwrap();
        symlink(tree.join(".git"), evil.join(".git")).unwrap();
        assert_eq!(main_tree(&evil), None, "a link to another's");
        fs::remove_file(evil.join(".git")).unwrap();
        named(&inside, Path::new("../.."), &evil.join(".git"));
        assert_eq!(main_tree(&evil), Some(main), "who can write into the repository may");
    }
}
