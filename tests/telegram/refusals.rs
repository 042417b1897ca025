//! Calls that fail, and what is seen of the token then: nothing.

use std::fmt::{Debug, Display};

use segue::telegram::client::{Abilities, Client, Me};
use segue::telegram::refusal::Refusal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{BOT, Fault, Server, TOKEN};

const SECRET: &str = "AAF7-g0gYncWnm5IyfZlpPRqRRv6kNAGlao";

fn check_hidden(error: &(impl Display + Debug)) {
    let shown = format!("{error} {error:?} {error:#?}");
    assert!(!shown.contains(SECRET) && !shown.contains(TOKEN), "{shown}");
}

/// The address of a server that answers one request with these bytes and hangs up.
async fn answering(bytes: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(bytes.as_bytes()).await;
    });
    format!("http://{address}")
}

async fn refusal(url: &str) -> Refusal {
    let client = Client::connect(TOKEN, url).expect("a client");
    client.get_me().await.expect_err("a refusal")
}

#[tokio::test]
async fn the_bot_knows_itself() {
    let server = Server::start().await;
    let client = Client::connect(TOKEN, &server.url).expect("a client");
    let abilities = Abilities { has_topics_enabled: true, ..Abilities::default() };
    let me = Me { id: BOT, username: "segue_bot".into(), abilities };
    assert_eq!(client.get_me().await, Ok(me));
}

#[tokio::test]
async fn another_token_is_refused() {
    let server = Server::start().await;
    let client = Client::connect("1:nobody", &server.url).expect("a client");
    assert_eq!(client.get_me().await, Err(Refusal::Unauthorized));
}

#[tokio::test]
async fn no_failure_shows_the_token() {
    let quoted = format!("<p>Cannot POST /bot{TOKEN}/GetMe</p>");
    let page = format!("HTTP/1.1 404 x\r\ncontent-length: {}\r\n\r\n{quoted}", quoted.len());
    let moved = format!("HTTP/1.1 302 x\r\nlocation: /bot{TOKEN}/x\r\ncontent-length: 0\r\n\r\n");
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"ok\":true,".to_owned();
    for bytes in [String::new(), "no HTTP\r\n\r\n".into(), cut, page, moved] {
        let refusal = refusal(&answering(bytes.clone()).await).await;
        assert!(matches!(refusal, Refusal::Unknown(_)), "{bytes}: {refusal:?}");
        check_hidden(&refusal);
    }
    for url in ["http://127.0.0.1:1", "http://127.0.0.1:1/some/where", "https://127.0.0.1:1"] {
        let refusal = refusal(url).await;
        assert!(matches!(refusal, Refusal::Unknown(_)), "{url}: {refusal:?}");
        check_hidden(&refusal);
    }
}

#[tokio::test]
async fn a_refusal_that_quotes_the_address_shows_no_token() {
    let server = Server::start().await;
    server.fail("getme", Fault::refusal(&format!("Bad Request: what is /bot{TOKEN}/getMe?")));
    let refusal = refusal(&server.url).await;
    assert_eq!(refusal, Refusal::BadRequest("Bad Request: what is /bot<token>/getMe?".into()));
}
