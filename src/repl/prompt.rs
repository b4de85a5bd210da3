//! The loop: read an entry, evaluate it, show what it came to.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use super::command::{Command, Planning};
use super::completion::Completion;
use super::input::{Alarm, Input, Read, Terminal as Editor};
use super::known::Known;
use super::show::{as_text, items_as_text};
use super::told::{Interrupt, Told};
use crate::error::{Error, Exit};
use crate::run::Run;
use crate::script::Library;
use crate::script::session::{Answer, Failure, Pages, Session};
use crate::terminal::Terminal;

/// Items of a list that are shown at once.
const PAGE: usize = 200;

/// An org of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgAtHand {
    /// The variable that holds it.
    pub name: String,
    /// Its profile; a simulated one has none.
    pub profile: Option<String>,
    pub url: String,
    pub stage: Stage,
}

/// How costly mistakes are on an org.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Simulated,
    Usual,
    Production,
}

/// What a session is given by whoever begins it.
pub struct Around<'a> {
    pub terminal: Terminal,
    pub library: Library,
    pub orgs: Vec<OrgAtHand>,
    pub told: Told,
    pub interrupt: Interrupt,
    /// File of the history; none where nothing shall be remembered.
    pub history: Option<PathBuf>,
    /// Command of the editor that `:edit` opens.
    pub editor: Option<String>,
    /// Home folder of the person.
    pub home: Option<PathBuf>,
    /// Past runs, as text.
    pub runs: Box<dyn Fn() -> Result<String, Error> + 'a>,
    /// Runs a runbook where the session is: its name, then parameters as NAME=VALUE.
    pub run: Box<RunRunbook<'a>>,
    /// Takes back what the session wrote.
    pub undo: Box<TakeBack<'a>>,
    /// Takes the session to shadows of its orgs and back.
    pub plan: Box<Plan<'a>>,
}

/// What `:undo` does with the session's run.
type TakeBack<'a> = dyn Fn(&Run) -> Result<(), Error> + 'a;

/// What `:run` does.
type RunRunbook<'a> = dyn Fn(&Session, &[String]) -> Result<(), Error> + 'a;

/// What `:plan` does.
type Plan<'a> = dyn Fn(&mut Session, Planning) -> Result<(), Error> + 'a;

/// Reads and evaluates until the input ends. Piped, the first error ends it.
pub fn begin(session: Session, around: Around<'_>) -> Result<Exit, Error> {
    let session = Rc::new(RefCell::new(session));
    let known = Rc::new(RefCell::new(Known::default()));
    let mut input = if around.terminal.asks() {
        let completion = Completion {
            session: Rc::clone(&session),
            known: Rc::clone(&known),
            library: around.library.clone(),
            orgs: around.orgs.iter().map(|org| org.name.clone()).collect(),
            terminal: around.terminal.clone(),
        };
        let editor = Editor::new(completion, around.history.clone(), around.alarm())?;
        Input::Terminal(Box::new(editor))
    } else {
        Input::Pipe(Box::default())
    };
    let mut prompt = Prompt { session, known, around, rest: Rest::Nothing, last_entry: String::new() };
    prompt.go_on(&mut input)
}

pub(super) struct Prompt<'a> {
    pub(super) session: Rc<RefCell<Session>>,
    known: Rc<RefCell<Known>>,
    pub(super) around: Around<'a>,
    rest: Rest,
    pub(super) last_entry: String,
}

/// What `more` shows.
enum Rest {
    Nothing,
    Pages(Pages),
    /// Items that are there already, and how many were shown.
    Items(Vec<serde_json::Value>, usize),
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Read,
    Leave,
}

impl Around<'_> {
    fn stage(&self) -> Stage {
        let has = |stage| self.orgs.iter().any(|org| org.stage == stage);
        if has(Stage::Production) {
            Stage::Production
        } else if has(Stage::Simulated) {
            Stage::Simulated
        } else {
            Stage::Usual
        }
    }

    fn alarm(&self) -> Alarm {
        match self.stage() {
            Stage::Production => Alarm::Production,
            Stage::Simulated | Stage::Usual => Alarm::None,
        }
    }

    fn prompt(&self) -> String {
        let shown = |org: &OrgAtHand| match &org.profile {
            Some(profile) => format!("{}@{profile}", org.name),
            None => org.name.clone(),
        };
        let names: Vec<String> = self.orgs.iter().map(shown).collect();
        let mode = match self.stage() {
            Stage::Production => " PRODUCTION",
            Stage::Simulated => " simulator",
            Stage::Usual => "",
        };
        format!("{}{mode}> ", names.join(","))
    }
}

