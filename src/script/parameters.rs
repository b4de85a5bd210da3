//! What is given for a runbook's parameters, checked against what it declares. Everything wrong is told at once.

mod assignment;
mod given_rows;
mod hidden;
mod list;
mod problem;
mod rows;
mod table;
mod text_encoding;

pub use assignment::{ParameterAssignment, parse_assignments};
pub use given_rows::{InvalidRows, RejectedRow};
pub use problem::ParameterProblem;
pub use table::headings_of;

use std::collections::BTreeMap;
use std::fs;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::script::nearest::{nearest, or_list};
use crate::script::runbook::{DeclaredParameter, ParameterType, RunbookHeader};
use given_rows::{SettledRows, left_out_words};
use text_encoding::DecodedFile;

/// Where the values of what was not given come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingValues {
    /// With the simulator: a parameter that is not given has its example.
    Examples,
    /// Otherwise: what is required must be given.
    Given,
}

/// What checking needs from elsewhere.
pub struct ParameterSources<'a> {
    /// Says what is wrong with a distinguished name.
    pub dn: &'a dyn Fn(&str) -> Result<(), String>,
    /// The environment, for `env:NAME` of a secret.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// What is done about wrong rows of files.
    pub invalid: InvalidRows,
    /// Asks a person for a secret that was not given; `None` where nobody is to be asked, or nobody answers.
    pub ask: &'a dyn Fn(&DeclaredParameter) -> Option<SecretString>,
}

/// What `params` has of rows that were left out: sentences that belong to the outcome.
pub const LEFT_OUT: &str = "left_out";

/// Checked parameters.
#[derive(Clone, Debug, Default)]
pub struct CheckedParameters {
    /// `params` of the script, in the order of the declaration; secrets are not among them.
    pub values: Map<String, Value>,
    pub secrets: BTreeMap<String, SecretString>,
    /// What a person should know of the files that were read: columns that nothing reads.
    pub remarks: Vec<String>,
    /// Rows of files that were left out.
    pub rejected: Vec<RejectedRow>,
    origins: BTreeMap<String, Vec<String>>,
}

impl CheckedParameters {
    /// Where a value is from: `--param`, `default`, `example`, or `users.csv:3`. `item` is the place in a list.
    pub fn origin(&self, name: &str, item: usize) -> Option<&str> {
        let origins = self.origins.get(name)?;
        origins.get(item).map(String::as_str)
    }

    /// What the outcome says of rows that were left out.
    pub fn left_out(&self) -> Vec<String> {
        left_out_words(&self.rejected)
    }
}

/// Checks `given` against the declarations of `runbook`.
pub fn check(
    runbook: &RunbookHeader,
    given: &[ParameterAssignment],
    mode: MissingValues,
    outside: &ParameterSources<'_>,
) -> Result<CheckedParameters, Vec<ParameterProblem>> {
    let mut problems = unknown(runbook, given);
    let mut checked = CheckedParameters::default();
    for parameter in &runbook.parameters {
        let texts: Vec<&str> = given
            .iter()
            .filter(|assignment| assignment.name == parameter.name)
            .map(|assignment| assignment.value.as_str())
            .collect();
        let outcome = match texts.as_slice() {
            [] => checked.take_declared(parameter, mode, outside),
            texts => checked.take_given(runbook, parameter, texts, outside),
        };
        if let Err(found) = outcome {
            problems.extend(found);
        }
    }
    if problems.is_empty() { Ok(checked) } else { Err(problems) }
}

fn unknown(runbook: &RunbookHeader, given: &[ParameterAssignment]) -> Vec<ParameterProblem> {
    let known = || runbook.parameters.iter().map(|parameter| parameter.name.as_str());
    given
        .iter()
        .filter(|assignment| runbook.parameter(&assignment.name).is_none())
        .map(|assignment| {
            let problem = ParameterProblem::new(format!("{} has no parameter `{}`", runbook.name, assignment.name));
            match nearest(&assignment.name, known()).as_slice() {
                [] if known().next().is_none() => problem.help("it has none: leave it out"),
                [] => problem.help(format!("it has: {}", known().collect::<Vec<_>>().join(", "))),
                names => problem.help(format!("did you mean {}?", or_list(names))),
            }
        })
        .collect()
}

type CheckedValue = Result<(), Vec<ParameterProblem>>;

