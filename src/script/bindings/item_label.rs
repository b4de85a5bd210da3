//! What a person knows an item by.

use rhai::{Dynamic, Map};

use super::flow::show_value;

/// Fields by which a person knows an item, the best known first.
pub(super) const LABELS: &[&str] = &["login", "label", "name", "key"];

/// What a person knows an item by: a user's login, a group's name, a text itself.
pub(super) fn item_label(item: &Dynamic) -> String {
    let Ok(map) = item.as_map_ref() else {
        return show_value(item);
    };
    let text = |map: &Map, field: &str| map.get(field).filter(|value| value.is_string()).map(show_value);
    let profile = map.get("profile").and_then(|profile| profile.as_map_ref().ok());
    let of_profile = |field: &str| profile.as_ref().and_then(|profile| text(profile, field));
    let known = LABELS.iter().find_map(|field| text(&map, field).or_else(|| of_profile(field)));
    known.or_else(|| text(&map, "id")).unwrap_or_else(|| show_value(item))
}

/// What was found for an item: by its key, or by its id.
pub(super) fn entry_of<'a>(found: &'a Map, key: &str, item: &Dynamic) -> Option<&'a Dynamic> {
    let id = || item.as_map_ref().ok()?.get("id")?.clone().into_immutable_string().ok();
    found.get(key).or_else(|| found.get(id()?.as_str()))
}

#[cfg(test)]
mod tests {
    use rhai::Engine;

    use super::*;

    #[test]
    fn a_person_knows_an_item_by_login_or_name() {
        for (item, expected) in [
            ("#{ id: \"00u1\", profile: #{ login: \"a@x\", name: \"A\" } }", "a@x"),
            ("#{ id: \"00g1\", profile: #{ name: \"Staff\" } }", "Staff"),
            ("#{ id: \"0oa1\", label: \"Hub\", name: \"okta_org2org\" }", "Hub"),
            ("#{ id: \"x\" }", "x"),
            ("\"b@x\"", "b@x"),
        ] {
            let item: Dynamic = Engine::new().eval(item).expect(item);
            assert_eq!(item_label(&item), expected);
        }
    }
}
