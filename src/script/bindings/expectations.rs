//! `expect` and `ready`: what must hold before anything is changed, told together, and the question before the first change.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::time::Duration;

use rhai::{Dynamic, Engine, Map, NativeCallContext};

use super::call_site::{CallSite, RaisedError};
use super::flow::{help_lines, show_value};
use super::item_label::item_label;
use crate::okta::{self, operations};
use crate::run::event::EventKind;
use crate::run::plural::count_noun;
use crate::run::{CallError, ExpectedItem, RunExpectation};
use crate::script::call_context::CallContext;
use crate::script::error::kind_of;
use crate::script::error_value::ErrorValue;
use crate::script::nearest::{nearest, or_list};

pub(super) fn register(engine: &mut Engine) {
    let any = TypeId::of::<Dynamic>();
    for count in 2..=5 {
        engine.register_raw_fn("expect", vec![any; count], |context, arguments| {
            let given = arguments.iter().map(|value| (**value).flatten_clone()).collect::<Vec<_>>();
            expect(&context, &given)
        });
    }
    engine
        .register_fn("ready", |context: NativeCallContext, question: &str| ready(&context, question, &Map::new()))
        .register_fn("ready", |context: NativeCallContext, question: &str, changes: Map| {
            ready(&context, question, &changes)
        });
}

/// `expect(fact, words, help?, failure?)`, or the same with an item before the fact, of which the words say something: `is active`.
fn expect(context: &NativeCallContext, given: &[Dynamic]) -> RaisedError<()> {
    let place = CallSite::of(context);
    let (item, fact, rest) = match given {
        [fact, rest @ ..] if fact.is_bool() && rest.len() <= 3 => (None, fact, rest),
        [item, fact, rest @ ..] if fact.is_bool() && !rest.is_empty() => (Some(item), fact, rest),
        [first, ..] => {
            let found = kind_of(first.type_name());
            return Err(place.usage(format!("expect: the fact must be true or false, not {found}")));
        }
        [] => return Err(place.usage("expect: the fact is missing")),
    };
    let scene = place.scene()?;
    let Some(words) = rest.first().and_then(|words| words.as_immutable_string_ref().ok()) else {
        return Err(place.usage("expect: the words after the fact must be a text, such as \"the OU exists\""));
    };
    let passed = fact.as_bool().unwrap_or_default();
    let failure = rest.get(2).filter(|words| !words.is_unit()).map(show_value);
    let help = rest.get(1).map(help_lines).unwrap_or_default();
    let subject = item.map(|item| ExpectationSubject::of(&scene, item));
    let predicate = words.to_string();
    let words = match (passed, &subject) {
        (true, None) => predicate.clone(),
        (true, Some(subject)) => subject.sentence(&predicate),
        (false, None) => failure.unwrap_or_else(|| format!("expected: {predicate}")),
        (false, Some(subject)) => subject.failure(&predicate, failure),
    };
    if scene.lane.item().is_some() {
        return expect_in_lane(&place, &scene, passed, words, help);
    }
    let item = subject.map(|subject| ExpectedItem { label: subject.label, predicate, site: place.words() });
    let gathered = scene.host.run.expect(&scene.lane, RunExpectation { passed, words, help, item });
    gathered.map_err(|error| place.error(&scene, error))
}

/// An item of a bulk step may be the only one of which it does not hold: it stops that item.
fn expect_in_lane(
    place: &CallSite,
    scene: &CallContext,
    passed: bool,
    words: String,
    help: Vec<String>,
) -> RaisedError<()> {
    let told = scene.host.run.emit(&scene.lane, EventKind::Check { passed, words: words.clone(), items: Vec::new() });
    told.map_err(|error| place.error(scene, error))?;
    if passed {
        Ok(())
    } else {
        Err(place.raise(ErrorValue::new("check", format!("check failed: {words}")).help(help)))
    }
}

/// Whom or what an expectation is about.
pub(super) struct ExpectationSubject {
    /// What a person knows it by.
    pub(super) label: String,
    /// The row of the file that it is from, such as `users.csv:3`.
    row: Option<String>,
}

/// Verbs with which words about an item begin, and the same denied.
const DENIALS: &[(&str, &str)] = &[
    ("is not ", "is "),
    ("is ", "is not "),
    ("are not ", "are "),
    ("are ", "are not "),
    ("was ", "was not "),
    ("can ", "cannot "),
    ("may ", "may not "),
    ("has no ", "has "),
    ("has ", "does not have "),
];

impl ExpectationSubject {
    pub(super) fn of(scene: &CallContext, item: &Dynamic) -> Self {
        Self { label: item_label(item), row: scene.host.row_of(item) }
    }

    fn sentence(&self, words: &str) -> String {
        format!("{} {words}", self.label)
    }

    pub(super) fn failure(&self, words: &str, failure: Option<String>) -> String {
        let sentence = match failure {
            Some(failure) => self.sentence(&failure),
            None => match deny_words(words) {
                Some(denied) => self.sentence(&denied),
                None => format!("expected: {}", self.sentence(words)),
            },
        };
        match &self.row {
            Some(row) => format!("{row}: {sentence}"),
            None => sentence,
        }
    }
}

/// The words with their verb denied; none where they begin with another.
fn deny_words(words: &str) -> Option<String> {
    let denial = DENIALS.iter().find_map(|(verb, denied)| Some((words.strip_prefix(verb)?, denied)));
    denial.map(|(rest, denied)| format!("{denied}{rest}"))
}

