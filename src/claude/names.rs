//! Names as people compare them.
//!
//! Whether an accent is one sign with its letter or a second sign behind it depends on the keyboard,
//! the file system and the program that wrote a name; nobody sees the difference.

use icu_normalizer::ComposingNormalizerBorrowed;

/// A name in lower case, its accents composed (NFC): equal for names that look alike.
pub fn folded(name: &str) -> String {
    let nfc = const { ComposingNormalizerBorrowed::new_nfc() };
    nfc.normalize(&name.to_lowercase()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn names_that_look_alike_are_equal() {
        assert_eq!(folded("Cafe\u{301} ÜBER"), folded("café u\u{308}ber"));
        assert_eq!(folded("\u{1112}\u{1161}\u{11ab}"), folded("한"));
        assert_ne!(folded("cafe"), folded("café"));
    }
}
