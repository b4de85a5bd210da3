//! The verbs as words: what completion, help and "did you mean" are made of.

/// A function of the language that is not an operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptVerb {
    pub name: &'static str,
    /// As a person calls it.
    pub signature: &'static str,
    /// One line.
    pub help: &'static str,
}

const fn verb(name: &'static str, signature: &'static str, help: &'static str) -> ScriptVerb {
    ScriptVerb { name, signature, help }
}

/// All verbs, flow first.
pub const VERBS: &[ScriptVerb] = &[
    verb("step", "step(title)", "begins a step of the procedure"),
    verb(
        "check",
        "check(fact, words, help?, failure?)",
        "stops unless the fact is true; `help` says what to do, `failure` replaces the words",
    ),
    verb(
        "check_all",
        "check_all([[fact, words, help?, failure?], …])",
        "tells every fact, then stops with all that are not true",
    ),
    verb(
        "expect",
        "expect(item?, fact, words, help?, failure?)",
        "gathers what must hold: nothing is changed while a fact is false, and all failures are told together",
    ),
    verb(
        "ready",
        "ready(question, calls_by_operation?)",
        "stops with all that is unmet; else asks, showing what changes such as #{ create_user: 20 } cost under the limits",
    ),
    verb("note", "note(words)", "tells something"),
    verb("notify", "notify(words)", "tells people who are not at the terminal, as [notify] of okta-runbook.toml says"),
    verb("counted", "counted(number, noun)", "a number with its noun: 1 user, 2 users"),
    verb("remark", "remark(words)", "adds a remark to the run's outcome"),
    verb("table", "table(columns, rows)", "shows a table; rows are maps or lists of cells"),
    verb(
        "save",
        "save(name, columns, rows)",
        "saves a table as a file of the run, such as \"unused.csv\" or \"unused.json\"; rows are maps or lists of cells",
    ),
    verb(
        "moved",
        "moved(before, after, columns?)",
        "tells items before and after, for the report: a list of maps, and a map of maps by key or id",
    ),
    verb("confirm", "confirm(words)", "asks a person; the run ends when the answer is no"),
    verb(
        "manual",
        "manual(title, #{how, name?, verify?, failure?})",
        "a step that no API does: a person attests it, `verify` proves it, `failure` says what is so where it does not",
    ),
    verb(
        "wait_until",
        "wait_until(#{timeout?, every?, what?}, || fact)",
        "waits until the fact holds and returns it; seconds",
    ),
    verb(
        "each",
        "each(list, #{key?, concurrency?, max_failures?, on_failure?}, |item| …)",
        "bulk work: every item is a lane; returns rows #{key, item, ok, value, error, message}",
    ),
    verb(
        "batch",
        "batch(list, key?)",
        "items for several bulk steps: `for` and `len()` see those that failed none, `done` and `failed` list both",
    ),
    verb(
        "each",
        "batch.each(#{concurrency?, max_failures?, on_failure?}, |item| …)",
        "a bulk step: who fails drops out, what was done for them stays; returns the rows of the others",
    ),
    verb(
        "wait",
        "batch.wait(seconds?, what, |left| found, helper?)",
        "waits until each item is found, by key or id; `#{ failed: reason, help: … }` drops it out; so does the end of the time, with the help that the helper `|item| …` gives",
    ),
    verb(
        "check",
        "batch.check(|item, now| fact, words, found?, help?, failure?)",
        "checks each item, with what was found of it by key or id; who does not pass drops out",
    ),
    verb("progress", "progress(list)", "a list of which a bar shows how far a `for` over it has come"),
    verb("directory", "directory(domain)", "the directory of a domain, () when none is configured"),
    verb("find_user", "directory.find_user(login_or_sam)", "an account by userPrincipalName, sAMAccountName or mail"),
    verb(
        "find_account",
        "directory.find_account(base, guid)",
        "the account of an objectGUID, in hex or base64, at or below a base; () when there is none",
    ),
    verb("exists", "directory.exists(dn)", "whether there is an entry of that name"),
    verb("search", "directory.search(base, filter, attributes?)", "entries below a base that match an LDAP filter"),
    verb(
        "children",
        "directory.children(base, filter, attributes)",
        "entries right below a base that match an LDAP filter",
    ),
    verb("with_token", "okta.with_token(secret)", "the org as it is to who has this API token; to be read only"),
    verb(
        "organization_at",
        "organization_at(url)",
        "id of the org that answers at a URL of this run's orgs or of an app it read, () when none does; no credentials go along",
    ),
    verb(
        "many",
        "okta.many(getter, fixed, ids)",
        "many things by id, as okta.many(\"get_application_user\", [app], ids): one by one, or by pages where that takes fewer calls",
    ),
    verb("app_users", "okta.app_users(app, users?)", "app users by the user's id: of these users, or all"),
    verb(
        "memberships",
        "okta.memberships(users, groups)",
        "by the user's id: the ids of those of the groups that they are in",
    ),
    verb("cost", "okta.cost(path, calls)", "what many calls of a path cost under the org's limits, in words"),
    verb("get", "okta.get(path, query?)", "reads a path of the API; on a directory: the entry of that DN"),
    verb("post", "okta.post(path, body?, query?)", "a POST to a path of the API"),
    verb("put", "okta.put(path, body?, query?)", "a PUT to a path of the API"),
    verb("patch", "okta.patch(path, body?, query?)", "a PATCH to a path of the API"),
    verb("delete", "okta.delete(path, query?)", "a DELETE of a path of the API"),
    verb("all", "list.all()", "all items of a list, page by page"),
    verb("first", "list.first()", "the first item, () when there is none"),
    verb("find", "list.find(|item| …)", "the first item for which the test holds, () when there is none"),
    verb("some", "list.some(|item| …)", "whether the test holds for an item"),
    verb("filter", "list.filter(|item| …)", "the items for which the test holds"),
    verb("map", "list.map(|item| …)", "what the function makes of each item"),
    verb("is_empty", "list.is_empty()", "whether there is no item"),
    verb("len", "list.len()", "the number of items"),
    verb("join", "list.join(separator)", "the items as one text"),
    verb("unique", "list.unique(|item| key?)", "the items without those that were there before, or whose key was"),
    verb("group_by", "list.group_by(|item| key)", "lists of items by their keys"),
    verb("index_by", "list.index_by(|item| key)", "items by their keys, which no two may share"),
    verb("sum", "list.sum(|item| number?)", "the sum of the items, or of what the function makes of them"),
    verb("sorted", "list.sorted()", "a sorted copy: of texts, numbers, or true and false; () comes last"),
    verb("sorted_by", "list.sorted_by(|item| key)", "a copy sorted by keys; items of one key stay in their order"),
    verb("flatten", "list.flatten()", "the items of the lists in a list"),
    verb("chunks", "list.chunks(size)", "the list in parts of at most that size"),
    verb("union", "list.union(other)", "the items of both, each once"),
    verb("intersect", "list.intersect(other)", "the items that the other has too"),
    verb("without", "list.without(other)", "the items that the other does not have"),
    verb("trimmed", "text.trimmed()", "the text without blanks around it"),
    verb("replaced", "text.replaced(from, to)", "the text with each occurrence replaced"),
    verb("matches", "text.matches(regex)", "true if the regular expression is found in the text"),
    verb(
        "capture",
        "text.capture(regex)",
        "the groups of the first match, by name where they have names; () where there is none",
    ),
    verb("find_all", "text.find_all(regex)", "all parts of the text that match"),
    verb("format_number", "format_number(number, digits?)", "a number with commas between thousands"),
    verb(
        "now",
        "now(seconds?)",
        "the time by the org's clock; now() - 90.days is earlier, compared with what Okta writes: user.lastLogin < now() - 90.days",
    ),
    verb("time", "time(text)", "a time of what Okta or a directory writes, or of a date: time(\"2026-01-31\")"),
    verb(
        "format",
        "time.format(pattern, zone?)",
        "a time as a person reads it: now().format(\"%d.%m.%Y %H:%M\", \"Europe/Zurich\")",
    ),
    verb("started", "started()", "when the run began, as Okta writes a time: the same when it is taken up again"),
    verb("age", "age(time)", "seconds since a time of Okta's: text, or milliseconds since 1970"),
    verb("composed", "composed(text)", "the text with each accent in one character with its letter (Unicode NFC)"),
    verb("decomposed", "decomposed(text)", "the text with each accent as a character after its letter (Unicode NFD)"),
    verb("folded", "folded(text)", "the text without case and accents, as Active Directory compares names"),
    verb("dn", "dn(text)", "a distinguished name: == as a directory compares, .parent, .rdn, `name in unit`"),
    verb("moved_to", "name.moved_to(parent)", "the name after a move below another parent"),
    verb("parent", "dn::parent(dn)", "the name of the entry above"),
    verb("is_under", "dn::is_under(dn, base)", "whether a name is below another, at any depth"),
    verb("same", "dn::same(left, right)", "whether two names are the same entry"),
    verb("rdn", "dn::rdn(dn)", "the value of a name's first part"),
    verb("moved", "dn::moved(dn, parent)", "the name after a move below another parent"),
];
