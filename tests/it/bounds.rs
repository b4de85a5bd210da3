//! Servers that answer without end or with nonsense, clocks that are wrong, and scripts that ask for too much: each ends with an error.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::stage::{Ran, Stage, okta_runbook};

/// An org that answers each request as it is told: path and address of the server give headers and body.
struct FalseOrg {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl FalseOrg {
    fn new(answer: impl Fn(&str, &str) -> (String, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let (counted, address, answer) = (Arc::clone(&requests), url.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (counted, address, answer) = (Arc::clone(&counted), address.clone(), Arc::clone(&answer));
                std::thread::spawn(move || {
                    // A client that hangs up ends this.
                    let _ = answer_all(stream, &counted, |path| answer(path, &address));
                });
            }
        });
        Self { url, requests }
    }

    fn eval(&self, script: &str) -> Ran {
        let folder = tempfile::tempdir().unwrap();
        let mut command = okta_runbook(folder.path());
        command
            .env("OKTA_CLIENT_ORGURL", &self.url)
            .env("OKTA_CLIENT_TOKEN", "00abcdefghijklmnopqrstuvwxyz0123456789abcd")
            .args(["eval", script]);
        Ran::command(&mut command)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

fn answer_all(
    stream: TcpStream,
    requests: &AtomicUsize,
    answer: impl Fn(&str) -> (String, String),
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let (mut path, mut line) = (String::new(), String::new());
        while line != "\r\n" {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if path.is_empty() {
                line.split(' ').nth(1).unwrap_or_default().clone_into(&mut path);
            }
        }
        requests.fetch_add(1, Ordering::Relaxed);
        let (headers, body) = answer(&path);
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        )?;
    }
}

fn next(url: &str) -> String {
    format!("link: <{url}/api/v1/groups?after=same>; rel=\"next\"\r\n")
}

#[test]
fn a_list_whose_page_leads_back_ends_with_an_error_that_names_it() {
    for body in [r#"[{"id": "00g1"}]"#, "[]"] {
        let org = FalseOrg::new(move |_, url| (next(url), body.to_owned()));
        for script in [
            "okta.list_groups().len()",
            "okta.list_groups().all()",
            r#"okta.get("/api/v1/groups").len()"#,
            "for group in okta.list_groups() { let id = group.id; }",
            r#"okta.list_groups().find(|group| group.id == "x")"#,
        ] {
            let before = org.requests();
            let ran = org.eval(script);
            ran.exits(1).says(&["leads to a page that was read before", "page 2 of the list"]);
            assert!(org.requests() - before <= 3, "{script}: {}", org.requests());
        }
    }
}

#[test]
fn a_script_can_catch_a_list_without_end_and_go_on() {
    let org = FalseOrg::new(|_, url| (next(url), "[]".to_owned()));
    let ran = org.eval(
        r#"let told = ""; try { okta.list_groups().len() } catch (e) { told = e.operation + " " + e.kind; } told"#,
    );
    ran.exits(0).says(&["list_groups okta"]);
}

#[test]
fn a_limit_of_any_size_and_a_reset_of_any_time_hold_nothing_up() {
    for (limit, reset) in [
        ("18446744073709551615", "1"),
        ("18446744073709551615", "9223372036854775807"),
        ("9223372036854775807", "-9223372036854775808"),
        ("0", "0"),
        ("600", "32503680000"),
        ("600", "1796000000000"),
    ] {
        let org = FalseOrg::new(move |_, _| {
            let headers = format!(
                "x-rate-limit-limit: {limit}\r\nx-rate-limit-remaining: {limit}\r\nx-rate-limit-reset: {reset}\r\n"
            );
            (headers, r#"{"id": "00g1"}"#.to_owned())
        });
        let ran = org.eval(r#"for i in 0..5 { okta.get_group("00g1"); } "done""#);
        ran.exits(0).says(&["done"]);
    }
}

/// A directory that answers a bind, and each search with these bytes.
fn false_directory(answer: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                let mut id = 0;
                // One request a read: the client waits for each answer. A client that hangs up ends this.
                while stream.read(&mut bytes).is_ok_and(|read| read > 0) {
                    id += 1;
                    let bound = [0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];
                    let sent = if id == 1 {
                        stream.write_all(&bound)
                    } else {
                        let answer: Vec<u8> =
                            answer.iter().map(|byte| if *byte == 0xfe { id } else { *byte }).collect();
                        stream.write_all(&answer)
                    };
                    if sent.is_err() {
                        break;
                    }
                }
            });
        }
    });
    port
}

