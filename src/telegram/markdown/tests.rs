//! What every construct of Markdown looks like, and what holds for any input at all.

use super::render;
use crate::telegram::text::rules;

#[track_caller]
fn check(markdown: &str, expected: &str) {
    let text = render(markdown);
    assert_eq!(rules::broken(&text), None, "{text:?}");
    assert_eq!(text.annotated(), expected, "{markdown}");
}

#[test]
fn paragraphs_and_breaks() {
    check("", "");
    check(" \n\n ", "");
    check("one\n\n\n\ntwo", "one\n\ntwo");
    check("soft\nhard  \nslash\\\nend", "soft\nhard\nslash\nend");
    check("a\n\n---\n\nb", "a\n\n———\n\nb");
}

#[test]
fn styles() {
    check("*i* **b** ~~s~~ ***bi***", "<i>i</i> <b>b</b> <s>s</s> <b><i>bi</i></b>");
    check("**b *i* b**", "<b>b <i>i</i> b</b>");
    check("**a **b** c**", "<b>a b c</b>");
    check("**bold `code` bold**", "<b>bold</b> <code>code</code> <b>bold</b>");
    check("***x* `c` *y* z**", "<b><i>x</i></b> <code>c</code> <b><i>y</i> z</b>");
    check("snake_case_word 2*3*4", "snake_case_word 2<i>3</i>4");
    check(r"\*no\* &lt;b&gt; &copy;", "*no* <b> ©");
    check("**open", "**open");
}

#[test]
fn headings() {
    check("# One\ntext\n## Two\ntext", "<b><u>One</u></b>\ntext\n\n<b>Two</b>\ntext");
    check("### Three\n\n- a", "<b><i>Three</i></b>\n• a");
    check("# A `b` c", "<b><u>A</u></b> <code>b</code> <b><u>c</u></b>");
    check("## A **b** c", "<b>A b c</b>");
    check("Title\n=====\ntext", "<b><u>Title</u></b>\ntext");
    check("a\n#\nb", "a\n\nb");
}

#[test]
fn lists() {
    check("- a\n- b\n  - c\n    - d\n- e", "• a\n• b\n  ◦ c\n    • d\n• e");
    check("3. a\n3. b\n   - c", "3. a\n4. b\n   ◦ c");
    check("- a\n\n  b\n\n- c\n\nd", "• a\n\n  b\n\n• c\n\nd");
    check("- a\n  b\n- c", "• a\n  b\n• c");
    check("text\n- a\n\nafter", "text\n\n• a\n\nafter");
    check("- - a\n  - b\n-\n- c", "•\n  ◦ a\n  ◦ b\n•\n• c");
    check("- *a*\n- **b** c", "• <i>a</i>\n• <b>b</b> c");
    check("- # a\n- b", "• <b><u>a</u></b>\n• b");
    check("- a\n\n1. b", "• a\n\n1. b");
}

#[test]
fn task_lists() {
    check("- [x] a\n- [ ] b\n  - [X] c", "☑ a\n☐ b\n  ☑ c");
    check("1. [ ] a\n\n2. [x] b", "1. ☐ a\n\n2. ☑ b");
}

#[test]
fn code() {
    check("`a` ``b`c``", "<code>a</code> <code>b`c</code>");
    check("```rust\nfn a() {\n\tb\n}\n```", "<pre rust>fn a() {\n    b\n}</pre>");
    check("a\n```\nb\n```\nc", "a\n\n<pre>b</pre>\n\nc");
    check("    x\n      y\n", "<pre>x\n  y</pre>");
    check("```c++\n\n  a\n\n```", "<pre c++>  a</pre>");
    check("- a\n  ```sh\n  b\n  ```\n- c", "• a\n<pre sh>b</pre>\n• c");
    check("- ```\n  b\n  ```", "•\n<pre>b</pre>");
    check("```\n*a* <b> [c](d)\n```", "<pre>*a* <b> [c](d)</pre>");
}

#[test]
fn the_words_beside_a_fence_are_kept() {
    check("```rust,ignore\na\n```", "<i>rust,ignore</i>\n<pre rust>a</pre>");
    check("```js title=\"a\"\na\n```", "<i>js title=\"a\"</i>\n<pre js>a</pre>");
    check("``` {.x}\na\n```", "<i>{.x}</i>\n<pre>a</pre>");
}

#[test]
fn half_written_text_renders() {
    check("a\n```rust\nlet b", "a\n\n<pre rust>let b</pre>");
    check("a\n```rust", "a\n\n<i>rust</i>");
    check("a\n```", "a");
    check("a\n```\nb\n``", "a\n\n<pre>b\n``</pre>");
    check("- [link](http", "• [link](http");
    check("| a | b |\n|--", "| a | b |\n|--");
    check("a `b", "a `b");
    check("> a\n> ```\n> b", "<q>a\n\n<pre>b</pre></q>");
}

#[test]
fn quotes() {
    check("> a\nb\n\nc", "<q>a\nb</q>\n\nc");
    check("> a\n> > b\n>\n> c", "<q>a\n\nb\n\nc</q>");
    check("> **a** `b`\n> - c", "<q><b>a</b> <code>b</code>\n\n• c</q>");
    check("- a\n  > b\n- c", "• a\n<q>b</q>\n• c");
    check("- > b", "•\n<q>b</q>");
    check(">     code", "<q><pre>code</pre></q>");
    check(">\na", "a");
}

