//! What is given for a runbook's parameters, checked against what it declares. Everything wrong is told at once.

mod assignment;
mod hidden;
mod list;
mod problem;
mod table;
mod text_encoding;

pub use assignment::{ParameterAssignment, parse_assignments};
pub use problem::ParameterProblem;

use std::collections::BTreeMap;
use std::fs;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::script::nearest::{nearest, or_list};
use crate::script::runbook::{DeclaredParameter, ParameterType, RunbookHeader};
use list::ListItems;

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
    /// Asks a person for a secret that was not given; `None` where nobody is to be asked, or nobody answers.
    pub ask: &'a dyn Fn(&DeclaredParameter) -> Option<SecretString>,
}

/// Checked parameters.
#[derive(Clone, Debug, Default)]
pub struct CheckedParameters {
    /// `params` of the script, in the order of the declaration; secrets are not among them.
    pub values: Map<String, Value>,
    pub secrets: BTreeMap<String, SecretString>,
    /// What a person should know of the files that were read: columns that nothing reads.
    pub remarks: Vec<String>,
    origins: BTreeMap<String, Vec<String>>,
}

impl CheckedParameters {
    /// Where a value is from: `--param`, `default`, `example`, or `users.csv:3`. `item` is the place in a list.
    pub fn origin(&self, name: &str, item: usize) -> Option<&str> {
        let origins = self.origins.get(name)?;
        origins.get(item).map(String::as_str)
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
            check_dn(parameter, dn, outside)?;
        }
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
        if parameter.kind == ParameterType::List {
            let ListItems { values, origins, remarks } = list::read(runbook, parameter, texts)?;
            self.remarks.extend(remarks);
            self.keep(parameter, values.into(), origins);
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

    fn keep(&mut self, parameter: &DeclaredParameter, value: Value, origins: Vec<String>) {
        self.values.insert(parameter.name.clone(), value);
        self.origins.insert(parameter.name.clone(), origins);
    }
}

fn absent(parameter: &DeclaredParameter) -> Value {
    match parameter.kind {
        ParameterType::List => Value::Array(Vec::new()),
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
        ParameterType::List => format!("give it as --param {name}=a,b or --param {name}=@FILE"),
        ParameterType::Secret => format!("give it as --param {name}=env:NAME or --param {name}=file:PATH"),
        _ => format!("give it as --param {name}=…"),
    })
}

/// The value of a parameter that is neither list nor secret.
fn single(
    parameter: &DeclaredParameter,
    text: &str,
    outside: &ParameterSources<'_>,
) -> Result<Value, Vec<ParameterProblem>> {
    let name = &parameter.name;
    let text = hidden::without_marks(text);
    if let Some(problem) = hidden::refuse_in_text(&format!("`{name}`"), text) {
        return Err(vec![problem]);
    }
    match &parameter.kind {
        ParameterType::Integer => text
            .trim()
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| vec![ParameterProblem::new(format!("`{name}` is an integer, not \"{text}\""))]),
        ParameterType::Boolean => boolean(text)
            .map(Value::from)
            .ok_or_else(|| vec![ParameterProblem::new(format!("`{name}` is true or false, not \"{text}\""))]),
        ParameterType::Choice(choices) if !choices.iter().any(|choice| choice == text) => {
            Err(vec![not_a_choice(name, text, choices)])
        }
        ParameterType::Dn => check_dn(parameter, text, outside).map(|()| text.into()),
        _ if text.is_empty() && parameter.required => Err(vec![ParameterProblem::new(format!("`{name}` is empty"))]),
        _ => Ok(text.into()),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

fn not_a_choice(name: &str, text: &str, choices: &[String]) -> ParameterProblem {
    let all: Vec<&str> = choices.iter().map(String::as_str).collect();
    let problem = ParameterProblem::new(format!("`{name}` is {}, not \"{text}\"", or_list(&all)));
    match nearest(text, all.iter().copied()).as_slice() {
        [] => problem,
        names => problem.help(format!("did you mean {}?", or_list(names))),
    }
}

fn check_dn(parameter: &DeclaredParameter, dn: &str, outside: &ParameterSources<'_>) -> CheckedValue {
    (outside.dn)(dn).map_err(|reason| {
        vec![
            ParameterProblem::new(format!("`{}` is no distinguished name: \"{dn}\": {reason}", parameter.name))
                .help("write it as OU=Users,DC=corp,DC=example; a comma inside of a name as \\,"),
        ]
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
