//! Whether a run did what its plan said, and the orgs ended as it said: call by call and thing by thing. What the plan was not sure of
//! may differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// Real ids by placeholder.
#[derive(Default)]
pub(super) struct Bound(BTreeMap<String, String>);

const MARK: &str = "PLANNED";

impl Bound {
    /// Whether a text of the plan stands for a real one.
    fn fits(&mut self, planned: &str, real: &str) -> bool {
        let Some(at) = planned.find(MARK).map(|at| at - 3) else {
            return planned == real;
        };
        let (id, rest) = (&planned[at..at + 20], &planned[at + 20..]);
        let Some(tail) = real.strip_prefix(&planned[..at]) else {
            return false;
        };
        let end = tail.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tail.len());
        let (given, tail) = tail.split_at(end);
        let known = self.0.get(id).is_none_or(|known| known == given);
        if known {
            self.0.insert(id.to_owned(), given.to_owned());
        }
        known && self.fits(rest, tail)
    }

    fn same(&mut self, planned: &Value, real: &Value) -> bool {
        match (planned, real) {
            (Value::String(planned), Value::String(real)) => self.fits(planned, real),
            (Value::Array(planned), Value::Array(real)) => {
                planned.len() == real.len() && planned.iter().zip(real).all(|(planned, real)| self.same(planned, real))
            }
            (Value::Object(planned), Value::Object(real)) => {
                planned.len() == real.len()
                    && planned.iter().all(|(name, planned)| self.same(planned, real.get(name).unwrap_or(&Value::Null)))
            }
            _ => planned == real,
        }
    }

    pub(super) fn bind(&mut self, placeholder: &str, real: &str) {
        self.0.entry(placeholder.to_owned()).or_insert_with(|| real.to_owned());
    }

    /// A text of the plan with the real ids; `None` when one is not known.
    pub(super) fn real(&self, planned: &str) -> Option<String> {
        let mut text = planned.to_owned();
        while let Some(at) = text.find(MARK).map(|at| at - 3) {
            let id = text[at..at + 20].to_owned();
            text = text.replace(&id, self.0.get(&id)?);
        }
        Some(text)
    }
}

type Line = (String, String);

/// Calls by the item and step they belong to.
fn by_line(calls: impl Iterator<Item = (Line, Value)>) -> BTreeMap<Line, Vec<Value>> {
    let mut lines: BTreeMap<Line, Vec<Value>> = BTreeMap::new();
    for (line, call) in calls {
        lines.entry(line).or_default().push(call);
    }
    lines
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn call(of: &Value, query: &Value, body: &Value) -> Value {
    json!({"org": of["org"], "operation": of["operation"], "path": of["path"], "query": query, "body": body})
}

fn planned(plan: &Value) -> BTreeMap<Line, Vec<Value>> {
    let steps = plan["steps"].as_array().unwrap().iter();
    let deeds = steps.flat_map(|step| {
        let title = text(step, "title");
        let deeds = step["deeds"].as_array().unwrap().iter();
        deeds.map(move |deed| ((text(deed, "item"), title.clone()), deed))
    });
    let sent = deeds.filter(|(_, deed)| ["will", "may"].contains(&deed["certainty"].as_str().unwrap()));
    by_line(sent.map(|(line, deed)| {
        let mut own = call(deed, &deed["query"], &deed["body"]);
        own["may"] = json!(deed["certainty"] == "may");
        (line, own)
    }))
}

/// Of a run's evidence.
fn done(report: &Value) -> BTreeMap<Line, Vec<Value>> {
    let writes = report["writes"].as_array().unwrap().iter();
    let done = writes.filter(|write| write["state"] == "done");
    by_line(done.map(|write| {
        let request = &write["request"];
        let line = (text(write, "item"), text(write, "step"));
        (line, call(write, &request["query"], &request["body"]))
    }))
}

/// What a run did otherwise than its plan said; nothing when it did just that, or what the plan was not sure of. Tells whether it was.
pub(super) fn writes(plan: &Value, report: &Value, bound: &mut Bound) -> Result<Sure, Vec<String>> {
    let (mut planned, mut done) = (planned(plan), done(report));
    let mut wrong = Vec::new();
    let mut sure = Sure::Yes;
    let lines: BTreeSet<Line> = planned.keys().chain(done.keys()).cloned().collect();
    // The main script comes first: what it makes, the others name.
    for line in lines {
        let ours = planned.remove(&line).unwrap_or_default();
        let theirs = done.remove(&line).unwrap_or_default();
        let mut theirs = theirs.into_iter().peekable();
        for mut deed in ours {
            let may = deed["may"] == true;
            deed.as_object_mut().unwrap().remove("may");
            if theirs.peek().is_some_and(|real| bound.same(&deed, real)) {
                theirs.next();
            } else if may {
                sure = Sure::No;
            } else {
                wrong.push(format!("{line:?}: planned and not done: {deed}"));
            }
        }
        wrong.extend(theirs.map(|real| format!("{line:?}: done and not planned: {real}")));
    }
    if wrong.is_empty() { Ok(sure) } else { Err(wrong) }
}

/// Whether everything went as it was planned, what might have been otherwise too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sure {
    Yes,
    No,
}

/// Fields that tell when something was, or where.
const SILENT: &[&str] = &[
    "created",
    "lastUpdated",
    "lastMembershipUpdated",
    "lastSync",
    "lastPush",
    "statusChanged",
    "passwordChanged",
    "activated",
    "_links",
    "_embedded",
    "sid",
    "guid",
    "guidBase64",
    "objectSid",
    "whenChanged",
    "uSNChanged",
    "userPassword",
];

fn told(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, value)| !SILENT.contains(&name.as_str()) && !value.is_null());
            Value::Object(fields.map(|(name, value)| (name.clone(), told(value))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// What is told of a thing in a plan's effects against the thing itself: `Null` where there is none.
pub(super) fn effect(effect: &Value, real: &Value, bound: &mut Bound) -> Result<(), String> {
    let path = text(effect, "path");
    match effect["how"].as_str().unwrap() {
        "gone" if real.is_null() => Ok(()),
        "made" if !real.is_null() => {
            let (made, real) = (told(&effect["made"]), told(real));
            if bound.same(&made, &real) { Ok(()) } else { Err(format!("{path} is made: planned {made}, is {real}")) }
        }
        "changed" if !real.is_null() => {
            let changes = effect["changes"].as_array().unwrap().iter();
            let wrong: Vec<String> = changes
                .filter(|change| {
                    let field = change["field"].as_str().unwrap();
                    !field.split('.').any(|part| SILENT.contains(&part))
                })
                .filter_map(|change| differs(change, real, bound))
                .collect();
            if wrong.is_empty() { Ok(()) } else { Err(format!("{path}: {}", wrong.join("; "))) }
        }
        how => Err(format!("{path} should be {how} and is {real}")),
    }
}

fn differs(change: &Value, real: &Value, bound: &mut Bound) -> Option<String> {
    let field = change["field"].as_str().unwrap();
    let mut found = real;
    for part in field.split('.') {
        found = &found[part];
    }
    let is = match found {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let after = change["after"].as_str().unwrap();
    (!bound.fits(after, &is)).then(|| format!("{field}: planned {after:?}, is {is:?}"))
}
