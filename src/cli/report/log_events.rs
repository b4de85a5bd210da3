//! The System Log's word on the writes of a run, looked up when a report is made: a run itself has no call to spare for it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::cli::Context;
use crate::cli::conduct::runtime;
use crate::cli::world::of_record;
use crate::error::Error;
use crate::okta::{Client, Method, PageGuard, Request, Silent};
use crate::report::evidence::Write;
use crate::run::journal::Record;

/// Clocks differ, and an answer may be long in coming.
const MARGIN: SignedDuration = SignedDuration::from_mins(2);
/// The most events of a page, by Okta's API description.
const PAGE: &str = "1000";

/// Ids of log events by the id of the request that caused them.
type Found = HashMap<String, Vec<String>>;

/// Notes at each write the events that its request caused, as far as the log has them yet. The orgs are asked with today's
/// credentials, which must be allowed to read the log.
pub(super) fn find(context: &Context, record: &Record, writes: &mut [Write]) -> Result<(), Error> {
    let runtime = runtime()?;
    let world = of_record(context, record, &[])?;
    for (name, client) in &world.orgs {
        let of_org = || writes.iter().filter(|write| write.call.org == *name);
        let times = of_org().map(|write| write.time);
        let Some((first, last)) = times.clone().min().zip(times.max()) else {
            continue;
        };
        client.ask_for(vec!["okta.logs.read".to_owned()]);
        let found = runtime.block_on(events(client, first, last)).map_err(|error| cannot(name, &error))?;
        for write in writes.iter_mut().filter(|write| write.call.org == *name) {
            let id = write.call.request_id.as_ref();
            write.log_event_ids = id.and_then(|id| found.get(id)).cloned().unwrap_or_default();
        }
    }
    Ok(())
}

fn cannot(org: &str, error: &crate::okta::Error) -> Error {
    Error::failed(format!("the System Log of {org} cannot be read: {error}"))
        .help("the credentials need the right to read it (scope okta.logs.read); without --log-events the report is made from the journal alone")
}

async fn events(client: &Client, first: Timestamp, last: Timestamp) -> Result<Found, crate::okta::Error> {
    // The journal has the time of this machine, the log that of the org.
    client.look("/.well-known/okta-organization").await?;
    let ahead = SignedDuration::from_millis(client.clock_ahead().unwrap_or_default());
    let mut request = Request::new(Method::Get, "/api/v1/logs");
    let between = [("since", first + ahead - MARGIN), ("until", last + ahead + MARGIN)];
    for (name, time) in between {
        request.query.push((name.to_owned(), format!("{time:.3}")));
    }
    request.query.push(("limit".to_owned(), PAGE.to_owned()));
    let mut found = Found::new();
    let mut page = client.send(&request, &Silent).await?;
    let mut guard = PageGuard::default();
    loop {
        let events = page.body.as_array().map_or(&[][..], Vec::as_slice);
        // Ids alone are held.
        let taken = guard.take(events.len(), 0, page.next.as_ref());
        taken.map_err(crate::okta::Error::EndlessList)?;
        for event in events {
            note(&mut found, event);
        }
        let Some(next) = page.next else {
            return Ok(found);
        };
        page = client.next(&next, &Silent).await?;
    }
}

/// `transaction.id` is the id of the request for what a request caused (Okta's documentation of the System Log API).
fn note(found: &mut Found, event: &Value) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some((request, id)) = text(&event["transaction"]["id"]).zip(text(&event["uuid"])) {
        found.entry(request).or_default().push(id);
    }
}