impl CheckedParameters {
    fn take_declared(
        &mut self,
        parameter: &DeclaredParameter,
        mode: MissingValues,
        outside: &ParameterSources<'_>,
    ) -> CheckedValue {
        let example = (mode == MissingValues::Examples).then_some(parameter.example.as_ref()).flatten();
        // The default before the example: an example shows how a value looks, a default is what the runbook does.
        let (value, origin) = match (&parameter.default, example) {
            (Some(value), _) => (value.clone(), "default"),
            (None, Some(value)) => (value.clone(), "example"),
            (None, None) if parameter.required => return self.take_asked(parameter, outside),
            (None, None) => (absent(parameter), "absent"),
        };
        if parameter.kind == ParameterType::Secret {
            match value {
                Value::String(secret) => {
                    self.secrets.insert(parameter.name.clone(), secret.into());
                }
                absent => self.keep(parameter, absent, Vec::new()),
            }
            return Ok(());
        }
        if let (ParameterType::Dn, Some(dn)) = (&parameter.kind, value.as_str()) {
            check_dn(&format!("`{}`", parameter.name), dn, outside)?;
        }
        let value = if parameter.kind == ParameterType::Rows { rows::as_declared(parameter, &value) } else { value };
        let count = value.as_array().map_or(1, Vec::len);
        self.keep(parameter, value, vec![origin.to_owned(); count]);
        Ok(())
    }

    /// A secret that is required and was not given may be asked for; everything else is missing.
    fn take_asked(&mut self, parameter: &DeclaredParameter, outside: &ParameterSources<'_>) -> CheckedValue {
        let asked = (parameter.kind == ParameterType::Secret).then(|| (outside.ask)(parameter));
        let secret = asked.flatten().ok_or_else(|| vec![missing(parameter)])?;
        self.secrets.insert(parameter.name.clone(), long_enough(&parameter.name, secret)?);
        Ok(())
    }

    fn take_given(
        &mut self,
        runbook: &RunbookHeader,
        parameter: &DeclaredParameter,
        texts: &[&str],
        outside: &ParameterSources<'_>,
    ) -> CheckedValue {
        // `NAME=` leaves out what may be left out, also where an example would stand for it.
        if texts == [""] && !parameter.required && parameter.default.is_none() {
            self.keep(parameter, absent(parameter), Vec::new());
            return Ok(());
        }
        let settled = match parameter.kind {
            ParameterType::List | ParameterType::Users => Some(list::read(runbook, parameter, texts, outside.invalid)?),
            ParameterType::Rows => Some(rows::read(runbook, parameter, texts, outside.invalid, outside)?),
            _ => None,
        };
        if let Some(settled) = settled {
            self.keep_rows(parameter, settled);
            return Ok(());
        }
        let [text] = texts else {
            return Err(vec![
                ParameterProblem::new(format!("`{}` is given {} times", parameter.name, texts.len()))
                    .help("only a list may be given more than once"),
            ]);
        };
        if parameter.kind == ParameterType::Secret {
            let secret = secret(parameter, text, outside)?;
            self.secrets.insert(parameter.name.clone(), secret);
            return Ok(());
        }
        let value = single(parameter, text, outside)?;
        self.keep(parameter, value, vec!["--param".to_owned()]);
        Ok(())
    }

    fn keep_rows(&mut self, parameter: &DeclaredParameter, settled: SettledRows) {
        let SettledRows { right, rejected, remarks } = settled;
        self.remarks.extend(remarks);
        self.rejected.extend(rejected);
        let origin = |origin: &str| if origin.is_empty() { "--param".to_owned() } else { origin.to_owned() };
        let origins = right.iter().map(|row| origin(&row.origin)).collect();
        let value = match parameter.kind {
            ParameterType::Rows => rows::as_values(parameter, &right),
            _ => right.into_iter().flat_map(|row| row.values).flatten().collect(),
        };
        self.keep(parameter, value, origins);
    }

    fn keep(&mut self, parameter: &DeclaredParameter, value: Value, origins: Vec<String>) {
        self.values.insert(parameter.name.clone(), value);
        self.origins.insert(parameter.name.clone(), origins);
    }
}

fn absent(parameter: &DeclaredParameter) -> Value {
    match parameter.kind {
        ParameterType::List | ParameterType::Users | ParameterType::Rows => Value::Array(Vec::new()),
        _ => Value::Null,
    }
}

fn missing(parameter: &DeclaredParameter) -> ParameterProblem {
    let name = &parameter.name;
    let problem = ParameterProblem::new(match parameter.help.as_str() {
        "" => format!("`{name}` is missing"),
        help => format!("`{name}` is missing: {help}"),
    });
    problem.help(match parameter.kind {
        ParameterType::List | ParameterType::Users => format!("give it as --param {name}=a,b or --param {name}=@FILE"),
        ParameterType::Rows => format!("give it as --param {name}=@FILE, a CSV or JSON file"),
        ParameterType::File => format!("give it as --param {name}=FILE"),
        ParameterType::Secret => format!("give it as --param {name}=env:NAME or --param {name}=file:PATH"),
        _ => format!("give it as --param {name}=…"),
    })
}

