//! WebSockets with a browser, on loopback: headless Chromium opens the page of our echo server, whose script sends texts, bytes
//! and a MiB, compares what comes back, and writes into the page what came of it. We look at the page over the browser's own
//! protocol, which is a WebSocket too: there we are the client. Where there is no Chromium the test says so.

use async_tungstenite::tungstenite::Message;
use async_tungstenite::{WebSocketStream, client_async};
use asyncio::net::TcpStream;
use ecosystem_web::{Certificates, Directory, Program, is_there, run};
use futures_util::StreamExt;
use serde_json::{Value, json};

/// The browser's protocol: commands with numbers, and answers that bear them, between events.
struct DevTools {
    socket: WebSocketStream<TcpStream>,
    last: u64,
    /// The names of those that came.
    events: Vec<String>,
}

impl DevTools {
    async fn connect(url: &str) -> DevTools {
        let address = url.strip_prefix("ws://").unwrap().split('/').next().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, _) = client_async(url, stream).await.unwrap();
        DevTools {
            socket,
            last: 0,
            events: Vec::new(),
        }
    }

    async fn call(&mut self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut command = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        self.socket
            .send(Message::text(command.to_string()))
            .await
            .unwrap();
        loop {
            let mut answer = self.next().await;
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].take();
            }
        }
    }

    async fn next(&mut self) -> Value {
        let message = self.socket.next().await.unwrap().unwrap();
        let message: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        self.events.extend(message["method"].as_str().map(str::to_owned));
        message
    }

    /// Waits for an event, unless it has come already.
    async fn event(&mut self, name: &str) {
        while !self.events.iter().any(|event| event == name) {
            self.next().await;
        }
    }

    /// Opens a page, and gives what the expression is there, once it is known.
    async fn evaluate(&mut self, url: &str, expression: &str) -> Value {
        let page = self
            .call(None, "Target.createTarget", json!({"url": "about:blank"}))
            .await;
        let attach = json!({"targetId": page["targetId"], "flatten": true});
        let session = self.call(None, "Target.attachToTarget", attach).await;
        let session = session["sessionId"].as_str();
        self.call(session, "Page.enable", json!({})).await;
        self.call(session, "Page.navigate", json!({"url": url})).await;
        self.event("Page.loadEventFired").await;
        let evaluate = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let evaluated = self.call(session, "Runtime.evaluate", evaluate).await;
        assert!(evaluated["exceptionDetails"].is_null(), "{evaluated}");
        evaluated["result"]["value"].clone()
    }
}

/// Lets a browser open the page of a server, with TLS or without, and looks at what it finds.
async fn browse(certificates: Option<&Certificates>) {
    let files = certificates.map(|made| (made.signed(), made.key()));
    let mut arguments = vec!["127.0.0.1:0"];
    arguments.extend(files.iter().flat_map(|(signed, key)| [signed.as_str(), key]));
    let mut server = Program::example("websocket_echo", &arguments).await;
    let address = server.line_with("serving on ").await;
    let scheme = if files.is_some() { "https" } else { "http" };

    let profile = Directory::new("chromium");
    let user_data = format!("--user-data-dir={}", profile.path().display());
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-proxy-server",
        // The test's authority is known to nobody.
        "--ignore-certificate-errors",
        "--remote-debugging-port=0",
        &user_data,
    ];
    let mut browser = Program::start_with_errors("chromium", &arguments).await;
    let rest = browser.line_with("DevTools listening on ").await;
    let mut tools = DevTools::connect(&rest).await;
    let page = tools
        .evaluate(&format!("{scheme}://{address}/#once"), "finished")
        .await;
    let page = page.as_str().unwrap();
    assert!(page.contains("checked: 4 of 4"), "{page}");
    assert!(page.contains("grüße, 世界 🦀"), "{page}");
    assert!(page.contains("closed: 1000 done cleanly"), "{page}");

    tools.call(None, "Browser.close", json!({})).await;
    browser.code().await;
    server.terminate();
    assert!(server.finish().await.starts_with("ended, "));
}

fn has_browser() -> bool {
    is_there("chromium", &["--version"])
}

#[test]
fn a_browser_gets_back_what_it_sends_and_closes_cleanly() {
    if has_browser() {
        run(browse(None));
    }
}

#[test]
fn over_tls_a_browser_does_too() {
    if has_browser() {
        run(browse(Some(&Certificates::new())));
    }
}
