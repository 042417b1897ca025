//! The `segue` program.

use std::{env, process::ExitCode};

use segue::sandbox::claude;

fn main() -> ExitCode {
    if env::args_os().next().is_some_and(|program| claude::is_meant(&program)) {
        return claude::main();
    }
    ExitCode::SUCCESS
}
