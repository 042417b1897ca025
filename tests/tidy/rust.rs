//! A Rust file as the rules see it: lines that are program, comment or test, and the modules that
//! its paths begin with. Knows the form that `rustfmt` gives to a file, not the language.

use std::{
    fs,
    iter::repeat_n,
    path::{Path, PathBuf},
};

/// What a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The program.
    Code,
    /// A comment that has its line for itself, within the program.
    Comment,
    /// An item under `#[cfg(test)]`.
    Test,
}

/// A file.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the top of the project.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    parts: Vec<Part>,
}

/// A word in two halves, so that the rule against it does not find itself.
pub(crate) fn mark(first: &str, second: &str) -> String {
    format!("{first}{second}")
}

/// Marks all lines of the files that a `#[cfg(test)] mod name;` makes tests.
pub(crate) fn mark_test_files(sources: &mut [Source]) {
    let tests: Vec<_> = sources.iter().flat_map(Source::test_files).collect();
    for source in sources.iter_mut().filter(|source| tests.contains(&source.path)) {
        source.parts.fill(Part::Test);
    }
}

impl Source {
    pub(crate) fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        Self { path, parts: parts(&text), text }
    }

    /// The module right below the crate that the file belongs to; none for the roots.
    pub(crate) fn module(&self) -> Option<&str> {
        let path = self.path.strip_prefix("src").ok()?;
        let first = Path::new(path.components().next()?.as_os_str());
        let name = first.file_stem()?.to_str()?;
        (!["lib", "main"].contains(&name)).then_some(name)
    }

    /// Lines that are one of `parts`, each with its place as `file:line`.
    pub(crate) fn only<'a>(&'a self, parts: &'a [Part]) -> impl Iterator<Item = (String, &'a str)> {
        let lines = self.text.lines().zip(&self.parts).enumerate();
        lines
            .filter(|(_, (_, part))| parts.contains(part))
            .map(|(at, (line, _))| (self.place(at), line))
    }

    /// What comes next in every path that begins with `start`, with its line, counted from 0: of
    /// `crate::a::B` the `a`, of `crate::{a, b::C}` both.
    fn heads_after(&self, start: &str) -> Vec<(usize, String)> {
        let code = self.code();
        let found = code.match_indices(start).filter(|(at, _)| begins_path(&code, *at));
        found
            .flat_map(|(at, _)| {
                let line = code[..at].matches('\n').count();
                heads(&code[at + start.len()..]).into_iter().map(move |head| (line, head))
            })
            .collect()
    }

    /// The names that follow `start` in the file's paths, each with its place.
    pub(crate) fn named_in(&self, start: &str) -> Vec<(String, String)> {
        let heads = self.heads_after(start).into_iter();
        heads.map(|(line, head)| (self.place(line), head)).collect()
    }

    /// The modules right below the crate that the file's paths lead into, each with its place.
    pub(crate) fn reached(&self) -> Vec<(String, String)> {
        let mut reached = self.named_in("crate::");
        reached.extend(self.named_in("segue::"));
        // So many lead out of the program's module, but not out of its tests'.
        let out = "super::".repeat(self.depth());
        let outside = self
            .heads_after(&out)
            .into_iter()
            .filter(|(line, head)| self.parts[*line] == Part::Code && head != "super");
        reached.extend(outside.map(|(line, head)| (self.place(line), head)));
        reached
    }

    /// How many modules there are between the crate and the file's content.
    fn depth(&self) -> usize {
        let names = self.path.components().count() - 1;
        if self.path.ends_with("mod.rs") { names - 1 } else { names }
    }

    fn place(&self, line: usize) -> String {
        format!("{}:{}", self.path.display(), line + 1)
    }

    /// The file without its comments; lines stay where they are.
    fn code(&self) -> String {
        let lines = self.text.lines();
        let code = lines.map(|line| if line.trim_start().starts_with("//") { "" } else { line });
        code.flat_map(|line| [line, "\n"]).collect()
    }

    /// Files of modules that are declared under `#[cfg(test)]`.
    fn test_files(&self) -> Vec<PathBuf> {
        let folder = match self.path.file_stem().and_then(|stem| stem.to_str()) {
            Some("mod" | "lib" | "main") => self.path.with_file_name(""),
            _ => self.path.with_extension(""),
        };
        let lines = self.only(&[Part::Test]);
        let names = lines.filter_map(|(_, line)| line.strip_prefix("mod ")?.strip_suffix(';'));
        names.map(|name| folder.join(name).with_extension("rs")).collect()
    }
}

/// What each line of a text is.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            let indent = &line[..line.len() - line.trim_start().len()];
            let (closing, mut open) = (format!("{indent}}}"), false);
            let item = lines.by_ref().take_while(|line| {
                open |= line.ends_with('{');
                *line != closing && (open || !line.ends_with(';'))
            });
            // The attribute, the lines of the item, and its last.
            let count = item.count() + 2;
            parts.extend(repeat_n(Part::Test, count));
        } else if line.trim_start().starts_with("//") {
            parts.push(Part::Comment);
        } else {
            parts.push(Part::Code);
        }
    }
    parts
}

/// Whether what stands at `at` is not the end of a longer path or name.
fn begins_path(code: &str, at: usize) -> bool {
    !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
}

/// The first name of a path, or of each path of a group.
fn heads(path: &str) -> Vec<String> {
    let name = |path: &str| -> String {
        path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut depth = 0;
    let mut heads = vec![name(group)];
    for (at, sign) in group.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

#[test]
fn paths_are_read_as_they_are_written() {
    let check = |path: &str, expected: &[&str]| assert_eq!(heads(path), expected, "{path}");
    check("app::App;", &["app"]);
    check("{app::{App, now}, bridge::place::Place};", &["app", "bridge"]);
    check("{\n    app::App,\n    cli,\n};\nuse {x, y};", &["app", "cli"]);
    assert!(begins_path("use crate::a", 4) && begins_path("(crate::a", 1));
    assert!(!begins_path("$crate::a::crate::b", 11) && !begins_path("mycrate::a", 2));
}

#[test]
fn tests_are_told_from_the_program() {
    use Part::{Code, Comment, Test};

    let text = "//! Docs.\nuse a;\n#[cfg(test)]\nmod laws;\nfn b() {\n}\n\n    // Why.\n\
                #[cfg(test)]\nmod tests {\n    use c;\n}\nfn d() {}\n";
    let expected =
        [Comment, Code, Test, Test, Code, Code, Code, Comment, Test, Test, Test, Test, Code];
    assert_eq!(parts(text), expected);
}