#[test]
fn links() {
    check("[a](https://b.io)", "<a https://b.io>a</a>");
    check("[a **b**](https://b.io 'hint')", "<a https://b.io>a <b>b</b></a> (hint)");
    check("[`a`](https://b.io)", "<a https://b.io>a</a>");
    check("**[a](https://b.io) c**", "<b><a https://b.io>a</a> c</b>");
    check("[https://b.io](https://b.io) <https://b.io>", "https://b.io https://b.io");
    check("[main.rs:3](src/main.rs#L3)", "<code>main.rs:3</code> (<code>src/main.rs#L3</code>)");
    check("[`a.rs`](a.rs)", "<code>a.rs</code>");
    check("[local](http://localhost:3000)", "local (<code>http://localhost:3000</code>)");
    check("[](https://b.io) [x]()", "https://b.io x");
    check("[me](mailto:a@b.io) <a@b.io>", "me (a@b.io) a@b.io");
    check(
        "[x](javascript:alert) [y](tg://user?id=1)",
        "x (javascript:alert) y (<code>tg://user?id=1</code>)",
    );
    check("[a][1] [b] [c]\n\n[1]: https://b.io", "<a https://b.io>a</a> [b] [c]");
}

#[test]
fn images() {
    check("![alt](https://b.io/a.png)", "<a https://b.io/a.png>alt</a>");
    check("![](a.png)", "<code>a.png</code>");
    check("[![build](https://b.io/a.svg)](https://c.io)", "<a https://c.io>build</a>");
    check("![alt](a.png)", "alt (<code>a.png</code>)");
}

#[test]
fn definitions_that_nobody_uses_are_text() {
    check("[build]: passed\n[test]: failed", "[build]: passed\n[test]: failed");
    check("a\n\n[b]: c\n\nd", "a\n\n[b]: c\n\nd");
    check("- [b]: c\n- d", "• [b]: c\n• d");
    check("- [b]: c\n  d", "• [b]: c\n  d");
    check("> [b]: c\n\nd", "<q>[b]: c</q>\n\nd");
    check(
        "[a]\n\n[a]: https://b.io\n[a]: https://c.io",
        "<a https://b.io>a</a>\n\n[a]: https://c.io",
    );
    check("x[^1]\n\n[^1]: the note", "x[^1]\n\n[^1]: the note");
}

#[test]
fn html_is_text() {
    check("a <b>b</b><br> c", "a <b>b</b><br> c");
    check(
        "<details>\n<summary>x</summary>\n\n*y*\n</details>",
        "<details>\n<summary>x</summary>\n\n<i>y</i>\n\n</details>",
    );
    check("a\n\n<!-- b\n\nc -->\n\nd", "a\n\n<!-- b\n\nc -->\n\nd");
    check("- <div>\n  a\n- b", "• <div>\n  a\n\n• b");
}

#[test]
fn narrow_tables_are_aligned() {
    check(
        "| Name | N |\n|:--|--:|\n| `a` | 10 |\n| **日本** | 7 |\n| 🙂 |",
        "<pre>Name │  N\n─────┼───\na    │ 10\n日本 │  7\n🙂   │</pre>",
    );
    check("a|b\n:-:|-\nccc|d\n\nafter", "<pre> a  │ b\n────┼──\nccc │ d</pre>\n\nafter");
    check("- x\n\n  |a|\n  |-|\n  |b|", "• x\n\n<pre>a\n─\nb</pre>");
}

#[test]
fn wide_tables_are_lines() {
    let wide = "a long explanation of what the file is for";
    check(
        &format!("| File | For | |\n|-|-|-|\n| `a.rs` b | {wide} | x |\n| c | | |"),
        &format!(
            "<i>File — For · –</i>\n<code>a.rs</code> <b>b</b> — {wide} · x\n<b>c</b> — – · –"
        ),
    );
    check(
        &format!("|File|Kind|For|\n|-|-|-|\n|a|*new*|{wide}|\n|b|*new*|tea|"),
        &format!("<i>File — For</i>\n<b>a</b> — {wide}\n<b>b</b> — tea\nKind: <i>new</i>"),
    );
    check(
        "|a|b|\n|-|-|\n|[c](https://c.io)|[d](e)|",
        "<i>a — b</i>\n<a https://c.io><b>c</b></a> — d (e)",
    );
    check(&format!("|{wide}|b|\n|-|-|"), &format!("{wide} · b"));
}

#[test]
fn cells_beyond_the_columns_are_kept() {
    check("|a|\n|-|\n|b|c|d|", "<pre>a │\n──┼────\nb │ c|d</pre>");
}

#[test]
fn paths_do_not_light_up() {
    check("see /tmp and ~/a_b_c.", "see <code>/tmp</code> and <code>~/a_b_c</code>.");
    check("**rm /tmp now**", "<b>rm</b> <code>/tmp</code> <b>now</b>");
    check("[/tmp](https://a.io) `x`/tmp", "<a https://a.io>/tmp</a> <code>x</code>/tmp");
    check("[x](/tmp)", "x (<code>/tmp</code>)");
    check("[](/clear)", "<code>/clear</code>");
    check("# Ask @ada", "<b><u>Ask</u></b> <code>@ada</code>");
    check("see README.md, #fix", "see <code>README.md</code>, <code>#fix</code>");
}
