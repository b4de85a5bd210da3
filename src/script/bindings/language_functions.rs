//! What the language itself brings along and runbooks use every day, as words; and an example of each pure function, which a test runs.

use super::verbs::ScriptVerb;

const fn function(name: &'static str, signature: &'static str, help: &'static str) -> ScriptVerb {
    ScriptVerb { name, signature, help }
}

/// Functions of the language on lists, texts, maps and numbers.
pub const LANGUAGE_FUNCTIONS: &[ScriptVerb] = &[
    function("push", "list.push(item)", "adds an item at the end"),
    function("pop", "list.pop()", "takes out the last item and returns it"),
    function("contains", "value.contains(part)", "true if a list has the item, a text the part, a map the key"),
    function(
        "index_of",
        "value.index_of(part)",
        "the place of an item or a part of a text, from 0; -1 where it is not",
    ),
    function("sort", "list.sort()", "sorts the list itself; sorted and sorted_by return a sorted copy"),
    function("reverse", "list.reverse()", "turns the list itself around"),
    function("all", "list.all(|item| …)", "true if all items pass the test"),
    function("reduce", "list.reduce(|sum, item| …, start)", "one value of all items, one after another"),
    function("extract", "list.extract(start, count)", "a part of the list, as a copy"),
    function("keys", "map.keys()", "the keys of a map, in alphabetical order"),
    function("values", "map.values()", "the values of a map, in the order of its keys"),
    function("split", "text.split(separator)", "the parts of a text"),
    function("sub_string", "text.sub_string(start, count)", "a part of a text"),
    function("starts_with", "text.starts_with(part)", "true if the text begins so"),
    function("ends_with", "text.ends_with(part)", "true if the text ends so"),
    function("to_upper", "text.to_upper()", "the text in capitals"),
    function("to_lower", "text.to_lower()", "the text in small letters"),
    function("trim", "text.trim()", "takes blanks off the text itself, and returns it; trimmed leaves it as it is"),
    function(
        "replace",
        "text.replace(from, to)",
        "replaces in the text itself, and returns it; replaced leaves it as it is",
    ),
    function("parse_int", "parse_int(text)", "the whole number that a text is"),
    function("parse_json", "parse_json(text)", "the value that a JSON text is"),
    function("to_json", "map.to_json()", "the value as a JSON text"),
    function("type_of", "type_of(value)", "the name of the value's type"),
    function("max", "max(left, right)", "the larger of two numbers"),
    function("min", "min(left, right)", "the smaller of two numbers"),
];

