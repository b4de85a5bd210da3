//! `GET /users`: plain, by `q`, `filter` or `search`.

use super::filter::{self, FieldValue, FilterExpression, FilterFields, FilterLiteral, FilterOperator, TextCase};
use super::http::{ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::pages::{self, PageSize};
use super::store::{SimulatedOrg, StoredUser};
use super::users::show_in_list;

const SIZE: PageSize = PageSize { default: 200, maximum: 200 };
/// `q` has pages of its own size, and no second one.
const Q_SIZE: PageSize = PageSize { default: 10, maximum: 200 };

pub(super) const ROUTES: &[ApiRoute] =
    &[ApiRoute { method: "GET", pattern: "/api/v1/users", handler: RouteHandler::Read(list) }];

/// Lists users.
fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let given = |name| request.query(name).filter(|text| !text.is_empty());
    match (given("search"), given("filter"), given("q")) {
        (Some(_), Some(_), _) => Err(ApiRefusal::new(
            400,
            "E0000033",
            "Bad request. Can't specify a search query and filter in the same request.",
        )),
        (Some(text), None, _) => by_search(org, request, text),
        (None, Some(text), _) => {
            let expr = filter::parse(text)?;
            expr.check(&in_filter)?;
            by_expression(org, request, &expr, TextCase::Sensitive)
        }
        (None, None, Some(text)) => by_beginning(org, request, text),
        (None, None, None) => pages::of_map(request, SIZE, &org.users, |user| {
            is_present(user).then(|| show_in_list(org, &request.base, user))
        }),
    }
}

/// The plain list and `q` leave DEPROVISIONED users out; `filter` and `search` do not.
fn is_present(user: &StoredUser) -> bool {
    user.status != "DEPROVISIONED"
}

fn by_beginning(org: &SimulatedOrg, request: &SignedInRequest, text: &str) -> ApiReply {
    let text = text.to_lowercase();
    let limit = pages::limit(request, Q_SIZE)?;
    let fits = |user: &&StoredUser| {
        is_present(user)
            && ["firstName", "lastName", "email"]
                .iter()
                .any(|name| user.attribute(name).to_lowercase().starts_with(&text))
    };
    let found = org.users.values().filter(fits).take(limit);
    pages::whole_list(request, found.map(|user| show_in_list(org, &request.base, user)).collect())
}

fn by_search(org: &SimulatedOrg, request: &SignedInRequest, text: &str) -> ApiReply {
    let expr = filter::parse(text)?;
    expr.check(&in_search)?;
    let Some(key) = request.query("sortBy").filter(|key| !key.is_empty()) else {
        return by_expression(org, request, &expr, TextCase::Insensitive);
    };
    let mut found: Vec<&StoredUser> =
        org.users.values().filter(|user| expr.matches(TextCase::Insensitive, &UserFields(org, user))).collect();
    found.sort_by_cached_key(|user| sort_key(org, user, key));
    if request.query("sortOrder").is_some_and(|it| it.eq_ignore_ascii_case("desc")) {
        found.reverse();
    }
    pages::of_sorted(request, SIZE, &found, |user| show_in_list(org, &request.base, user))
}

fn by_expression(org: &SimulatedOrg, request: &SignedInRequest, expr: &FilterExpression, case: TextCase) -> ApiReply {
    let show =
        |user: &StoredUser| expr.matches(case, &UserFields(org, user)).then(|| show_in_list(org, &request.base, user));
    if let Some(id) = indexed_user(org, expr) {
        let found = org.users.get(id).and_then(show);
        let limit = pages::limit(request, SIZE)?;
        return pages::answer(request, limit, found.into_iter().collect(), None);
    }
    pages::of_map(request, SIZE, &org.users, show)
}

/// The one user that an expression can hold for, when it names an id or a login.
fn indexed_user<'a>(org: &'a SimulatedOrg, expr: &'a FilterExpression) -> Option<&'a str> {
    if let Some(id) = expr.required("id") {
        return Some(id);
    }
    let login = expr.required("profile.login")?;
    Some(org.logins.get(&login.to_lowercase()).map_or("", String::as_str))
}

fn sort_key(org: &SimulatedOrg, user: &StoredUser, property: &str) -> String {
    let mut key = String::new();
    UserFields(org, user).each(property, &mut |field| {
        match field {
            FieldValue::Text(text) => key = text.to_lowercase(),
            FieldValue::Date(at) => key = format!("{at:020}"),
            FieldValue::Number(number) => key = format!("{number:020}"),
            FieldValue::Bool(value) => key = value.to_string(),
            FieldValue::Absent => {}
        }
        true
    });
    key
}

/// `filter`: a fixed set of properties, equality, no `not`.
fn in_filter(expr: &FilterExpression) -> bool {
    match expr {
        FilterExpression::And(..) | FilterExpression::Or(..) => true,
        FilterExpression::Not(_) => false,
        FilterExpression::Test(test) => match test.property.as_str() {
            "status" | "id" | "profile.login" | "profile.email" | "profile.firstName" | "profile.lastName" => {
                test.operator == FilterOperator::Eq
            }
            "lastUpdated" => is_comparison(test.operator),
            _ => false,
        },
    }
}

/// `search`: every attribute of the profile and some of the user itself.
fn in_search(expr: &FilterExpression) -> bool {
    match expr {
        FilterExpression::And(..) | FilterExpression::Or(..) => true,
        FilterExpression::Not(_) => false,
        FilterExpression::Test(test) => match test.property.as_str() {
            "id" | "status" | "type.id" => {
                matches!(test.operator, FilterOperator::Eq | FilterOperator::Sw | FilterOperator::Pr)
                    && !matches!(test.literal, FilterLiteral::Number(_))
            }
            "created" | "activated" | "statusChanged" | "lastUpdated" => {
                is_comparison(test.operator) || test.operator == FilterOperator::Pr
            }
            property => {
                property.starts_with("profile.") && !matches!(test.operator, FilterOperator::Ne | FilterOperator::Ew)
            }
        },
    }
}

pub(super) fn is_comparison(operator: FilterOperator) -> bool {
    matches!(
        operator,
        FilterOperator::Eq | FilterOperator::Gt | FilterOperator::Ge | FilterOperator::Lt | FilterOperator::Le
    )
}

/// What an expression may ask a user.
struct UserFields<'a>(&'a SimulatedOrg, &'a StoredUser);

impl FilterFields for UserFields<'_> {
    fn each(&self, property: &str, found: &mut dyn FnMut(FieldValue<'_>) -> bool) -> bool {
        let user = self.1;
        found(match property {
            "id" => FieldValue::Text(&user.id),
            "status" => FieldValue::Text(&user.status),
            "type.id" => FieldValue::Text(&self.0.user_type),
            "created" => FieldValue::Date(user.created),
            "activated" => FieldValue::date(user.activated),
            "statusChanged" => FieldValue::date(user.status_changed),
            "lastUpdated" => FieldValue::Date(user.last_updated),
            property => {
                let name = property.strip_prefix("profile.").unwrap_or_default();
                user.profile.get(name).map_or(FieldValue::Absent, FieldValue::of)
            }
        })
    }
}
