//! A run as `JUnit`'s XML, which build servers and change systems read: one suite with a case for each step, one with a case for each
//! item. It keeps to what the schemas of Ant and of Jenkins' xUnit plugin have in common.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use jiff::Timestamp;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event as Xml};

use super::evidence::RunEvidence;
use super::run_summary::{AttestationKind, ItemEnd, RunAttestation, RunSummary, StepEnd, StoryItem, StoryStep};

type JunitWriter = Writer<Vec<u8>>;

/// The document, with a newline at its end.
///
/// # Errors
/// When the XML library refuses what it is given.
pub fn document(evidence: &RunEvidence) -> io::Result<String> {
    let story = RunSummary::of(evidence);
    write_junit(&[steps(evidence, &story), items(evidence, &story)])
}

/// Tests of runbooks as a suite a file.
pub struct TestSuite {
    pub name: String,
    pub cases: Vec<TestCase>,
}

/// One test.
pub struct TestCase {
    pub name: String,
    pub seconds: f64,
    /// Why it failed.
    pub failure: Option<String>,
}

/// The document of tests that were begun at `begun`, with a newline at its end.
///
/// # Errors
/// When the XML library refuses what it is given.
pub fn of_tests(suites: &[TestSuite], begun: Timestamp) -> io::Result<String> {
    let case = |case: &TestCase| JunitCase {
        name: case.name.clone(),
        seconds: case.seconds,
        result: match &case.failure {
            None => JunitOutcome::Passed,
            Some(why) => JunitOutcome::Failed("failed", why.clone()),
        },
    };
    let suite = |suite: &TestSuite| JunitSuite {
        name: suite.name.replace(['/', '\\'], "."),
        begun,
        facts: Vec::new(),
        cases: suite.cases.iter().map(case).collect(),
        out: String::new(),
    };
    write_junit(&suites.iter().map(suite).collect::<Vec<_>>())
}

