//! What a directory, or whatever stands before it, may answer to a search.

use std::sync::{Arc, Mutex};

use okta_runbook::ldap::{DirectoryClient, Dn, LdapSettings, SearchScope};
use okta_runbook::simulator::{ListenAddress, ScenarioSpec, Simulator};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::mutation::Mutation;
use super::survives;

/// Passes on what the directory answers until it is `whole` messages, spoils the next, and closes the connection.
async fn spoil(listener: TcpListener, upstream: String, whole: usize, mutation: Arc<Mutex<Mutation>>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&upstream).await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let asking = tokio::spawn(async move {
            let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
        });
        let mut bytes = vec![0; 16 << 10];
        for number in 0.. {
            let Ok(length @ 1..) = from_server.read(&mut bytes).await else {
                break;
            };
            let mut answer = bytes[..length].to_vec();
            if number == whole {
                mutation.lock().unwrap().bytes(&mut answer);
            }
            if to_client.write_all(&answer).await.is_err() || number == whole {
                break;
            }
        }
        let _ = to_client.shutdown().await;
        asking.abort();
    }
}

#[test]
fn answers_of_directories_are_read_whatever_they_are() {
    let runtime = Runtime::new().unwrap();
    let started = Simulator::start(ScenarioSpec::built_in(), ListenAddress::Anywhere);
    let simulator = runtime.block_on(started).unwrap();
    survives("LDAP", 60, move |mutation| {
        let directory = &simulator.directories()[0];
        let upstream = directory.url.trim_start_matches("ldap://").to_owned();
        // The bind is the first answer.
        let whole = mutation.random.usize(..3);
        let mutation = Mutation::new(mutation.random.u64(..));
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("ldap://{}", listener.local_addr().unwrap());
            let spoiling = spoil(listener, upstream, whole, Arc::new(Mutex::new(mutation)));
            let spoiling = tokio::spawn(spoiling);
            let base = Dn::parse(&directory.base).unwrap();
            let password = directory.password.expose_secret().to_owned().into();
            let settings = LdapSettings::new(url, directory.bind_dn.clone(), password, base);
            if let Ok(client) = DirectoryClient::connect(settings).await {
                let all = "(objectClass=*)";
                let _ = client.search(client.base(), all, SearchScope::Subtree, &[]).await;
                let _ = client.find_user("ada.novak@corp.example").await;
            }
            spoiling.abort();
        });
    });
}
