//! Directory handles: what is there, read over LDAP.

use std::sync::Arc;

use rhai::{Array, Dynamic, Engine, EvalAltResult, NativeCallContext};
use serde_json::{Value, json};

use super::call_site::{CallSite, RaisedError};
use crate::ldap::{self, DirectoryEntry, Dn, SearchScope};
use crate::script::error_value::ErrorValue;
use crate::script::value::from_answer;

/// A directory as scripts hold it.
#[derive(Clone)]
struct ScriptDirectory {
    domain: String,
    ldap: Arc<ldap::DirectoryClient>,
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<ScriptDirectory>("Directory")
        .register_fn("directory", directory)
        .register_get("domain", |directory: &mut ScriptDirectory| directory.domain.clone())
        .register_get("base", |directory: &mut ScriptDirectory| directory.ldap.base().to_string())
        .register_fn("find_user", find_user)
        .register_fn("find_account", find_account)
        .register_fn("get", get)
        .register_fn("exists", exists)
        .register_fn("get", |context: NativeCallContext, directory: &mut ScriptDirectory, dn: Dn| {
            get(context, directory, &dn.to_string())
        })
        .register_fn("exists", |context: NativeCallContext, directory: &mut ScriptDirectory, dn: Dn| {
            exists(context, directory, &dn.to_string())
        })
        .register_fn(
            "search",
            |context: NativeCallContext, directory: &mut ScriptDirectory, base: &str, filter: &str| {
                search(&context, directory, (base, filter), &Array::new(), SearchScope::Subtree)
            },
        )
        .register_fn(
            "search",
            |context: NativeCallContext,
             directory: &mut ScriptDirectory,
             base: &str,
             filter: &str,
             attributes: Array| {
                search(&context, directory, (base, filter), &attributes, SearchScope::Subtree)
            },
        )
        .register_fn(
            "children",
            |context: NativeCallContext,
             directory: &mut ScriptDirectory,
             base: &str,
             filter: &str,
             attributes: Array| {
                search(&context, directory, (base, filter), &attributes, SearchScope::OneLevel)
            },
        );
}

/// The directory of a domain; `()` when none is configured for it.
fn directory(context: NativeCallContext, domain: &str) -> RaisedError<Dynamic> {
    let scene = CallSite::of(&context).scene()?;
    let found = scene.host.run.directory(domain);
    Ok(found.map_or(Dynamic::UNIT, |ldap| Dynamic::from(ScriptDirectory { domain: domain.to_owned(), ldap })))
}

fn find_user(context: NativeCallContext, directory: &mut ScriptDirectory, name: &str) -> RaisedError<Dynamic> {
    let what = format!("account {name}");
    let question = directory.ldap.find_user(name);
    ask_directory(&context, directory, &what, question, |found| found.as_ref().map_or(Value::Null, value))
}

fn find_account(
    context: NativeCallContext,
    directory: &mut ScriptDirectory,
    base: &str,
    guid: &str,
) -> RaisedError<Dynamic> {
    let base = name(&context, base)?;
    let what = format!("account {guid} in {base}");
    let question = directory.ldap.find_guid(&base, guid);
    ask_directory(&context, directory, &what, question, |found| found.as_ref().map_or(Value::Null, value))
}

fn get(context: NativeCallContext, directory: &mut ScriptDirectory, dn: &str) -> RaisedError<Dynamic> {
    let name = name(&context, dn)?;
    let question = directory.ldap.get(&name, &[]);
    ask_directory(&context, directory, dn, question, |found| found.as_ref().map_or(Value::Null, value))
}

fn exists(context: NativeCallContext, directory: &mut ScriptDirectory, dn: &str) -> RaisedError<Dynamic> {
    let name = name(&context, dn)?;
    let what = format!("existence of {dn}");
    ask_directory(&context, directory, &what, directory.ldap.exists(&name), |found| (*found).into())
}

fn search(
    context: &NativeCallContext,
    directory: &mut ScriptDirectory,
    (base, filter): (&str, &str),
    attributes: &Array,
    scope: SearchScope,
) -> RaisedError<Dynamic> {
    let base = name(context, base)?;
    let attributes = texts(context, attributes)?;
    let attributes: Vec<&str> = attributes.iter().map(String::as_str).collect();
    let what = format!("{base} {filter}");
    let search = directory.ldap.search(&base, filter, scope, &attributes);
    ask_directory(context, directory, &what, search, |found| found.iter().map(value).collect())
}

/// Asks, and gives the answer's JSON form to the script: that is what is kept, and what it gets when the run is taken up again.
fn ask_directory<T>(
    context: &NativeCallContext,
    directory: &ScriptDirectory,
    what: &str,
    question: impl Future<Output = Result<T, ldap::DirectoryError>>,
    form: impl FnOnce(&T) -> Value,
) -> RaisedError<Dynamic> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    let run = &scene.host.run;
    let answer = scene.wait_for(run.look_up(&scene.lane, &directory.domain, what, question, form));
    let answer = answer.map_err(|error| place.error(&scene, error))?;
    from_answer(&answer, &|secret| run.learn_secret(secret)).map_err(|unfit| place.usage(unfit.to_string()))
}

fn texts(context: &NativeCallContext, attributes: &Array) -> RaisedError<Vec<String>> {
    let texts = attributes.iter().map(|name| match name.as_immutable_string_ref() {
        Ok(name) => Ok(name.to_string()),
        Err(_) => Err(CallSite::of(context).usage("attributes are a list of names")),
    });
    texts.collect()
}

pub(super) fn name(context: &NativeCallContext, dn: &str) -> RaisedError<Dn> {
    Dn::parse(dn).map_err(|error| -> Box<EvalAltResult> {
        CallSite::of(context).raise(ErrorValue::new("dn", error.to_string()).field("dn", dn.to_owned()))
    })
}

/// `dn`, `rdn`, `guid` (as Microsoft's tools write it, in base64, in hex), `enabled`, and `attributes`: lists of texts by names in lower case.
fn value(entry: &DirectoryEntry) -> Value {
    let attributes: serde_json::Map<String, Value> =
        entry.attributes.keys().map(|name| (name.to_lowercase(), entry.texts(name).into())).collect();
    json!({
        "dn": entry.dn.to_string(),
        "rdn": entry.dn.rdn_value(),
        "guid": entry.object_guid(),
        "guid_base64": entry.object_guid_base64(),
        "guid_hex": entry.object_guid_hex(),
        "enabled": entry.is_enabled(),
        "attributes": attributes,
    })
}
