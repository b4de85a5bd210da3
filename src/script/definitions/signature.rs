//! A verb's signature in its parts: `list.find(|item| …)`.

use crate::script::cursor_context::split;

/// The receiver and the arguments of a call, as definitions write them.
pub(super) struct CallSignature {
    parameters: Vec<SignatureParameter>,
}

struct SignatureParameter {
    text: String,
    optional: bool,
}

impl CallSignature {
    pub(super) fn parse(signature: &str) -> Self {
        let (head, rest) = signature.split_once('(').unwrap_or((signature, ")"));
        let receiver = head
            .split_once('.')
            .map(|(receiver, _)| SignatureParameter { text: receiver_of(receiver), optional: false });
        let arguments = rest.strip_suffix(')').unwrap_or(rest);
        let arguments = split(arguments).into_iter().map(SignatureParameter::of);
        Self { parameters: receiver.into_iter().chain(arguments).collect() }
    }

    /// The parameters when there are `count` of them, the last of what may be left out being left out; `None` when they cannot be so many.
    pub(super) fn with(&self, count: usize) -> Option<String> {
        let mut surplus = self.parameters.len().checked_sub(count)?;
        let mut kept: Vec<&str> = Vec::new();
        for parameter in self.parameters.iter().rev() {
            if parameter.optional && surplus > 0 {
                surplus -= 1;
            } else {
                kept.push(&parameter.text);
            }
        }
        kept.reverse();
        (surplus == 0).then(|| kept.join(", "))
    }
}

impl SignatureParameter {
    fn of(argument: &str) -> Self {
        let text = match argument.chars().next() {
            Some('#') => "options: Map".to_owned(),
            Some('[') => "facts: Array".to_owned(),
            Some('|') => "function: FnPtr".to_owned(),
            _ => match argument.trim_end_matches('?') {
                "list" => "list: Array".to_owned(),
                name => name.to_owned(),
            },
        };
        Self { optional: argument.ends_with('?') || argument.starts_with('#'), text }
    }
}

fn receiver_of(receiver: &str) -> String {
    let kind = match receiver {
        "okta" => "Org",
        "directory" => "Directory",
        "list" => "List",
        "batch" => "Batch",
        "simulator" => "Simulator",
        other => return other.to_owned(),
    };
    format!("{receiver}: {kind}")
}