/// The value of a parameter that has one.
fn single(
    parameter: &DeclaredParameter,
    text: &str,
    outside: &ParameterSources<'_>,
) -> Result<Value, Vec<ParameterProblem>> {
    let place = format!("`{}`", parameter.name);
    let value = match parameter.kind {
        ParameterType::File => file_text(&place, text),
        _ => typed_value(&place, &parameter.kind, text, outside),
    }?;
    if parameter.required && value == "" {
        return Err(vec![ParameterProblem::new(format!("{place} is empty"))]);
    }
    Ok(value)
}

/// What `text` is as a value of the type. `place` is where it stands.
fn typed_value(
    place: &str,
    kind: &ParameterType,
    text: &str,
    outside: &ParameterSources<'_>,
) -> Result<Value, ParameterProblem> {
    let text = hidden::without_marks(text);
    if let Some(problem) = hidden::refuse_in_text(place, text) {
        return Err(problem);
    }
    match kind {
        ParameterType::Integer => text
            .trim()
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| ParameterProblem::new(format!("{place} is an integer, not \"{text}\""))),
        ParameterType::Boolean => boolean(text)
            .map(Value::from)
            .ok_or_else(|| ParameterProblem::new(format!("{place} is true or false, not \"{text}\""))),
        ParameterType::Choice(choices) if !choices.iter().any(|choice| choice == text) => {
            Err(not_a_choice(place, text, choices))
        }
        ParameterType::Dn => check_dn(place, text, outside).map(|()| text.into()),
        _ => Ok(text.into()),
    }
}

/// The most bytes of a file whose text is a parameter: certificates, templates and the like, which the journal keeps.
const LARGEST_FILE: u64 = 1 << 20;

/// The text of the file that is named.
fn file_text(place: &str, path: &str) -> Result<Value, ParameterProblem> {
    let path = path.strip_prefix('@').unwrap_or(path);
    let cannot = |error: std::io::Error| ParameterProblem::new(format!("{place}: cannot read {path}: {error}"));
    if fs::metadata(path).map_err(cannot)?.len() > LARGEST_FILE {
        return Err(ParameterProblem::new(format!("{place}: {path} is larger than 1 MiB")));
    }
    let bytes = fs::read(path).map_err(cannot)?;
    let DecodedFile { text, .. } = text_encoding::decode(path, &bytes)?;
    let text = std::str::from_utf8(&text).map_err(|_| given_rows::not_utf8(path))?;
    Ok(text.into())
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

fn not_a_choice(place: &str, text: &str, choices: &[String]) -> ParameterProblem {
    let all: Vec<&str> = choices.iter().map(String::as_str).collect();
    let problem = ParameterProblem::new(format!("{place} is {}, not \"{text}\"", or_list(&all)));
    match nearest(text, all.iter().copied()).as_slice() {
        [] => problem,
        names => problem.help(format!("did you mean {}?", or_list(names))),
    }
}

fn check_dn(place: &str, dn: &str, outside: &ParameterSources<'_>) -> Result<(), ParameterProblem> {
    (outside.dn)(dn).map_err(|reason| {
        ParameterProblem::new(format!("{place} is no distinguished name: \"{dn}\": {reason}"))
            .help("write it as OU=Users,DC=corp,DC=example; a comma inside of a name as \\,")
    })
}

/// A secret is named, never written: a command line is read by every user of the machine and kept in the shell's history.
fn secret(
    parameter: &DeclaredParameter,
    text: &str,
    outside: &ParameterSources<'_>,
) -> Result<SecretString, Vec<ParameterProblem>> {
    let name = &parameter.name;
    let secret = match text.split_once(':') {
        Some(("env", variable)) => (outside.environment)(variable)
            .ok_or_else(|| ParameterProblem::new(format!("`{name}`: the environment has no {variable}")))?,
        Some(("file", path)) => fs::read_to_string(path)
            .map_err(|error| ParameterProblem::new(format!("`{name}`: cannot read {path}: {error}")))?
            .trim_end_matches(['\r', '\n'])
            .to_owned(),
        _ => {
            return Err(vec![
                ParameterProblem::new(format!(
                    "the secret `{name}` is written on the command line, where others can read it"
                ))
                .help(format!("give it as --param {name}=env:NAME or --param {name}=file:PATH")),
            ]);
        }
    };
    if secret.is_empty() {
        return Err(vec![ParameterProblem::new(format!("`{name}`: {text} is empty"))]);
    }
    long_enough(name, secret.into())
}

/// A shorter text would be found, and left out, in all that is written down.
const SHORTEST_SECRET: usize = 4;

fn long_enough(name: &str, secret: SecretString) -> Result<SecretString, Vec<ParameterProblem>> {
    if secret.expose_secret().chars().count() < SHORTEST_SECRET {
        return Err(vec![ParameterProblem::new(format!(
            "the secret `{name}` has fewer than {SHORTEST_SECRET} characters, too few to be kept out of the journal"
        ))]);
    }
    Ok(secret)
}

#[cfg(test)]
mod tests;
