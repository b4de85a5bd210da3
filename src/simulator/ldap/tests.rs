//! Through an LDAP client of its own, over TCP.

use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{Ldap, LdapConnAsync, LdapError, LdapResult, Scope, SearchEntry, SearchOptions, ldap_escape};
use secrecy::ExposeSecret as _;
use tokio::task::JoinHandle;

use super::super::directory::{NewAccount, ObjectGuid};
use super::*;

const BASE: &str = "DC=corp,DC=example";
const A: &str = "OU=User-Contractor,DC=corp,DC=example";
const B: &str = "OU=Users,DC=corp,DC=example";

/// A running server; stops when dropped.
struct RunningServer {
    directory: Arc<RwLock<SimulatedDirectory>>,
    url: String,
    task: JoinHandle<()>,
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn new_account(cn: &str, sam: &str, ou: &str) -> NewAccount {
    NewAccount {
        cn: cn.to_owned(),
        ou: ou.to_owned(),
        sam_account_name: sam.to_owned(),
        user_principal_name: format!("{sam}@corp.example"),
        given_name: cn.split(' ').next().unwrap_or_default().to_owned(),
        surname: "Doe".to_owned(),
        mail: format!("{sam}@corp.example"),
        extra: vec![("department".to_owned(), "Sales".to_owned())],
    }
}

fn small() -> SimulatedDirectory {
    let mut directory = SimulatedDirectory::new("corp.example", 7);
    directory.create_ou(A).expect("new");
    directory.create_ou(B).expect("new");
    directory.create_account(&new_account("Ada Doe", "ada", A)).expect("free");
    let mut renée = new_account("Renée (x) Doe", "renee", A);
    renée.extra.clear();
    let disabled = directory.create_account(&renée).expect("free");
    directory.disable(disabled).expect("there");
    directory.create_account(&new_account("Doe, Jo", "jo", B)).expect("free");
    directory
}

async fn start(directory: SimulatedDirectory) -> RunningServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ldap://{}", listener.local_addr().expect("bound"));
    let directory = Arc::new(RwLock::new(directory));
    let task = tokio::spawn(serve(listener, Arc::clone(&directory)));
    RunningServer { directory, url, task }
}

impl RunningServer {
    async fn connect(&self) -> Ldap {
        let (connection, ldap) = LdapConnAsync::new(&self.url).await.expect("connects");
        ldap3::drive!(connection);
        ldap
    }

    fn bind_names(&self) -> (Vec<String>, String) {
        let directory = self.directory.read().expect("not poisoned");
        let account = directory.bind_account();
        let names = [account.dn(), account.user_principal_name(), account.down_level_name()];
        let password = account.password().expose_secret().to_owned();
        (names.iter().map(ToString::to_string).collect(), password)
    }

    async fn signed_in(&self) -> Ldap {
        let mut ldap = self.connect().await;
        let (names, password) = self.bind_names();
        let bound = ldap.simple_bind(&names[0], &password).await.expect("answers");
        bound.success().expect("the password is right");
        ldap
    }
}

async fn find(
    ldap: &mut Ldap,
    base: &str,
    scope: Scope,
    filter: &str,
    attributes: Vec<&str>,
) -> (Vec<SearchEntry>, LdapResult) {
    let found = ldap.search(base, scope, filter, attributes).await.expect("answers");
    (found.0.into_iter().map(SearchEntry::construct).collect(), found.1)
}

/// Values of the naming attributes, in the order of the answer.
async fn names(ldap: &mut Ldap, base: &str, scope: Scope, filter: &str) -> Vec<String> {
    let (entries, result) = find(ldap, base, scope, filter, vec!["name"]).await;
    assert_eq!(result.rc, 0, "{filter}: {result}");
    entries.into_iter().map(|entry| entry.attrs["name"][0].clone()).collect()
}

const SERVICE: &str = "svc-okta-runbook";
const EVERYONE: &[&str] = &[SERVICE, "Ada Doe", "Renée (x) Doe", "Doe, Jo"];

/// Base, scope, filter, and the names of what is found.
type SearchRow = (&'static str, Scope, &'static str, &'static [&'static str]);

