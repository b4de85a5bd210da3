//! A directory that is not simulated: the agent changes it over LDAP, as Okta's agent does. What is read of it is mirrored in the
//! [`SimulatedDirectory`](super::SimulatedDirectory), so that the rest of the simulator sees no difference.
//!
//! Every change looks at the account first and again afterwards; nothing is believed to be as it was left.

mod live_cache;
mod wire;

use std::path::PathBuf;
use std::sync::{Arc, mpsc};

use secrecy::SecretString;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::identity::ObjectGuid;
use super::refusal::ChangeRefusal;
use wire::{WireLink, WireOutcome, WireTrouble};

pub(super) use wire::WireRequest;

/// How the agent reaches the directory.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct LiveDirectorySettings {
    /// `ldaps://HOST` or, on this machine, `ldap://HOST`.
    pub(in crate::simulator) url: String,
    pub(in crate::simulator) bind_dn: String,
    pub(in crate::simulator) password: SecretString,
    /// Where searches begin, instead of the domain's own name.
    pub(in crate::simulator) base: Option<String>,
    /// Certificates in PEM that are trusted instead of the machine's.
    pub(in crate::simulator) ca: Option<PathBuf>,
}

/// The connection, which lives on a thread of its own: changes are made by code that waits for nothing else.
#[derive(Clone)]
pub(super) struct LiveDirectory {
    settings: Arc<LiveDirectorySettings>,
    deeds: mpsc::Sender<(WireRequest, mpsc::Sender<WireOutcome>)>,
}

impl LiveDirectory {
    pub(super) fn new(settings: LiveDirectorySettings) -> Self {
        let settings = Arc::new(settings);
        let (deeds, orders) = mpsc::channel::<(WireRequest, mpsc::Sender<WireOutcome>)>();
        let mut link = WireLink::new(Arc::clone(&settings));
        std::thread::spawn(move || {
            for (deed, answer) in orders {
                // Who asked may have gone.
                let _ = answer.send(link.carry_out(&deed));
            }
        });
        Self { settings, deeds }
    }

    /// Does it, and waits for the answer.
    pub(super) fn ask(&self, deed: WireRequest) -> Result<Vec<ldap3::SearchEntry>, ChangeRefusal> {
        let about = deed.about().to_owned();
        let (answer, answered) = mpsc::channel();
        let sent = self.deeds.send((deed, answer)).is_ok();
        let outcome = sent.then(|| waiting(|| answered.recv().ok())).flatten();
        outcome
            .unwrap_or_else(|| Err(WireTrouble::Unavailable("its thread ended".to_owned())))
            .map_err(|trouble| refusal(trouble, about))
    }
}

/// The directory may be served by the very thread that waits for it: its other work is taken over meanwhile.
fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    let of_many = |handle: &Handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread;
    if Handle::try_current().is_ok_and(|handle| of_many(&handle)) { tokio::task::block_in_place(wait) } else { wait() }
}

/// In the words of the agent, which are those of .NET's LDAP exceptions; the texts of servers differ.
fn refusal(trouble: WireTrouble, dn: String) -> ChangeRefusal {
    let (code, text) = match trouble {
        WireTrouble::Refused { code, text } => (code, text),
        WireTrouble::Unavailable(detail) => return ChangeRefusal::Unavailable { detail },
    };
    match code {
        // Samba answers 80 where Windows answers 32 to a move below a parent that is not there.
        32 => ChangeRefusal::NoSuchObject { dn },
        80 if text.contains("does not exist") => ChangeRefusal::NoSuchObject { dn },
        49 => ChangeRefusal::InvalidCredential,
        50 => ChangeRefusal::AccessDenied { dn },
        68 => ChangeRefusal::AlreadyExists { attribute: "dn", value: dn },
        _ => ChangeRefusal::Other { code, text },
    }
}

/// Whether an account shall be able to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccountSwitch {
    On,
    Off,
}

/// Which account is looked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) enum AccountKey<'a> {
    Guid(ObjectGuid),
    UserPrincipalName(&'a str),
}
