//! Panics of the LDAP library as errors of the connection that they happened on.
//!
//! `ldap3` 0.12 takes it for granted that a server speaks LDAP. It panics where one does not: in its codec (a message without an id or an
//! operation), in its driver (an operation that no search is answered with), in its results (a message without a result code), in its
//! entries (attributes that are no sequence, names that are not UTF-8) and in its controls (a paging control without a value). None of
//! these is an error that its functions could return, so that they are caught here, and the driver's by its task.
//!
//! What is absent: connections, and what is asked over them. The client of a directory and the simulator's agent both use the library.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::path::Path;
use std::sync::Once;

use futures::FutureExt as _;

/// The library met something that is not LDAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotLdap;

/// Does work of the library.
///
/// # Errors
/// It panicked at what a server sent.
pub async fn caught<T>(work: impl Future<Output = T>) -> Result<T, NotLdap> {
    keep_quiet();
    // Nothing that the work touched is used after it: the connection is dropped.
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| NotLdap)
}

/// Has no panic of the library reach the terminal: its error does.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !is_of_library(info) {
                usual(info);
            }
        }));
    });
}

fn is_of_library(info: &PanicHookInfo<'_>) -> bool {
    info.location().is_some_and(|location| is_source_of_library(location.file()))
}

/// A folder of the source is named for its crate, with its version or, where dependencies are vendored, without.
fn is_source_of_library(file: &str) -> bool {
    let mut folders = Path::new(file).iter().filter_map(|part| part.to_str());
    folders.any(|folder| {
        let name = folder.split_once('-').map_or(folder, |(name, _)| name);
        matches!(name, "ldap3" | "lber")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_of_the_library_is_an_error() {
        let nonsense =
            ldap3::controls::RawControl { ctype: "1.2.840.113556.1.4.319".to_owned(), crit: false, val: None };
        let parsed = caught(async { nonsense.parse::<ldap3::controls::PagedResults>().size }).await;
        assert_eq!(parsed, Err(NotLdap));
        assert_eq!(caught(async { 7 }).await, Ok(7));
    }

    #[test]
    fn only_the_library_is_kept_quiet() {
        let registry = "/home/u/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f";
        for (file, is_of_library) in [
            ("ldap3-0.12.1/src/protocol.rs", true),
            ("lber-0.5.1/src/parse.rs", true),
            ("ldap3_proto-0.9.0/src/proto.rs", false),
            ("tokio-1.0.0/src/lib.rs", false),
        ] {
            let file = format!("{registry}/{file}");
            assert_eq!(is_source_of_library(&file), is_of_library, "{file}");
        }
        assert!(is_source_of_library("vendor/ldap3/src/search.rs"));
        assert!(!is_source_of_library("src/ldap/client.rs"));
    }
}