const SEARCHES: &[SearchRow] = &[
    (BASE, Scope::Base, "(objectClass=*)", &["corp"]),
    (BASE, Scope::OneLevel, "(objectClass=*)", &["Users", "User-Contractor", "Users"]),
    (BASE, Scope::Subtree, "(objectClass=organizationalUnit)", &["User-Contractor", "Users"]),
    (BASE, Scope::Subtree, "(objectClass=user)", EVERYONE),
    (BASE, Scope::Subtree, "(objectCategory=person)", EVERYONE),
    (BASE, Scope::Subtree, "(sAMAccountType=805306368)", EVERYONE),
    (A, Scope::Subtree, "(objectClass=user)", &["Ada Doe", "Renée (x) Doe"]),
    ("ou=users, dc=CORP, dc=example", Scope::OneLevel, "(objectClass=*)", &["Doe, Jo"]),
    (BASE, Scope::Subtree, "(sAMAccountName=ADA)", &["Ada Doe"]),
    (B, Scope::Subtree, "(sAMAccountName=ada)", &[]),
    (BASE, Scope::OneLevel, "(sAMAccountName=ada)", &[]),
    (BASE, Scope::Subtree, "(&(sAMAccountType=805306368)(userPrincipalName=jo@corp.example))", &["Doe, Jo"]),
    (BASE, Scope::Subtree, "(&(userPrincipalName=jo@corp.example)(cn=ada*))", &[]),
    (BASE, Scope::Subtree, "(|(samaccountname=ada)(samaccountname=jo))", &["Ada Doe", "Doe, Jo"]),
    (BASE, Scope::Subtree, "(&(objectClass=user)(!(mail=*)))", &[SERVICE]),
    (BASE, Scope::Subtree, "(&(objectClass=user)(!(department=sales)))", &[SERVICE, "Renée (x) Doe"]),
    (BASE, Scope::Subtree, "(cn=ren\\c3\\89e \\28*)", &["Renée (x) Doe"]),
    (BASE, Scope::Subtree, "(cn=a*a*d*e)", &["Ada Doe"]),
    (BASE, Scope::Subtree, "(cn=ada*ada*)", &[]),
    (BASE, Scope::Subtree, "(userAccountControl:1.2.840.113556.1.4.803:=2)", &["Renée (x) Doe"]),
    (BASE, Scope::Subtree, "(userAccountControl:1.2.840.113556.1.4.804:=3)", &["Renée (x) Doe"]),
    (BASE, Scope::Subtree, "(userAccountControl>=513)", &["Renée (x) Doe"]),
    (BASE, Scope::Subtree, "(&(cn=*)(userAccountControl<=512))", &[SERVICE, "Ada Doe", "Doe, Jo"]),
    (BASE, Scope::Subtree, "(distinguishedName=cn=doe\\5c2c jo,ou=users,dc=corp,dc=example)", &["Doe, Jo"]),
    (BASE, Scope::Subtree, "(memberOf=CN=x,DC=corp,DC=example)", &[]),
    ("CN=Doe\\, Jo,OU=Users,DC=corp,DC=example", Scope::Base, "(objectClass=user)", &["Doe, Jo"]),
];

#[tokio::test]
async fn searches_find_what_ad_finds() {
    let running = start(small()).await;
    let mut ldap = running.signed_in().await;
    for (base, scope, filter, expected) in SEARCHES {
        let found = names(&mut ldap, base, *scope, filter).await;
        let (mut found, mut expected): (Vec<_>, Vec<_>) =
            (found.iter().map(String::as_str).collect(), expected.to_vec());
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{filter} at {base}");
    }
}

#[tokio::test]
async fn an_account_is_found_by_its_guid_before_and_after_a_move() {
    let running = start(small()).await;
    let mut ldap = running.signed_in().await;
    // Not UTF-8 for some of them, which is what matters.
    let guids: Vec<ObjectGuid> =
        running.directory.read().expect("not poisoned").accounts_under(BASE).map(|account| account.guid).collect();
    assert!(guids.iter().any(|guid| std::str::from_utf8(&guid.bytes()).is_err()));
    for guid in guids {
        let moved = running.directory.write().expect("not poisoned").move_account(guid, A).expect("moves");
        let escaped: String = guid.bytes().iter().flat_map(|byte| ['\\'.to_string(), format!("{byte:02x}")]).collect();
        let (entries, _) =
            find(&mut ldap, BASE, Scope::Subtree, &format!("(objectGUID={escaped})"), vec!["objectGUID", "objectSid"])
                .await;
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].dn, moved);
        // A value that happens to be UTF-8 would be text.
        let bytes = entries[0].bin_attrs.get("objectGUID").map(|values| values[0].clone());
        let text = entries[0].attrs.get("objectGUID").map(|values| values[0].clone().into_bytes());
        assert_eq!(bytes.or(text), Some(guid.bytes().to_vec()));
    }
}

