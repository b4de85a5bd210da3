//! The loop: read an entry, evaluate it, show what it came to.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use super::command::{PlanCommand, SessionCommand};
use super::completion::SessionCompletion;
use super::completion_cache::CompletionCache;
use super::input::{EditorTerminal, EntryInput, InputRead, PromptAlarm};
use super::session_log::{SessionInterrupt, SessionLog};
use super::show::{as_text, items_as_text};
use crate::error::{CommandError, CommandExit};
use crate::run::Run;
use crate::script::RunbookLibrary;
use crate::script::session::{EntryAnswer, EntryFailure, ScriptSession, SessionPages};
use crate::terminal::TerminalHandle;

/// Items of a list that are shown at once.
const PAGE: usize = 200;

/// An org of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveOrg {
    /// The variable that holds it.
    pub name: String,
    /// Its profile; a simulated one has none.
    pub profile: Option<String>,
    pub url: String,
    pub stage: OrgStage,
}

/// How costly mistakes are on an org.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrgStage {
    Simulated,
    Usual,
    Production,
}

/// What a session is given by whoever begins it.
pub struct ReplContext<'a> {
    pub terminal: TerminalHandle,
    pub library: RunbookLibrary,
    pub orgs: Vec<ActiveOrg>,
    pub told: SessionLog,
    pub interrupt: SessionInterrupt,
    /// File of the history; none where nothing shall be remembered.
    pub history: Option<PathBuf>,
    /// Command of the editor that `:edit` opens.
    pub editor: Option<String>,
    /// Home folder of the person.
    pub home: Option<PathBuf>,
    /// Past runs, as text.
    pub runs: Box<dyn Fn() -> Result<String, CommandError> + 'a>,
    /// Runs a runbook where the session is: its name, then parameters as NAME=VALUE.
    pub run: Box<RunRunbook<'a>>,
    /// Takes back what the session wrote.
    pub undo: Box<TakeBack<'a>>,
    /// Takes the session to shadows of its orgs and back.
    pub plan: Box<PlanAction<'a>>,
}

/// What `:undo` does with the session's run.
type TakeBack<'a> = dyn Fn(&Run) -> Result<(), CommandError> + 'a;

/// What `:run` does.
type RunRunbook<'a> = dyn Fn(&ScriptSession, &[String]) -> Result<(), CommandError> + 'a;

/// What `:plan` does.
type PlanAction<'a> = dyn Fn(&mut ScriptSession, PlanCommand) -> Result<(), CommandError> + 'a;

/// Reads and evaluates until the input ends. Piped, the first error ends it.
pub fn begin(session: ScriptSession, around: ReplContext<'_>) -> Result<CommandExit, CommandError> {
    let session = Rc::new(RefCell::new(session));
    let known = Rc::new(RefCell::new(CompletionCache::default()));
    let mut input = if around.terminal.asks() {
        let completion = SessionCompletion {
            session: Rc::clone(&session),
            known: Rc::clone(&known),
            library: around.library.clone(),
            orgs: around.orgs.iter().map(|org| org.name.clone()).collect(),
            terminal: around.terminal.clone(),
        };
        let editor = EditorTerminal::new(completion, around.history.clone(), around.alarm())?;
        EntryInput::Terminal(Box::new(editor))
    } else {
        EntryInput::Pipe(Box::default())
    };
    let mut prompt = SessionPrompt { session, known, around, rest: PageRest::Nothing, last_entry: String::new() };
    prompt.go_on(&mut input)
}

pub(super) struct SessionPrompt<'a> {
    pub(super) session: Rc<RefCell<ScriptSession>>,
    known: Rc<RefCell<CompletionCache>>,
    pub(super) around: ReplContext<'a>,
    rest: PageRest,
    pub(super) last_entry: String,
}

/// What `more` shows.
enum PageRest {
    Nothing,
    Pages(SessionPages),
    /// Items that are there already, and how many were shown.
    Items(Vec<serde_json::Value>, usize),
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PromptNext {
    Read,
    Leave,
}

impl ReplContext<'_> {
    fn stage(&self) -> OrgStage {
        let has = |stage| self.orgs.iter().any(|org| org.stage == stage);
        if has(OrgStage::Production) {
            OrgStage::Production
        } else if has(OrgStage::Simulated) {
            OrgStage::Simulated
        } else {
            OrgStage::Usual
        }
    }

    fn alarm(&self) -> PromptAlarm {
        match self.stage() {
            OrgStage::Production => PromptAlarm::Production,
            OrgStage::Simulated | OrgStage::Usual => PromptAlarm::None,
        }
    }

    fn prompt(&self) -> String {
        let shown = |org: &ActiveOrg| match &org.profile {
            Some(profile) => format!("{}@{profile}", org.name),
            None => org.name.clone(),
        };
        let names: Vec<String> = self.orgs.iter().map(shown).collect();
        let mode = match self.stage() {
            OrgStage::Production => " PRODUCTION",
            OrgStage::Simulated => " simulator",
            OrgStage::Usual => "",
        };
        format!("{}{mode}> ", names.join(","))
    }
}

