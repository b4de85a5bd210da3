//! A Postman collection (v2) as a runbook: its requests are calls of named operations, its variables parameters, its tests what is expected.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use regex::Regex;
use serde_json::{Map, Value};

use super::RunbookDraft;
use super::postman_request::{RequestAddress, address_of, texts_in};
use super::script_text::{literal, map_key, quoted_text, script_name};
use crate::okta::HttpMethod;
use crate::script::bindings::find_operation;

/// Headers that the client sends by itself.
const OWN_HEADERS: &[&str] = &["accept", "content-type", "authorization", "user-agent", "cache-control"];

const METHODS: [HttpMethod; 5] =
    [HttpMethod::Get, HttpMethod::Post, HttpMethod::Put, HttpMethod::Patch, HttpMethod::Delete];

/// Parts of names of what is a secret.
const SECRET_WORDS: &[&str] = &["token", "secret", "password", "apikey", "api_key", "private"];

/// A runbook of a collection's requests, in their order.
///
/// # Errors
/// Why the text is no collection.
pub fn draft_of_collection(file: &str, text: &str) -> Result<RunbookDraft, String> {
    let collection: Value =
        serde_json::from_str(text).map_err(|error| format!("{file} is no JSON: line {}", error.line()))?;
    let is_collection = collection["info"]["schema"].as_str().is_some_and(|schema| schema.contains("collection"));
    let (true, Some(items)) = (is_collection, collection["item"].as_array()) else {
        return Err(format!("{file} is no Postman collection: export it from Postman as Collection v2.1"));
    };
    let title = collection["info"]["name"].as_str().unwrap_or(file);
    let mut draft = CollectionDraft::of_variables(&collection["variable"])?;
    draft.items(items, "");
    if draft.steps.is_empty() {
        return Err(format!("{file} has no requests"));
    }
    Ok(draft.runbook(title))
}

struct CollectionDraft {
    patterns: ScriptPatterns,
    /// Values of the collection's own variables.
    values: BTreeMap<String, String>,
    /// Postman's names of variables that became parameters, by the script's.
    parameters: BTreeMap<String, String>,
    /// Postman's names of variables that a request set, by the script's.
    set: BTreeMap<String, String>,
    steps: Vec<DraftStep>,
    remarks: Vec<String>,
}

struct DraftStep {
    title: String,
    lines: Vec<String>,
    /// The operation that it writes by.
    writes: Option<&'static str>,
}

/// What of Postman's scripts is understood.
struct ScriptPatterns {
    variable: Regex,
    answer: Regex,
    set: Regex,
    test: Regex,
    status: Regex,
    equals: Regex,
    path: Regex,
}

impl ScriptPatterns {
    fn new() -> Result<Self, String> {
        let regex = |pattern: &str| Regex::new(pattern).map_err(|error| error.to_string());
        Ok(Self {
            variable: regex(r"\{\{\s*([^{}]+?)\s*\}\}")?,
            answer: regex(r"(?:const|let|var)\s+(\w+)\s*=\s*(?:pm\.response\.json\(\)|JSON\.parse\(responseBody\))")?,
            set: regex(
                r#"(?:pm\.(?:environment|collectionVariables|globals|variables)\.set|postman\.set(?:Environment|Global)Variable)\(\s*["'](\w[\w-]*)["']\s*,\s*(.+?)\)\s*;?\s*$"#,
            )?,
            test: regex(r#"pm\.test\(\s*["'`](.+?)["'`]"#)?,
            status: regex(
                r"(?:to\.have\.status\(\s*|responseCode\.code\s*={2,3}\s*|pm\.response\.code\)\.to\.\w+\(\s*)(\d{3})",
            )?,
            equals: regex(r"pm\.expect\((.+?)\)\.to\.(?:be\.)?(?:eql|eq|equal|equals)\((.+?)\)")?,
            path: regex(r"^(\w+|pm\.response\.json\(\))((?:\.\w+|\[\d+\]|\[\x22[^\x22]+\x22\])*)$")?,
        })
    }
}

impl CollectionDraft {
    fn of_variables(variables: &Value) -> Result<Self, String> {
        let value = |variable: &Value| {
            let text = variable["value"].as_str()?;
            Some((variable["key"].as_str()?.to_owned(), text.to_owned()))
        };
        Ok(Self {
            patterns: ScriptPatterns::new()?,
            values: variables.as_array().into_iter().flatten().filter_map(value).collect(),
            parameters: BTreeMap::new(),
            set: BTreeMap::new(),
            steps: Vec::new(),
            remarks: Vec::new(),
        })
    }