#[tokio::test]
async fn attributes_are_selected() {
    let running = start(small()).await;
    let mut ldap = running.signed_in().await;
    let dn = format!("CN=Ada Doe,{A}");
    let mut read = async |names: Vec<&str>| {
        let (entries, _) = find(&mut ldap, &dn, Scope::Base, "(objectClass=*)", names).await;
        entries[0].attrs.clone()
    };
    let all = read(vec![]).await;
    let expected = [
        ("cn", "Ada Doe"),
        ("name", "Ada Doe"),
        ("givenName", "Ada"),
        ("sn", "Doe"),
        ("displayName", "Ada Doe"),
        ("mail", "ada@corp.example"),
        ("sAMAccountName", "ada"),
        ("userPrincipalName", "ada@corp.example"),
        ("userAccountControl", "512"),
        ("primaryGroupID", "513"),
        ("department", "Sales"),
        ("distinguishedName", dn.as_str()),
        ("objectCategory", "CN=Person,CN=Schema,CN=Configuration,DC=corp,DC=example"),
    ];
    for (name, value) in expected {
        assert_eq!(all.get(name).map(Vec::as_slice), Some(&[value.to_owned()][..]), "{name}");
    }
    assert_eq!(all["objectClass"], ["top", "person", "organizationalPerson", "user"]);
    assert!(all["whenChanged"][0].len() == "20260314120000.0Z".len());
    assert_eq!(read(vec!["*"]).await.len(), all.len());
    assert!(read(vec!["1.1"]).await.is_empty());
    let some = read(vec!["SN", "MAIL", "nothing"]).await;
    assert_eq!(some.keys().len(), 2);
    assert!(some.contains_key("mail"));

    let mut ldap = running.signed_in().await;
    ldap.with_search_options(SearchOptions::new().typesonly(true));
    let (entries, _) = find(&mut ldap, &dn, Scope::Base, "(objectClass=*)", vec!["sn"]).await;
    assert_eq!(entries[0].attrs["sn"], Vec::<String>::new());
}

#[tokio::test]
async fn sign_in_takes_three_forms_of_the_name_and_one_password() {
    let running = start(small()).await;
    let (names, password) = running.bind_names();
    for name in &names {
        let mut ldap = running.connect().await;
        let bound = ldap.simple_bind(&name.to_uppercase(), &password).await.expect("answers");
        assert_eq!(bound.rc, 0, "{name}");
    }
    let mut ldap = running.signed_in().await;
    for (name, password) in [(names[0].as_str(), "wrong"), ("CN=nobody", password.as_str()), ("", "x")] {
        let refused = ldap.simple_bind(name, password).await.expect("answers");
        assert_eq!(refused.rc, 49);
        assert!(refused.text.starts_with("80090308: LdapErr: DSID-0C0903A9") && refused.text.contains("data 52e"));
    }
    let (_, after) = find(&mut ldap, BASE, Scope::Subtree, "(cn=*)", vec![]).await;
    assert_eq!(after.rc, 1, "a failed bind signs out");
}

#[tokio::test]
async fn the_anonymous_see_the_root_alone() {
    let running = start(small()).await;
    let mut ldap = running.connect().await;
    ldap.simple_bind("", "").await.expect("answers").success().expect("anonymous");
    let (entries, _) = find(&mut ldap, "", Scope::Base, "(objectClass=*)", vec![]).await;
    assert_eq!(entries[0].attrs["defaultNamingContext"], [BASE]);
    assert_eq!(entries[0].attrs["supportedControl"], ["1.2.840.113556.1.4.319"]);
    let (entries, result) = find(&mut ldap, BASE, Scope::Subtree, "(cn=*)", vec![]).await;
    assert!(entries.is_empty());
    assert!(result.rc == 1 && result.text.contains("successful bind must be completed"), "{result}");
}

