//! Errors as values of the script language: what `catch (err)` gets when a verb or a call failed.

use rhai::{Array, Dynamic, EvalAltResult, Map, Position};

/// Builds the map that a script catches: `kind`, `message`, `help`, `source`, `line`, `column`, and fields of its kind, such as
/// `status`, `code`, `summary`, `causes` and `request_id` of Okta's answers.
///
/// The place is written into the map because `throw err` gives the error the place of the `throw`.
#[derive(Clone, Debug)]
pub struct ErrorValue {
    map: Map,
}

impl ErrorValue {
    /// `kind` is one word a script can compare (`okta`, `check`, `import`); `message` is for a person and need not say where.
    pub fn new(kind: &str, message: impl AsRef<str>) -> Self {
        let mut map = Map::new();
        map.insert("kind".into(), kind.into());
        map.insert("message".into(), message.as_ref().into());
        Self { map }
    }

    /// What to do about it, one entry a line.
    #[must_use]
    pub fn help(mut self, help: impl IntoIterator<Item = String>) -> Self {
        let help: Array = help.into_iter().map(Dynamic::from).collect();
        if !help.is_empty() {
            self.map.insert("help".into(), help.into());
        }
        self
    }

    /// Every text as `concealed` makes it: an org may repeat a secret that it was sent.
    #[must_use]
    pub fn without(mut self, concealed: &dyn Fn(&str) -> String) -> Self {
        for value in self.map.values_mut() {
            *value = in_texts(value, concealed);
        }
        self
    }

    /// A further field.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<Dynamic>) -> Self {
        self.map.insert(name.into(), value.into());
        self
    }

    /// The place of the call that failed: `NativeCallContext::call_source` and `call_position`.
    #[must_use]
    pub fn at(mut self, source: Option<&str>, position: Position) -> Self {
        if let (Some(source), Some(line)) = (source, position.line()) {
            self.map.insert("source".into(), source.into());
            self.map.insert("line".into(), number(line));
            self.map.insert("column".into(), number(position.position().unwrap_or(1)));
        }
        self
    }

    pub fn into_map(self) -> Map {
        self.map
    }

    /// As the error of a native function called at `source` and `position`.
    pub fn raise(self, source: Option<&str>, position: Position) -> Box<EvalAltResult> {
        let value = self.at(source, position).into();
        Box::new(EvalAltResult::ErrorRuntime(value, position))
    }
}

impl From<ErrorValue> for Dynamic {
    fn from(value: ErrorValue) -> Self {
        value.map.into()
    }
}

fn in_texts(value: &Dynamic, concealed: &dyn Fn(&str) -> String) -> Dynamic {
    if let Ok(text) = value.as_immutable_string_ref() {
        return concealed(&text).into();
    }
    if let Ok(items) = value.as_array_ref() {
        let items = items.iter().map(|item| in_texts(item, concealed));
        return items.collect::<Array>().into();
    }
    value.clone()
}

fn number(position: usize) -> Dynamic {
    Dynamic::from_int(i64::try_from(position).unwrap_or(i64::MAX))
}
