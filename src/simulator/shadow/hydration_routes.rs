//! Paths whose answers are taken into the store, so that the simulator's rules know of them.

use serde_json::Value;

use super::super::store::SimulatedOrg;
use super::hydrate;

/// What a path of the real org tells of.
pub(super) struct HydrationRoute {
    pub(super) pattern: &'static str,
    pub(super) holds: RouteHolds,
    /// Takes one thing into the store; the path's parameters go before it.
    pub(super) take: fn(&mut SimulatedOrg, &[String], &Value),
}

#[derive(Clone, Copy)]
pub(super) enum RouteHolds {
    /// One thing; `Some` is its own path when it can be called by another name than its id.
    Thing(Option<&'static str>),
    /// Things, each with a path of its own (`{}` is its id, `{0}` the first parameter), known by this field.
    List(&'static str, &'static str),
    /// Things that are listed here because of a membership: group and user are the parameter and the item's id, or the other way round.
    Members(&'static str, MembershipSide),
}

/// Which of a membership the path's parameter is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MembershipSide {
    Group,
    User,
}

const fn thing(pattern: &'static str, take: fn(&mut SimulatedOrg, &[String], &Value)) -> HydrationRoute {
    HydrationRoute { pattern, holds: RouteHolds::Thing(None), take }
}

const fn list(
    pattern: &'static str,
    item: &'static str,
    take: fn(&mut SimulatedOrg, &[String], &Value),
) -> HydrationRoute {
    HydrationRoute { pattern, holds: RouteHolds::List(item, "id"), take }
}

const USER: &str = "/api/v1/users/{}";
const GROUP: &str = "/api/v1/groups/{}";
const APP: &str = "/api/v1/apps/{}";

pub(super) const PLACES: &[HydrationRoute] = &[
    HydrationRoute { pattern: "/api/v1/users/{id}", holds: RouteHolds::Thing(Some(USER)), take: hydrate::user },
    list("/api/v1/users", USER, hydrate::user),
    HydrationRoute {
        pattern: "/api/v1/users/{id}/groups",
        holds: RouteHolds::Members(GROUP, MembershipSide::User),
        take: hydrate::group_of_user,
    },
    thing("/api/v1/groups/{groupId}", hydrate::group),
    list("/api/v1/groups", GROUP, hydrate::group),
    HydrationRoute {
        pattern: "/api/v1/groups/{groupId}/users",
        holds: RouteHolds::Members(USER, MembershipSide::Group),
        take: hydrate::member,
    },
    list("/api/v1/groups/{groupId}/apps", APP, hydrate::app),
    thing("/api/v1/groups/rules/{groupRuleId}", hydrate::rule),
    list("/api/v1/groups/rules", "/api/v1/groups/rules/{}", hydrate::rule),
    thing("/api/v1/apps/{appId}", hydrate::app),
    list("/api/v1/apps", APP, hydrate::app),
    thing("/api/v1/apps/{appId}/users/{userId}", hydrate::app_user),
    list("/api/v1/apps/{appId}/users", "/api/v1/apps/{0}/users/{}", hydrate::app_user),
    thing("/api/v1/apps/{appId}/groups/{groupId}", hydrate::app_group),
    list("/api/v1/apps/{appId}/groups", "/api/v1/apps/{0}/groups/{}", hydrate::app_group),
    thing("/api/v1/apps/{appId}/connections/default", hydrate::connection),
    thing("/api/v1/apps/{appId}/features/{featureName}", hydrate::feature),
    HydrationRoute {
        pattern: "/api/v1/apps/{appId}/features",
        holds: RouteHolds::List("/api/v1/apps/{0}/features/{}", "name"),
        take: hydrate::feature,
    },
    thing("/api/v1/apps/{appId}/group-push/mappings/{mappingId}", hydrate::push),
    list("/api/v1/apps/{appId}/group-push/mappings", "/api/v1/apps/{0}/group-push/mappings/{}", hydrate::push),
    thing("/api/v1/apps/{appId}/grants/{grantId}", hydrate::grant),
    list("/api/v1/apps/{appId}/grants", "/api/v1/apps/{0}/grants/{}", hydrate::grant),
    list("/oauth2/v1/clients/{clientId}/roles", "/oauth2/v1/clients/{0}/roles/{}", hydrate::role),
    list("/api/v1/users/{userId}/roles", "/api/v1/users/{0}/roles/{}", hydrate::role),
    list("/api/v1/groups/{groupId}/roles", "/api/v1/groups/{0}/roles/{}", hydrate::role),
    thing("/api/v1/mappings/{mappingId}", hydrate::mapping),
    thing("/api/v1/meta/schemas/apps/{appId}/default", hydrate::app_schema),
    thing("/api/v1/meta/schemas/user/{schemaId}", hydrate::user_schema),
    list("/api/v1/mappings", "/api/v1/mappings/{}", hydrate::mapping),
];

pub(super) fn find(pattern: &str) -> Option<&'static HydrationRoute> {
    PLACES.iter().find(|place| place.pattern == pattern)
}

impl HydrationRoute {
    /// The path of a thing told of here.
    pub(super) fn path_of(&self, path: &str, parameters: &[String], thing: &Value) -> String {
        let (pattern, field) = match self.holds {
            RouteHolds::Thing(None) => return path.trim_end_matches('/').to_owned(),
            RouteHolds::Thing(Some(pattern)) | RouteHolds::Members(pattern, _) => (pattern, "id"),
            RouteHolds::List(pattern, field) => (pattern, field),
        };
        let first = parameters.first().map_or("", String::as_str);
        let id = thing[field].as_str().unwrap_or_default();
        pattern.replace("{0}", first).replace("{}", id)
    }

    pub(super) fn is_list(&self) -> bool {
        !matches!(self.holds, RouteHolds::Thing(_))
    }

    /// The field that tells the things of a list apart.
    pub(super) fn key(&self) -> &'static str {
        match self.holds {
            RouteHolds::List(_, field) => field,
            _ => "id",
        }
    }

    /// Group and user of a membership.
    pub(super) fn membership(&self, parameters: &[String], id: &str) -> Option<(String, String)> {
        let first = parameters.first()?.clone();
        match self.holds {
            RouteHolds::Members(_, MembershipSide::Group) => Some((first, id.to_owned())),
            RouteHolds::Members(_, MembershipSide::User) => Some((id.to_owned(), first)),
            _ => None,
        }
    }
}
