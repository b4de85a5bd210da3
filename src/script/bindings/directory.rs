//! Directory handles: what is there, read over LDAP.

use std::sync::Arc;

use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, NativeCallContext};

use super::raise::{Place, Raised};
use crate::ldap::{self, Dn, Entry, Scope};
use crate::run;
use crate::script::error_value::ErrorValue;
use crate::script::scene::Scene;

/// A directory as scripts hold it.
#[derive(Clone)]
struct Directory {
    domain: String,
    ldap: Arc<ldap::Directory>,
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Directory>("Directory")
        .register_fn("directory", directory)
        .register_get("domain", |directory: &mut Directory| {
            directory.domain.clone()
        })
        .register_get("base", |directory: &mut Directory| {
            directory.ldap.base().to_string()
        })
        .register_fn("find_user", find_user)
        .register_fn("get", get)
        .register_fn("exists", exists)
        .register_fn(
            "search",
            |context: NativeCallContext, directory: &mut Directory, base: &str, filter: &str| {
                search(
                    &context,
                    directory,
                    (base, filter),
                    &Array::new(),
                    Scope::Subtree,
                )
            },
        )
        .register_fn(
            "search",
            |context: NativeCallContext,
             directory: &mut Directory,
             base: &str,
             filter: &str,
             attributes: Array| {
                search(
                    &context,
                    directory,
                    (base, filter),
                    &attributes,
                    Scope::Subtree,
                )
            },
        )
        .register_fn(
            "children",
            |context: NativeCallContext,
             directory: &mut Directory,
             base: &str,
             filter: &str,
             attributes: Array| {
                search(
                    &context,
                    directory,
                    (base, filter),
                    &attributes,
                    Scope::OneLevel,
                )
            },
        );
}

/// The directory of a domain; `()` when none is configured for it.
fn directory(context: NativeCallContext, domain: &str) -> Raised<Dynamic> {
    let scene = Place::of(&context).scene()?;
    let found = scene.host.run.directory(domain);
    Ok(found.map_or(Dynamic::UNIT, |ldap| {
        Dynamic::from(Directory {
            domain: domain.to_owned(),
            ldap,
        })
    }))
}

fn find_user(context: NativeCallContext, directory: &mut Directory, name: &str) -> Raised<Dynamic> {
    let what = format!("account {name}");
    let found = asked(&context, directory, &what, directory.ldap.find_user(name))?;
    Ok(found.map_or(Dynamic::UNIT, |entry| value(&entry).into()))
}

fn get(context: NativeCallContext, directory: &mut Directory, dn: &str) -> Raised<Dynamic> {
    let name = name(&context, dn)?;
    let found = asked(&context, directory, dn, directory.ldap.get(&name, &[]))?;
    Ok(found.map_or(Dynamic::UNIT, |entry| value(&entry).into()))
}

fn exists(context: NativeCallContext, directory: &mut Directory, dn: &str) -> Raised<bool> {
    let name = name(&context, dn)?;
    asked(&context, directory, dn, directory.ldap.exists(&name))
}

fn search(
    context: &NativeCallContext,
    directory: &mut Directory,
    (base, filter): (&str, &str),
    attributes: &Array,
    scope: Scope,
) -> Raised<Array> {
    let base = name(context, base)?;
    let attributes = texts(context, attributes)?;
    let attributes: Vec<&str> = attributes.iter().map(String::as_str).collect();
    let what = format!("{base} {filter}");
    let search = directory.ldap.search(&base, filter, scope, &attributes);
    let found = asked(context, directory, &what, search)?;
    Ok(found.iter().map(|entry| value(entry).into()).collect())
}

fn asked<T>(
    context: &NativeCallContext,
    directory: &Directory,
    what: &str,
    question: impl Future<Output = Result<T, ldap::Error>>,
) -> Raised<T> {
    let place = Place::of(context);
    let scene: Scene = place.scene()?;
    let answer: Result<T, run::Error> = scene.wait_for(scene.host.run.look_up(
        &scene.lane,
        &directory.domain,
        what,
        question,
    ));
    answer.map_err(|error| place.error(&scene, error))
}

fn texts(context: &NativeCallContext, attributes: &Array) -> Raised<Vec<String>> {
    let texts = attributes
        .iter()
        .map(|name| match name.as_immutable_string_ref() {
            Ok(name) => Ok(name.to_string()),
            Err(_) => Err(Place::of(context).usage("attributes are a list of names")),
        });
    texts.collect()
}

pub(super) fn name(context: &NativeCallContext, dn: &str) -> Raised<Dn> {
    Dn::parse(dn).map_err(|error| -> Box<EvalAltResult> {
        Place::of(context)
            .raise(ErrorValue::new("dn", error.to_string()).field("dn", dn.to_owned()))
    })
}

/// `dn`, `rdn`, `guid` (as Microsoft's tools write it, in base64, in hex), `enabled`, and `attributes`: lists of texts by names in lower case.
fn value(entry: &Entry) -> Map {
    let attributes: Map = entry
        .attributes
        .keys()
        .map(|name| {
            let texts: Array = entry
                .texts(name)
                .into_iter()
                .map(|text| text.to_owned().into())
                .collect();
            (name.to_lowercase().into(), texts.into())
        })
        .collect();
    Map::from([
        ("dn".into(), entry.dn.to_string().into()),
        ("rdn".into(), optional(entry.dn.rdn_value())),
        ("guid".into(), optional(entry.object_guid())),
        ("guid_base64".into(), optional(entry.object_guid_base64())),
        ("guid_hex".into(), optional(entry.object_guid_hex())),
        (
            "enabled".into(),
            entry.is_enabled().map_or(Dynamic::UNIT, Dynamic::from),
        ),
        ("attributes".into(), attributes.into()),
    ])
}

fn optional(text: Option<impl Into<String>>) -> Dynamic {
    text.map_or(Dynamic::UNIT, |text| text.into().into())
}