impl SessionPrompt<'_> {
    fn go_on(&mut self, input: &mut EntryInput) -> Result<CommandExit, CommandError> {
        loop {
            if self.around.interrupt.is_leaving() {
                return Ok(CommandExit::Interrupted);
            }
            let prompt = self.prompt();
            let entry = match input.read(&prompt)? {
                InputRead::Entry(entry) => entry,
                InputRead::Interrupted => {
                    self.around.terminal.line("(Ctrl-D leaves)");
                    continue;
                }
                InputRead::Ended => return Ok(CommandExit::Succeeded),
            };
            match self.take(&entry) {
                Ok(PromptNext::Read) => {}
                Ok(PromptNext::Leave) => return Ok(CommandExit::Succeeded),
                Err(_) if self.around.interrupt.is_leaving() => return Ok(CommandExit::Interrupted),
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
        self.rest = PageRest::Nothing;
        *self.known.borrow_mut() = CompletionCache::default();
    }

    /// Does what one entry says.
    pub(super) fn take(&mut self, entry: &str) -> Result<PromptNext, CommandError> {
        if entry.trim().is_empty() {
            return Ok(PromptNext::Read);
        }
        if let Some(command) = SessionCommand::parse(entry) {
            return self.obey(command?);
        }
        self.refuse_bare(entry.trim())?;
        entry.clone_into(&mut self.last_entry);
        self.evaluate(entry)?;
        Ok(PromptNext::Read)
    }

    /// What other shells take as a word is a command here, unless it is a variable.
    fn refuse_bare(&self, entry: &str) -> Result<(), CommandError> {
        let command = match entry.trim_end_matches(['(', ')', ';']) {
            "exit" => "quit",
            word @ ("quit" | "help" | "undo" | "runs") => word,
            _ => return Ok(()),
        };
        let variables = self.session.borrow().variables();
        if variables.iter().any(|(name, _)| name == entry) {
            return Ok(());
        }
        Err(CommandError::usage(format!("`{entry}` is no entry"))
            .help(format!("commands begin with a colon: :{command}")))
    }

    pub(super) fn evaluate(&mut self, entry: &str) -> Result<(), CommandError> {
        let answer = self.interruptible(|session| session.evaluate(entry))?;
        self.show(answer)
    }

    pub(super) fn timed(&mut self, entry: &str) -> Result<(), CommandError> {
        let begun = Instant::now();
        let result = self.evaluate(entry);
        self.around.terminal.line(&format!("({:.3} s)", begun.elapsed().as_secs_f64()));
        result
    }

    /// Evaluates so that Ctrl-C breaks it off and nothing else.
    fn interruptible<T>(
        &self,
        work: impl FnOnce(&mut ScriptSession) -> Result<T, EntryFailure>,
    ) -> Result<T, CommandError> {
        let mut session = self.session.borrow_mut();
        session.run().renew(self.around.interrupt.renew());
        let result = work(&mut session);
        self.around.interrupt.rest();
        result.map_err(CommandError::from)
    }

    fn show(&mut self, answer: EntryAnswer) -> Result<(), CommandError> {
        match answer {
            EntryAnswer::Nothing => Ok(()),
            EntryAnswer::Text(text) => {
                self.around.terminal.line(&text);
                Ok(())
            }
            EntryAnswer::List(pages) => {
                self.rest = PageRest::Pages(pages);
                self.more()
            }
            EntryAnswer::Value(serde_json::Value::Array(items)) => {
                self.known.borrow_mut().learn(&serde_json::Value::Array(items.clone()));
                self.rest = PageRest::Items(items, 0);
                self.more()
            }
            EntryAnswer::Value(value) => {
                self.known.borrow_mut().learn(&value);
                self.around.terminal.line(&as_text(&value, self.around.terminal.width()));
                Ok(())
            }
        }
    }

    /// The next items of the list that was shown last.
    pub(super) fn more(&mut self) -> Result<(), CommandError> {
        match std::mem::replace(&mut self.rest, PageRest::Nothing) {
            PageRest::Nothing => Err(CommandError::usage("there is no more to show")),
            PageRest::Items(items, shown) => {
                let end = items.len().min(shown + PAGE);
                self.tell(&items[shown..end]);
                if end < items.len() {
                    self.around.terminal.line(&format!("({end} of {}: `more`)", items.len()));
                    self.rest = PageRest::Items(items, end);
                }
                Ok(())
            }
            PageRest::Pages(mut pages) => {
                let items = self.interruptible(|session| session.more(&mut pages, PAGE))?;
                self.known.borrow_mut().learn(&serde_json::Value::Array(items.clone()));
                self.tell(&items);
                if !items.is_empty() && pages.may_go_on() {
                    self.around.terminal.line(&format!("({} of many: `more`)", pages.seen()));
                    self.rest = PageRest::Pages(pages);
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
    pub(super) fn last_value(&self) -> Result<serde_json::Value, CommandError> {
        let last = self.session.borrow().last();
        match last {
            EntryAnswer::Nothing => Err(CommandError::usage("there is no result yet")),
            EntryAnswer::Value(value) => Ok(value),
            EntryAnswer::Text(text) => Ok(text.into()),
            EntryAnswer::List(mut pages) => {
                let items = self.interruptible(|session| session.rest(&mut pages))?;
                Ok(items.into())
            }
        }
    }
}
