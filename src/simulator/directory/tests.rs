use super::*;

const A: &str = "OU=User-Contractor,DC=corp,DC=example";
const B: &str = "OU=Users,DC=corp,DC=example";

fn directory() -> SimulatedDirectory {
    let mut directory = SimulatedDirectory::new("corp.example", 7);
    for ou in [A, B] {
        directory.create_ou(ou).expect("the OU is new");
    }
    directory
}

fn person(cn: &str, ou: &str) -> NewAccount {
    let sam = cn.replace([' ', ','], ".").to_lowercase();
    NewAccount {
        cn: cn.to_owned(),
        ou: ou.to_owned(),
        user_principal_name: format!("{sam}@corp.example"),
        mail: format!("{sam}@corp.example"),
        sam_account_name: sam,
        given_name: "Jo".to_owned(),
        surname: "Doe".to_owned(),
        extra: vec![("Department".to_owned(), "Sales".to_owned())],
    }
}

#[test]
fn a_move_changes_the_dn_and_neither_guid_nor_sid() {
    let mut directory = directory();
    let guid = directory.create_account(&person("Doe, Jo", A)).expect("free");
    let before = directory.account(guid).expect("made").clone();
    let dn = directory.move_account(guid, &B.to_lowercase()).expect("moves");
    assert_eq!(dn, r"CN=Doe\, Jo,OU=Users,DC=corp,DC=example");
    let after = directory.by_dn(&dn).expect("found at its new DN");
    assert_eq!((after.guid, after.sid), (before.guid, before.sid));
    assert!(after.usn_changed > before.usn_changed);
    assert!(directory.by_dn(&before.dn).is_none());
    assert_eq!(directory.by_sam_account_name("DOE..JO").map(|a| a.guid), Some(guid));
}

#[test]
fn every_refusal_of_a_move_leaves_the_account_where_it_is() {
    let mut directory = directory();
    let guid = directory.create_account(&person("Jo", A)).expect("free");
    let mut twin = person("jo", B);
    twin.sam_account_name = "jo2".to_owned();
    twin.user_principal_name = "jo2@corp.example".to_owned();
    let twin = directory.create_account(&twin).expect("another OU");
    let refused = |directory: &mut SimulatedDirectory, ou: &str| {
        directory.move_account(guid, ou).expect_err("refused").to_string()
    };

    assert_eq!(refused(&mut directory, B), "The object already exists");
    assert_eq!(refused(&mut directory, "OU=No,DC=corp,DC=example"), "There is no such object on the server");
    assert_eq!(refused(&mut directory, "no name"), "An invalid dn syntax has been specified");
    directory.delete_account(twin).expect("deleted");
    for denied in [A, B] {
        directory.deny(denied).expect("an OU");
        assert_eq!(refused(&mut directory, B), "Access Denied");
        directory.allow(denied).expect("an OU");
    }
    directory.protect(guid).expect("there");
    assert_eq!(refused(&mut directory, B), "Access Denied");
    assert_eq!(directory.account(guid).map(|a| a.parent.as_str()), Some(A));
    directory.unprotect(guid).expect("there");
    directory.move_account(guid, B).expect("nothing is in its way now");
    directory.delete_account(guid).expect("there");
    assert_eq!(directory.move_account(guid, A), Err(ChangeRefusal::AccountNotFound));
    assert_eq!(ChangeRefusal::AccountNotFound.to_string(), "Matching user not found.");
}

#[test]
fn names_are_unique_in_the_domain() {
    let mut directory = directory();
    directory.create_account(&person("Jo", A)).expect("free");
    let attribute = |refusal| match refusal {
        Err(ChangeRefusal::AlreadyExists { attribute, .. }) => attribute,
        other => panic!("{other:?}"),
    };
    let mut new = person("JO", A);
    assert_eq!(attribute(directory.create_account(&new)), "dn");
    new.cn = "Other".to_owned();
    assert_eq!(attribute(directory.create_account(&new)), "sAMAccountName");
    new.sam_account_name = "other".to_owned();
    assert_eq!(attribute(directory.create_account(&new)), "userPrincipalName");
    new.user_principal_name = "other@corp.example".to_owned();
    let guid = directory.create_account(&new).expect("all is free");
    let rename = directory.update_attributes(guid, &[("mail", Some("x@y")), ("samaccountname", Some("jo"))]);
    assert!(matches!(rename, Err(ChangeRefusal::AlreadyExists { .. })));
    let mail = directory.account(guid).and_then(|a| a.attribute("MAIL"));
    assert_eq!(mail, Some("jo@corp.example"), "all or nothing");
}

#[test]
fn attributes_change_and_identities_do_not() {
    let mut directory = directory();
    let guid = directory.create_account(&person("Jo", A)).expect("free");
    let changes = [("DEPARTMENT", None), ("userPrincipalName", Some("new@corp.example"))];
    directory.update_attributes(guid, &changes).expect("allowed");
    let account = directory.by_user_principal_name("NEW@corp.example").expect("indexed");
    assert_eq!(account.attribute("department"), None);
    assert!(directory.by_user_principal_name("jo@corp.example").is_none());
    let refusal = directory.update_attributes(guid, &[("objectguid", Some("x"))]);
    assert!(matches!(refusal, Err(ChangeRefusal::InvalidAttribute { .. })));
    directory.disable(guid).expect("there");
    assert_eq!(directory.account(guid).map(DirectoryAccount::user_account_control), Some(514));
}

#[test]
fn units_hold_their_rules() {
    let mut directory = directory();
    assert!(matches!(directory.create_ou(&A.to_uppercase()), Err(ChangeRefusal::AlreadyExists { .. })));
    assert!(matches!(directory.create_ou("OU=a,OU=no,DC=corp,DC=example"), Err(ChangeRefusal::NoSuchObject { .. })));
    assert!(matches!(directory.create_ou("OU=a,DC=other"), Err(ChangeRefusal::NoSuchObject { .. })));
    assert!(matches!(directory.create_ou("CN=a,DC=corp,DC=example"), Err(ChangeRefusal::InvalidDn { .. })));
    directory.create_account(&person("Jo", A)).expect("free");
    assert!(matches!(directory.delete_ou(A), Err(ChangeRefusal::NotALeaf { .. })));
    directory.delete_ou(B).expect("empty");
    assert!(!directory.ou_exists(B));
    assert!(!directory.ou_exists("CN=Users,DC=corp,DC=example"));
    assert_eq!(directory.ous().collect::<Vec<_>>(), [A]);
}

#[test]
fn rights_denied_above_hold_below() {
    let mut directory = directory();
    let below = format!("OU=Below,{B}");
    directory.create_ou(&below).expect("new");
    directory.deny(B).expect("an OU");
    let refusal = directory.create_account(&person("Jo", &below));
    assert!(matches!(refusal, Err(ChangeRefusal::AccessDenied { .. })));
}

#[test]
fn the_same_seed_gives_the_same_identities() {
    let made = || {
        let mut directory = directory();
        let guid = directory.create_account(&person("Jo", A)).expect("free");
        (guid, directory.to_json())
    };
    assert_eq!(made(), made());
}
