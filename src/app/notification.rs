//! Tells people elsewhere what becomes of a run, as its profile file says.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use super::command_context::CommandContext;
use crate::config::{NotifyOccasion, NotifyProfile};
use crate::error::CommandError;
use crate::notify::NotificationTarget;
use crate::run::event::{EventKind, OrgLine, RunEvent, RunOutcome};
use crate::run::journal::RunRecord;
use crate::run::plural::count_noun;
use crate::run::{EventListener, star_tokens};
use crate::terminal::TerminalHandle;

/// A listener that tells `inner` everything, and people elsewhere what they want to know. The last message is delivered, or failed, before it
/// is dropped.
///
/// # Errors
/// The address of a webhook cannot be read.
pub(crate) fn listener(
    context: &CommandContext,
    terminal: &TerminalHandle,
    inner: EventListener,
    resumed: Option<&RunRecord>,
) -> Result<EventListener, CommandError> {
    let Some(profile) = context.config.notify() else {
        return Ok(inner);
    };
    let webhook = profile.webhook.as_ref().map(|address| address.read(context.config.environment())).transpose()?;
    let target = NotificationTarget { command: profile.command.clone(), webhook };
    let notifier = RunNotifier::begin(profile.clone(), target, terminal.clone(), resumed);
    Ok(Arc::new(move |event: &RunEvent| {
        inner(event);
        notifier.hear(event);
    }))
}

/// What goes out, and what is known of the run.
struct RunNotifier {
    profile: NotifyProfile,
    run: Mutex<NotifiedRun>,
    outbox: Option<Sender<Value>>,
    worker: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct NotifiedRun {
    runbook: String,
    run: String,
    orgs: Vec<OrgLine>,
}

impl RunNotifier {
    fn begin(
        profile: NotifyProfile,
        target: NotificationTarget,
        terminal: TerminalHandle,
        resumed: Option<&RunRecord>,
    ) -> Self {
        let known = resumed.map(|record| NotifiedRun {
            runbook: record.runbook.clone(),
            run: record.run.clone(),
            orgs: record.orgs.clone(),
        });
        let (outbox, inbox) = mpsc::channel::<Value>();
        let deliver = move || {
            for message in inbox {
                for wrong in target.deliver(&message) {
                    terminal.warn(&format!("a message was not delivered: {wrong}"));
                }
            }
        };
        let worker = thread::Builder::new().name("notify".to_owned()).spawn(deliver).ok();
        Self { profile, run: Mutex::new(known.unwrap_or_default()), outbox: Some(outbox), worker }
    }

    fn hear(&self, event: &RunEvent) {
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        if let EventKind::Run { run: id, runbook, orgs, .. } = &event.kind {
            *run = NotifiedRun { runbook: runbook.clone(), run: id.clone(), orgs: orgs.clone() };
        }
        if let EventKind::Outcome { run: id, .. } = &event.kind {
            run.run.clone_from(id);
        }
        let Some((occasion, message)) = message(&run, event) else {
            return;
        };
        if let (true, Some(outbox)) = (self.profile.tells(occasion), &self.outbox) {
            // The worker ends with this side only.
            let _ = outbox.send(message);
        }
    }
}

impl Drop for RunNotifier {
    fn drop(&mut self) {
        drop(self.outbox.take());
        if let Some(worker) = self.worker.take() {
            // Each delivery is bounded in time; one that panics has told so.
            let _ = worker.join();
        }
    }
}

fn message(run: &NotifiedRun, event: &RunEvent) -> Option<(NotifyOccasion, Value)> {
    let orgs = run.orgs.iter().map(|org| org.profile.as_deref().unwrap_or(&org.name)).collect::<Vec<_>>().join(", ");
    let subject = match (run.runbook.as_str(), orgs.as_str()) {
        ("", _) => format!("run {}", run.run),
        (runbook, "") => runbook.to_owned(),
        (runbook, orgs) => format!("{runbook} on {orgs}"),
    };
    let common = json!({ "time": event.time, "run": run.run, "runbook": run.runbook, "orgs": run.orgs });
    let (occasion, text, more) = match &event.kind {
        EventKind::Notice { words } => {
            let words = star_tokens(words);
            (NotifyOccasion::Note, format!("{subject}: {words}"), json!({ "words": words }))
        }
        EventKind::Outcome { outcome, message, counts, .. } => {
            let occasion = match outcome {
                RunOutcome::Succeeded => NotifyOccasion::Ended,
                RunOutcome::Waiting => NotifyOccasion::Waiting,
                _ => NotifyOccasion::Failed,
            };
            // It leaves the machine: what may be a token of another org stays here.
            let message = message.as_deref().map(star_tokens);
            let because = message.as_deref().map_or_else(String::new, |message| format!(": {message}"));
            let items = match counts.items {
                0 => String::new(),
                items => format!(", {} ({} failed)", count_noun(items, "item"), counts.failed_items),
            };
            let word = serde_json::to_value(outcome).ok()?;
            let told = format!(
                "{subject}: {}, {} written{items}{because} (run {})",
                word.as_str().unwrap_or_default(),
                counts.writes,
                run.run
            );
            (occasion, told, json!({ "outcome": outcome, "message": message, "counts": counts }))
        }
        _ => return None,
    };
    let mut message = json!({ "text": text, "event": occasion.word() });
    for part in [common, more] {
        if let (Some(whole), Value::Object(part)) = (message.as_object_mut(), part) {
            whole.extend(part);
        }
    }
    Some((occasion, message))
}
