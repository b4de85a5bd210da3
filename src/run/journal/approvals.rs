//! Which runs began with an approval.

use rusqlite::Connection;

use super::error::JournalError;

/// Runs with the times at which they began, oldest first. A run tells its approvals, one for each org, before anything else: of its
/// entries the first ones are enough, however long it is.
pub(super) fn uses(connection: &Connection, approval: &str) -> Result<Vec<(String, jiff::Timestamp)>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT r.id, min(e.time) FROM runs r CROSS JOIN entries e ON e.run = r.id AND e.seq < 100
         WHERE e.what = 'told' AND e.event ->> 'event' = 'approved' AND e.event ->> 'id' = ?1 GROUP BY r.id ORDER BY 2",
    )?;
    let mut rows = statement.query([approval])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (run, time): (String, String) = (row.get(0)?, row.get(1)?);
        let time = time.parse().map_err(|error| JournalError::unreadable("the time of an approval", &error))?;
        found.push((run, time));
    }
    Ok(found)
}
