//! The `segue` program. Under the name `claude` it is the sandbox's scripted CLI instead, so that
//! one binary is all the demo needs.

use std::{env, process::ExitCode};

use segue::sandbox::claude;

fn main() -> ExitCode {
    if env::args_os().next().is_some_and(|program| claude::is_meant(&program)) {
        claude::main()
    } else {
        segue::cli::main()
    }
}