fn search_in(port: u16) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "[directories.\"corp.example\"]\nurl = \"ldap://127.0.0.1:{port}\"\nbind_dn = \"CN=a,DC=corp,DC=example\"\npassword = {{ env = \"AD_PASSWORD\" }}\nbase = \"DC=corp,DC=example\"\n"
    );
    std::fs::write(folder.path().join("okta-runbook.toml"), settings).unwrap();
    let mut command = okta_runbook(folder.path());
    command
        .env("AD_PASSWORD", "pass-of-the-reader")
        .env("OKTA_CLIENT_ORGURL", "http://127.0.0.1:9")
        .env("OKTA_CLIENT_TOKEN", "00abcdefghijklmnopqrstuvwxyz0123456789abcd")
        .args(["eval", r#"directory("corp.example").search("DC=corp,DC=example", "(cn=*)").len()"#]);
    Ran::command(&mut command)
}

/// What stands for the id of the message that is answered.
const ID: u8 = 0xfe;

/// Answers that are not LDAP.
fn nonsense() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("an empty message", vec![0x30, 0]),
        ("a message without an operation", vec![0x30, 3, 2, 1, ID]),
        ("an operation that is no answer to a search", vec![0x30, 5, 2, 1, ID, 0x7e, 0]),
        ("an entry without attributes", vec![0x30, 7, 2, 1, ID, 0x64, 2, 4, 0]),
        ("a result without a code", vec![0x30, 5, 2, 1, ID, 0x65, 0]),
    ]
}

/// A plan reads the directory in another way than a run does.
fn plan_in(port: u16) -> Ran {
    let stage = Stage::contractors(&json!({}));
    let settings = format!(
        "[directories.\"corp.example\"]\nurl = \"ldap://127.0.0.1:{port}\"\nbind_dn = \"CN=a,DC=corp,DC=example\"\npassword = {{ env = \"AD_PASSWORD\" }}\nbase = \"DC=corp,DC=example\"\n"
    );
    stage.write("okta-runbook.toml", &settings);
    stage.write(
        "look.rhai",
        "//! Look.\nconst ORGS = #{ okta: \"the org\" };\nstep(\"Look\");\nnote(directory(\"corp.example\").search(\"DC=corp,DC=example\", \"(cn=*)\").len());\n",
    );
    let mut command = stage.command();
    command.env("AD_PASSWORD", "pass-of-the-reader").args(["plan", "look.rhai"]);
    Ran::command(&mut command)
}

#[test]
fn a_plan_names_a_directory_that_answers_nonsense_and_nothing_panics() {
    for (what, answer) in nonsense() {
        let ran = plan_in(false_directory(answer));
        ran.exits(1).says(&["127.0.0.1:", "answered with something that is not LDAP"]);
        assert!(!ran.said().contains("panicked"), "{what}: {ran}");
        assert!(!ran.said().contains("pass-of-the-reader"), "{what}: {ran}");
    }
}

#[test]
fn a_plan_ends_a_search_whose_page_comes_again() {
    plan_in(false_directory(page_that_comes_again()))
        .exits(1)
        .says(&["gave the same entries again, so the search would never end"]);
}

#[test]
fn a_directory_that_answers_nonsense_is_named_and_nothing_panics() {
    for (what, answer) in nonsense() {
        let ran = search_in(false_directory(answer));
        ran.exits(1).says(&["127.0.0.1:", "answered with something that is not LDAP"]);
        assert!(!ran.said().contains("panicked"), "{what}: {ran}");
        assert!(!ran.said().contains("pass-of-the-reader"), "{what}: {ran}");
    }
}

