//! Data: distinguished names as values and as texts, and texts as Okta's filters quote them.

use rhai::{Dynamic, Engine, Module, NativeCallContext};

use super::directory::name;
use crate::ldap::Dn;

pub(super) fn register(engine: &mut Engine) {
    engine.register_static_module("dn", distinguished_names().into());
    engine.register_fn("quoted", |text: &str| serde_json::Value::from(text).to_string());
    register_names(engine);
}

/// `dn("OU=Users,DC=corp,DC=example")`: compared as a directory compares names, shown as text.
fn register_names(engine: &mut Engine) {
    engine
        .register_type_with_name::<Dn>("Dn")
        .register_fn("dn", |context: NativeCallContext, text: &str| name(&context, text))
        .register_fn("dn", |dn: Dn| dn)
        .register_get("parent", |dn: &mut Dn| dn.parent().map_or(Dynamic::UNIT, Dynamic::from))
        .register_get("rdn", |dn: &mut Dn| dn.rdn_value().unwrap_or_default().to_owned())
        .register_fn("moved_to", |dn: Dn, parent: Dn| dn.moved_to(&parent))
        .register_fn("moved_to", |context: NativeCallContext, dn: Dn, parent: &str| {
            Ok::<_, Box<rhai::EvalAltResult>>(dn.moved_to(&name(&context, parent)?))
        })
        .register_fn("is_under", |dn: Dn, base: Dn| dn.is_under(&base))
        .register_fn("is_under", |context: NativeCallContext, dn: Dn, base: &str| {
            Ok::<_, Box<rhai::EvalAltResult>>(dn.is_under(&name(&context, base)?))
        })
        // `account.dn in unit`
        .register_fn("contains", |base: Dn, dn: Dn| dn.is_under(&base))
        .register_fn("contains", |context: NativeCallContext, base: Dn, dn: &str| {
            Ok::<_, Box<rhai::EvalAltResult>>(name(&context, dn)?.is_under(&base))
        });
    for text in ["to_string", "print", "to_debug", "debug"] {
        engine.register_fn(text, |dn: &mut Dn| dn.to_string());
    }
    engine
        .register_fn("+", |text: &str, dn: Dn| format!("{text}{dn}"))
        .register_fn("+", |dn: Dn, text: &str| format!("{dn}{text}"));
    for (operator, when_same) in [("==", true), ("!=", false)] {
        // A text that is no name is the name of nothing.
        let is_name = |dn: &Dn, text: &str| Dn::parse(text).is_ok_and(|other| other == *dn);
        engine
            .register_fn(operator, move |left: Dn, right: Dn| (left == right) == when_same)
            .register_fn(operator, move |left: Dn, right: &str| is_name(&left, right) == when_same)
            .register_fn(operator, move |left: &str, right: Dn| is_name(&right, left) == when_same);
    }
}

fn distinguished_names() -> Module {
    let mut module = Module::new();
    module.set_native_fn("parent", |context: NativeCallContext, dn: &str| {
        let parent = name(&context, dn)?.parent();
        Ok(parent.map(|parent| parent.to_string()).unwrap_or_default())
    });
    module.set_native_fn("is_under", |context: NativeCallContext, dn: &str, base: &str| {
        Ok(name(&context, dn)?.is_under(&name(&context, base)?))
    });
    module.set_native_fn("same", |context: NativeCallContext, left: &str, right: &str| {
        Ok(name(&context, left)? == name(&context, right)?)
    });
    module.set_native_fn("rdn", |context: NativeCallContext, dn: &str| {
        Ok(name(&context, dn)?.rdn_value().unwrap_or_default().to_owned())
    });
    module.set_native_fn("moved", |context: NativeCallContext, dn: &str, parent: &str| {
        Ok(name(&context, dn)?.moved_to(&name(&context, parent)?).to_string())
    });
    module
}
