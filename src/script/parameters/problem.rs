//! Something wrong with what was given.

use crate::error::CommandError;

/// One mistake and its remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterProblem {
    pub message: String,
    pub help: Option<String>,
}

impl ParameterProblem {
    pub(in crate::script) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// All problems as one error of usage; equal remedies are told once.
    pub fn together(problems: &[Self]) -> CommandError {
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        let message = match messages.as_slice() {
            [single] => (*single).to_owned(),
            many => format!("{} things are wrong with the parameters:\n  {}", many.len(), many.join("\n  ")),
        };
        let mut error = CommandError::usage(message);
        for help in problems.iter().filter_map(|problem| problem.help.as_ref()) {
            if !error.help.contains(help) {
                error.help.push(help.clone());
            }
        }
        error
    }
}

/// So that `?` can leave a function that collects problems.
impl From<ParameterProblem> for Vec<ParameterProblem> {
    fn from(problem: ParameterProblem) -> Self {
        vec![problem]
    }
}