/// One entry, and a cookie that is the same for each page.
fn page_that_comes_again() -> Vec<u8> {
    let text = |tag: u8, text: &[u8]| [&[tag, u8::try_from(text.len()).unwrap()], text].concat();
    let entry = text(0x64, &[text(4, b"CN=x,DC=corp,DC=example"), vec![0x30, 0]].concat());
    let entry = text(0x30, &[vec![2, 1, ID], entry].concat());
    let cookie = text(0x30, &[vec![2, 1, 0], text(4, b"same")].concat());
    let paging = text(0x30, &[text(4, b"1.2.840.113556.1.4.319"), text(4, &cookie)].concat());
    let result = [0x65, 7, 10, 1, 0, 4, 0, 4, 0];
    let done = text(0x30, &[&[2, 1, ID][..], &result, &text(0xa0, &paging)].concat());
    [entry, done].concat()
}

#[test]
fn a_search_whose_page_comes_again_ends() {
    let ran = search_in(false_directory(page_that_comes_again()));
    ran.exits(1).says(&["gave the same page again, so the search would never end"]);
}

#[test]
fn a_script_that_asks_for_too_much_at_once_is_refused() {
    let org = FalseOrg::new(|_, _| (String::new(), "[]".to_owned()));
    for script in
        ["let a = []; a.pad(2000000000, 1)", r#"let s = "x"; s.pad(8000000000, "y")"#, "blob(8000000000).len()"]
    {
        org.eval(script).exits(1).says(&["the most that one call may make"]);
    }
    for script in [
        "let a = []; for i in 0..200000 { a = [a]; }",
        "let a = 1; for i in 0..200000 { a = #{ a: a }; }",
        "let a = []; for i in 0..200000 { let b = []; b.push(a); a = b; }",
    ] {
        org.eval(script).exits(1).says(&["nests more than 200 levels"]);
    }
}

#[test]
fn only_what_an_org_or_an_app_names_is_asked_who_it_is() {
    let other = FalseOrg::new(|_, _| (String::new(), r#"{"id": "00oOther"}"#.to_owned()));
    let named = other.url.clone();
    let org = FalseOrg::new(move |path, _| {
        let body = if path.starts_with("/api/v1/apps") {
            json!([{"id": "0oa1", "settings": {"app": {"baseUrl": named}}}])
        } else {
            json!({"id": "00oMine"})
        };
        (String::new(), body.to_string())
    });
    let url = &other.url;
    org.eval(&format!(r#"organization_at("{url}")"#))
        .exits(1)
        .says(&["neither an org of this run nor an app that it read names"]);
    assert_eq!(other.requests(), 0);
    org.eval(&format!(r#"okta.list_applications().all(); organization_at("{url}/")"#)).exits(0).says(&["00oOther"]);
    org.eval("organization_at(okta.url)").exits(0).says(&["00oMine"]);
}

#[test]
fn the_time_is_the_orgs_before_the_first_call_already() {
    let org = FalseOrg::new(|_, _| {
        let date = "date: Thu, 05 Jan 2040 10:20:30 GMT\r\n";
        (date.to_owned(), r#"{"id": "00o1"}"#.to_owned())
    });
    for script in ["now()", "started()"] {
        org.eval(script).exits(0).says(&["2040-01-05T10:20:", "this machine's clock is", "behind that of okta"]);
    }
}

#[test]
fn a_path_argument_that_leads_elsewhere_can_be_caught_and_is_never_sent() {
    let stage = Stage::contractors(&json!({}));
    for login in ["", ".", ".."] {
        stage.forget_calls();
        let script = format!(
            r#"let told = "sent"; try {{ okta.get_user("{login}"); }} catch (e) {{ told = e.kind + ": " + e.message; }} told"#
        );
        let ran = Ran::command(stage.command().args(["eval", &script]));
        ran.exits(0).says(&["usage: get_user", "the path argument `id`"]);
        // All that was sent asks who signs in.
        assert_eq!(stage.calls(|_| true), 1, "{login}");
    }
}
