//! The page: self-contained, without scripts, the same everywhere.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html::push_html};

use crate::{
    claude::transcript::story::{Chapter, Part, Picture, Tool},
    screens::{
        export::{Export, headline, input},
        words,
    },
    telegram::text::{clean, link},
};

/// Types of pictures that a page shows; others are named.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/// Characters of what a tool gave.
const RESULT: usize = 20_000;

/// Nothing is fetched and nothing is run, whatever stands in the session.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1b1a;--dim:#6f6a64;--paper:#fdfcfa;--card:#f3f0ea;--line:#e2ddd4;--you:#2f6f4f}
@media(prefers-color-scheme:dark){:root{--ink:#ece9e4;--dim:#9d978f;--paper:#191817;--card:#242220;--line:#37332f;--you:#7fc8a0}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.6 system-ui,sans-serif}
main{max-width:46rem;margin:0 auto;padding:2rem 1.2rem 5rem}
h1{font-size:1.7rem;line-height:1.25;margin:0}
.facts,time{color:var(--dim);font-size:.85rem}
.you{border-left:3px solid var(--you);padding:.1rem 0 .1rem 1rem;margin:3rem 0 1.2rem}
.you p{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0;font-weight:500}
.who{color:var(--you);font-weight:600;font-size:.85rem}
img{max-width:100%;border-radius:8px;display:block;margin:.6rem 0}
details{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:.6rem 0;padding:.35rem .8rem}
summary{cursor:pointer;color:var(--dim);font-size:.88rem;overflow-wrap:anywhere}
pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem;overflow-x:auto;font-size:.86rem;line-height:1.45}
details pre{border:0;padding:.2rem 0;max-height:30rem;overflow:auto}
code{font-family:ui-monospace,monospace;font-size:.92em}
table{border-collapse:collapse;display:block;overflow-x:auto}
td,th{border:1px solid var(--line);padding:.3rem .6rem;text-align:left}
blockquote{border-left:3px solid var(--line);margin:.8rem 0;padding-left:1rem;color:var(--dim)}
.add{color:#1a7f37}.del{color:#cf222e}.hunk{color:var(--dim)}
@media print{details{display:none}}";

/// The session as a page.
pub fn page(export: &Export) -> String {
    let facts = escape(&export.facts.join(" · "));
    let mut body = format!("<h1>{}</h1>\n<p class=\"facts\">{facts}</p>\n", escape(&export.title));
    for chapter in &export.story.chapters {
        body.push_str(&told(chapter));
    }
    document(&export.title, &body)
}

/// A page with this title and body; the body is markup.
pub(super) fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>\n{STYLE}\n</style></head>\n<body><main>\n{body}</main></body></html>\n",
        escape(title)
    )
}

/// Text as it stands, without what would be markup or would turn what follows around.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in clean(text).chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn told(chapter: &Chapter) -> String {
    let when = chapter.at.map_or_else(String::new, |at| {
        format!(" <time>{}</time>", escape(&words::clock(at / 1_000)))
    });
    let mut told = format!("<section class=\"you\"><span class=\"who\">You</span>{when}\n");
    if !chapter.prompt.is_empty() {
        told.extend(["<p>", &escape(&chapter.prompt), "</p>\n"]);
    }
    told.extend(chapter.pictures.iter().map(picture));
    told.push_str("</section>\n");
    told.extend(chapter.parts.iter().map(|part| match part {
        Part::Said(text) => rendered(text),
        Part::Used(tool) => folded(tool),
    }));
    told
}

fn picture(picture: &Picture) -> String {
    let Some(kind) = PICTURES.iter().find(|kind| **kind == picture.media_type) else {
        return "<p>[a picture of an unknown kind]</p>\n".to_owned();
    };
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if !picture.data.bytes().all(is_base64) {
        return "<p>[a broken picture]</p>\n".to_owned();
    }
    format!("<img alt=\"Picture\" src=\"data:{kind};base64,{}\">\n", picture.data)
}

