//! From the API's JSON into the store. What was taken in already stays as it is: it may have been changed here.

mod apps;
mod fields;
mod org2org;
mod people;
mod schemas;

pub(super) use apps::{app, app_group, app_user};
pub(super) use org2org::{connection, feature, grant, mapping, push};
pub(super) use people::{group, group_of_user, member, role, rule, user};
pub(super) use schemas::{app_schema, user_schema};
