//! The `segue` program. Under the name `claude` it is the sandbox's scripted CLI instead, so that
//! one binary is all the demo needs.

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let name = std::env::args_os().next();
    let called_claude = |name| Path::new(&name).file_stem().is_some_and(|stem| stem == "claude");
    if name.is_some_and(called_claude) {
        segue::sandbox::claude::main()
    } else {
        segue::cli::main()
    }
}