fn write_junit(suites: &[JunitSuite]) -> io::Result<String> {
    let mut out = Writer::new_with_indent(Vec::new(), b' ', 2);
    out.write_event(Xml::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    out.create_element("testsuites").write_inner_content(|out| {
        for (id, suite) in suites.iter().filter(|s| !s.cases.is_empty()).enumerate() {
            suite.write(id, out)?;
        }
        Ok(())
    })?;
    let mut text = String::from_utf8(out.into_inner()).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}

struct JunitSuite {
    name: String,
    begun: Timestamp,
    facts: Vec<(&'static str, String)>,
    cases: Vec<JunitCase>,
    /// What a person reads below the cases.
    out: String,
}

struct JunitCase {
    name: String,
    seconds: f64,
    result: JunitOutcome,
}

/// How a case went, in `JUnit`'s words.
enum JunitOutcome {
    Passed,
    Skipped(String),
    /// It did not do what it should.
    Failed(&'static str, String),
    /// It came to no end.
    Error(&'static str, String),
}

fn steps(evidence: &RunEvidence, story: &RunSummary<'_>) -> JunitSuite {
    JunitSuite {
        name: suite_name(evidence, "steps"),
        begun: evidence.started,
        facts: facts(evidence, story),
        cases: story.steps.iter().map(step).collect(),
        out: calls(evidence, story),
    }
}

/// The orgs of each step, and what was written in it: a case has no place for them that all readers know.
fn calls(evidence: &RunEvidence, story: &RunSummary<'_>) -> String {
    let mut text = String::new();
    for step in story.steps.iter().filter(|step| !step.orgs.is_empty()) {
        let orgs: Vec<&str> = step.orgs.iter().copied().collect();
        let _ = writeln!(text, "{} (in {})", step.title, orgs.join(", "));
        let writes = evidence.writes.iter();
        for write in writes.filter(|write| write.step.as_deref() == Some(step.title)) {
            let item = write.item.as_deref().map(|item| format!(" for {item}"));
            let _ = writeln!(
                text,
                "  {} {} {} {}{}: {}",
                write.call.org,
                write.call.method,
                write.call.path,
                write.call.operation,
                item.unwrap_or_default(),
                write.state.words()
            );
        }
    }
    text
}

fn items(evidence: &RunEvidence, story: &RunSummary<'_>) -> JunitSuite {
    JunitSuite {
        name: suite_name(evidence, "items"),
        begun: evidence.started,
        facts: facts(evidence, story),
        cases: story.items.iter().map(item).collect(),
        out: String::new(),
    }
}

/// What a person did, and who it was.
fn attestation_property(attestation: &RunAttestation<'_>) -> (&'static str, String) {
    let by = match (&attestation.by, attestation.kind) {
        (Some(by), _) => format!(", by {by}"),
        (None, AttestationKind::Question) => ", not agreed".to_owned(),
        (None, AttestationKind::Manual) => ", by nobody yet".to_owned(),
        (None, _) => String::new(),
    };
    let words = format!("{} {}{by}", attestation.time, attestation.words);
    (attestation.kind.word(), words)
}

/// Readers take dots for the borders of packages.
fn suite_name(evidence: &RunEvidence, part: &str) -> String {
    format!("{}.{part}", evidence.runbook.replace(['/', '\\'], "."))
}

fn facts(evidence: &RunEvidence, story: &RunSummary<'_>) -> Vec<(&'static str, String)> {
    let outcome = super::evidence::outcome_words(evidence.outcome);
    let mut facts = vec![
        ("run", evidence.run.clone()),
        ("runbook", evidence.runbook.clone()),
        ("digest", evidence.digest.clone()),
        ("operator", evidence.operator.clone()),
        ("journal", evidence.journal.clone()),
        ("outcome", outcome.to_owned()),
    ];
    let orgs = evidence.orgs.iter();
    facts.extend(orgs.map(|org| ("org", format!("{} {}", org.name, org.url))));
    facts.extend(story.attestations.iter().map(attestation_property));
    facts
}

fn step(step: &StoryStep<'_>) -> JunitCase {
    let said = || step.message.clone().unwrap_or_default();
    let seconds = match (step.begun, step.ended) {
        (Some(begun), Some(ended)) => ended.duration_since(begun).as_secs_f64(),
        _ => 0.0,
    };
    JunitCase {
        name: step.title.to_owned(),
        seconds,
        result: match step.end {
            StepEnd::Done => JunitOutcome::Passed,
            StepEnd::Partly => JunitOutcome::Failed("items failed", said()),
            StepEnd::Failed => JunitOutcome::Failed("failed", said()),
            StepEnd::BrokenOff => JunitOutcome::Error("broken off", said()),
            StepEnd::Waiting => JunitOutcome::Skipped(format!("waits for a person: {}", said())),
            StepEnd::NotBegun => JunitOutcome::Skipped("not begun".to_owned()),
        },
    }
}

fn item(item: &StoryItem<'_>) -> JunitCase {
    let said = |otherwise: &str| {
        let message = item.message.unwrap_or(otherwise);
        let step = item.step.map(|step| format!("\nin step: {step}"));
        format!("{message}{}", step.unwrap_or_default())
    };
    JunitCase {
        name: item.key.to_owned(),
        seconds: item.seconds,
        result: match item.end {
            ItemEnd::Succeeded | ItemEnd::Unchanged => JunitOutcome::Passed,
            ItemEnd::Failed => JunitOutcome::Failed("failed", said("failed")),
            ItemEnd::Unfinished => JunitOutcome::Error("unfinished", said("the run ended before the item did")),
        },
    }
}

impl JunitSuite {
    fn write(&self, id: usize, out: &mut JunitWriter) -> io::Result<()> {
        let count = |kind: fn(&JunitOutcome) -> bool| {
            let found = self.cases.iter().filter(|case| kind(&case.result)).count();
            found.to_string()
        };
        let seconds: f64 = self.cases.iter().map(|case| case.seconds).sum();
        out.create_element("testsuite")
            .with_attributes(attributes(&[
                ("id", &id.to_string()),
                ("name", &self.name),
                ("package", &self.name),
                // The schema wants a zoneless time; it is UTC as all times of a run.
                ("timestamp", &self.begun.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
                // Its own word for a host that is not told.
                ("hostname", "localhost"),
                ("tests", &self.cases.len().to_string()),
                ("failures", &count(|o| matches!(o, JunitOutcome::Failed(..)))),
                ("errors", &count(|o| matches!(o, JunitOutcome::Error(..)))),
                ("skipped", &count(|o| matches!(o, JunitOutcome::Skipped(_)))),
                ("time", &time(seconds)),
            ]))
            .write_inner_content(|out| self.content(out))?;
        Ok(())
    }

    fn content(&self, out: &mut JunitWriter) -> io::Result<()> {
        out.create_element("properties").write_inner_content(|out| {
            for (name, value) in &self.facts {
                out.create_element("property")
                    .with_attributes(attributes(&[("name", name), ("value", value)]))
                    .write_empty()?;
            }
            Ok(())
        })?;
        for case in &self.cases {
            case.write(&self.name, out)?;
        }
        let said = out.create_element("system-out");
        if self.out.is_empty() {
            said.write_empty()?;
        } else {
            said.write_text_content(BytesText::new(&xml_text(&self.out)))?;
        }
        out.create_element("system-err").write_empty()?;
        Ok(())
    }
}

impl JunitCase {
    fn write(&self, suite: &str, out: &mut JunitWriter) -> io::Result<()> {
        let case = out.create_element("testcase").with_attributes(attributes(&[
            ("name", &self.name),
            ("classname", suite),
            ("time", &time(self.seconds)),
        ]));
        match &self.result {
            JunitOutcome::Passed => case.write_empty()?,
            JunitOutcome::Skipped(why) => case.write_inner_content(|out| {
                out.create_element("skipped")
                    .with_attributes(attributes(&[("message", first_line(why))]))
                    .write_empty()?;
                Ok(())
            })?,
            JunitOutcome::Failed(kind, why) => case.write_inner_content(|out| complaint(out, "failure", kind, why))?,
            JunitOutcome::Error(kind, why) => case.write_inner_content(|out| complaint(out, "error", kind, why))?,
        };
        Ok(())
    }
}

fn complaint(out: &mut JunitWriter, element: &str, kind: &str, why: &str) -> io::Result<()> {
    out.create_element(element)
        .with_attributes(attributes(&[("message", first_line(why)), ("type", kind)]))
        .write_text_content(BytesText::new(&xml_text(why)))?;
    Ok(())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn time(seconds: f64) -> String {
    format!("{:.3}", seconds.max(0.0))
}

/// Escaped by the XML library; characters that XML cannot hold at all are replaced before. Line ends become spaces, as readers of
/// attributes make them.
fn attributes<'a>(pairs: &[(&'a str, &str)]) -> Vec<(&'a str, Cow<'a, str>)> {
    let pair = |(name, value): &(&'a str, &str)| (*name, xml_text(value).replace(['\n', '\t'], " ").into());
    pairs.iter().map(pair).collect()
}

/// XML 1.0 has no control characters but tab and line ends, and two more code points are no characters.
fn xml_text(text: &str) -> String {
    super::visible_text(text)
}
