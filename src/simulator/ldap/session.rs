//! One connection: who is signed in, and an answer to each request.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use futures::{SinkExt as _, StreamExt as _};
use ldap3_proto::DisconnectionNotice;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapBindResponse, LdapCompareRequest, LdapExtendedRequest, LdapExtendedResponse,
    LdapMsg, LdapOp, LdapResult, LdapResultCode, LdapSearchRequest,
};
use tokio::net::TcpStream;
use tokio_util::codec::Framed;

use super::super::directory::{ChangeRefusal, SimulatedDirectory, same_value};
use super::super::dn::DirectoryName;
use super::codec::MessageCodec;
use super::search::{SearchResult, reach, root_dse, search};
use super::{filter, root, words};

/// Attributes of which few objects have the same value: who searches by one is answered without reading all the others.
const IDENTIFYING: &[&str] = &["objectGUID", "sAMAccountName", "userPrincipalName", "cn", "mail"];

/// Answers until the client unbinds, hangs up, or sends what is not LDAP.
pub(super) async fn run(stream: TcpStream, directory: Arc<RwLock<SimulatedDirectory>>) {
    let mut wire = Framed::new(stream, MessageCodec::default());
    let mut session = LdapSession { directory, signed_in: LdapSignIn::No };
    while let Some(message) = wire.next().await {
        let (answers, next) = match message {
            Ok(message) => session.answer(message),
            Err(_) => (vec![notice()], SessionNext::HangUp),
        };
        let sent = send(&mut wire, answers).await;
        // A failed write is a client that is gone.
        if sent.is_err() || next == SessionNext::HangUp {
            return;
        }
    }
}

