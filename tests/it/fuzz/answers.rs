//! What an org, or whatever stands before it, may answer to a call.

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use okta_runbook::okta::{
    ApiRequest, BaseUrl, ClientSettings, HttpMethod, LimitWait, OktaClient, OrgCredentials, WaitObserver,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use super::survives;

const ANSWERS: &[&str] = &[
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-okta-request-id: abc\r\nx-rate-limit-limit: 600\r\nx-rate-limit-remaining: 599\r\nx-rate-limit-reset: 1795936000\r\ndate: Mon, 30 Nov 2026 07:00:00 GMT\r\nlink: <http://127.0.0.1:PORT/api/v1/users?after=x>; rel=\"next\"\r\nlink: <http://127.0.0.1:PORT/api/v1/users>; rel=\"self\"\r\n\r\n[{\"id\":\"00u1\",\"profile\":{\"login\":\"ada@x\"}}]",
    "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nx-rate-limit-limit: 600\r\nx-rate-limit-remaining: 0\r\nx-rate-limit-reset: 1795936060\r\nretry-after: 30\r\ndate: Mon, 30 Nov 2026 07:00:00 GMT\r\n\r\n{\"errorCode\":\"E0000047\",\"errorSummary\":\"API call exceeded rate limit\",\"errorCauses\":[]}",
    "HTTP/1.1 403 Forbidden\r\nwww-authenticate: Bearer scope=\"okta.groups.read\", error=\"insufficient_scope\"\r\ncontent-type: application/json\r\n\r\n{\"errorCode\":\"E0000006\",\"errorSummary\":\"no\",\"errorCauses\":[{\"errorSummary\":\"x\"}]}",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 302 Found\r\nlocation: https://evil.example/login\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\n\r\n<html>",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: application/json\r\n\r\n5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n",
];

/// No window of Okta's is as long.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Notes waits, after the first of which nobody goes on.
#[derive(Default)]
struct Waits {
    told: Mutex<Vec<LimitWait>>,
    first: Notify,
}

impl WaitObserver for Waits {
    fn waiting(&self, wait: &LimitWait) {
        self.told.lock().unwrap().push(wait.clone());
        self.first.notify_one();
    }
}

/// Answers every request on every connection with these bytes.
async fn answer_always(listener: TcpListener, answer: Vec<u8>) -> io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(&answer).await;
        let _ = stream.shutdown().await;
    }
}

async fn ask(mut answer: Vec<u8>, changed: impl FnOnce(&mut Vec<u8>), method: HttpMethod) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = String::from_utf8(answer).unwrap();
    answer = text.replace("PORT", &port.to_string()).into_bytes();
    changed(&mut answer);
    let server = tokio::spawn(answer_always(listener, answer));
    let (base, _) = BaseUrl::parse(&format!("http://127.0.0.1:{port}")).unwrap();
    let settings = ClientSettings { max_attempts: 2, ..ClientSettings::default() };
    let client = OktaClient::new(base, OrgCredentials::Ssws("00token".to_owned().into()), settings).unwrap();
    let waits = Waits::default();
    let request = ApiRequest::new(method, "/api/v1/users");
    let asked = async {
        let first = client.send(&request, &waits).await;
        if let Ok(Some(next)) = first.map(|answer| answer.next) {
            let _ = client.next(&next, &waits).await;
        }
    };
    tokio::select! {
        () = asked => {}
        () = waits.first.notified() => {}
    }
    server.abort();
    for wait in waits.told.into_inner().unwrap() {
        assert!(wait.duration <= LONGEST_WAIT, "{wait:?}");
    }
}

#[test]
fn answers_of_orgs_are_read_whatever_they_are() {
    let runtime = Runtime::new().unwrap();
    survives("HTTP", 120, move |mutation| {
        let answer = mutation.text(ANSWERS).into_bytes();
        let method = [HttpMethod::Get, HttpMethod::Post][mutation.random.usize(..2)];
        let mutated = |bytes: &mut Vec<u8>| {
            if mutation.random.bool() {
                mutation.bytes(bytes);
            }
        };
        runtime.block_on(ask(answer, mutated, method));
    });
}
