//! A procedure with all that is settled before anything is asked of an org: its text, what was found by checking it, its parameters.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::command_context::CommandContext;
use super::parameter_arguments::ParameterArguments;
use crate::error::CommandError;
use crate::ldap::Dn;
use crate::run;
use crate::run::journal;
use crate::script::check::{self, CheckReport};
use crate::script::compilation::compile_runbook;
use crate::script::parameters::{self, CheckedParameters, InvalidRows, LEFT_OUT, ParameterProblem, ParameterSources};
use crate::script::runbook::{DeclaredParameter, ParameterType};
use crate::script::{CompiledRunbook, MissingValues, RunbookHeader, digest, source_secrets};
use crate::terminal::TerminalHandle;

pub(crate) struct PreparedRunbook {
    pub(crate) runbook: RunbookHeader,
    pub(crate) report: CheckReport,
    pub(crate) procedure: CompiledRunbook,
    pub(crate) parameters: CheckedParameters,
    digest: String,
    /// Path of the text that was named.
    entry: String,
}

impl PreparedRunbook {
    /// Finds a runbook, compiles it and checks its parameters. Secrets that are not given are asked for at the terminal.
    ///
    /// # Errors
    /// All that is wrong with the text, or with the parameters.
    pub(crate) fn new(
        context: &CommandContext,
        terminal: &TerminalHandle,
        name: &str,
        given: &ParameterArguments,
        mode: MissingValues,
    ) -> Result<Self, CommandError> {
        let library = context.library().frozen();
        let source = library.find(name)?;
        let mut runbook = RunbookHeader::read(&source, &library)?;
        let (digest, entry) = (source.digest.clone(), source.path.clone());
        let report = check::check(source.clone(), &library);
        let procedure = compile_runbook(source, &runbook, library)?;
        given.name_columns(&mut runbook)?;
        let sources = GivenParameters { texts: &given.assignments(&runbook)?, mode, invalid: given.invalid_rows() };
        let mut parameters = check_parameters(context, terminal, &runbook, &sources)?;
        given.write_rejects(&parameters.rejected)?;
        parameters.values.extend(origins(&parameters));
        let left_out = parameters.left_out();
        for words in &left_out {
            terminal.warn(words);
        }
        if !left_out.is_empty() {
            parameters.values.insert(LEFT_OUT.to_owned(), left_out.into());
        }
        Ok(Self { runbook, report, procedure, parameters, digest, entry })
    }

    /// The same procedure again: parameters that are not given anew are those of then, secrets are asked for.
    ///
    /// # Errors
    /// As for a new one. That the texts are others now is no error here, see [`Self::edits`].
    pub(crate) fn again(
        context: &CommandContext,
        terminal: &TerminalHandle,
        recorded: &RecordedProcedure<'_>,
        given: &ParameterArguments,
    ) -> Result<Self, CommandError> {
        let library = context.library().frozen().with_recorded(recorded.whole_texts());
        let entry = recorded.sources["entry"].as_str().unwrap_or_default();
        let source = if Path::new(entry).is_file() { library.find(entry)? } else { library.find(recorded.runbook)? };
        let runbook = RunbookHeader::read(&source, &library)?;
        let digest = source.digest.clone();
        let report = check::check(source.clone(), &library);
        let procedure = compile_runbook(source, &runbook, library)?;
        let parameters = as_recorded(context, terminal, &runbook, recorded.parameters, &given.assignments(&runbook)?)?;
        Ok(Self { runbook, report, procedure, parameters, digest, entry: entry.to_owned() })
    }

    /// What was changed in texts and parameters since, as a diff; empty when nothing was.
    pub(crate) fn edits(&self, recorded: &RecordedProcedure<'_>) -> String {
        let mut edits = String::new();
        for (path, text) in self.procedure.texts() {
            let was = recorded.sources["texts"][path].as_str();
            let was = was.unwrap_or_default();
            if !source_secrets::is_record_of(was, text) {
                let is = source_secrets::without_secrets(text);
                edits.push_str(&diff(path, was, &is));
            }
        }
        let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
        let is = pretty(&Value::Object(self.parameters.values.clone()));
        edits.push_str(&diff("parameters", &pretty(recorded.parameters), &is));
        edits
    }

    /// As the journal has it.
    pub(crate) fn journalled(&self) -> run::RunProcedure {
        run::RunProcedure {
            runbook: self.runbook.name.clone(),
            digest: self.digest.clone(),
            sources: sources(&self.entry, &self.procedure),
            parameters: self.parameters.values.clone().into(),
            kind: journal::RunKind::Run,
        }
    }

    /// Digest of all texts that run.
    pub(crate) fn digest_of_texts(&self) -> String {
        digest(&sources(&self.entry, &self.procedure)["texts"].to_string())
    }

    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        self.parameters.secrets.values().cloned().collect()
    }
}

/// A procedure as it was written down: in a run's record, or in a plan.
pub(crate) struct RecordedProcedure<'a> {
    pub(crate) runbook: &'a str,
    /// `{entry, texts}`
    pub(crate) sources: &'a Value,
    pub(crate) parameters: &'a Value,
}