    /// Requests, and folders of them.
    fn items(&mut self, items: &[Value], folder: &str) {
        for item in items {
            let name = item["name"].as_str().unwrap_or("a request");
            let title = if folder.is_empty() { name.to_owned() } else { format!("{folder}: {name}") };
            match item["item"].as_array() {
                Some(items) => self.items(items, &title),
                None => self.request(&title, item),
            }
        }
    }

    fn request(&mut self, title: &str, item: &Value) {
        let request = &item["request"];
        let method = request["method"].as_str().unwrap_or("GET").to_uppercase();
        let address = address_of(&request["url"]);
        for header in request["header"].as_array().into_iter().flatten() {
            let key = header["key"].as_str().unwrap_or_default();
            if header["disabled"] != true && !key.is_empty() && !OWN_HEADERS.contains(&key.to_lowercase().as_str()) {
                self.remarks.push(format!("{title}: the header `{key}` is not sent"));
            }
        }
        let fields = self.fields(title, request, &address);
        let (call, writes) = self.call(title, &method, &address, &fields);
        let after_write = writes.is_some() || self.steps.iter().any(|step| step.writes.is_some());
        let (after, uses_answer) = self.after(title, &item["event"], after_write);
        let mut lines = vec![if uses_answer { format!("let answer = {call};") } else { format!("{call};") }];
        lines.extend(after);
        self.steps.push(DraftStep { title: title.to_owned(), lines, writes });
    }

    /// The call of the operation that has the method and the path.
    fn call(
        &mut self,
        title: &str,
        method: &str,
        address: &RequestAddress,
        fields: &str,
    ) -> (String, Option<&'static str>) {
        // A part that is a variable stands for any value.
        let stand_ins: Vec<String> = address
            .segments
            .iter()
            .enumerate()
            .map(
                |(at, segment)| {
                    if self.patterns.variable.is_match(segment) { format!("part{at}") } else { segment.clone() }
                },
            )
            .collect();
        let path = format!("/{}", stand_ins.join("/"));
        let known = METHODS.iter().find(|known| known.as_str() == method);
        let found = known.and_then(|method| find_operation(*method, &path));
        let expression = |draft: &mut Self, value: &str| match stand_ins.iter().position(|part| part == value) {
            Some(at) => draft.text(&address.segments[at]),
            None => quoted_text(value),
        };
        let Some((operation, values)) = found else {
            self.remarks.push(format!("{title}: no operation of Okta's API has this path: {method} {path}"));
            let parts: Vec<String> = address.segments.iter().map(|segment| self.in_text(segment)).collect();
            let more = if fields.is_empty() { String::new() } else { format!(", {fields}") };
            let call = format!("okta.{}(`/{}`{more})", method.to_lowercase(), parts.join("/"));
            return (call, (method != "GET").then_some("request"));
        };
        let mut arguments: Vec<String> = values.iter().map(|value| expression(self, value)).collect();
        arguments.extend(Some(fields.to_owned()).filter(|fields| !fields.is_empty()));
        let call = format!("okta.{}({})", operation.name, arguments.join(", "));
        (call, operation.is_write().then_some(operation.name))
    }

    /// The query and the body, as the map that an operation takes last.
    fn fields(&mut self, title: &str, request: &Value, address: &RequestAddress) -> String {
        let mut fields = Vec::new();
        for (key, value) in &address.query {
            let value = if value.parse::<i64>().is_ok() { value.clone() } else { self.text(value) };
            fields.push(format!("{}: {value}", map_key(key)));
        }
        let body = &request["body"];
        match body["mode"].as_str() {
            None => {}
            Some("raw") => match self.body(body["raw"].as_str().unwrap_or_default()) {
                Some(Value::Object(body)) => fields.extend(self.body_fields(&body)),
                Some(Value::Null) => {}
                _ => self.remarks.push(format!("{title}: its body is no JSON object and was left out")),
            },
            Some(mode) => self.remarks.push(format!("{title}: a body of the kind {mode} was left out")),
        }
        if fields.is_empty() { String::new() } else { format!("#{{ {} }}", fields.join(", ")) }
    }

