//! Who may talk to the sandbox: clients on this machine, no foreign web page, and no other user.
//!
//! A page on the web may send requests to loopback, by its own name that resolves to 127.0.0.1 or
//! by a form. The first shows in `Host`, the second in `Origin`. Another user of the machine is
//! kept out by a key in the page's address, as notebooks have one: the first request trades it for
//! a cookie. The bot has its token instead.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    hub::Hub,
    key::{Key, same},
};

/// Lets a request pass or refuses it with 403.
pub(super) async fn check(State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    let refuse = |why: &'static str| (StatusCode::FORBIDDEN, why).into_response();
    let (headers, path) = (request.headers(), request.uri().path());
    if !local(request.method(), headers) {
        return refuse("The sandbox talks to this machine only.\n");
    }
    if path.starts_with("/bot") || path.starts_with("/file/bot") {
        return next.run(request).await;
    }
    let query = request.uri().query().unwrap_or_default();
    let given = query.split('&').find_map(|pair| pair.strip_prefix("key="));
    let admitted = given.is_some_and(|key| hub.key.admits(key));
    if admitted && path == "/" {
        let attributes = "Path=/; HttpOnly; SameSite=Lax";
        let cookie = format!("{}={}; {attributes}", cookie_name(headers), hub.key.lasting());
        let to = [(header::LOCATION, "/".to_owned()), (header::SET_COOKIE, cookie)];
        return (StatusCode::SEE_OTHER, to).into_response();
    }
    if admitted || shows_key(headers, &hub.key) {
        return next.run(request).await;
    }
    refuse(
        "This page has a key. Open the address that segue has printed, with all that follows ?\n",
    )
}

/// Whether the request carries the cookie.
fn shows_key(headers: &HeaderMap, key: &Key) -> bool {
    let name = cookie_name(headers);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .any(|(known, value)| known == name && same(value, key.lasting()))
}

/// Browsers keep cookies by host and not by port, and two sandboxes may run.
fn cookie_name(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
    format!("segue-{port}")
}

fn local(method: &Method, headers: &HeaderMap) -> bool {
    let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(host) = header(header::HOST).filter(|host| loopback(host)) else {
        return false;
    };
    let reads = *method == Method::GET || *method == Method::HEAD;
    reads || header(header::ORIGIN).is_none_or(|origin| origin == format!("http://{host}"))
}

fn loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_this_machine_passes() {
        for (method, host, origin, expected) in [
            (Method::GET, "127.0.0.1:8080", None, true),
            (Method::GET, "localhost", None, true),
            (Method::GET, "[::1]:1", None, true),
            (Method::GET, "evil.example:8080", None, false),
            (Method::GET, "127.0.0.1.evil.example", None, false),
            (Method::POST, "127.0.0.1:8080", None, true),
            (Method::POST, "127.0.0.1:8080", Some("http://127.0.0.1:8080"), true),
            (Method::POST, "127.0.0.1:8080", Some("http://127.0.0.1:9090"), false),
            (Method::POST, "127.0.0.1:8080", Some("https://evil.example"), false),
            (Method::DELETE, "127.0.0.1:8080", Some("null"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(local(&method, &headers), expected, "{method} {host} {origin:?}");
        }
    }

    #[test]
    fn one_key_stays_good_and_one_is_good_once() {
        let key = Key::new();
        let once = key.once();
        for (given, good) in [
            (key.lasting(), true),
            (key.lasting(), true),
            (once.as_str(), true),
            (once.as_str(), false),
            (&key.lasting()[1..], false),
            ("", false),
        ] {
            assert_eq!(key.admits(given), good, "{given}");
        }
        assert_eq!(key.once(), key.lasting());
    }

    #[test]
    fn the_cookie_is_that_of_this_port() {
        let key = Key::new();
        let shown = |cookie: String| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8484"));
            headers.insert(header::COOKIE, HeaderValue::from_str(&cookie).unwrap());
            shows_key(&headers, &key)
        };
        assert!(shown(format!("theme=dark; segue-8484={}", key.lasting())));
        assert!(!shown(format!("segue-8485={}", key.lasting())));
        assert!(!shown("segue-8484=".to_owned()));
    }
}
