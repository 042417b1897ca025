//! A `claude` that plays a script.

pub mod script;
