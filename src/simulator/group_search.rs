//! `GET /groups`: plain, by `q`, `filter` or `search`.

use serde_json::{Value, json};

use super::filter::{self, FieldValue, FilterExpression, FilterFields, FilterOperator, TextCase};
use super::groups;
use super::http::{ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::membership_lag;
use super::pages::{self, PageSize};
use super::store::{SimulatedOrg, StoredGroup};
use super::user_search::is_comparison;

const SIZE: PageSize = PageSize { default: 10_000, maximum: 10_000 };
/// `q` gives one page and no more.
const Q_SIZE: PageSize = PageSize { default: 300, maximum: 300 };

pub(super) const ROUTES: &[ApiRoute] =
    &[ApiRoute { method: "GET", pattern: "/api/v1/groups", handler: RouteHandler::Read(list) }];

/// Lists groups.
fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let expand = GroupExpand::read(request)?;
    let show = |group: &StoredGroup| expand.show(org, &request.base, group);
    let given = |name| request.query(name).filter(|text| !text.is_empty());
    match (given("search"), given("filter"), given("q")) {
        (Some(_), Some(_), _) => Err(ApiRefusal::new(
            400,
            "E0000033",
            "Bad request. Can't specify a search query and filter in the same request.",
        )),
        (Some(text), None, _) => {
            let expr = filter::parse(text)?;
            expr.check(&in_search)?;
            sorted_or_not(org, request, |group| expr.matches(TextCase::Insensitive, &GroupFields(group)), show)
        }
        (None, Some(text), _) => {
            let expr = filter::parse(text)?;
            expr.check(&in_filter)?;
            sorted_or_not(org, request, |group| expr.matches(TextCase::Sensitive, &GroupFields(group)), show)
        }
        (None, None, Some(text)) => by_beginning(org, request, text, show),
        (None, None, None) => sorted_or_not(org, request, |_| true, show),
    }
}

fn by_beginning(
    org: &SimulatedOrg,
    request: &SignedInRequest,
    text: &str,
    show: impl Fn(&StoredGroup) -> Value,
) -> ApiReply {
    let text = text.to_lowercase();
    let limit = pages::limit(request, Q_SIZE)?;
    let found = org
        .groups
        .values()
        .filter(|group| membership_lag::is_seen(org, &group.id))
        .filter(|group| group.name().to_lowercase().starts_with(&text));
    pages::whole_list(request, found.take(limit).map(show).collect())
}

fn sorted_or_not(
    org: &SimulatedOrg,
    request: &SignedInRequest,
    keep: impl Fn(&StoredGroup) -> bool,
    show: impl Fn(&StoredGroup) -> Value,
) -> ApiReply {
    let keep = |group: &StoredGroup| membership_lag::is_seen(org, &group.id) && keep(group);
    let Some(property) = request.query("sortBy").filter(|text| !text.is_empty()) else {
        return pages::of_map(request, SIZE, &org.groups, |group| keep(group).then(|| show(group)));
    };
    let mut found: Vec<&StoredGroup> = org.groups.values().filter(|group| keep(group)).collect();
    found.sort_by_cached_key(|group| sort_key(group, property));
    if request.query("sortOrder").is_some_and(|it| it.eq_ignore_ascii_case("desc")) {
        found.reverse();
    }
    pages::of_sorted(request, SIZE, &found, |group| show(group))
}

fn sort_key(group: &StoredGroup, property: &str) -> String {
    let mut key = String::new();
    GroupFields(group).each(property, &mut |field| {
        match field {
            FieldValue::Text(text) => key = text.to_lowercase(),
            FieldValue::Date(at) => key = format!("{at:020}"),
            _ => {}
        }
        true
    });
    key
}

fn in_filter(expr: &FilterExpression) -> bool {
    match expr {
        FilterExpression::Not(_) => false,
        FilterExpression::And(..) | FilterExpression::Or(..) => true,
        FilterExpression::Test(test) => match test.property.as_str() {
            "id" | "type" => test.operator == FilterOperator::Eq,
            "lastUpdated" | "lastMembershipUpdated" => is_comparison(test.operator),
            _ => false,
        },
    }
}

fn in_search(expr: &FilterExpression) -> bool {
    match expr {
        FilterExpression::Not(_) => false,
        FilterExpression::And(..) | FilterExpression::Or(..) => true,
        FilterExpression::Test(test) => match (test.property.as_str(), test.operator) {
            ("created" | "lastUpdated" | "lastMembershipUpdated", operator) => is_comparison(operator),
            ("profile.name" | "profile.description", FilterOperator::Co)
            | ("id" | "type" | "source.id", FilterOperator::Eq | FilterOperator::Sw) => true,
            (property, FilterOperator::Eq | FilterOperator::Sw | FilterOperator::Pr) => {
                property.starts_with("profile.")
            }
            _ => false,
        },
    }
}

/// What an expression may ask a group.
struct GroupFields<'a>(&'a StoredGroup);

impl FilterFields for GroupFields<'_> {
    fn each(&self, property: &str, found: &mut dyn FnMut(FieldValue<'_>) -> bool) -> bool {
        let group = self.0;
        found(match property {
            "id" => FieldValue::Text(&group.id),
            "type" => FieldValue::Text(&group.kind),
            "created" => FieldValue::Date(group.created),
            "lastUpdated" => FieldValue::Date(group.last_updated),
            "lastMembershipUpdated" => FieldValue::Date(group.last_membership_updated),
            "source.id" => group.source.as_deref().map_or(FieldValue::Absent, FieldValue::Text),
            property => {
                let name = property.strip_prefix("profile.").unwrap_or_default();
                group.profile.get(name).map_or(FieldValue::Absent, FieldValue::of)
            }
        })
    }
}

/// What `expand` adds to each group.
#[derive(Clone, Copy, Default)]
struct GroupExpand {
    stats: bool,
    app: bool,
}

impl GroupExpand {
    fn read(request: &SignedInRequest) -> Result<Self, ApiRefusal> {
        let mut expand = Self::default();
        let asked = request.query("expand").unwrap_or_default();
        for part in asked.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            match part {
                "stats" => expand.stats = true,
                "app" => expand.app = true,
                _ => {
                    return Err(ApiRefusal::validation("RequestParams", &["Expand query is malformed."]));
                }
            }
        }
        Ok(expand)
    }

    fn show(self, org: &SimulatedOrg, base: &str, group: &StoredGroup) -> Value {
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

fn stats(org: &SimulatedOrg, group: &StoredGroup) -> Value {
    let apps = org.apps.values().filter(|app| app.groups.contains_key(&group.id));
    json!({
        "usersCount": group.members.len(),
        "appsCount": apps.count(),
        "groupPushMappingsCount": 0,
    })
}
