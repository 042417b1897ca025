//! A local Telegram and a scripted `claude`: the demo and the test bench in one. Imports nothing
//! of the rest.

pub mod claude;
