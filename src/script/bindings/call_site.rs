//! Errors of the run as errors of the script.

use rhai::{Dynamic, EvalAltResult, NativeCallContext, Position};

use crate::okta;
use crate::run::{self, CallRefusal};
use crate::script::call_context::CallContext;
use crate::script::error_value::ErrorValue;

pub(super) type RaisedError<T> = Result<T, Box<EvalAltResult>>;

/// Where an error is raised: the source and position of the call that failed.
#[derive(Clone, Debug)]
pub(super) struct CallSite {
    source: Option<String>,
    position: Position,
}

impl CallSite {
    pub(super) fn of(context: &NativeCallContext) -> Self {
        Self { source: context.call_source().map(str::to_owned), position: context.call_position() }
    }

    /// Where the language itself calls, as `for` does on a list: rhai fills the position in.
    pub(super) const NOWHERE: Self = Self { source: None, position: Position::NONE };

    /// As a text that no other call site has.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.source.as_deref().unwrap_or_default(), self.position)
    }

    pub(super) fn raise(&self, value: ErrorValue) -> Box<EvalAltResult> {
        value.raise(self.source.as_deref(), self.position)
    }

    /// A call that was wrong; nothing was sent.
    pub(super) fn usage(&self, message: impl AsRef<str>) -> Box<EvalAltResult> {
        self.raise(ErrorValue::new("usage", message))
    }

    /// What a refused call is to the script: a value to catch, or the end of the run.
    pub(super) fn error(&self, scene: &CallContext, error: run::CallError) -> Box<EvalAltResult> {
        match &error {
            run::CallError::Okta(refusal) => self
                .raise(of_refusal(refusal).help(lines(error.help())).without(&|text| scene.host.run.concealed(text))),
            run::CallError::Directory { directory, .. } | run::CallError::DirectoryBefore { directory, .. } => self
                .raise(
                    ErrorValue::new("directory", error.to_string())
                        .help(lines(error.help()))
                        .field("directory", directory.clone())
                        .without(&|text| scene.host.run.concealed(text)),
                ),
            run::CallError::Usage(message) => self.usage(message),
            _ => {
                scene.host.stop(error);
                self.terminated()
            }
        }
    }

    pub(super) fn terminated(&self) -> Box<EvalAltResult> {
        Box::new(EvalAltResult::ErrorTerminated(Dynamic::UNIT, self.position))
    }

    /// The scene of this call.
    pub(super) fn scene(&self) -> RaisedError<CallContext> {
        let scene = CallContext::current().ok_or_else(|| self.usage("this can only be called while a runbook runs"))?;
        if scene.host.is_stopped() {
            return Err(self.terminated());
        }
        Ok(scene)
    }
}

fn lines(help: Option<String>) -> impl Iterator<Item = String> {
    help.into_iter()
}

fn of_refusal(refusal: &CallRefusal) -> ErrorValue {
    let value = ErrorValue::new("okta", refusal.to_string())
        .field("org", refusal.org.clone())
        .field("operation", refusal.operation.clone())
        .field("method", refusal.method)
        .field("path", refusal.path.clone())
        .field("status", refusal.source.status().map_or(Dynamic::UNIT, |status| i64::from(status).into()))
        .field("request_id", optional(refusal.source.request_id()));
    match refusal.source.api() {
        Some(api) => of_api_error(value, api),
        None => value,
    }
}

fn of_api_error(value: ErrorValue, api: &okta::ApiError) -> ErrorValue {
    let causes: rhai::Array = api.causes.iter().cloned().map(Dynamic::from).collect();
    value.field("code", optional(api.code.as_deref())).field("summary", api.summary.clone()).field("causes", causes)
}

fn optional(text: Option<&str>) -> Dynamic {
    text.map_or(Dynamic::UNIT, |text| text.to_owned().into())
}
