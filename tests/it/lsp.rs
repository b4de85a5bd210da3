//! The language server, driven by a small client over its pipes as an editor does.

use std::io::{BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use lsp_server::{Message, Notification, Request, RequestId};
use serde_json::{Value, json};

use crate::stage::okta_runbook;

const PATIENCE: Duration = Duration::from_secs(30);

struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    told: Receiver<Message>,
    asked: i32,
    folder: tempfile::TempDir,
}

impl Editor {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = okta_runbook(folder.path())
            .args(["lsp", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, told) = channel();
        std::thread::spawn(move || {
            while let Ok(Some(message)) = Message::read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut editor = Self { input: child.stdin.take(), child, told, asked: 0, folder };
        let root = editor.uri("");
        let folders = json!([{ "uri": root, "name": "work" }]);
        let answer = editor.ask("initialize", json!({ "capabilities": {}, "workspaceFolders": folders }));
        assert_eq!(answer["capabilities"]["hoverProvider"], true, "{answer}");
        editor.tell("initialized", json!({}));
        editor
    }

    fn uri(&self, file: &str) -> String {
        let path = self.folder.path().canonicalize().unwrap().join(file);
        url::Url::from_file_path(path).unwrap().to_string()
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn send(&mut self, message: &Message) {
        message.write(self.input.as_mut().unwrap()).unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&Notification::new(method.to_owned(), params).into());
    }

    /// The result of a request; what is told meanwhile is passed over.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = RequestId::from(self.asked);
        self.send(&Request::new(id.clone(), method.to_owned(), params).into());
        loop {
            if let Message::Response(response) = self.told.recv_timeout(PATIENCE).unwrap() {
                assert_eq!(response.id, id);
                return response.response_result.unwrap();
            }
        }
    }

    /// Opens a text; gives the mistakes that are told of it.
    fn open(&mut self, file: &str, text: &str) -> Vec<Value> {
        let document = json!({ "uri": self.uri(file), "languageId": "rhai", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
        self.mistakes(file)
    }

    fn change(&mut self, file: &str, text: &str) -> Vec<Value> {
        let document = json!({ "uri": self.uri(file), "version": 2 });
        let changes = json!([{ "text": text }]);
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
        self.mistakes(file)
    }

    fn mistakes(&mut self, file: &str) -> Vec<Value> {
        loop {
            if let Message::Notification(told) = self.told.recv_timeout(PATIENCE).unwrap()
                && told.method == "textDocument/publishDiagnostics"
            {
                assert_eq!(told.params["uri"], self.uri(file));
                return told.params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    /// Asks about the place right after `before` in `text`.
    fn at(&mut self, method: &str, file: &str, text: &str, before: &str) -> Value {
        let end = text.find(before).unwrap() + before.len();
        let line = text[..end].matches('\n').count();
        let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
        let character = text[start..end].encode_utf16().count();
        let params = json!({
            "textDocument": { "uri": self.uri(file) },
            "position": { "line": line, "character": character },
        });
        self.ask(&format!("textDocument/{method}"), params)
    }

    fn labels(&mut self, file: &str, text: &str, before: &str) -> Vec<String> {
        let items = self.at("completion", file, text, before);
        let label = |item: &Value| item["label"].as_str().unwrap().to_owned();
        items.as_array().unwrap().iter().map(label).collect()
    }

    fn leave(mut self) {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.input = None;
        let status = self.child.wait().unwrap();
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        assert!(status.success(), "{status}: {said}");
    }
}

const RUNBOOK: &str = r#"//! Tidy up.
const ORGS = #{ hub: "the hub org" };
const PARAMS = #{ name: #{ type: "string", help: "naïve 😀 name" } };
import "lib/ad" as ad;
import "lib/own" as own;
step("Look");
/// Doubles it.
fn twice(x) { x * 2 }
let group = ad::find_group(hub, params.name);
note(own::greeting(twice(2)) + group);
step(`Tidy ${params.name}`);
check(hub.list_groups(#{ q: params.name }).is_empty(), "none");
"#;

const OWN: &str = "/// A kind word.\nfn greeting(count) { `hello ${count}` }\n";

fn opened() -> Editor {
    let mut editor = Editor::start();
    editor.write("runbooks/lib/own.rhai", OWN);
    let mistakes = editor.open("runbooks/tidy.rhai", RUNBOOK);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    editor
}

#[test]
fn mistakes_are_those_of_check_and_go_when_they_are_mended() {
    let mut editor = opened();
    let file = "runbooks/tidy.rhai";
    let wrong = RUNBOOK.replace("twice(2)", "/* 😀 */ twise(2)");
    let mistakes = editor.change(file, &wrong);
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert_eq!(mistakes[0]["severity"], 1);
    assert_eq!(mistakes[0]["source"], "okta-runbook");
    let message = mistakes[0]["message"].as_str().unwrap();
    assert!(message.contains("there is no function `twise`"), "{message}");
    assert!(message.contains("help: did you mean twice(x)?"), "{message}");
    // Characters outside of the basic plane count twice, as the protocol has it.
    let range = &mistakes[0]["range"];
    assert_eq!(range["start"], json!({ "line": 9, "character": 28 }));
    assert_eq!(range["end"], json!({ "line": 9, "character": 33 }));
    assert!(editor.change(file, RUNBOOK).is_empty());
    // What does not parse is one mistake, and everything else is still answered.
    let broken = RUNBOOK.replace("check(hub", "hub.list_gr\ncheck((hub");
    assert_eq!(editor.change(file, &broken).len(), 1);
    let labels = editor.labels(file, &broken, "hub.list_gr");
    assert!(labels.contains(&"list_groups".to_owned()), "{labels:?}");
    editor.leave();
}

#[test]
fn what_is_wrong_in_a_module_is_told_where_it_is_imported() {
    let mut editor = opened();
    editor.write("runbooks/lib/own.rhai", "fn greeting(count) { gone(count) }\n");
    editor.tell("textDocument/didSave", json!({ "textDocument": { "uri": editor.uri("runbooks/lib/own.rhai") } }));
    let mistakes = editor.mistakes("runbooks/tidy.rhai");
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert_eq!(mistakes[0]["range"]["start"]["line"], 4);
    let message = mistakes[0]["message"].as_str().unwrap();
    assert!(message.contains("lib/own.rhai:1: there is no function `gone`"), "{message}");
    editor.leave();
}

/// A module that is open in the editor is meant as it is there, saved or not.
#[test]
fn an_open_module_need_not_be_saved() {
    let mut editor = opened();
    let (module, file) = ("runbooks/lib/own.rhai", "runbooks/tidy.rhai");
    let more = "/// Goodbye.\nfn farewell(count) { `bye ${count}` }\n";
    editor.open(module, more);
    editor.mistakes(file);
    let text = RUNBOOK.replace("own::greeting", "own::farewell");
    assert_eq!(editor.change(file, &text), Vec::<Value>::new());
    let hover = editor.at("hover", file, &text, "own::fare");
    let words = hover["contents"]["value"].as_str().unwrap();
    assert!(words.contains("Goodbye."), "{words}");
    // Who imports it is told of a change at once.
    editor.change(module, "fn nothing() {}\n");
    let told = editor.mistakes(file);
    let message = told[0]["message"].as_str().unwrap();
    assert!(message.contains("there is no function `own::farewell`"), "{message}");
    editor.leave();
}

#[test]
fn names_are_completed() {
    let mut editor = opened();
    let file = "runbooks/tidy.rhai";
    let mut labels = |more: &str| {
        let text = format!("{RUNBOOK}{more}");
        editor.change(file, &text);
        editor.labels(file, &text, more)
    };
    assert_eq!(labels("hub.assign_user_to_g"), ["assign_user_to_group"]);
    assert_eq!(labels("params."), ["name"]);
    assert_eq!(labels("ad::find_g"), ["find_group"]);
    assert_eq!(labels("own::"), ["greeting"]);
    assert_eq!(labels("dn::is"), ["is_under"]);
    assert_eq!(labels("wait_"), ["wait_until"]);
    assert_eq!(labels("twi"), ["twice"]);
    assert_eq!(labels("import \"lib/ow"), ["lib/own"]);
    assert_eq!(labels("each([1], #{ max"), ["max_failures"]);
    assert!(labels("hub.list_groups(#{ ").contains(&"q".to_owned()));
    assert!(labels("// hub.").is_empty());
    // Verbs of tests are for tests.
    assert!(labels("run_runb").is_empty());
    let text = "run_runbook(\"ad/mo";
    editor.open("runbooks/tidy_test.rhai", text);
    let labels = editor.labels("runbooks/tidy_test.rhai", text, text);
    assert_eq!(labels, ["ad/move_user_to_ou"]);
    editor.leave();
}

#[test]
fn words_are_explained() {
    let mut editor = opened();
    let mut help = |before: &str| {
        let hover = editor.at("hover", "runbooks/tidy.rhai", RUNBOOK, before);
        let text = hover["contents"]["value"].as_str();
        text.unwrap_or_default().to_owned()
    };
    for (before, words) in [
        ("hub.list_gro", &["GET /api/v1/groups", "okta.groups.read"][..]),
        ("chec", &["check(fact, words, help?, failure?)", "stops unless the fact is true"]),
        ("note(own::greeting(twi", &["twice(x)", "Doubles it."]),
        ("own::gree", &["greeting(count)", "A kind word.", "from lib/own"]),
        ("params.na", &["type: \"string\""]),
        ("find_group(hu", &["hub: \"the hub org\""]),
        ("import \"lib/a", &["import \"lib/ad\""]),
    ] {
        let text = help(before);
        for word in words {
            assert!(text.contains(word), "{before}: {text}");
        }
    }
    assert_eq!(help("//! Tid"), "");
    editor.leave();
}

#[test]
fn declarations_are_found_across_imports() {
    let mut editor = opened();
    let file = "runbooks/tidy.rhai";
    let mut place = |before: &str| {
        let found = editor.at("definition", file, RUNBOOK, before);
        let uri = found["uri"].as_str().unwrap_or_default().to_owned();
        (uri, found["range"]["start"]["line"].as_u64())
    };
    let here = |(uri, line): (String, Option<u64>)| {
        assert!(uri.ends_with("/runbooks/tidy.rhai"), "{uri}");
        line
    };
    assert_eq!(here(place("greeting(twi")), Some(7));
    assert_eq!(here(place("+ gro")), Some(8));
    assert_eq!(here(place("hub, params.na")), Some(2));
    assert_eq!(here(place("check(hu")), Some(1));
    let (uri, line) = place("own::gree");
    assert!(uri.ends_with("/runbooks/lib/own.rhai"), "{uri}");
    assert_eq!(line, Some(1));
    // A shipped module has no file of its own: a copy is shown.
    let (uri, line) = place("ad::find_gro");
    let path = url::Url::parse(&uri).unwrap().to_file_path().unwrap();
    let copy = std::fs::read_to_string(path).unwrap();
    let line = copy.lines().nth(usize::try_from(line.unwrap()).unwrap());
    assert!(line.unwrap().starts_with("fn find_group("), "{line:?}");
    assert_eq!(place("chec"), (String::new(), None));
    editor.leave();
}

#[test]
fn steps_and_functions_are_the_symbols_of_a_text() {
    let mut editor = opened();
    let uri = editor.uri("runbooks/tidy.rhai");
    let symbols = editor.ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": uri } }));
    let names: Vec<&str> = symbols.as_array().unwrap().iter().map(|symbol| symbol["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Look", "twice", "Tidy ${params.name}"]);
    editor.leave();
}

#[test]
fn an_editor_that_is_gone_ends_the_server() {
    let mut editor = opened();
    editor.input = None;
    let mut waited = 0;
    while editor.child.try_wait().unwrap().is_none() {
        assert!(waited < 100, "the server goes on without an editor");
        waited += 1;
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(Path::new(editor.folder.path()).exists());
}
