//! Telling: what happens becomes an event, in the journal first.

use super::call::ApiCall;
use super::error::CallError;
use super::event::{BucketCalls, CallLine, EventKind, RunCounts, RunEvent};
use super::execution::Run;
use super::journal::{EntryDurability, EntryKind, JournalEntry};
use super::lane::{RunLane, stamp_event};
use crate::okta;

impl Run {
    /// Journals something that happened, then shows it. What a lane tells while it replays was told before.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn emit(&self, lane: &RunLane, kind: EventKind) -> Result<(), CallError> {
        self.emit_event(lane, stamp_event(lane, kind))
    }

    /// The same of an event that is made already.
    pub(super) fn emit_event(&self, lane: &RunLane, event: RunEvent) -> Result<(), CallError> {
        if lane.is_replaying() {
            return Ok(());
        }
        let event = self.without_known_secrets(event)?;
        let entry = JournalEntry { event: Some(&event), ..JournalEntry::new(EntryKind::Told, lane.id()) };
        self.journal().append(self.id(), &entry, EntryDurability::Soon)?;
        self.show(&event);
        Ok(())
    }

    /// A script may have put into words what an org or a directory told it.
    pub(super) fn without_known_secrets(&self, event: RunEvent) -> Result<RunEvent, CallError> {
        let unwritable = |error: serde_json::Error| CallError::Usage(format!("an event: {error}"));
        let told = serde_json::to_value(&event).map_err(unwritable)?;
        let cleared = self.without_secrets(told.clone());
        if cleared == told {
            return Ok(event);
        }
        serde_json::from_value(cleared).map_err(unwritable)
    }

    /// Keeps the plan that the run is held to, which is there again when the run is taken up again.
    pub(super) fn keep_agreement(&self) -> Result<(), CallError> {
        let Some(agreement) = &self.settings().agreement else {
            return Ok(());
        };
        let event = stamp_event(
            &RunLane::default(),
            EventKind::Planned { plan: agreement.plan.clone(), writes: agreement.writes.len() as u64 },
        );
        let writes = serde_json::to_value(&agreement.writes).unwrap_or_default();
        let entry =
            JournalEntry { event: Some(&event), answer: Some(&writes), ..JournalEntry::new(EntryKind::Told, "") };
        self.journal().append(self.id(), &entry, EntryDurability::Now)?;
        self.show(&event);
        for approved in agreement.approvals.iter().cloned() {
            self.emit(&RunLane::default(), approved.event())?;
        }
        Ok(())
    }

    /// Tells what is doubtful in the journal of a run that this one relies on: here, and in the journal of that run.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn tell_unverified(&self, mut doubt: EventKind) -> Result<(), CallError> {
        if let EventKind::UnverifiedJournal { accepted_by: Some(name), .. } = &mut doubt {
            *name = self.actor().words();
        }
        if let EventKind::UnverifiedJournal { of, .. } = &doubt
            && of != self.id()
        {
            let event = self.signed(doubt.clone());
            let entry = JournalEntry { event: Some(&event), ..JournalEntry::new(EntryKind::Told, "") };
            self.journal().append(of, &entry, EntryDurability::Soon)?;
        }
        self.emit_event(&RunLane::default(), self.signed(doubt))
    }

    /// Shows an event as it will be read from the journal: with its actor.
    pub(super) fn show(&self, event: &RunEvent) {
        let mut shown = event.clone();
        shown.actor.get_or_insert_with(|| self.actor().clone());
        (self.settings().listener)(&shown);
    }

    /// An event that is stored with its actor: one that begins an execution, or that stands in the journal of another run.
    pub(super) fn signed(&self, kind: EventKind) -> RunEvent {
        RunEvent { actor: Some(self.actor().clone()), ..stamp_event(&RunLane::default(), kind) }
    }

    pub fn step(&self, lane: &RunLane, title: &str) -> Result<(), CallError> {
        let number = lane.enter(title);
        let step = EventKind::Step { title: title.to_owned(), number: lane.item().is_none().then_some(number) };
        self.emit(lane, step)
    }

    /// Tells what a run of items cost in the buckets of which it took a good part of a minute's share.
    pub(super) fn tell_calls(&self, items: u64) -> Result<(), CallError> {
        let of_org = |(org, rates): (&str, Vec<okta::BucketRate>)| {
            let org = org.to_owned();
            rates.into_iter().map(move |rate| BucketCalls {
                org: org.clone(),
                bucket: rate.bucket.to_owned(),
                calls: rate.total,
                share: rate.share,
            })
        };
        let mut calls: Vec<BucketCalls> = self.rates().flat_map(of_org).collect();
        calls.retain(|bucket| bucket.calls * 4 >= bucket.share);
        if items == 0 || calls.is_empty() {
            return Ok(());
        }
        calls.sort_by_key(|one| std::cmp::Reverse(one.calls * 1000 / one.share.max(1)));
        let items = (!self.is_resumed()).then_some(items);
        self.emit(&RunLane::default(), EventKind::Calls { calls, items })
    }

    /// The line of a call; a path may hold anything that a script puts into it.
    pub(super) fn call_line(&self, call: &ApiCall) -> CallLine {
        CallLine {
            org: call.org.clone(),
            operation: call.name(),
            method: call.method().as_str().to_owned(),
            path: self.concealed(&call.path),
            status: None,
            request_id: None,
        }
    }

    pub(super) fn answered_line(&self, call: &ApiCall, response: &okta::ApiResponse) -> CallLine {
        CallLine { status: Some(response.status), request_id: response.request_id.clone(), ..self.call_line(call) }
    }

    /// Okta's words may repeat what it was sent.
    pub(super) fn refused(&self, call: &ApiCall, error: &okta::OktaError) -> EventKind {
        let words = self.without_secrets(error.to_string().into());
        EventKind::Refused {
            call: CallLine {
                status: error.status(),
                request_id: error.request_id().map(str::to_owned),
                ..self.call_line(call)
            },
            message: words.as_str().unwrap_or_default().to_owned(),
        }
    }

    /// A remark that belongs to the outcome, such as "Active Directory was not looked at".
    pub fn remark(&self, words: &str) {
        let words = self.concealed(words);
        let mut remarks = self.remarks();
        if !remarks.contains(&words) {
            remarks.push(words);
        }
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut RunCounts)) {
        change(&mut self.counted());
    }

    /// A wait is shown even when the journal fails at it: the next write finds that out before it is sent.
    pub(super) fn told_wait(&self, lane: &RunLane, call: &ApiCall, wait: &okta::LimitWait) {
        if wait.is_told || wait.duration < okta::NEWS {
            return;
        }
        let kind = EventKind::Wait {
            reason: format!("{} of {} ({})", limit_name(wait.reason), call.org, call.name()),
            seconds: wait.duration.as_secs_f64(),
        };
        let _ = self.emit(lane, kind);
    }
}

fn limit_name(reason: okta::WaitReason) -> &'static str {
    match reason {
        okta::WaitReason::RateLimit => "rate limit",
        okta::WaitReason::Concurrency => "limit of simultaneous calls",
    }
}