/// A script, and what it evaluates to as the language shows it, by the name of the function that it shows; by the signature, where another
/// has that name.
pub(super) const EXAMPLES: &[(&str, &str, &str)] = &[
    ("join", r#"["ada", "ben"].join(", ")"#, r#""ada, ben""#),
    ("unique", r#"["a", "b", "a"].unique()"#, r#"["a", "b"]"#),
    (
        "group_by",
        r#"["ada", "ben", "al"].group_by(|login| login.sub_string(0, 1))"#,
        r#"#{"a": ["ada", "al"], "b": ["ben"]}"#,
    ),
    ("index_by", r#"[#{ id: "1", n: 5 }].index_by(|user| user.id)["1"].n"#, "5"),
    ("sum", "[1, 2, 3].sum()", "6"),
    ("sorted", r#"["b", "a"].sorted()"#, r#"["a", "b"]"#),
    ("sorted_by", r#"["ccc", "a"].sorted_by(|text| text.len())"#, r#"["a", "ccc"]"#),
    ("flatten", "[[1, 2], [3]].flatten()", "[1, 2, 3]"),
    ("chunks", "[1, 2, 3].chunks(2)", "[[1, 2], [3]]"),
    ("union", "[1, 2].union([2, 3])", "[1, 2, 3]"),
    ("intersect", "[1, 2].intersect([2, 3])", "[2]"),
    ("without", "[1, 2].without([2, 3])", "[1]"),
    ("trim", r#"let login = " ada "; login.trim()"#, r#""ada""#),
    ("replace", r#"let login = "ada@old"; login.replace("old", "new")"#, r#""ada@new""#),
    ("trimmed", r#""  ada ".trimmed()"#, r#""ada""#),
    ("replaced", r#""ada@old.example".replaced("old", "new")"#, r#""ada@new.example""#),
    ("matches", r#""EMP-0042".matches("^EMP-[0-9]+$")"#, "true"),
    ("capture", r#""EMP-0042".capture("^EMP-0*([0-9]+)$")"#, r#"["42"]"#),
    ("find_all", r#""a1 b22".find_all("[0-9]+")"#, r#"["1", "22"]"#),
    ("format_number", "format_number(12004)", r#""12,004""#),
    ("counted", r#"counted(2, "user")"#, r#""2 users""#),
    ("composed", r#"composed("e\u0301") == "\u00e9""#, "true"),
    ("folded", r#"folded("Jos\u00e9") == folded("JOSE")"#, "true"),
    ("dn::parent(dn)", r#"dn::parent("CN=Ada,OU=Staff,DC=corp")"#, r#""OU=Staff,DC=corp""#),
    ("rdn", r#"dn::rdn("CN=Ada,OU=Staff")"#, r#""Ada""#),
    ("dn::moved(dn, parent)", r#"dn::moved("CN=Ada,OU=A,DC=x", "OU=B,DC=x")"#, r#""CN=Ada,OU=B,DC=x""#),
    ("contains", r#"["a", "b"].contains("a")"#, "true"),
    ("index_of", r#""ada@corp".index_of("@")"#, "3"),
    ("list.all(|item| …)", "[1, 2].all(|n| n > 0)", "true"),
    ("reduce", "[1, 2, 3].reduce(|sum, n| sum + n, 0)", "6"),
    ("extract", "[1, 2, 3].extract(1, 2)", "[2, 3]"),
    ("keys", "#{ b: 1, a: 2 }.keys()", r#"["a", "b"]"#),
    ("values", "#{ b: 1, a: 2 }.values()", "[2, 1]"),
    ("split", r#""a,b".split(",")"#, r#"["a", "b"]"#),
    ("sub_string", r#""ada@corp".sub_string(0, 3)"#, r#""ada""#),
    ("starts_with", r#""ada@corp".starts_with("ada")"#, "true"),
    ("ends_with", r#""ada@corp".ends_with("corp")"#, "true"),
    ("to_upper", r#""ada".to_upper()"#, r#""ADA""#),
    ("to_lower", r#""ADA".to_lower()"#, r#""ada""#),
    ("parse_int", r#"parse_int("42")"#, "42"),
    ("parse_json", r#"parse_json("{\"a\": 1}").a"#, "1"),
    ("type_of", r#"type_of("ada")"#, r#""string""#),
    ("max", "max(1, 2)", "2"),
    ("min", "min(1, 2)", "1"),
];

/// The example of a function: a script and what it comes to.
pub fn example_of(function: &ScriptVerb) -> Option<(&'static str, &'static str)> {
    let found = EXAMPLES.iter().find(|(of, ..)| *of == function.name || *of == function.signature);
    found.map(|(_, script, value)| (*script, *value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::bindings::VERBS;
    use crate::script::engine::engine;

    #[test]
    fn examples_come_to_what_is_written_beside_them() {
        let engine = engine();
        for (name, script, expected) in EXAMPLES {
            let shown = engine.eval::<String>(&format!("let shown = {{ {script} }}; to_debug(shown)"));
            assert_eq!(
                shown.as_deref().unwrap_or_else(|error| panic!("{name}: {error}")),
                *expected,
                "{name}: {script}"
            );
        }
    }

    #[test]
    fn examples_are_of_what_is_documented_and_each_name_once() {
        let mut names = std::collections::HashSet::new();
        for (name, ..) in EXAMPLES {
            let shown = VERBS.iter().chain(LANGUAGE_FUNCTIONS).filter(|it| it.name == *name || it.signature == *name);
            assert!(shown.count() == 1 && names.insert(name), "{name}");
        }
        for function in LANGUAGE_FUNCTIONS {
            assert!(!VERBS.iter().any(|verb| verb.name == function.name && verb.signature == function.signature));
        }
    }

    #[test]
    fn what_cannot_be_done_is_told() {
        let engine = engine();
        for (script, told) in [
            ("[1, \"a\"].sorted()", "not by integer and string"),
            ("[[1]].sorted()", "not by list"),
            ("[\"a\"].sum()", "an item is string, not a number"),
            ("5.unique()", "unique works on lists"),
            ("[1, 1].index_by(|n| n)", "two items have the key"),
            ("[1].chunks(0)", "1 or more"),
            ("\"a\".matches(\"(\")", "`(` is no regular expression"),
            ("\"a\".matches(\"a{1000}{1000}{1000}\")", "is no regular expression"),
            ("format_number(1, 99)", "from 0 to 15"),
        ] {
            let refused = engine.eval::<rhai::Dynamic>(script).expect_err(script).to_string();
            assert!(refused.contains(told), "{script}: {refused}");
        }
    }

    #[test]
    fn absent_values_sort_last_and_numbers_have_their_signs() {
        let engine = engine();
        for (script, expected) in [
            ("[(), \"b\", \"a\"].sorted()", r#"["a", "b", ()]"#),
            ("[1.5, 2].sum()", "3.5"),
            ("[].sum()", "0"),
            ("format_number(-1234567)", r#""-1,234,567""#),
            ("format_number(1234.5, 2)", r#""1,234.50""#),
            ("\"a-b\".capture(\"(?<left>.)-(?<right>.)\").right", r#""b""#),
            ("\"a\".capture(\"b\")", "()"),
            ("[#{ a: 1 }, #{ a: 1 }].unique(|it| it.a).len()", "1"),
        ] {
            let shown: String = engine.eval(&format!("to_debug({script})")).expect(script);
            assert_eq!(shown, expected, "{script}");
        }
    }
}