/// Stops with all that is unmet; else shows what the changes cost under the limits, and asks.
fn ready(context: &NativeCallContext, question: &str, changes: &Map) -> RaisedError<()> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    if scene.lane.item().is_some() {
        return Err(place.usage("ready: ask before the bulk step, not in one of its items"));
    }
    let run = &scene.host.run;
    let costs = changes.iter().map(|(name, count)| ChangeCost::of(&place, &scene, name, count));
    let costs = costs.collect::<RaisedError<Vec<_>>>()?;
    let told = |result: Result<(), CallError>| result.map_err(|error| place.error(&scene, error));
    told(run.settle_expectations(&scene.lane))?;
    if !costs.is_empty() {
        told(run.emit(&scene.lane, cost_table(&costs)))?;
        told(run.emit(&scene.lane, EventKind::Note { words: cost_in_all(&costs) }))?;
    }
    told(run.confirm(&scene.lane, question))
}

/// What calls of one operation cost.
struct ChangeCost {
    change: String,
    calls: u64,
    /// The bucket in which they count.
    bucket: (String, &'static str),
    /// Calls of a minute that are ours, and the time that these take; none where the limit is not known yet.
    limit: Option<(u64, Duration)>,
}

impl ChangeCost {
    /// `name` is an operation, with an org before it where the run has several: `hub.create_user`.
    fn of(place: &CallSite, scene: &CallContext, name: &str, count: &Dynamic) -> RaisedError<Self> {
        let orgs: Vec<&str> = scene.host.run.org_names().collect();
        let (org, operation) = match (name.split_once('.'), orgs.as_slice()) {
            (Some((org, operation)), orgs) if orgs.contains(&org) => (org.to_owned(), operation),
            (None, [only]) => ((*only).to_owned(), name),
            (Some((org, _)), _) => return Err(place.usage(format!("ready: this run has no org `{org}`"))),
            (None, _) => {
                let first = orgs.first().copied().unwrap_or_default();
                return Err(place.usage(format!("ready: say in which org: \"{first}.{name}\"")));
            }
        };
        let Some(found) = operations::find(operation) else {
            let near = nearest(operation, operations::all().iter().map(|operation| operation.name));
            let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", or_list(&near)) };
            return Err(place.usage(format!("ready: there is no operation `{operation}`{hint}")));
        };
        let calls = count.as_int().ok().and_then(|count| u64::try_from(count).ok());
        let calls = calls.ok_or_else(|| place.usage(format!("ready: `{name}` takes a number of calls, 0 or more")))?;
        let limit = scene.host.run.estimate(&org, found.method, found.path, calls);
        let bucket = okta::bucket(found.method, found.path);
        Ok(Self { change: name.to_owned(), calls, bucket: (org, bucket), limit })
    }

    fn cells(&self) -> Vec<String> {
        let share = self.limit.map_or_else(|| "not known yet".to_owned(), |(share, _)| share.to_string());
        let time = self.limit.map_or_else(String::new, |(_, time)| minutes(time));
        vec![self.change.clone(), self.calls.to_string(), share, time]
    }
}

fn cost_table(costs: &[ChangeCost]) -> EventKind {
    let columns = ["change", "calls", "a minute, our share", "takes at least"].map(str::to_owned).to_vec();
    EventKind::Table { columns, rows: costs.iter().map(ChangeCost::cells).collect() }
}

/// The least time for all of them: buckets fill at the same time, calls of one bucket one after another.
fn cost_in_all(costs: &[ChangeCost]) -> String {
    let calls = costs.iter().map(|cost| cost.calls).sum();
    let mut buckets: BTreeMap<&(String, &'static str), (u64, u64)> = BTreeMap::new();
    for cost in costs {
        if let Some((share, _)) = cost.limit {
            let known = buckets.entry(&cost.bucket).or_default();
            *known = (known.0 + cost.calls, share);
        }
    }
    let time =
        buckets.values().filter(|(calls, share)| calls > share).map(|(calls, share)| calls * 60 / (*share).max(1));
    let time = time.max().map(Duration::from_secs).unwrap_or_default();
    format!("{} in all, {}", count_noun(calls, "call"), minutes(time))
}

fn minutes(time: Duration) -> String {
    match time.as_secs().div_ceil(60) {
        0 => "less than a minute".to_owned(),
        minutes => format!("{minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_about_an_item_are_denied_by_their_verb() {
        for (words, expected) in [
            ("is active", Some("is not active")),
            ("is not listed twice", Some("is listed twice")),
            ("has no other members", Some("has other members")),
            ("has an account", Some("does not have an account")),
            ("finds no other account", None),
        ] {
            assert_eq!(deny_words(words).as_deref(), expected, "{words}");
        }
    }

    #[test]
    fn calls_of_one_bucket_follow_each_other_and_buckets_go_together() {
        let cost = |calls, bucket, share| ChangeCost {
            change: "x".to_owned(),
            calls,
            bucket: ("okta".to_owned(), bucket),
            limit: Some((share, Duration::ZERO)),
        };
        let costs = [cost(3000, "apps", 40), cost(3000, "groups", 400), cost(3000, "groups", 400)];
        assert_eq!(cost_in_all(&costs), "9000 calls in all, 75 min");
        assert_eq!(cost_in_all(&[cost(3, "apps", 40)]), "3 calls in all, less than a minute");
    }
}
