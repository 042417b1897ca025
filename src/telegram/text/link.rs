//! Which addresses Telegram opens from a text, and how the others are shown.

use std::net::Ipv6Addr;

/// Longest address given to Telegram, in bytes. No limit is documented; browsers and proxies start
/// to refuse beyond this one.
const LONGEST: usize = 2048;

/// Whether Telegram takes the address in a `text_link`: `http`, `https` with a host that has a dot
/// or is an IPv6 address, or `tg`. Any other one gets the whole message refused.
///
/// Stricter than Telegram in two points: user names in an address (they can disguise the host) and
/// `tg://user` (a mention, refused when the person is unknown). `mailto:` and `tel:` are not here:
/// the Bot API server (tdlib, `LinkManager::check_link`) reads them as host names.
pub fn opens(address: &str) -> bool {
    if address.len() > LONGEST || address.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return false;
    }
    let Some((scheme, rest)) = address.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => is_host(authority),
        "tg" => is_name(authority) && !authority.eq_ignore_ascii_case("user"),
        _ => false,
    }
}

/// The address as a person reads it: Telegram itself lights up bare mail addresses and phone
/// numbers, so they stand without their scheme.
pub fn shown(address: &str) -> &str {
    ["mailto:", "tel:"]
        .into_iter()
        .find_map(|scheme| address.strip_prefix(scheme))
        .unwrap_or(address)
}

/// Whether a text already says the address, so that writing it once is enough.
pub fn says(text: &str, address: &str) -> bool {
    text == address || text == shown(address)
}

/// `host[:port]` that tdlib's URL parser takes.
fn is_host(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port_is_sane = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number > 0));
    port_is_sane && (is_ipv6(host) || (host.contains('.') && host.split('.').all(is_label)))
}

fn is_ipv6(host: &str) -> bool {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|host| host.parse::<Ipv6Addr>().is_ok())
}

fn is_label(label: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    !label.is_empty() && label.chars().all(fits)
}

fn is_name(host: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !host.is_empty() && host.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::{opens, says, shown};

    #[test]
    fn only_addresses_that_telegram_takes_open() {
        for good in [
            "https://a.io",
            "HTTP://a.io:8080/x?y#z",
            "http://127.0.0.1:3000/",
            "http://[::1]:3000/",
            "https://пример.рф/путь",
            "https://en.wikipedia.org/wiki/A_(b)",
            "tg://resolve?domain=x",
        ] {
            assert!(opens(good), "{good}");
        }
        for bad in [
            "",
            "a.io",
            "src/main.rs",
            "http://localhost:3000",
            "http://",
            "https://.",
            "https://a..io",
            "https://a.io:0",
            "https://a.io:99999",
            "https://a.io:x",
            "https://good.io@evil.io",
            "https://a b.io",
            "https://a.io/x\ny",
            "http://[::g]/",
            "http://%61.io",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "mailto:a@b.io",
            "tel:+123",
            "tg://user?id=1",
            "tg:resolve",
        ] {
            assert!(!opens(bad), "{bad}");
        }
        assert!(!opens(&format!("https://a.io/{}", "x".repeat(3000))));
    }

    #[test]
    fn mail_and_phone_stand_without_their_scheme() {
        assert_eq!(shown("mailto:a@b.io"), "a@b.io");
        assert_eq!(shown("tel:+123"), "+123");
        assert_eq!(shown("src/main.rs"), "src/main.rs");
        assert!(says("a@b.io", "mailto:a@b.io"));
        assert!(says("x", "x"));
        assert!(!says("x", "y"));
    }
}
