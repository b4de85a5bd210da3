//! The System Log's word on the writes of a run, looked up when a report is made: a run itself has no call to spare for it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::app::command_context::CommandContext;
use crate::app::targets::of_record;
use crate::app::write_options::runtime;
use crate::error::CommandError;
use crate::okta::{ApiRequest, HttpMethod, OktaClient, PageGuard, SilentObserver};
use crate::report::evidence::WriteEvidence;
use crate::run::journal::RunRecord;

/// Clocks differ, and an answer may be long in coming.
const MARGIN: SignedDuration = SignedDuration::from_mins(2);
/// The most events of a page, by Okta's API description.
const PAGE: &str = "1000";

/// Ids of log events by the id of the request that caused them.
type FoundEvents = HashMap<String, Vec<String>>;

/// Notes at each write the events that its request caused, as far as the log has them yet. The orgs are asked with today's
/// credentials, which must be allowed to read the log.
pub(super) fn find(
    context: &CommandContext,
    record: &RunRecord,
    writes: &mut [WriteEvidence],
) -> Result<(), CommandError> {
    let runtime = runtime()?;
    let world = of_record(context, record, &[])?;
    for (name, client) in &world.orgs {
        let of_org = || writes.iter().filter(|write| write.call.org == *name);
        let times = of_org().map(|write| write.time);
        let Some((first, last)) = times.clone().min().zip(times.max()) else {
            continue;
        };
        client.ask_for(vec!["okta.logs.read".to_owned()]);
        let found = runtime.block_on(events(client, first, last)).map_err(|error| log_failure(name, &error))?;
        for write in writes.iter_mut().filter(|write| write.call.org == *name) {
            let id = write.call.request_id.as_ref();
            write.log_event_ids = id.and_then(|id| found.get(id)).cloned().unwrap_or_default();
        }
    }
    Ok(())
}

fn log_failure(org: &str, error: &crate::okta::OktaError) -> CommandError {
    CommandError::failed(format!("the System Log of {org} cannot be read: {error}"))
        .help("the credentials need the right to read it (scope okta.logs.read); without --log-events the report is made from the journal alone")
}

async fn events(client: &OktaClient, first: Timestamp, last: Timestamp) -> Result<FoundEvents, crate::okta::OktaError> {
    // The journal has the time of this machine, the log that of the org.
    client.look("/.well-known/okta-organization").await?;
    let ahead = SignedDuration::from_millis(client.clock_ahead().unwrap_or_default());
    let mut request = ApiRequest::new(HttpMethod::Get, "/api/v1/logs");
    let between = [("since", first + ahead - MARGIN), ("until", last + ahead + MARGIN)];
    for (name, time) in between {
        request.query.push((name.to_owned(), format!("{time:.3}")));
    }
    request.query.push(("limit".to_owned(), PAGE.to_owned()));
    let mut found = FoundEvents::new();
    let mut page = client.send(&request, &SilentObserver).await?;
    let mut guard = PageGuard::default();
    loop {
        let events = page.body.as_array().map_or(&[][..], Vec::as_slice);
        // Ids alone are held.
        let taken = guard.take(events.len(), 0, page.next.as_ref());
        taken.map_err(crate::okta::OktaError::EndlessList)?;
        for event in events {
            note(&mut found, event);
        }
        let Some(next) = page.next else {
            return Ok(found);
        };
        page = client.next(&next, &SilentObserver).await?;
    }
}

/// `transaction.id` is the id of the request for what a request caused (Okta's documentation of the System Log API).
fn note(found: &mut FoundEvents, event: &Value) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some((request, id)) = text(&event["transaction"]["id"]).zip(text(&event["uuid"])) {
        found.entry(request).or_default().push(id);
    }
}