impl Prompt<'_> {
    fn go_on(&mut self, input: &mut Input) -> Result<Exit, Error> {
        loop {
            if self.around.interrupt.is_leaving() {
                return Ok(Exit::Interrupted);
            }
            let prompt = self.prompt();
            let entry = match input.read(&prompt)? {
                Read::Entry(entry) => entry,
                Read::Interrupted => {
                    self.around.terminal.line("(Ctrl-D leaves)");
                    continue;
                }
                Read::Ended => return Ok(Exit::Succeeded),
            };
            match self.take(&entry) {
                Ok(Next::Read) => {}
                Ok(Next::Leave) => return Ok(Exit::Succeeded),
                Err(_) if self.around.interrupt.is_leaving() => return Ok(Exit::Interrupted),
                Err(error) if input.is_pipe() => return Err(error),
                Err(error) => self.around.terminal.error(&error),
            }
        }
    }

    fn prompt(&self) -> String {
        if self.session.borrow().is_away() { format!("plan: {}", self.around.prompt()) } else { self.around.prompt() }
    }

    /// What was shown and learned belongs to another world.
    pub(super) fn forget(&mut self) {
        self.rest = Rest::Nothing;
        *self.known.borrow_mut() = Known::default();
    }

    /// Does what one entry says.
    pub(super) fn take(&mut self, entry: &str) -> Result<Next, Error> {
        if entry.trim().is_empty() {
            return Ok(Next::Read);
        }
        if let Some(command) = Command::parse(entry) {
            return self.obey(command?);
        }
        self.refuse_bare(entry.trim())?;
        entry.clone_into(&mut self.last_entry);
        self.evaluate(entry)?;
        Ok(Next::Read)
    }

    /// What other shells take as a word is a command here, unless it is a variable.
    fn refuse_bare(&self, entry: &str) -> Result<(), Error> {
        let command = match entry.trim_end_matches(['(', ')', ';']) {
            "exit" => "quit",
            word @ ("quit" | "help" | "undo" | "runs") => word,
            _ => return Ok(()),
        };
        let variables = self.session.borrow().variables();
        if variables.iter().any(|(name, _)| name == entry) {
            return Ok(());
        }
        Err(Error::usage(format!("`{entry}` is no entry")).help(format!("commands begin with a colon: :{command}")))
    }

    pub(super) fn evaluate(&mut self, entry: &str) -> Result<(), Error> {
        let answer = self.interruptible(|session| session.evaluate(entry))?;
        self.show(answer)
    }

    pub(super) fn timed(&mut self, entry: &str) -> Result<(), Error> {
        let begun = Instant::now();
        let result = self.evaluate(entry);
        self.around.terminal.line(&format!("({:.3} s)", begun.elapsed().as_secs_f64()));
        result
    }

    /// Evaluates so that Ctrl-C breaks it off and nothing else.
    fn interruptible<T>(&self, work: impl FnOnce(&mut Session) -> Result<T, Failure>) -> Result<T, Error> {
        let mut session = self.session.borrow_mut();
        session.run().renew(self.around.interrupt.renew());
        let result = work(&mut session);
        self.around.interrupt.rest();
        result.map_err(Error::from)
    }

    fn show(&mut self, answer: Answer) -> Result<(), Error> {
        match answer {
            Answer::Nothing => Ok(()),
            Answer::Text(text) => {
                self.around.terminal.line(&text);
                Ok(())
            }
            Answer::List(pages) => {
                self.rest = Rest::Pages(pages);
                self.more()
            }
            Answer::Value(serde_json::Value::Array(items)) => {
                self.known.borrow_mut().learn(&serde_json::Value::Array(items.clone()));
                self.rest = Rest::Items(items, 0);
                self.more()
            }
            Answer::Value(value) => {
                self.known.borrow_mut().learn(&value);
                self.around.terminal.line(&as_text(&value, self.around.terminal.width()));
                Ok(())
            }
        }
    }

    /// The next items of the list that was shown last.
    pub(super) fn more(&mut self) -> Result<(), Error> {
        match std::mem::replace(&mut self.rest, Rest::Nothing) {
            Rest::Nothing => Err(Error::usage("there is no more to show")),
            Rest::Items(items, shown) => {
                let end = items.len().min(shown + PAGE);
                self.tell(&items[shown..end]);
                if end < items.len() {
                    self.around.terminal.line(&format!("({end} of {}: `more`)", items.len()));
                    self.rest = Rest::Items(items, end);
                }
                Ok(())
            }
            Rest::Pages(mut pages) => {
                let items = self.interruptible(|session| session.more(&mut pages, PAGE))?;
                self.known.borrow_mut().learn(&serde_json::Value::Array(items.clone()));
                self.tell(&items);
                if !items.is_empty() && pages.may_go_on() {
                    self.around.terminal.line(&format!("({} of many: `more`)", pages.seen()));
                    self.rest = Rest::Pages(pages);
                }
                Ok(())
            }
        }
    }

    fn tell(&self, items: &[serde_json::Value]) {
        let text = items_as_text(items, self.around.terminal.width());
        self.around.terminal.line(&text);
    }

    /// The last result, all of it: a list is fetched to its end.
    pub(super) fn last_value(&self) -> Result<serde_json::Value, Error> {
        let last = self.session.borrow().last();
        match last {
            Answer::Nothing => Err(Error::usage("there is no result yet")),
            Answer::Value(value) => Ok(value),
            Answer::Text(text) => Ok(text.into()),
            Answer::List(mut pages) => {
                let items = self.interruptible(|session| session.rest(&mut pages))?;
                Ok(items.into())
            }
        }
    }
}