#[tokio::test]
async fn what_is_not_there_is_told_with_the_nearest_that_is() {
    let running = start(small()).await;
    let mut ldap = running.signed_in().await;
    let (_, result) = find(&mut ldap, &format!("CN=No,OU=No,{B}"), Scope::Base, "(cn=*)", vec![]).await;
    assert_eq!((result.rc, result.matched.as_str()), (32, B));
    let (_, result) = find(&mut ldap, "DC=other", Scope::Base, "(cn=*)", vec![]).await;
    assert_eq!((result.rc, result.matched.as_str()), (32, ""));
    let (_, result) = find(&mut ldap, "no name", Scope::Base, "(cn=*)", vec![]).await;
    assert_eq!(result.rc, 34);
}

#[tokio::test]
async fn writes_are_refused_and_change_nothing() {
    let running = start(small()).await;
    let mut ldap = running.signed_in().await;
    let dn = format!("CN=Ada Doe,{A}");
    let before = running.directory.read().expect("not poisoned").to_json();
    let results = [
        ldap.modifydn(&dn, "CN=Ada Doe", true, Some(B)).await,
        ldap.delete(&dn).await,
        ldap.add(&format!("CN=New,{A}"), vec![("objectClass", ["user"].into())]).await,
        ldap.modify(&dn, vec![ldap3::Mod::Replace("sn", ["x"].into())]).await,
    ];
    for result in results {
        assert_eq!(result.expect("answers").rc, 53);
    }
    assert_eq!(running.directory.read().expect("not poisoned").to_json(), before);
    assert!(ldap.compare(&dn, "sn", "DOE").await.expect("answers").equal().expect("there"));
    assert!(!ldap.compare(&dn, "sn", "Dot").await.expect("answers").equal().expect("there"));
}

#[tokio::test]
async fn more_than_a_thousand_entries_come_in_pages() {
    const ACCOUNTS: usize = 2500;
    let mut directory = small();
    for number in 0..ACCOUNTS {
        let account = new_account(&format!("Contractor {number}"), &format!("c{number}"), A);
        directory.create_account(&account).expect("free");
    }
    let running = start(directory).await;
    let mut ldap = running.signed_in().await;
    let (entries, result) = find(&mut ldap, BASE, Scope::Subtree, "(sAMAccountName=c*)", vec!["1.1"]).await;
    assert_eq!((entries.len(), result.rc), (1000, 4), "not paged");
    let (entries, result) = {
        ldap.with_search_options(SearchOptions::new().sizelimit(7));
        find(&mut ldap, BASE, Scope::Subtree, "(sAMAccountName=c*)", vec!["1.1"]).await
    };
    assert_eq!((entries.len(), result.rc), (7, 4), "limited by the client");

    for page in [499, 500, 5000] {
        let adapters: Vec<Box<dyn Adapter<_, _>>> =
            vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(page))];
        let mut stream = ldap
            .streaming_search_with(adapters, BASE, Scope::Subtree, "(sAMAccountName=c*)", vec!["sAMAccountName"])
            .await
            .expect("answers");
        let mut seen = std::collections::BTreeSet::new();
        while let Some(entry) = stream.next().await.expect("answers") {
            assert!(seen.insert(SearchEntry::construct(entry).attrs["sAMAccountName"][0].clone()), "given twice");
        }
        assert_eq!(stream.finish().await.rc, 0);
        assert_eq!(seen.len(), ACCOUNTS, "pages of {page}");
    }
}

#[tokio::test]
async fn a_server_that_is_dropped_is_down() {
    let running = start(small()).await;
    let mut ldap = running.signed_in().await;
    running.task.abort();
    while !running.task.is_finished() {
        tokio::task::yield_now().await;
    }
    let answer = ldap.search(BASE, Scope::Base, "(objectClass=*)", vec!["1.1"]).await;
    assert!(answer.is_err());
    let again = LdapConnAsync::new(&running.url).await.map(|_| ());
    assert!(matches!(again, Err(LdapError::Io { .. })), "{again:?}");
}

#[tokio::test]
async fn a_name_with_every_special_character_is_found_by_its_escaped_form() {
    let cn = "a*b(c)\\d,e+f\"g;h<i>j=k#";
    let mut directory = small();
    directory.create_account(&new_account(cn, "special", A)).expect("free");
    let running = start(directory).await;
    let mut ldap = running.signed_in().await;
    let filter = format!("(cn={})", ldap_escape(cn));
    let (entries, _) = find(&mut ldap, A, Scope::Subtree, &filter, vec!["cn"]).await;
    let again = names(&mut ldap, &entries[0].dn, Scope::Base, "(objectClass=user)").await;
    assert_eq!(again, [cn]);
}
