//! What the integration tests share: the laptop, the Messages API, and what plays streams.

// Each test binary uses its part of this.
#![allow(dead_code)]

pub(crate) mod cli;
pub(crate) mod conversation;
pub(crate) mod headless;
pub(crate) mod laptop;
pub(crate) mod messages_api;
pub(crate) mod recording;
pub(crate) mod schema;
pub(crate) mod shape;
