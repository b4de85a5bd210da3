//! What the `:` commands do.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use super::command::{PlanCommand, SessionCommand};
use super::help;
use super::limits;
use super::prompt::{OrgStage, PromptNext, SessionPrompt};
use super::show::as_csv;
use crate::error::CommandError;
use crate::okta::operations;
use crate::private_files;
use crate::script::check::least_scopes;
use crate::script::session::{KeptEntries, NameHolds};

impl SessionPrompt<'_> {
    pub(super) fn obey(&mut self, command: SessionCommand) -> Result<PromptNext, CommandError> {
        match command {
            SessionCommand::Quit => return Ok(PromptNext::Leave),
            SessionCommand::More => self.more()?,
            SessionCommand::Time(entry) => self.timed(&entry)?,
            SessionCommand::Run(words) => (self.around.run)(&self.session.borrow(), &words)?,
            SessionCommand::Plan(what) => self.plan(what)?,
            SessionCommand::Undo => self.undo()?,
            SessionCommand::Save(file) => self.save(&self.path(&file))?,
            SessionCommand::Load(file) => self.load(&self.path(&file))?,
            SessionCommand::Edit => self.edit()?,
            SessionCommand::Csv(file) => self.csv(&self.path(&file))?,
            other => {
                let text = self.told(&other)?;
                self.around.terminal.line(&text);
            }
        }
        Ok(PromptNext::Read)
    }

    /// A path as a person writes it: `~/` is the home folder.
    fn path(&self, written: &Path) -> PathBuf {
        match (written.strip_prefix("~"), &self.around.home) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ => written.to_owned(),
        }
    }

    /// What cannot be taken back stays in what is saved, as it stays in the org.
    fn undo(&mut self) -> Result<(), CommandError> {
        if self.session.borrow().is_away() {
            return Err(
                CommandError::usage("nothing was sent yet: there is nothing to undo").help(":plan off drops it")
            );
        }
        (self.around.undo)(self.session.borrow().run())?;
        self.session.borrow_mut().taken_back();
        Ok(())
    }

    /// What was read in the other world is not looked at in this one.
    fn plan(&mut self, what: PlanCommand) -> Result<(), CommandError> {
        let done = (self.around.plan)(&mut self.session.borrow_mut(), what);
        self.around.interrupt.rest();
        if what != PlanCommand::Show {
            self.forget();
        }
        done
    }

    /// Commands that only tell something.
    fn told(&self, command: &SessionCommand) -> Result<String, CommandError> {
        match command {
            SessionCommand::Help(Some(word)) => help::help_for(word, &self.around.library),
            SessionCommand::Ops(word) => help::operations_of(word),
            SessionCommand::Orgs => Ok(self.orgs()),
            SessionCommand::Vars => Ok(self.variables()),
            SessionCommand::Runs => (self.around.runs)(),
            SessionCommand::Scopes => Ok(self.scopes()),
            SessionCommand::Limits => {
                let session = self.session.borrow();
                let width = self.around.terminal.width();
                Ok(limits::limits_table(session.run().rates(), width))
            }
            SessionCommand::Json => {
                let value = self.last_value()?;
                Ok(format!("{value:#}"))
            }
            _ => Ok(help::overview()),
        }
    }

    fn orgs(&self) -> String {
        let lines: Vec<String> = self
            .around
            .orgs
            .iter()
            .map(|org| {
                let stage = match org.stage {
                    OrgStage::Production => "  production: every write is asked for",
                    OrgStage::Simulated => "  simulated",
                    OrgStage::Usual => "",
                };
                format!("{}  {}{stage}", org.name, org.url)
            })
            .collect();
        lines.join("\n")
    }

    fn variables(&self) -> String {
        let session = self.session.borrow();
        let mut lines: Vec<String> = session
            .variables()
            .into_iter()
            .map(|(name, holds)| match &holds {
                NameHolds::Map(keys) => {
                    let shown: Vec<&str> = keys.iter().take(8).map(String::as_str).collect();
                    let more = if keys.len() > shown.len() { ", …" } else { "" };
                    format!("{name}  map of {}{more}", shown.join(", "))
                }
                other => format!("{name}  {}", other.words()),
            })
            .collect();
        lines.extend(session.functions().into_iter().map(|function| format!("fn {}", function.signature)));
        lines.extend(session.modules().into_iter().map(|(name, _)| format!("{name}::  module")));
        lines.join("\n")
    }

    fn scopes(&self) -> String {
        let done = self.around.told.operations();
        let scopes = least_scopes(done.iter().filter_map(|name| operations::find(name)));
        if scopes.is_empty() { "nothing that needs a scope was done".to_owned() } else { scopes.join(" ") }
    }

    fn csv(&self, file: &Path) -> Result<(), CommandError> {
        let value = self.last_value()?;
        let bytes = as_csv(&value).map_err(|error| CommandError::failed(format!("no CSV of this result: {error}")))?;
        private_files::options()
            .create(true)
            .truncate(true)
            .open(file)
            .and_then(|mut file| std::io::Write::write_all(&mut file, &bytes))
            .map_err(|error| file_failure("write", file, &error))?;
        let rows = value.as_array().map_or(1, Vec::len);
        self.around.terminal.line(&format!("wrote {rows} rows to {}", file.display()));
        Ok(())
    }

    /// Refuses to overwrite: a session is not worth a runbook that is there.
    fn save(&self, file: &Path) -> Result<(), CommandError> {
        let kept = self.session.borrow().kept();
        if kept.statements.is_empty() {
            return Err(CommandError::usage("there is nothing to save: only reads that nothing came of"));
        }
        let text = self.runbook(&kept);
        let written = fs::OpenOptions::new().write(true).create_new(true).open(file);
        let written = written.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
        written.map_err(|error| file_failure("write", file, &error))?;
        if kept.left_out > 0 {
            self.around.terminal.warn(&format!(
                "{} statements are left out of the file, since they may hold a secret: see its comments",
                kept.left_out
            ));
        }
        let parameters = kept.secrets.iter().map(|name| format!(" --param {name}=env:NAME"));
        self.around.terminal.line(&format!(
            "wrote {} statements to {file}\nrun it: okta-runbook run {file}{}",
            kept.statements.len(),
            parameters.collect::<String>(),
            file = file.display(),
        ));
        Ok(())
    }

    fn runbook(&self, kept: &KeptEntries) -> String {
        let mut text = String::from(
            "//! What a session did.\n//!\n//! Read it through before it runs elsewhere: make parameters of what changes, and check before the first write.\n\n",
        );
        let orgs: Vec<String> = self
            .around
            .orgs
            .iter()
            .map(|org| format!("{}: \"the org {} of the session\"", org.name, org.name))
            .collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "const ORGS = #{{ {} }};", orgs.join(", "));
        if !kept.secrets.is_empty() {
            text.push_str("const PARAMS = #{\n");
            for name in &kept.secrets {
                let _ = writeln!(
                    text,
                    "    {name}: #{{ type: \"secret\", help: \"what was written out in the session\" }},"
                );
            }
            text.push_str("};\n");
        }
        text.push('\n');
        let has_step = |statement: &String| statement.contains("step(");
        if !kept.statements.iter().any(has_step) {
            text.push_str("step(\"As in the session\");\n\n");
        }
        text.push_str(&kept.statements.join("\n"));
        text.push('\n');
        text
    }

    /// Evaluates a file as one entry, so that its errors name its lines.
    fn load(&mut self, file: &Path) -> Result<(), CommandError> {
        let text = fs::read_to_string(file).map_err(|error| file_failure("read", file, &error))?;
        self.evaluate(&text)
    }

    fn edit(&mut self) -> Result<(), CommandError> {
        let editor =
            self.around.editor.clone().ok_or_else(|| {
                CommandError::usage("no editor is known").help("set VISUAL or EDITOR, such as EDITOR=vi")
            })?;
        let file = tempfile().map_err(|error| CommandError::failed(format!("no file to edit: {error}")))?;
        fs::write(&file, &self.last_entry).map_err(|error| file_failure("write", &file, &error))?;
        let edited = edit_file(&editor, &file);
        let removed = fs::remove_file(&file);
        let text = edited?;
        removed.map_err(|error| file_failure("remove", &file, &error))?;
        let is_same = text.trim_end() == self.last_entry.trim_end();
        if text.trim().is_empty() || is_same {
            self.around.terminal.line("nothing was changed, nothing is evaluated");
            return Ok(());
        }
        self.around.terminal.line(text.trim_end());
        self.take(text.trim_end()).map(|_| ())
    }
}

fn edit_file(editor: &str, file: &Path) -> Result<String, CommandError> {
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or_default();
    let status = process::Command::new(program)
        .args(words)
        .arg(file)
        .status()
        .map_err(|error| CommandError::usage(format!("the editor `{editor}` does not start: {error}")))?;
    if !status.success() {
        return Err(CommandError::usage(format!("the editor `{editor}` ended with {status}; nothing was evaluated")));
    }
    fs::read_to_string(file).map_err(|error| file_failure("read", file, &error))
}

/// A new file that only its owner can read: an entry may hold a secret.
fn tempfile() -> std::io::Result<std::path::PathBuf> {
    let file = std::env::temp_dir().join(format!("okta-runbook-{}.rhai", process::id()));
    private_files::create_new(&file)?;
    Ok(file)
}

fn file_failure(what: &str, file: &Path, error: &std::io::Error) -> CommandError {
    CommandError::usage(format!("cannot {what} {}: {error}", file.display()))
}
