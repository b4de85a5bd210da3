//! Problems in a profile file, shown together, each with its line and a caret and never with a secret.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::error::CommandError;

/// One thing wrong at one place of a file.
#[derive(Debug)]
pub(super) struct FileProblem {
    /// Bytes of the file.
    pub(super) span: Range<usize>,
    pub(super) message: String,
    /// Words under the caret; may be empty.
    pub(super) label: String,
    pub(super) help: Option<String>,
}

/// A profile file as read: its text, the parts that must not be shown, and what is wrong with it.
pub(super) struct ProfileSource<'a> {
    /// As a person would name the file.
    pub(super) shown: String,
    pub(super) text: &'a str,
    pub(super) hidden: Vec<Range<usize>>,
    pub(super) problems: Vec<FileProblem>,
}

impl ProfileSource<'_> {
    pub(super) fn problem(&mut self, span: Range<usize>, message: impl Into<String>) -> &mut FileProblem {
        self.problems.push(FileProblem { span, message: message.into(), label: String::new(), help: None });
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }

    /// The line on which a byte is, counted from one.
    pub(super) fn line(&self, byte: usize) -> usize {
        1 + self.text.bytes().take(byte).filter(|b| *b == b'\n').count()
    }

    /// Every problem with its line and caret, in the order of the file.
    pub(super) fn reports(mut self) -> Vec<String> {
        self.problems.sort_by_key(|problem| problem.span.start);
        let text = self.text_without_secrets();
        self.problems.iter().map(|problem| report(problem, &text, &self.shown)).collect()
    }

    /// The text with `*` for every byte that must not be shown, so that positions stay.
    fn text_without_secrets(&self) -> String {
        let mut bytes = self.text.as_bytes().to_vec();
        for byte in self.hidden.iter().flat_map(Clone::clone) {
            if let Some(byte) = bytes.get_mut(byte).filter(|b| **b != b'\n') {
                *byte = b'*';
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl FileProblem {
    pub(super) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = label.into();
        self
    }

    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }
}

/// One error of all reports: a single one as it is, several under their count.
pub(super) fn join_reports(reports: &[String]) -> Result<(), CommandError> {
    match reports {
        [] => Ok(()),
        [report] => Err(CommandError::usage(report)),
        many => {
            Err(CommandError::usage(format!("{} problems in the profile files\n\n{}", many.len(), many.join("\n\n"))))
        }
    }
}

fn report(problem: &FileProblem, text: &str, shown: &str) -> String {
    let caret = AnnotationKind::Primary.span(problem.span.clone());
    let caret = match problem.label.as_str() {
        "" => caret,
        label => caret.label(label),
    };
    let group = Level::ERROR
        .no_name()
        .primary_title(&problem.message)
        .element(Snippet::source(text).path(shown).annotation(caret));
    let group = match &problem.help {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    };
    Renderer::plain().render(&[group])
}

/// The name that a person most likely meant, if any is near.
pub(super) fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&written.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("prodution", ["url", "production"]), Some("production"));
        assert_eq!(nearest("URL", ["url", "production"]), Some("url"));
        assert_eq!(nearest("colour", ["url", "production"]), None);
    }

    #[test]
    fn a_hidden_part_is_starred_and_keeps_its_place() {
        let source = ProfileSource {
            shown: "f".into(),
            text: "a = \"né\"\nb",
            hidden: vec![5..8, 100..120],
            problems: Vec::new(),
        };
        assert_eq!(source.text_without_secrets(), "a = \"***\"\nb");
    }
}
