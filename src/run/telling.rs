//! Telling: what happens becomes an event, in the journal first.

use super::call::Call;
use super::door::Run;
use super::error::Error;
use super::event::{BucketCalls, CallLine, Counts, Event, Kind};
use super::journal::{Durability, Entry, What};
use super::lane::Lane;
use crate::okta;

impl Run {
    /// Journals something that happened, then shows it. What a lane tells while it replays was told before.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn tell(&self, lane: &Lane, kind: Kind) -> Result<(), Error> {
        self.tell_event(lane, stamped(lane, kind))
    }

    /// The same of an event that is made already.
    pub(super) fn tell_event(&self, lane: &Lane, event: Event) -> Result<(), Error> {
        if lane.is_replaying() {
            return Ok(());
        }
        let event = self.without_known_secrets(event)?;
        let entry = Entry { event: Some(&event), ..Entry::new(What::Told, lane.id()) };
        self.journal().append(self.id(), &entry, Durability::Soon)?;
        self.show(&event);
        Ok(())
    }

    /// A script may have put into words what an org or a directory told it.
    pub(super) fn without_known_secrets(&self, event: Event) -> Result<Event, Error> {
        let unwritable = |error: serde_json::Error| Error::Usage(format!("an event: {error}"));
        let told = serde_json::to_value(&event).map_err(unwritable)?;
        let cleared = self.without_secrets(told.clone());
        if cleared == told {
            return Ok(event);
        }
        serde_json::from_value(cleared).map_err(unwritable)
    }

    /// Keeps the plan that the run is held to, which is there again when the run is taken up again.
    pub(super) fn keep_agreement(&self) -> Result<(), Error> {
        let Some(agreement) = &self.settings().agreement else {
            return Ok(());
        };
        let event = stamped(
            &Lane::default(),
            Kind::Planned { plan: agreement.plan.clone(), writes: agreement.writes.len() as u64 },
        );
        let writes = serde_json::to_value(&agreement.writes).unwrap_or_default();
        let entry = Entry { event: Some(&event), answer: Some(&writes), ..Entry::new(What::Told, "") };
        self.journal().append(self.id(), &entry, Durability::Now)?;
        self.show(&event);
        for approved in agreement.approvals.iter().cloned() {
            self.tell(&Lane::default(), approved.event())?;
        }
        Ok(())
    }

    /// Tells what is doubtful in the journal of a run that this one relies on: here, and in the journal of that run.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn tell_unverified(&self, mut doubt: Kind) -> Result<(), Error> {
        if let Kind::UnverifiedJournal { accepted_by: Some(name), .. } = &mut doubt {
            *name = self.actor().words();
        }
        if let Kind::UnverifiedJournal { of, .. } = &doubt
            && of != self.id()
        {
            let event = self.signed(doubt.clone());
            let entry = Entry { event: Some(&event), ..Entry::new(What::Told, "") };
            self.journal().append(of, &entry, Durability::Soon)?;
        }
        self.tell_event(&Lane::default(), self.signed(doubt))
    }

    /// Shows an event as it will be read from the journal: with its actor.
    pub(super) fn show(&self, event: &Event) {
        let mut shown = event.clone();
        shown.actor.get_or_insert_with(|| self.actor().clone());
        (self.settings().listener)(&shown);
    }

    /// An event that is stored with its actor: one that begins an execution, or that stands in the journal of another run.
    pub(super) fn signed(&self, kind: Kind) -> Event {
        Event { actor: Some(self.actor().clone()), ..stamped(&Lane::default(), kind) }
    }

    pub fn step(&self, lane: &Lane, title: &str) -> Result<(), Error> {
        let number = lane.enter(title);
        let step = Kind::Step { title: title.to_owned(), number: lane.item().is_none().then_some(number) };
        self.tell(lane, step)
    }

    /// Tells what a run of items cost in the buckets of which it took a good part of a minute's share.
    pub(super) fn tell_calls(&self, items: u64) -> Result<(), Error> {
        let of_org = |(org, rates): (&str, Vec<okta::Rate>)| {
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
        self.tell(&Lane::default(), Kind::Calls { calls, items })
    }

    /// The line of a call; a path may hold anything that a script puts into it.
    pub(super) fn line(&self, call: &Call) -> CallLine {
        CallLine {
            org: call.org.clone(),
            operation: call.name(),
            method: call.method().as_str().to_owned(),
            path: self.concealed(&call.path),
            status: None,
            request_id: None,
        }
    }

    pub(super) fn answered_line(&self, call: &Call, response: &okta::Response) -> CallLine {
        CallLine { status: Some(response.status), request_id: response.request_id.clone(), ..self.line(call) }
    }

    /// Okta's words may repeat what it was sent.
    pub(super) fn refused(&self, call: &Call, error: &okta::Error) -> Kind {
        let words = self.without_secrets(error.to_string().into());
        Kind::Refused {
            call: CallLine {
                status: error.status(),
                request_id: error.request_id().map(str::to_owned),
                ..self.line(call)
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

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counted());
    }

    /// A wait is shown even when the journal fails at it: the next write finds that out before it is sent.
    pub(super) fn told_wait(&self, lane: &Lane, call: &Call, wait: &okta::Wait) {
        if wait.is_told || wait.duration < okta::NEWS {
            return;
        }
        let kind = Kind::Wait {
            reason: format!("{} of {} ({})", limit_name(wait.reason), call.org, call.name()),
            seconds: wait.duration.as_secs_f64(),
        };
        let _ = self.tell(lane, kind);
    }
}

pub(super) fn stamped(lane: &Lane, kind: Kind) -> Event {
    Event { time: jiff::Timestamp::now(), item: lane.item().map(str::to_owned), step: lane.step(), kind, actor: None }
}

fn limit_name(reason: okta::WaitReason) -> &'static str {
    match reason {
        okta::WaitReason::RateLimit => "rate limit",
        okta::WaitReason::Concurrency => "limit of simultaneous calls",
    }
}
