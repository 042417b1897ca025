//! Who may talk to the sandbox: clients on this machine, and no foreign web page.
//!
//! A page on the web may send requests to loopback, by its own name that resolves to 127.0.0.1 or
//! by a form. The first shows in `Host`, the second in `Origin`.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Lets a request pass or refuses it with 403.
pub(super) async fn check(request: Request, next: Next) -> Response {
    if allowed(request.method(), request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "The sandbox talks to this machine only.\n").into_response()
    }
}

fn allowed(method: &Method, headers: &HeaderMap) -> bool {
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
            assert_eq!(allowed(&method, &headers), expected, "{method} {host} {origin:?}");
        }
    }
}
