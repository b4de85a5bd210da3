//! `GET /groups`: plain, by `q`, `filter` or `search`.

use serde_json::{Value, json};

use super::filter::{self, Case, Expr, Field, Fields, Operator};
use super::groups;
use super::http::{Handler, Refusal, Reply, Request, Route};
use super::membership_lag;
use super::pages::{self, PageSize};
use super::store::{Group, Org};
use super::user_search::is_comparison;

const SIZE: PageSize = PageSize { default: 10_000, maximum: 10_000 };
/// `q` gives one page and no more.
const Q_SIZE: PageSize = PageSize { default: 300, maximum: 300 };

pub(super) const ROUTES: &[Route] = &[Route { method: "GET", pattern: "/api/v1/groups", handler: Handler::Read(list) }];

/// Lists groups.
fn list(org: &Org, request: &Request) -> Reply {
    let expand = Expand::read(request)?;
    let show = |group: &Group| expand.show(org, &request.base, group);
    let given = |name| request.query(name).filter(|text| !text.is_empty());
    match (given("search"), given("filter"), given("q")) {
        (Some(_), Some(_), _) => Err(Refusal::new(
            400,
            "E0000033",
            "Bad request. Can't specify a search query and filter in the same request.",
        )),
        (Some(text), None, _) => {
            let expr = filter::parse(text)?;
            expr.check(&in_search)?;
            sorted_or_not(org, request, |group| expr.matches(Case::Insensitive, &GroupFields(group)), show)
        }
        (None, Some(text), _) => {
            let expr = filter::parse(text)?;
            expr.check(&in_filter)?;
            sorted_or_not(org, request, |group| expr.matches(Case::Sensitive, &GroupFields(group)), show)
        }
        (None, None, Some(text)) => by_beginning(org, request, text, show),
        (None, None, None) => sorted_or_not(org, request, |_| true, show),
    }
}

fn by_beginning(org: &Org, request: &Request, text: &str, show: impl Fn(&Group) -> Value) -> Reply {
    let text = text.to_lowercase();
    let limit = pages::limit(request, Q_SIZE)?;
    let found = org
        .groups
        .values()
        .filter(|group| membership_lag::is_seen(org, &group.id))
        .filter(|group| group.name().to_lowercase().starts_with(&text));
    pages::whole(request, found.take(limit).map(show).collect())
}

fn sorted_or_not(org: &Org, request: &Request, keep: impl Fn(&Group) -> bool, show: impl Fn(&Group) -> Value) -> Reply {
    let keep = |group: &Group| membership_lag::is_seen(org, &group.id) && keep(group);
    let Some(property) = request.query("sortBy").filter(|text| !text.is_empty()) else {
        return pages::of_map(request, SIZE, &org.groups, |group| keep(group).then(|| show(group)));
    };
    let mut found: Vec<&Group> = org.groups.values().filter(|group| keep(group)).collect();
    found.sort_by_cached_key(|group| sort_key(group, property));
    if request.query("sortOrder").is_some_and(|it| it.eq_ignore_ascii_case("desc")) {
        found.reverse();
    }
    pages::of_sorted(request, SIZE, &found, |group| show(group))
}

fn sort_key(group: &Group, property: &str) -> String {
    let mut key = String::new();
    GroupFields(group).each(property, &mut |field| {
        match field {
            Field::Text(text) => key = text.to_lowercase(),
            Field::Date(at) => key = format!("{at:020}"),
            _ => {}
        }
        true
    });
    key
}

fn in_filter(expr: &Expr) -> bool {
    match expr {
        Expr::Not(_) => false,
        Expr::And(..) | Expr::Or(..) => true,
        Expr::Test(test) => match test.property.as_str() {
            "id" | "type" => test.operator == Operator::Eq,
            "lastUpdated" | "lastMembershipUpdated" => is_comparison(test.operator),
            _ => false,
        },
    }
}

fn in_search(expr: &Expr) -> bool {
    match expr {
        Expr::Not(_) => false,
        Expr::And(..) | Expr::Or(..) => true,
        Expr::Test(test) => match (test.property.as_str(), test.operator) {
            ("created" | "lastUpdated" | "lastMembershipUpdated", operator) => is_comparison(operator),
            ("profile.name" | "profile.description", Operator::Co)
            | ("id" | "type" | "source.id", Operator::Eq | Operator::Sw) => true,
            (property, Operator::Eq | Operator::Sw | Operator::Pr) => property.starts_with("profile."),
            _ => false,
        },
    }
}

/// What an expression may ask a group.
struct GroupFields<'a>(&'a Group);

impl Fields for GroupFields<'_> {
    fn each(&self, property: &str, found: &mut dyn FnMut(Field<'_>) -> bool) -> bool {
        let group = self.0;
        found(match property {
            "id" => Field::Text(&group.id),
            "type" => Field::Text(&group.kind),
            "created" => Field::Date(group.created),
            "lastUpdated" => Field::Date(group.last_updated),
            "lastMembershipUpdated" => Field::Date(group.last_membership_updated),
            "source.id" => group.source.as_deref().map_or(Field::Absent, Field::Text),
            property => {
                let name = property.strip_prefix("profile.").unwrap_or_default();
                group.profile.get(name).map_or(Field::Absent, Field::of)
            }
        })
    }
}

/// What `expand` adds to each group.
#[derive(Clone, Copy, Default)]
struct Expand {
    stats: bool,
    app: bool,
}

impl Expand {
    fn read(request: &Request) -> Result<Self, Refusal> {
        let mut expand = Self::default();
        let asked = request.query("expand").unwrap_or_default();
        for part in asked.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            match part {
                "stats" => expand.stats = true,
                "app" => expand.app = true,
                _ => {
                    return Err(Refusal::validation("RequestParams", &["Expand query is malformed."]));
                }
            }
        }
        Ok(expand)
    }

    fn show(self, org: &Org, base: &str, group: &Group) -> Value {
        let mut shown = groups::show(org, base, group);
        if self.stats {
            shown["_embedded"]["stats"] = stats(org, group);
        }
        let source = group.source.as_ref().and_then(|id| org.apps.get(id));
        if let Some(app) = source.filter(|_| self.app) {
            shown["_embedded"]["app"] = json!({"id": app.id, "name": app.name, "label": app.label});
        }
        shown
    }
}

fn stats(org: &Org, group: &Group) -> Value {
    let apps = org.apps.values().filter(|app| app.groups.contains_key(&group.id));
    json!({
        "usersCount": group.members.len(),
        "appsCount": apps.count(),
        "groupPushMappingsCount": 0,
    })
}
