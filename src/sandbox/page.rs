//! The chat page: files that are part of the program, served under a policy that lets nothing else
//! in.

use axum::{
    Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};

/// Everything comes from here, and nothing inline is run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      media-src 'self';                       connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// Path, type and text of each file.
const FILES: [(&str, &str, &str); 30] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/page/base.css", CSS, include_str!("page/base.css")),
    ("/page/frame.css", CSS, include_str!("page/frame.css")),
    ("/page/composer.css", CSS, include_str!("page/composer.css")),
    ("/page/posts.css", CSS, include_str!("page/posts.css")),
    ("/page/text.css", CSS, include_str!("page/text.css")),
    ("/page/keys.css", CSS, include_str!("page/keys.css")),
    ("/page/media.css", CSS, include_str!("page/media.css")),
    ("/page/places.css", CSS, include_str!("page/places.css")),
    ("/page/drawer.css", CSS, include_str!("page/drawer.css")),
    ("/page/main.js", JS, include_str!("page/main.js")),
    ("/page/store.js", JS, include_str!("page/store.js")),
    ("/page/dom.js", JS, include_str!("page/dom.js")),
    ("/page/format.js", JS, include_str!("page/format.js")),
    ("/page/act.js", JS, include_str!("page/act.js")),
    ("/page/chats.js", JS, include_str!("page/chats.js")),
    ("/page/bubble.js", JS, include_str!("page/bubble.js")),
    ("/page/media.js", JS, include_str!("page/media.js")),
    ("/page/attach.js", JS, include_str!("page/attach.js")),
    ("/page/voice.js", JS, include_str!("page/voice.js")),
    ("/page/service.js", JS, include_str!("page/service.js")),
    ("/page/reactions.js", JS, include_str!("page/reactions.js")),
    ("/page/topics.js", JS, include_str!("page/topics.js")),
    ("/page/pins.js", JS, include_str!("page/pins.js")),
    ("/page/posts.js", JS, include_str!("page/posts.js")),
    ("/page/composer.js", JS, include_str!("page/composer.js")),
    ("/page/drawer.js", JS, include_str!("page/drawer.js")),
    ("/page/calls.js", JS, include_str!("page/calls.js")),
    ("/page/faults.js", JS, include_str!("page/faults.js")),
    ("/page/setup.js", JS, include_str!("page/setup.js")),
];

/// Routes of the page.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    FILES.into_iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(move || async move { file(kind, text) }))
    })
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands between `before` and the next quotation mark, everywhere in a text.
    fn quoted<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
        text.split(before).skip(1).filter_map(|rest| rest.split('"').next())
    }

    #[test]
    fn everything_that_the_page_asks_for_is_served() {
        let served = |wanted: &str| FILES.iter().any(|(path, ..)| *path == wanted);
        for (path, _, text) in FILES {
            let links = quoted(text, "=\"/").map(|rest| format!("/{rest}"));
            let imports = quoted(text, "from \"./").map(|rest| format!("/page/{rest}"));
            for wanted in links.chain(imports) {
                assert!(served(&wanted), "{path} wants {wanted}");
            }
        }
    }

    #[test]
    fn nothing_in_the_page_is_against_its_policy() {
        let (_, _, html) = FILES[0];
        for forbidden in
            ["<style", " style=", " onclick=", " onload=", "<script>", "http:", "https:"]
        {
            let found = html.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(forbidden), "{forbidden}");
        }
    }
}
