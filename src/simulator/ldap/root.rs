//! The root DSE: what the server says of itself to anyone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::directory::{ShownAttributes, SimulatedDirectory};

pub(super) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
pub(super) const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";
pub(super) const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// Tells clients that this is an Active Directory (`LDAP_CAP_ACTIVE_DIRECTORY_OID`).
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

pub(super) fn attributes(directory: &SimulatedDirectory) -> ShownAttributes {
    let base = directory.base();
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    let host = format!("dc01.{}", directory.domain());
    let rows = [
        ("currentTime", now.strftime("%Y%m%d%H%M%S.0Z").to_string()),
        ("dnsHostName", host),
        ("defaultNamingContext", base.clone()),
        ("namingContexts", base.clone()),
        ("rootDomainNamingContext", base),
        ("supportedCapabilities", ACTIVE_DIRECTORY.to_owned()),
        ("supportedControl", PAGED_RESULTS.to_owned()),
        ("supportedExtension", WHO_AM_I.to_owned()),
        ("supportedLDAPVersion", "3".to_owned()),
        ("isSynchronized", "TRUE".to_owned()),
    ];
    let shown = rows.into_iter();
    shown.map(|(name, value)| (name.to_owned(), vec![value.into_bytes()])).collect()
}