impl RecordedProcedure<'_> {
    /// The texts by their paths, where no secret was taken out of them.
    fn whole_texts(&self) -> BTreeMap<String, String> {
        let texts = self.sources["texts"].as_object().into_iter().flatten();
        let texts = texts.filter_map(|(path, text)| Some((path.clone(), text.as_str()?.to_owned())));
        texts.filter(|(_, text)| source_secrets::is_whole(text)).collect()
    }
}

/// `params.origins`: by parameter, the rows of files that the items of a list are from (`users.csv:3`), so that a script can name the
/// row of what is found wrong only in the org. Nothing when no list is from a file.
fn origins(parameters: &CheckedParameters) -> Option<(String, Value)> {
    let mut origins = Map::new();
    // Maps say themselves where they are from.
    let of_texts = |items: &Value| items.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    for (name, items) in parameters.values.iter().filter(|(_, items)| of_texts(items)) {
        let row = |index| parameters.origin(name, index).filter(|it| it.contains(':'));
        let rows: Vec<&str> =
            (0..items.as_array().map_or(0, Vec::len)).map(|index| row(index).unwrap_or_default()).collect();
        if rows.iter().any(|row| !row.is_empty()) {
            origins.insert(name.clone(), rows.into());
        }
    }
    (!origins.is_empty()).then(|| ("origins".to_owned(), origins.into()))
}

/// The texts that run, without secrets, with the path of the one that was named.
pub(crate) fn sources(entry: &str, procedure: &CompiledRunbook) -> Value {
    let texts =
        procedure.texts().iter().map(|(path, text)| (path.clone(), source_secrets::without_secrets(text).into()));
    serde_json::json!({ "entry": entry, "texts": texts.collect::<Map<_, _>>() })
}

/// A secret by its name and what it is for; nothing where no person answers.
fn ask_secret(terminal: &TerminalHandle, parameter: &DeclaredParameter) -> Option<SecretString> {
    let question = match parameter.help.as_str() {
        "" => format!("{}: ", parameter.name),
        help => format!("{} ({help}): ", parameter.name),
    };
    terminal.ask_secret(&question)
}

/// What is given for parameters, and how it is taken.
pub(crate) struct GivenParameters<'a> {
    /// `NAME=VALUE`
    pub(crate) texts: &'a [String],
    pub(crate) mode: MissingValues,
    pub(crate) invalid: InvalidRows,
}

pub(crate) fn check_parameters(
    context: &CommandContext,
    terminal: &TerminalHandle,
    runbook: &RunbookHeader,
    given: &GivenParameters<'_>,
) -> Result<CheckedParameters, CommandError> {
    let GivenParameters { texts, mode, invalid } = *given;
    let given = parameters::parse_assignments(texts).map_err(|problems| ParameterProblem::together(&problems))?;
    let environment = context.config.environment();
    let outside = ParameterSources {
        dn: &|text| Dn::parse(text).map(drop).map_err(|error| error.to_string()),
        environment: &|name| environment.variable(name).map(str::to_owned),
        invalid,
        ask: &|parameter| ask_secret(terminal, parameter),
    };
    let checked =
        parameters::check(runbook, &given, mode, &outside).map_err(|problems| ParameterProblem::together(&problems))?;
    for remark in &checked.remarks {
        terminal.warn(remark);
    }
    Ok(checked)
}

/// The recorded parameters, with those given now in their place. Secrets are not recorded.
fn as_recorded(
    context: &CommandContext,
    terminal: &TerminalHandle,
    runbook: &RunbookHeader,
    recorded: &Value,
    given: &[String],
) -> Result<CheckedParameters, CommandError> {
    let named = |name: &str| given.iter().any(|text| text.split('=').next() == Some(name));
    // What was not given is recorded as nothing; a secret that was is not recorded at all, and wanted again.
    let was_given = |name: &str| recorded.get(name).is_none();
    let mut asked = runbook.clone();
    asked.parameters.retain(|parameter| {
        let is_secret = parameter.kind == ParameterType::Secret;
        named(&parameter.name) || (is_secret && was_given(&parameter.name))
    });
    for parameter in &mut asked.parameters {
        parameter.required |= parameter.kind == ParameterType::Secret;
    }
    let given = GivenParameters { texts: given, mode: MissingValues::Given, invalid: InvalidRows::Refuse };
    let now = check_parameters(context, terminal, &asked, &given)?;
    let mut values = recorded.as_object().cloned().unwrap_or_default();
    for (name, value) in &now.values {
        values.insert(name.clone(), value.clone());
        // The rows are those of the value that was given then.
        values.get_mut("origins").and_then(Value::as_object_mut).map(|origins| origins.remove(name));
    }
    let mut parameters = now;
    parameters.values = values;
    Ok(parameters)
}

fn diff(name: &str, was: &str, is: &str) -> String {
    if was == is {
        return String::new();
    }
    let mut options = diffy::DiffOptions::new();
    options.set_context_len(1);
    options.set_original_filename(format!("{name} (then)")).set_modified_filename(format!("{name} (now)"));
    options.create_patch(was, is).to_string()
}
