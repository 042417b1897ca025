//! The `segue` program.

fn main() {}
