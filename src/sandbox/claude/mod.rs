//! A `claude` that plays a script.

pub mod script;

/// Plays `claude`.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::FAILURE
}
