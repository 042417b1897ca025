//! The page: self-contained, without scripts, the same everywhere.

use pulldown_cmark::{
    CowStr, Event as Markup, LinkType, Options, Parser, Tag, TagEnd, html::push_html,
};

use super::parts::{COMPACTED, Heading, headline, input, named, payload, unknown};
use crate::{
    claude::transcript::story::{Event, Picture, Tool},
    screens::words,
    telegram::text::{clean, line_breaks, link},
};

/// Types of pictures that a page shows; others are named.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
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
.cut{border-top:1px solid var(--line);color:var(--dim);font-size:.85rem;margin:2.5rem 0 1rem;padding-top:.6rem}
.add{color:#1a7f37}.del{color:#cf222e}.hunk{color:var(--dim)}
@media print{details{display:none}}";

/// What stands before the first event.
pub(super) fn begin(heading: &Heading) -> String {
    let facts = escape(&heading.facts.join(" · "));
    let title = escape(&heading.title);
    format!("{}<h1>{title}</h1>\n<p class=\"facts\">{facts}</p>\n", head(&heading.title))
}

/// A page being written.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// What the person said and showed is not closed yet.
    is_asking: bool,
}

impl Page {
    /// The markup of the next event.
    pub(super) fn event(&mut self, event: &Event<'_>) -> String {
        match event {
            Event::Asked { prompt, at } => self.asked(prompt, *at),
            Event::Shown(picture) => shown(picture),
            Event::Printed(text) => self.answer(&fold("Printed", &block(text))),
            Event::Said(text) => self.answer(&rendered(text)),
            Event::Notice(text) => {
                self.answer(&format!("<p class=\"facts\">{}</p>\n", escape(&line_breaks(text))))
            }
            Event::Thought(text) => self.answer(&fold("Thought", &rendered(text))),
            Event::Unknown(kind) => self.answer(&unshown(kind)),
            Event::Used(tool) => self.answer(&used(tool)),
            Event::Compacted => self.answer(&format!("<p class=\"cut\">{COMPACTED}</p>\n")),
            Event::Summary(text) => self.answer(&fold("Summary", &rendered(text))),
        }
    }

    /// What stands behind the last event.
    pub(super) fn end(&mut self) -> String {
        self.answer(FOOT)
    }

    fn asked(&mut self, prompt: &str, at: Option<u64>) -> String {
        let when = at.map_or_else(String::new, |at| {
            format!(" <time>{}</time>", escape(&words::clock(at / 1_000)))
        });
        let mut asked = self.answer("<section class=\"you\"><span class=\"who\">You</span>");
        self.is_asking = true;
        asked.extend([&when, "\n"]);
        if !prompt.is_empty() {
            asked.extend(["<p>", &escape(&line_breaks(prompt)), "</p>\n"]);
        }
        asked
    }

    /// Markup that is not the person's.
    fn answer(&mut self, markup: &str) -> String {
        let close = if std::mem::take(&mut self.is_asking) { "</section>\n" } else { "" };
        format!("{close}{markup}")
    }
}

/// The end of every page.
pub(super) const FOOT: &str = "</main></body></html>\n";

/// The beginning of a page with this title, up to where its body begins.
pub(super) fn head(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>\n{STYLE}\n</style></head>\n<body><main>\n",
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

/// A picture, or what it is where a page cannot show it.
fn shown(picture: &Picture) -> String {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let kind = PICTURES.iter().find(|kind| **kind == picture.media_type);
    match kind.filter(|_| !picture.data.is_empty() && picture.data.bytes().all(is_base64)) {
        Some(kind) => {
            format!("<img alt=\"Picture\" src=\"data:{kind};base64,{}\">\n", picture.data)
        }
        None => format!("<p>{}</p>\n", escape(&named(picture))),
    }
}

fn used(tool: &Tool) -> String {
    let mut inside = String::new();
    let result = tool.result.as_deref().filter(|result| !result.trim().is_empty());
    let result = result.map(line_breaks);
    for text in input(tool).as_deref().into_iter().chain(result.as_deref()) {
        inside.push_str(&block(text));
    }
    inside.extend(tool.pictures.iter().map(shown));
    inside.extend(tool.others.iter().map(|kind| unshown(kind)));
    fold(&headline(tool), &inside)
}

/// What stands for something that nobody here knows how to show.
fn unshown(kind: &str) -> String {
    format!("<p class=\"facts\">{}</p>\n", escape(&unknown(kind)))
}

/// Markup that a tap unfolds.
fn fold(headline: &str, inside: &str) -> String {
    format!("<details><summary>{}</summary>\n{inside}</details>\n", escape(headline))
}

/// A text as it stands.
fn block(text: &str) -> String {
    let (text, left_out) = payload(text);
    let mut block = format!("<pre>{}</pre>\n", escape(text));
    if let Some(left_out) = left_out {
        block.extend(["<p class=\"facts\">", &escape(&left_out), "</p>\n"]);
    }
    block
}

/// Claude's Markdown as markup. Markup in it is text; so are links that lead nowhere safe; pictures
/// are links, since a page that is read must not tell anybody so.
fn rendered(markdown: &str) -> String {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let separated = line_breaks(markdown);
    let cleaned = clean(&separated);
    let events = Parser::new_ext(&cleaned, options).map(harmless);
    let mut html = String::new();
    push_html(&mut html, events);
    html
}

fn harmless(event: Markup<'_>) -> Markup<'_> {
    match event {
        Markup::Html(text) | Markup::InlineHtml(text) => Markup::Text(text),
        Markup::Start(Tag::HtmlBlock) => Markup::Start(Tag::Paragraph),
        Markup::End(TagEnd::HtmlBlock) => Markup::End(TagEnd::Paragraph),
        Markup::Start(Tag::Image { dest_url, title, .. } | Tag::Link { dest_url, title, .. }) => {
            let dest_url = if link::opens(&dest_url) { dest_url } else { CowStr::from("#") };
            Markup::Start(Tag::Link { link_type: LinkType::Inline, dest_url, title, id: "".into() })
        }
        Markup::End(TagEnd::Image) => Markup::End(TagEnd::Link),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
        let picture = |media_type: &str, data: &str| Picture {
            media_type: media_type.into(),
            data: data.into(),
        };
        let tool = Tool {
            id: "t".into(),
            name: text.into(),
            input: json!({"command": text, "file_path": text}),
            result: Some(text.into()),
            pictures: vec![picture(text, "AA=="), picture("image/png", text)],
            others: vec![text.into()],
            failed: false,
        };
        let mut page = Page::default();
        let mut all = begin(&Heading { title: text.into(), facts: vec![text.into()] });
        for event in [
            Event::Said(text),
            Event::Asked { prompt: text, at: Some(0) },
            Event::Shown(&picture(text, "AA==")),
            Event::Shown(&picture("image/png", text)),
            Event::Shown(&picture("image/png", "AA==")),
            Event::Printed(text),
            Event::Said(text),
            Event::Thought(text),
            Event::Unknown(text),
            Event::Notice(text),
            Event::Used(&tool),
            Event::Compacted,
            Event::Summary(text),
        ] {
            all.push_str(&page.event(&event));
        }
        all + &page.end()
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
        assert_eq!(page.matches("<section").count(), page.matches("</section>").count());
        assert!(page.contains(COMPACTED) && page.ends_with(FOOT));
        assert!(page.contains("Content-Security-Policy"));
    }
}
