//! Link definitions (`[label]: address`) that nobody refers to.
//!
//! Markdown swallows them, and with them lines that only look like one, such as
//! `[build]: passed`. They are found where the source has something between two parsed elements.

use std::collections::HashMap;

/// The addresses that were referred to, by label.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    used: HashMap<String, String>,
}

impl Definitions {
    /// Notes that a link took its address from the definition with this label.
    pub(super) fn refer(&mut self, label: &str, address: &str) {
        self.used.insert(label.to_lowercase(), address.to_owned());
    }

    /// The lines of a swallowed piece of source that no link shows.
    pub(super) fn unused<'a>(&self, swallowed: &'a str) -> Vec<&'a str> {
        let mut unused = Vec::new();
        let Some(start) = swallowed.find('[').filter(|start| swallowed[*start..].contains("]:"))
        else {
            return unused;
        };
        // A definition can go on in the next line; its first line decides for all of it.
        let mut is_used = false;
        for line in swallowed[start..].lines() {
            let line = line.trim_matches(|c: char| c.is_whitespace() || c == '>');
            if let Some(definition) = line.strip_prefix('[') {
                is_used = self.is_used(definition);
            }
            if !line.is_empty() && !is_used {
                unused.push(line);
            }
        }
        unused
    }

    /// Whether a link shows the address of `label]: address`.
    fn is_used(&self, definition: &str) -> bool {
        definition.split_once("]:").is_some_and(|(label, rest)| {
            let address = self.used.get(&label.to_lowercase());
            address.is_some_and(|address| rest.contains(address.as_str()))
        })
    }
}
