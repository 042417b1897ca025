//! Nobody reads what a command says any more: it ends, and complains of nothing.

use std::{io::pipe, process::Stdio};

use crate::{
    machine::{command, stderr},
    support::scratch::Scratch,
};

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.session(&garden, &["sow the beans"], 5);
    for args in [
        &["sessions", "--all"][..],
        &["sessions", "--all", "--json"],
        &["sessions"],
        &["search", "beans"],
        &["search", "beans", "--json"],
        &["config"],
        &["completions", "bash"],
        &["man"],
        &["doctor"],
        &["doctor", "--json"],
        &["service", "status"],
        &["--help"],
        &["--version"],
    ] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let output = command(&scratch).args(args).stdout(writer).stderr(Stdio::piped()).output();
        let output = output.unwrap();
        assert_eq!(stderr(&output), "", "{args:?}");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
    }
}

#[test]
fn a_closed_stderr_changes_nothing() {
    let scratch = Scratch::new();
    for (args, code) in [(&["run"][..], 2), (&["sessions", "/no/such"], 1), (&["--nonsense"], 2)] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let output = command(&scratch).args(args).stderr(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}");
    }
}
