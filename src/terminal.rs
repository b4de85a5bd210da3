//! The one place that prints, colours, asks and draws progress. It knows nothing of what is printed, and lets no character of it command
//! the terminal but its own colours.
//!
//! Results go to standard output; warnings, errors, bars and questions do not, so that output can be piped. Colour
//! follows `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and whether a stream is a terminal.

mod mode;
mod output;
mod progress;
mod question;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};
use indicatif::MultiProgress;
use secrecy::SecretString;

use crate::error::CommandError;
pub use mode::SavedMode;
use output::TerminalOutput;
pub use progress::{BulkProgressBar, ItemTally};
pub use question::{LineReply, YesNoAnswer};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// Who reads the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputMode {
    /// A person: questions and bars where there is a terminal.
    Text,
    /// A program: neither.
    Json,
}

/// Writes out the characters of a text that would command a terminal or mislead its reader.
pub type VisibleEscapes = fn(&str) -> String;

/// A handle on the terminal; clones share it, from any thread.
#[derive(Clone)]
pub struct TerminalHandle {
    output: Arc<TerminalOutput>,
    bars: MultiProgress,
    mode: OutputMode,
    asks: bool,
    shows: bool,
    visible: VisibleEscapes,
    /// The process is asked to end: nobody answers any more.
    leaving: Arc<AtomicBool>,
}

impl TerminalHandle {
    /// A terminal on which every text is shown as `visible` writes it.
    pub fn new(mode: OutputMode, visible: VisibleEscapes) -> Self {
        let text = mode == OutputMode::Text;
        let shows = std::io::stdout().is_terminal();
        let bars = MultiProgress::new();
        if !text {
            bars.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        Self {
            output: Arc::new(TerminalOutput::new(anstream::stdout(), anstream::stderr())),
            bars,
            mode,
            asks: text && shows && std::io::stdin().is_terminal(),
            shows,
            visible,
            leaving: Arc::default(),
        }
    }

    /// Breaks off the question that is open, and those that follow, as Ctrl-C would: the process is asked to end.
    pub fn break_off_questions(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    /// Columns that the terminal has now; nothing when output goes elsewhere.
    pub fn width(&self) -> Option<u16> {
        let columns = self.shows.then(|| comfy_table::Table::new().width());
        // A pseudo-terminal that nobody gave a size says 0.
        columns.flatten().filter(|columns| *columns > 0)
    }

    /// Who reads its standard output.
    pub fn mode(&self) -> OutputMode {
        self.mode
    }

    /// Whether a person can be asked.
    pub fn asks(&self) -> bool {
        self.asks
    }

    /// A line on standard output. When its reader has gone (`| head`) lines are dropped, so that a run whose output
    /// nobody reads still ends in order.
    pub fn line(&self, text: &str) {
        let text = with_colours(text, self.visible);
        self.bars.suspend(|| self.output.result(&text));
    }

    /// A warning on standard error.
    pub fn warn(&self, text: &str) {
        let text = (self.visible)(text);
        let line = format!("{WARNING}warning:{WARNING:#} {text}");
        self.bars.suspend(|| self.output.aside(&line));
    }

    /// An error and its remedies on standard error.
    pub fn error(&self, error: &CommandError) {
        let lines = error_lines(error, self.visible);
        self.bars.suspend(|| self.output.aside(&lines));
    }

    /// A yes-or-no question; no by default.
    ///
    /// # Errors
    /// The terminal cannot be read.
    pub fn ask(&self, question: &str) -> Result<YesNoAnswer, CommandError> {
        let reply = self.ask_line(&format!("{question} [y/N] "))?;
        Ok(YesNoAnswer::from(reply))
    }

    /// A question answered by a line, shown as it is given.
    ///
    /// # Errors
    /// The terminal cannot be read.
    pub fn ask_line(&self, question: &str) -> Result<LineReply, CommandError> {
        if !self.asks {
            return Ok(LineReply::NotATerminal);
        }
        let question = (self.visible)(question);
        self.bars.suspend(|| question::read_line(&question, &self.leaving))
    }

    /// A question answered by a line that is not shown while it is typed. `None` where nobody can be asked, or nothing is answered.
    pub fn ask_secret(&self, question: &str) -> Option<SecretString> {
        if !self.asks {
            return None;
        }
        let question = (self.visible)(question);
        let answer = self.bars.suspend(|| rpassword::prompt_password(question));
        let answer = answer.ok().filter(|answer| !answer.is_empty());
        answer.map(SecretString::from)
    }

    /// A bar over `total` items, below the lines; invisible where there is no terminal.
    pub fn progress(&self, title: &str, total: u64) -> BulkProgressBar {
        BulkProgressBar::begin(&self.bars, title, total, self.visible)
    }
}

impl std::fmt::Debug for TerminalHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal").field("asks", &self.asks).field("shows", &self.shows).finish_non_exhaustive()
    }
}

