//! A call to an org, as data: what is asked, of which org, with which arguments.

use serde_json::Value;

use crate::okta::{ApiOperation, ApiRequest, ContentType, HttpMethod, operations};

/// The option by which a script says that a user may be left without a group that provisions them.
pub(super) const ALLOW_WITHOUT_GROUP: &str = "allow_without_group";
/// The option by which a script names the group in which the user must be when they leave another.
pub(super) const STAYS_IN: &str = "stays_in";

/// What is called: an operation of the table, or a path given by hand for what the table lacks.
#[derive(Clone, Copy, Debug)]
pub enum CallAction {
    Operation(&'static ApiOperation),
    Direct(HttpMethod),
}

/// One call. `path` starts with `/` and is percent-encoded.
#[derive(Clone, Debug)]
pub struct ApiCall {
    /// Name of the org in the runbook, such as `okta` or `hub`.
    pub org: String,
    pub action: CallAction,
    /// Values of the path's parameters in order, not encoded; empty for a direct call.
    pub arguments: Vec<String>,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub body: Option<Value>,
}

impl ApiCall {
    /// A call of an operation by its name in scripts.
    ///
    /// # Errors
    /// When the table has no such operation, or an argument cannot stand in a path.
    pub fn operation(org: &str, name: &str, arguments: &[&str]) -> Result<Self, String> {
        let operation = operations::find(name).ok_or_else(|| format!("there is no operation {name}"))?;
        let path = operation.path(arguments).map_err(|e| e.to_string())?;
        Ok(Self {
            org: org.to_owned(),
            action: CallAction::Operation(operation),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            path,
            query: Vec::new(),
            body: None,
        })
    }

    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub fn body(mut self, body: Option<Value>) -> Self {
        self.body = body;
        self
    }

    pub fn method(&self) -> HttpMethod {
        match self.action {
            CallAction::Operation(operation) => operation.method,
            CallAction::Direct(method) => method,
        }
    }

    /// The operation's name, or the method in lower case for a direct call.
    pub fn name(&self) -> String {
        match self.action {
            CallAction::Operation(operation) => operation.name.to_owned(),
            CallAction::Direct(method) => method.as_str().to_lowercase(),
        }
    }

    pub fn is_write(&self) -> bool {
        match self.action {
            CallAction::Operation(operation) => operation.is_write(),
            CallAction::Direct(method) => method != HttpMethod::Get,
        }
    }

    pub(super) fn request(&self) -> ApiRequest {
        ApiRequest {
            method: self.method(),
            path: self.path.clone(),
            query: self.sent_query(),
            body: self.body.clone(),
            content_type: self.content_type(),
        }
    }

    /// What a script says to the door is no business of the org.
    fn sent_query(&self) -> Vec<(String, String)> {
        let own = |name: &str| matches!(name, ALLOW_WITHOUT_GROUP | STAYS_IN);
        let query = self.query.iter().filter(|(name, _)| !own(name));
        query.cloned().collect()
    }

    /// The table names the usual type first; JSON where it names none.
    fn content_type(&self) -> ContentType {
        match self.action {
            CallAction::Operation(operation) => operation
                .body
                .as_ref()
                .and_then(|body| body.content_types.first().copied())
                .unwrap_or(ContentType::Json),
            CallAction::Direct(_) => ContentType::Json,
        }
    }
}

/// One page of a list.
#[derive(Debug)]
pub struct ListPage {
    /// An array where the table says that the operation answers with a list.
    pub body: Value,
    pub next: Option<crate::okta::NextPage>,
}
