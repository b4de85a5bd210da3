//! Results with the diagnostic texts that Active Directory's domain controllers send.

use ldap3_proto::proto::{LdapResult, LdapResultCode};

use super::super::dn::DirectoryName;

/// The build number at the end of a text, in hexadecimal.
const BUILD: &str = "v1db1";

pub(super) fn success() -> LdapResult {
    result(LdapResultCode::Success, "")
}

pub(super) fn result(code: LdapResultCode, message: &str) -> LdapResult {
    LdapResult { code, matcheddn: String::new(), message: message.to_owned(), referral: Vec::new() }
}

/// A wrong name and a wrong password are told alike.
pub(super) fn wrong_credentials() -> LdapResult {
    let message = format!("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, {BUILD}");
    result(LdapResultCode::InvalidCredentials, &message)
}

pub(super) fn bind_needed() -> LdapResult {
    let message = format!(
        "000004DC: LdapErr: DSID-0C0906E8, comment: In order to perform this operation a successful bind must be completed on the \
         connection., data 0, {BUILD}"
    );
    result(LdapResultCode::OperationsError, &message)
}

pub(super) fn no_such_object(best_match: &str) -> LdapResult {
    let message = format!(
        "0000208D: NameErr: DSID-03100238, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'{best_match}'\n"
    );
    LdapResult { matcheddn: best_match.to_owned(), ..result(LdapResultCode::NoSuchObject, &message) }
}

pub(super) fn bad_name(name: &str) -> LdapResult {
    let message =
        format!("0000208F: NameErr: DSID-031001BA, problem 2006 (BAD_NAME), data 8350, best match of:\n\t'{name}'\n");
    result(LdapResultCode::InvalidDNSyntax, &message)
}

pub(super) fn unavailable_control() -> LdapResult {
    result(
        LdapResultCode::UnavailableCriticalExtension,
        "00002040: SvcErr: DSID-031401E7, problem 5010 (UNAVAIL_EXTENSION), data 0",
    )
}

pub(super) fn unknown_extended_request() -> LdapResult {
    let message = format!("0000203D: LdapErr: DSID-0C090C7D, comment: Unknown extended request OID, data 0, {BUILD}");
    result(LdapResultCode::ProtocolError, &message)
}

/// What a domain controller without a certificate answers to `StartTLS`.
pub(super) fn no_tls() -> LdapResult {
    let message = format!("00000000: LdapErr: DSID-0C090E17, comment: Error initializing SSL/TLS, data 0, {BUILD}");
    result(LdapResultCode::Unavailable, &message)
}

/// Not AD's words: a domain controller would take the change.
pub(super) fn read_only() -> LdapResult {
    result(
        LdapResultCode::UnwillingToPerform,
        "this simulated directory is read-only over LDAP; change it over the simulator's control surface",
    )
}

/// The nearest object above `dn` that `exists`.
pub(super) fn best_match(dn: &DirectoryName, exists: impl Fn(&DirectoryName) -> bool) -> String {
    let mut above = dn.parent();
    while let Some(candidate) = above {
        if exists(&candidate) {
            return candidate.to_string();
        }
        above = candidate.parent();
    }
    String::new()
}
