//! `GET /users`: plain, by `q`, `filter` or `search`.

use super::filter::{self, Case, Expr, Field, Fields, Literal, Operator};
use super::http::{Handler, Refusal, Reply, Request, Route};
use super::pages::{self, PageSize};
use super::store::{Org, User};
use super::users::show_in_list;

const SIZE: PageSize = PageSize { default: 200, maximum: 200 };
/// `q` has pages of its own size, and no second one.
const Q_SIZE: PageSize = PageSize { default: 10, maximum: 200 };

pub(super) const ROUTES: &[Route] = &[Route { method: "GET", pattern: "/api/v1/users", handler: Handler::Read(list) }];

/// Lists users.
fn list(org: &Org, request: &Request) -> Reply {
    let given = |name| request.query(name).filter(|text| !text.is_empty());
    match (given("search"), given("filter"), given("q")) {
        (Some(_), Some(_), _) => Err(Refusal::new(
            400,
            "E0000033",
            "Bad request. Can't specify a search query and filter in the same request.",
        )),
        (Some(text), None, _) => by_search(org, request, text),
        (None, Some(text), _) => {
            let expr = filter::parse(text)?;
            expr.check(&in_filter)?;
            by_expression(org, request, &expr, Case::Sensitive)
        }
        (None, None, Some(text)) => by_beginning(org, request, text),
        (None, None, None) => pages::of_map(request, SIZE, &org.users, |user| {
            is_present(user).then(|| show_in_list(org, &request.base, user))
        }),
    }
}

/// The plain list and `q` leave DEPROVISIONED users out; `filter` and `search` do not.
fn is_present(user: &User) -> bool {
    user.status != "DEPROVISIONED"
}

fn by_beginning(org: &Org, request: &Request, text: &str) -> Reply {
    let text = text.to_lowercase();
    let limit = pages::limit(request, Q_SIZE)?;
    let fits = |user: &&User| {
        is_present(user)
            && ["firstName", "lastName", "email"]
                .iter()
                .any(|name| user.attribute(name).to_lowercase().starts_with(&text))
    };
    let found = org.users.values().filter(fits).take(limit);
    pages::whole(request, found.map(|user| show_in_list(org, &request.base, user)).collect())
}

fn by_search(org: &Org, request: &Request, text: &str) -> Reply {
    let expr = filter::parse(text)?;
    expr.check(&in_search)?;
    let Some(key) = request.query("sortBy").filter(|key| !key.is_empty()) else {
        return by_expression(org, request, &expr, Case::Insensitive);
    };
    let mut found: Vec<&User> =
        org.users.values().filter(|user| expr.matches(Case::Insensitive, &UserFields(org, user))).collect();
    found.sort_by_cached_key(|user| sort_key(org, user, key));
    if request.query("sortOrder").is_some_and(|it| it.eq_ignore_ascii_case("desc")) {
        found.reverse();
    }
    pages::of_sorted(request, SIZE, &found, |user| show_in_list(org, &request.base, user))
}

fn by_expression(org: &Org, request: &Request, expr: &Expr, case: Case) -> Reply {
    let show = |user: &User| expr.matches(case, &UserFields(org, user)).then(|| show_in_list(org, &request.base, user));
    if let Some(id) = indexed(org, expr) {
        let found = org.users.get(id).and_then(show);
        let limit = pages::limit(request, SIZE)?;
        return pages::answer(request, limit, found.into_iter().collect(), None);
    }
    pages::of_map(request, SIZE, &org.users, show)
}

/// The one user that an expression can hold for, when it names an id or a login.
fn indexed<'a>(org: &'a Org, expr: &'a Expr) -> Option<&'a str> {
    if let Some(id) = expr.required("id") {
        return Some(id);
    }
    let login = expr.required("profile.login")?;
    Some(org.logins.get(&login.to_lowercase()).map_or("", String::as_str))
}

fn sort_key(org: &Org, user: &User, property: &str) -> String {
    let mut key = String::new();
    UserFields(org, user).each(property, &mut |field| {
        match field {
            Field::Text(text) => key = text.to_lowercase(),
            Field::Date(at) => key = format!("{at:020}"),
            Field::Number(number) => key = format!("{number:020}"),
            Field::Bool(value) => key = value.to_string(),
            Field::Absent => {}
        }
        true
    });
    key
}

/// `filter`: a fixed set of properties, equality, no `not`.
fn in_filter(expr: &Expr) -> bool {
    match expr {
        Expr::And(..) | Expr::Or(..) => true,
        Expr::Not(_) => false,
        Expr::Test(test) => match test.property.as_str() {
            "status" | "id" | "profile.login" | "profile.email" | "profile.firstName" | "profile.lastName" => {
                test.operator == Operator::Eq
            }
            "lastUpdated" => is_comparison(test.operator),
            _ => false,
        },
    }
}

/// `search`: every attribute of the profile and some of the user itself.
fn in_search(expr: &Expr) -> bool {
    match expr {
        Expr::And(..) | Expr::Or(..) => true,
        Expr::Not(_) => false,
        Expr::Test(test) => match test.property.as_str() {
            "id" | "status" | "type.id" => {
                matches!(test.operator, Operator::Eq | Operator::Sw | Operator::Pr)
                    && !matches!(test.literal, Literal::Number(_))
            }
            "created" | "activated" | "statusChanged" | "lastUpdated" => {
                is_comparison(test.operator) || test.operator == Operator::Pr
            }
            property => property.starts_with("profile.") && !matches!(test.operator, Operator::Ne | Operator::Ew),
        },
    }
}

pub(super) fn is_comparison(operator: Operator) -> bool {
    matches!(operator, Operator::Eq | Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le)
}

/// What an expression may ask a user.
struct UserFields<'a>(&'a Org, &'a User);

impl Fields for UserFields<'_> {
    fn each(&self, property: &str, found: &mut dyn FnMut(Field<'_>) -> bool) -> bool {
        let user = self.1;
        found(match property {
            "id" => Field::Text(&user.id),
            "status" => Field::Text(&user.status),
            "type.id" => Field::Text(&self.0.user_type),
            "created" => Field::Date(user.created),
            "activated" => Field::date(user.activated),
            "statusChanged" => Field::date(user.status_changed),
            "lastUpdated" => Field::Date(user.last_updated),
            property => {
                let name = property.strip_prefix("profile.").unwrap_or_default();
                user.profile.get(name).map_or(Field::Absent, Field::of)
            }
        })
    }
}