/// The text as `visible` writes it, with the colours that this program gave it: sequences that only set the look of what follows.
fn with_colours(text: &str, visible: VisibleEscapes) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        let length = colour_length(&rest[at..]);
        // One that is no colour is written out like any other character.
        let end = at + length.unwrap_or(1);
        shown.push_str(&visible(&rest[..at]));
        match length {
            Some(_) => shown.push_str(&rest[at..end]),
            None => shown.push_str(&visible(&rest[at..end])),
        }
        rest = &rest[end..];
    }
    shown.push_str(&visible(rest));
    shown
}

/// Length of the sequence for a look (`ESC [ 1;31 m`) that `text` begins with.
fn colour_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !(c.is_ascii_digit() || c == ';'))?;
    parameters[end..].starts_with('m').then_some(end + 3)
}

fn error_lines(error: &CommandError, visible: VisibleEscapes) -> String {
    let first = format!("{ERROR}error:{ERROR:#} {}", visible(&error.message));
    let help = error.help.iter().map(|help| format!("{HELP}help:{HELP:#} {}", visible(help)));
    std::iter::once(first).chain(help).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A stream whose bytes arrive at a channel.
    struct StreamChannel(mpsc::Sender<u8>);

    impl std::io::Write for StreamChannel {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            for byte in bytes {
                self.0.send(*byte).map_err(|_| std::io::ErrorKind::BrokenPipe)?;
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn terminal() -> (TerminalHandle, mpsc::Receiver<u8>, mpsc::Receiver<u8>) {
        let (out, out_bytes) = mpsc::channel();
        let (err, err_bytes) = mpsc::channel();
        let plain = anstream::StripStream::new(Box::new(StreamChannel(err)) as Box<dyn std::io::Write + Send>);
        let terminal = TerminalHandle {
            output: Arc::new(TerminalOutput::new(StreamChannel(out), plain)),
            bars: MultiProgress::with_draw_target(indicatif::ProgressDrawTarget::hidden()),
            mode: OutputMode::Text,
            asks: false,
            shows: false,
            visible: |text| text.replace(['\u{1b}', '\u{9b}'], "^"),
            leaving: Arc::default(),
        };
        (terminal, out_bytes, err_bytes)
    }

    fn written_text(bytes: &mpsc::Receiver<u8>) -> String {
        String::from_utf8(bytes.try_iter().collect()).unwrap()
    }

    #[test]
    fn results_and_asides_go_to_their_streams() {
        let (terminal, out, err) = terminal();
        terminal.line("moved");
        terminal.warn("old file");
        terminal.error(&CommandError::usage("no org\nat all").help("set one").help("or not"));
        assert_eq!(written_text(&out), "moved\n");
        assert_eq!(written_text(&err), "warning: old file\nerror: no org\nat all\nhelp: set one\nhelp: or not\n");
    }

    #[test]
    fn only_colours_of_its_own_command_the_terminal() {
        let (terminal, out, err) = terminal();
        terminal.line("\u{1b}[1;31mred\u{1b}[0m \u{1b}[2Jand \u{9b}2J\u{1b}]0;x");
        terminal.warn("\u{9b}31m");
        terminal.error(&CommandError::usage("no \u{1b}[31morg").help("\u{9b}c"));
        assert_eq!(written_text(&out), "\u{1b}[1;31mred\u{1b}[0m ^[2Jand ^2J^]0;x\n");
        assert_eq!(written_text(&err), "warning: ^31m\nerror: no ^[31morg\nhelp: ^c\n");
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error() {
        let (terminal, out, err) = terminal();
        drop(out);
        terminal.line("a");
        terminal.line("b");
        assert_eq!(written_text(&err), "");
    }

    #[test]
    fn without_a_terminal_nothing_is_asked() {
        let (terminal, out, err) = terminal();
        assert_eq!(terminal.ask("Move?").unwrap(), YesNoAnswer::NotATerminal);
        assert_eq!(terminal.ask_line("Name?").unwrap(), LineReply::NotATerminal);
        assert_eq!([written_text(&out), written_text(&err)].concat(), "");
    }

    #[test]
    fn lines_of_several_threads_do_not_mix() {
        let (terminal, out, _err) = terminal();
        std::thread::scope(|scope| {
            for letter in ["a", "b"] {
                let (terminal, line) = (terminal.clone(), letter.repeat(50));
                scope.spawn(move || (0..50).for_each(|_| terminal.line(&line)));
            }
        });
        let text = written_text(&out);
        assert_eq!(text.lines().count(), 100);
        assert!(text.lines().all(|line| line.len() == 50 && !(line.contains('a') && line.contains('b'))));
    }
}