fn folded(tool: &Tool) -> String {
    let mut folded = format!("<details><summary>{}</summary>\n", escape(&headline(tool)));
    if let Some(input) = input(tool) {
        folded.extend(["<pre>", &escape(&input), "</pre>\n"]);
    }
    if let Some(result) = tool.result.as_deref().filter(|result| !result.trim().is_empty()) {
        folded.extend(["<pre>", &escape(&words::clip(result, RESULT)), "</pre>\n"]);
    }
    folded.push_str("</details>\n");
    folded
}

/// Claude's Markdown as markup. Markup in it is text; so are links that lead nowhere safe; pictures
/// are links, since a page that is read must not tell anybody so.
fn rendered(markdown: &str) -> String {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let cleaned = clean(markdown);
    let events = Parser::new_ext(&cleaned, options).map(harmless);
    let mut html = String::new();
    push_html(&mut html, events);
    html
}

fn harmless(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Image { dest_url, title, .. } | Tag::Link { dest_url, title, .. }) => {
            let dest_url = if link::opens(&dest_url) { dest_url } else { CowStr::from("#") };
            Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, title, id: "".into() })
        }
        Event::End(TagEnd::Image) => Event::End(TagEnd::Link),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::claude::transcript::story::Story;

    const HOSTILE: [&str; 9] = [
        "<script>alert(1)</script>",
        "</pre></details><img src=x onerror=alert(1)>",
        "\"><svg onload=alert(1)>",
        "[x](javascript:alert(1)) and ![y](https://spy.example/p.png)",
        "<div>\n<iframe src='https://evil.example'></iframe>\n</div>",
        "\u{202e}txt.exe\u{2066}\u{1b}[31m\u{0}\u{7}",
        "```html\n</code></pre><script>x</script>\n```",
        "<javascript:alert(1)> <a href='data:text/html,x'>z</a>",
        "[a]: javascript:alert(1)\n[a] &lt;script&gt; <!-- --><style>*{display:none}</style>",
    ];

    fn of(text: &str) -> String {
        let tool = Tool {
            id: "t".into(),
            name: text.into(),
            input: json!({"command": text, "file_path": text}),
            result: Some(text.into()),
            failed: false,
        };
        let chapter = Chapter {
            prompt: text.into(),
            pictures: vec![
                Picture { media_type: text.into(), data: "AA==".into() },
                Picture { media_type: "image/png".into(), data: text.into() },
                Picture { media_type: "image/png".into(), data: "AA==".into() },
            ],
            at: Some(0),
            parts: vec![Part::Said(text.into()), Part::Used(tool)],
        };
        let story = Story { chapters: vec![chapter], earlier: false };
        page(&Export { title: text.into(), facts: vec![text.into()], story })
    }

    /// The tags of a page with their attributes, as a browser would see them.
    fn tags(page: &str) -> Vec<&str> {
        let body = page.split("</head>").nth(1).unwrap();
        body.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()).collect()
    }

    #[test]
    fn nothing_in_a_session_becomes_markup() {
        for text in HOSTILE {
            let page = of(text);
            for tag in tags(&page) {
                let name = tag.trim_start_matches('/').split(' ').next().unwrap();
                let bad = ["script", "iframe", "svg", "style", "div", "object", "form", "!--"];
                assert!(!bad.contains(&name), "<{tag}> of {text:?}");
                assert!(!tag.contains("onerror") && !tag.contains("onload"), "<{tag}> of {text:?}");
                assert!(!tag.contains("javascript:"), "<{tag}> of {text:?}");
                if name == "img" {
                    assert!(tag.contains("src=\"data:image/png;base64,AA==\""), "<{tag}>");
                }
            }
            let sign = |sign: char| {
                (sign.is_control() && sign != '\n') || ('\u{202a}'..='\u{202e}').contains(&sign)
            };
            assert!(!page.contains(sign) && !page.contains('\u{2066}'), "{text:?}");
            assert_eq!(page.matches("<script").count(), 0);
        }
    }

    #[test]
    fn what_is_harmless_is_pleasant() {
        let page = of("**bold** [docs](https://example.org)\n\n| a | b |\n|---|---|\n| 1 | 2 |");
        assert!(page.contains("<strong>bold</strong>") && page.contains("<table>"));
        assert!(page.contains("href=\"https://example.org\""));
        assert!(page.contains("<details><summary>✓ "));
        assert!(page.contains("Content-Security-Policy"));
    }
}
