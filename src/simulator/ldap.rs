//! The directory over LDAP version 3, read-only, with Active Directory's result codes and diagnostic texts.
//!
//! Simple binds only, without TLS: the server is for loopback. It knows nothing of Okta.

mod codec;
mod filter;
mod root;
mod search;
mod session;
mod words;

use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::directory::SimulatedDirectory;

/// Answers clients of one directory until it is dropped, which ends their connections as a server that goes down does.
pub(super) async fn serve(listener: TcpListener, directory: Arc<RwLock<SimulatedDirectory>>) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    sessions.spawn(session::run(stream, Arc::clone(&directory)));
                }
                // Out of file handles, mostly: some come free while others are served.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            // Takes the finished ones away.
            Some(_) = sessions.join_next() => {}
        }
    }
}

#[cfg(test)]
mod tests;