struct LdapSession {
    directory: Arc<RwLock<SimulatedDirectory>>,
    signed_in: LdapSignIn,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LdapSignIn {
    No,
    Yes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SessionNext {
    Listen,
    HangUp,
}

async fn send(wire: &mut Framed<TcpStream, MessageCodec>, answers: Vec<LdapMsg>) -> std::io::Result<()> {
    for answer in answers {
        wire.feed(answer).await?;
    }
    wire.flush().await
}

/// RFC 4511, section 4.1.1: a message that cannot be read ends the connection.
fn notice() -> LdapMsg {
    DisconnectionNotice::gen_response(LdapResultCode::ProtocolError, "the message is not understood")
}

impl LdapSession {
    fn answer(&mut self, message: LdapMsg) -> (Vec<LdapMsg>, SessionNext) {
        let LdapMsg { msgid, op, ctrl } = message;
        let one = |op| vec![LdapMsg::new(msgid, op)];
        let answers = match op {
            LdapOp::BindRequest(request) => one(self.bind(&request)),
            LdapOp::UnbindRequest => return (Vec::new(), SessionNext::HangUp),
            // A search is answered before the next message is read: there is nothing left to abandon.
            LdapOp::AbandonRequest(_) => Vec::new(),
            LdapOp::SearchRequest(request) => messages(msgid, self.search(&request, &ctrl)),
            LdapOp::CompareRequest(request) => one(LdapOp::CompareResult(self.compare(&request))),
            LdapOp::ExtendedRequest(request) => one(LdapOp::ExtendedResponse(self.extended(&request))),
            LdapOp::AddRequest(_) => one(LdapOp::AddResponse(self.write())),
            LdapOp::ModifyRequest(_) => one(LdapOp::ModifyResponse(self.write())),
            LdapOp::DelRequest(_) => one(LdapOp::DelResponse(self.write())),
            LdapOp::ModifyDNRequest(_) => one(LdapOp::ModifyDNResponse(self.write())),
            // A client sent what only servers send.
            _ => return (vec![notice()], SessionNext::HangUp),
        };
        (answers, SessionNext::Listen)
    }

    fn bind(&mut self, request: &LdapBindRequest) -> LdapOp {
        // A bind that fails leaves the connection anonymous, whatever it was before (RFC 4511, section 4.2.1).
        self.signed_in = LdapSignIn::No;
        let res = match &request.cred {
            _ if request.version != 3 => {
                words::result(LdapResultCode::ProtocolError, "only LDAP version 3 is spoken here")
            }
            // Empty password: an anonymous bind, with AD's default settings under any name.
            LdapBindCred::Simple(password) if password.is_empty() => words::success(),
            LdapBindCred::Simple(password) => self.sign_in(&request.dn, password),
            LdapBindCred::SASL(_) | LdapBindCred::Unsupported => words::result(
                LdapResultCode::AuthMethodNotSupported,
                "this simulated directory takes simple binds only",
            ),
        };
        let saslcreds = None;
        LdapOp::BindResponse(LdapBindResponse { res, saslcreds })
    }

    fn sign_in(&mut self, name: &str, password: &str) -> LdapResult {
        if !self.directory().bind_account().admits(name, password) {
            return words::wrong_credentials();
        }
        self.signed_in = LdapSignIn::Yes;
        words::success()
    }

    fn search(&self, request: &LdapSearchRequest, controls: &[LdapControl]) -> SearchResult {
        if controls.iter().any(is_unavailable) {
            return SearchResult::nothing(words::unavailable_control());
        }
        let root = DirectoryName::parse(&request.base).is_ok_and(|base| base.is_root());
        match self.signed_in {
            _ if root => root_dse(&self.directory(), request),
            LdapSignIn::No => SearchResult::nothing(words::bind_needed()),
            LdapSignIn::Yes => match self.recall(request) {
                Ok(()) => search(&self.directory(), request, controls),
                Err(refusal) => SearchResult::nothing(words::result(LdapResultCode::Unavailable, &refusal.in_detail())),
            },
        }
    }

    /// Has a shadow read what the search is about.
    fn recall(&self, request: &LdapSearchRequest) -> Result<(), ChangeRefusal> {
        if !self.directory().is_shadow() {
            return Ok(());
        }
        let equal = filter::required_equalities(&request.filter)
            .into_iter()
            .find(|(name, _)| IDENTIFYING.iter().any(|own| own.eq_ignore_ascii_case(name)));
        let equal = equal.as_ref().map(|(name, value)| (*name, value.as_slice()));
        let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        directory.recall(&request.base, reach(&request.scope), equal)
    }

    fn compare(&self, request: &LdapCompareRequest) -> LdapResult {
        if self.signed_in == LdapSignIn::No {
            return words::bind_needed();
        }
        let Ok(dn) = DirectoryName::parse(&request.dn) else {
            return words::bad_name(&request.dn);
        };
        let directory = self.directory();
        let Some(entry) = directory.entry(&dn) else {
            let best = words::best_match(&dn, |dn| directory.entry(dn).is_some());
            return words::no_such_object(&best);
        };
        let values = directory.values(entry, &request.atype);
        let same = |value: &Vec<u8>| same_value(&request.atype, value, &request.val);
        let code = match values.as_slice() {
            [] => LdapResultCode::NoSuchAttribute,
            values if values.iter().any(same) => LdapResultCode::CompareTrue,
            _ => LdapResultCode::CompareFalse,
        };
        words::result(code, "")
    }

    fn extended(&self, request: &LdapExtendedRequest) -> LdapExtendedResponse {
        let (res, value) = match request.name.as_str() {
            root::WHO_AM_I => (words::success(), Some(self.who_am_i().into_bytes())),
            root::START_TLS => (words::no_tls(), None),
            _ => (words::unknown_extended_request(), None),
        };
        let name = None;
        LdapExtendedResponse { res, name, value }
    }

    /// `u:CORP\name`, as AD tells it; empty when anonymous.
    fn who_am_i(&self) -> String {
        match self.signed_in {
            LdapSignIn::Yes => format!("u:{}", self.directory().bind_account().down_level_name()),
            LdapSignIn::No => String::new(),
        }
    }

    fn write(&self) -> LdapResult {
        match self.signed_in {
            LdapSignIn::Yes => words::read_only(),
            LdapSignIn::No => words::bind_needed(),
        }
    }

    /// A panic elsewhere leaves the directory readable.
    fn directory(&self) -> RwLockReadGuard<'_, SimulatedDirectory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Entries, then the result with its controls.
fn messages(msgid: i32, found: SearchResult) -> Vec<LdapMsg> {
    let entries = found.entries.into_iter();
    let mut messages: Vec<LdapMsg> =
        entries.map(|entry| LdapMsg::new(msgid, LdapOp::SearchResultEntry(entry))).collect();
    messages.push(LdapMsg { msgid, op: LdapOp::SearchResultDone(found.result), ctrl: found.controls });
    messages
}

/// A control that would change the answer, and that is not modelled.
fn is_unavailable(control: &LdapControl) -> bool {
    match control {
        LdapControl::SyncRequest { .. } | LdapControl::AdDirsync { .. } | LdapControl::ServerSort { .. } => true,
        LdapControl::ExtendedDn { criticality, .. }
        | LdapControl::PasswordPolicyRequest { criticality }
        | LdapControl::Unknown { criticality, .. } => *criticality,
        _ => false,
    }
}