    fn body_fields(&mut self, body: &Map<String, Value>) -> Vec<String> {
        let mut fields = Vec::new();
        for (key, value) in body {
            // Variables are known before the texts in which they stand are written.
            for text in texts_in(value) {
                self.text(&text);
            }
            let value = literal(value, &|text| self.known_text(text));
            fields.push(format!("{}: {value}", map_key(key)));
        }
        fields
    }

    /// The JSON of a body in which variables may stand without quotes; null where there is none.
    fn body(&self, raw: &str) -> Option<Value> {
        if raw.trim().is_empty() {
            return Some(Value::Null);
        }
        let mut text = String::new();
        let (mut rest, mut in_text) = (raw, false);
        while let Some(one) = rest.chars().next() {
            if !in_text && let Some(found) = self.patterns.variable.find(rest).filter(|found| found.start() == 0) {
                text.push_str(&quoted_text(found.as_str()));
                rest = &rest[found.end()..];
                continue;
            }
            if in_text && one == '\\' {
                let escaped: String = rest.chars().take(2).collect();
                text.push_str(&escaped);
                rest = &rest[escaped.len()..];
                continue;
            }
            in_text ^= one == '"';
            text.push(one);
            rest = &rest[one.len_utf8()..];
        }
        serde_json::from_str(&text).ok()
    }

    /// A text with variables as an expression; those that nothing sets become parameters.
    fn text(&mut self, text: &str) -> String {
        let found: Vec<String> = self.patterns.variable.captures_iter(text).map(|found| found[1].to_owned()).collect();
        for variable in found {
            let is_known = self.set.values().any(|known| *known == variable);
            if variable.starts_with('$') {
                let words = format!("Postman's own variable {{{{{variable}}}}} has no value here: write one");
                if !self.remarks.contains(&words) {
                    self.remarks.push(words);
                }
            } else if !is_known {
                self.parameters.insert(script_name(&variable), variable);
            }
        }
        self.known_text(text)
    }

    /// The same of variables that are known already.
    fn known_text(&self, text: &str) -> String {
        let whole = self.patterns.variable.captures(text).filter(|found| found[0].len() == text.len());
        match whole.and_then(|found| self.variable(&found[1])) {
            Some(name) => name,
            None if self.patterns.variable.is_match(text) => format!("`{}`", self.in_text(text)),
            None => quoted_text(text),
        }
    }

    /// A text with variables as it stands between back-ticks.
    fn in_text(&self, text: &str) -> String {
        let plain = text.replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\u0024{");
        let put_in = |found: &regex::Captures<'_>| {
            self.variable(&found[1]).map_or_else(|| found[0].to_owned(), |name| format!("${{{name}}}"))
        };
        self.patterns.variable.replace_all(&plain, put_in).into_owned()
    }

    /// What Postman's variable is in the script.
    fn variable(&self, name: &str) -> Option<String> {
        let of = |names: &BTreeMap<String, String>| {
            names.iter().find(|(_, known)| *known == name).map(|(script, _)| script.clone())
        };
        of(&self.set).or_else(|| of(&self.parameters).map(|script| format!("params.{script}")))
    }

    /// What follows the call: variables that are set, and tests. Whether they look at the answer.
    fn after(&mut self, title: &str, events: &Value, after_write: bool) -> (Vec<String>, bool) {
        let (mut lines, mut uses_answer) = (Vec::new(), false);
        let mut answers: Vec<String> = Vec::new();
        let mut test: Option<(String, bool)> = None;
        let scripts = events.as_array().into_iter().flatten().filter(|event| event["listen"] == "test");
        let told = scripts.flat_map(|event| event["script"]["exec"].as_array().into_iter().flatten());
        let mut untold = Vec::new();
        for line in told.filter_map(Value::as_str) {
            if let Some(found) = self.patterns.answer.captures(line) {
                answers.push(found[1].to_owned());
            }
            if let Some(found) = self.patterns.test.captures(line) {
                untold.extend(test.take().filter(|(_, is_told)| !is_told).map(|(title, _)| title));
                test = Some((found[1].to_owned(), false));
            }
            // A refusal stops the run by itself.
            let status = self.patterns.status.captures(line).map(|found| found[1].starts_with('2'));
            if let (Some(true), Some((_, is_told))) = (status, &mut test) {
                *is_told = true;
            }
            if let Some(found) = self.patterns.set.captures(line)
                && let Some(value) = self.of_answer(&found[2], &answers)
            {
                let name = script_name(&found[1]);
                lines.push(format!("let {name} = {value};"));
                self.set.insert(name, found[1].to_owned());
                uses_answer = true;
            }
            if let Some(found) = self.patterns.equals.captures(line)
                && let Some(value) = self.of_answer(&found[1], &answers)
                && let Some(wanted) = wanted_value(&found[2])
            {
                let words = test.as_ref().map_or_else(|| title.to_owned(), |(title, _)| title.clone());
                let verb = if after_write { "check" } else { "expect" };
                lines.push(format!("{verb}({value} == {wanted}, {});", quoted_text(&words)));
                uses_answer = true;
                if let Some((_, is_told)) = &mut test {
                    *is_told = true;
                }
            }
        }
        untold.extend(test.filter(|(_, is_told)| !is_told).map(|(title, _)| title));
        for test in untold {
            self.remarks.push(format!("{title}: the test {} could not be taken over", quoted_text(&test)));
        }
        (lines, uses_answer)
    }

    /// `jsonData.id` as `answer.id`.
    fn of_answer(&self, expression: &str, answers: &[String]) -> Option<String> {
        let found = self.patterns.path.captures(expression.trim())?;
        let is_answer = &found[1] == "pm.response.json()" || answers.iter().any(|name| *name == found[1]);
        is_answer.then(|| format!("answer{}", &found[2]))
    }

    fn runbook(self, title: &str) -> RunbookDraft {
        let mut writes: BTreeMap<&str, usize> = BTreeMap::new();
        for name in self.steps.iter().filter_map(|step| step.writes) {
            *writes.entry(name).or_default() += 1;
        }
        let first = self.steps.iter().position(|step| step.writes.is_some());
        let costs: Vec<String> = writes
            .iter()
            .filter(|(name, _)| **name != "request")
            .map(|(name, count)| format!("{name}: {count}"))
            .collect();
        let costs = if costs.is_empty() { String::new() } else { format!(", #{{ {} }}", costs.join(", ")) };
        let mut text = format!(
            "//! {title}\n//!\n//! Made from a Postman collection. Say here when to use this procedure, what it needs, and what it never does.\n\nconst ORGS = #{{ okta: \"the org\" }};\n"
        );
        if !self.parameters.is_empty() {
            text.push_str("const PARAMS = #{\n");
            for (name, variable) in &self.parameters {
                text.push_str(&parameter_line(name, variable, self.values.get(variable)));
            }
            text.push_str("};\n");
        }
        for (at, step) in self.steps.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "\nstep({});\n", quoted_text(&step.title));
            if Some(at) == first {
                let _ = writeln!(text, "ready({}{costs});", quoted_text(&format!("{title}?")));
            }
            for line in &step.lines {
                text.push_str(line);
                text.push('\n');
            }
        }
        RunbookDraft { text, remarks: self.remarks }
    }
}

fn parameter_line(name: &str, variable: &str, value: Option<&String>) -> String {
    let is_secret = SECRET_WORDS.iter().any(|word| name.contains(word));
    let kind = if is_secret { "secret" } else { "string" };
    let example = value.filter(|value| !is_secret && !value.is_empty());
    let example = example.map_or_else(String::new, |value| format!(", example: {}", quoted_text(value)));
    format!("    {name}: #{{ type: \"{kind}\", help: {}{example} }},\n", quoted_text(variable))
}

/// A literal of JavaScript that is one here, too.
fn wanted_value(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    let text = inner.map_or_else(|| text.to_owned(), quoted_text);
    let value: Value = serde_json::from_str(&text).ok()?;
    Some(literal(&value, &quoted_text))
}
