//! Every text of a scenario that is somebody's, with its kind. What stays is not visited: statuses, features, roles, scopes, Okta's names of
//! apps, and names of attributes.

use serde_json::{Map, Number, Value};

use super::super::super::scenario::{
    AccountSpec, AdminSpec, AppSpec, AppUserSpec, DirectorySpec, GroupSpec, OrgSpec, RuleSpec, ScenarioSpec, UserSpec,
};

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextKind {
    Given,
    Family,
    Domain,
    Id,
    Guid,
    Number,
    /// An id of another system.
    External,
    /// A login, a name or an id.
    Reference,
    Expression,
    /// What an expression quotes.
    Literal,
    /// Okta's own name, which stays.
    Own,
    /// Whatever else.
    Free,
}

/// Sees texts, and may change them.
pub(super) trait TextVisitor {
    fn visit(&mut self, kind: TextKind, text: &mut String);
}

/// Apps that are called so in every org.
const OWN_APPS: &[&str] = &["active_directory", "okta_org2org", "oidc_client", "bookmark", "custom_saml_app"];

/// Attributes of apps that say how, not who.
const TECHNICAL: &[&str] = &["initialStatus"];

pub(super) fn walk(scenario: &mut ScenarioSpec, visit: &mut dyn TextVisitor) {
    let mut walk = TextWalk(visit);
    // People first: whose names are met as names, they are names everywhere.
    for org in scenario.orgs.iter_mut().flatten() {
        walk.people(org);
    }
    for directory in scenario.directories.iter_mut().flatten() {
        walk.directory(directory);
    }
    for org in scenario.orgs.iter_mut().flatten() {
        walk.things(org);
    }
}

struct TextWalk<'a>(&'a mut dyn TextVisitor);

impl TextWalk<'_> {
    fn text(&mut self, kind: TextKind, text: &mut String) {
        self.0.visit(kind, text);
    }

    fn option(&mut self, kind: TextKind, text: &mut Option<String>) {
        if let Some(text) = text {
            self.text(kind, text);
        }
    }

    fn texts(&mut self, kind: TextKind, texts: &mut [String]) {
        for text in texts {
            self.text(kind, text);
        }
    }

    fn people(&mut self, org: &mut OrgSpec) {
        let groups = org.groups.iter_mut();
        for group in groups.filter(|group| group.kind == "BUILT_IN") {
            self.text(TextKind::Own, &mut group.name);
            self.text(TextKind::Own, &mut group.description);
        }
        for user in &mut org.users {
            self.user(user);
        }
        let admins = std::iter::once(&mut org.admin).chain(&mut org.admins);
        admins.for_each(|admin| self.admin(admin));
    }

    fn user(&mut self, user: &mut UserSpec) {
        self.option(TextKind::Id, &mut user.id);
        self.text(TextKind::Given, &mut user.first_name);
        self.text(TextKind::Family, &mut user.last_name);
        self.text(TextKind::Free, &mut user.login);
        self.option(TextKind::Free, &mut user.email);
        self.option(TextKind::Free, &mut user.recovery_question);
        self.attributes(&mut user.attributes);
    }

    fn admin(&mut self, admin: &mut AdminSpec) {
        self.text(TextKind::Given, &mut admin.first_name);
        self.text(TextKind::Family, &mut admin.last_name);
        self.text(TextKind::Free, &mut admin.login);
    }

    fn directory(&mut self, directory: &mut DirectorySpec) {
        self.text(TextKind::Domain, &mut directory.domain);
        self.texts(TextKind::Free, &mut directory.organizational_units);
        self.texts(TextKind::Free, &mut directory.denied);
        let accounts = directory.accounts.iter_mut();
        accounts.for_each(|account| self.account(account));
    }

    fn account(&mut self, account: &mut AccountSpec) {
        self.option(TextKind::Guid, &mut account.guid);
        self.text(TextKind::Given, &mut account.first_name);
        self.text(TextKind::Family, &mut account.last_name);
        if let Some(it) = &mut account.attributes {
            self.attributes(it);
        }
        self.text(TextKind::Free, &mut account.user_principal_name);
        self.option(TextKind::Free, &mut account.sam_account_name);
        self.option(TextKind::Free, &mut account.cn);
        self.text(TextKind::Free, &mut account.organizational_unit);
    }

    fn things(&mut self, org: &mut OrgSpec) {
        for group in &mut org.groups {
            self.group(group);
        }
        for rule in &mut org.rules {
            self.rule(rule);
        }
        for app in &mut org.apps {
            self.app(app);
        }
    }

    fn group(&mut self, group: &mut GroupSpec) {
        self.option(TextKind::Id, &mut group.id);
        if group.kind != "BUILT_IN" {
            self.text(TextKind::Free, &mut group.name);
            self.text(TextKind::Free, &mut group.description);
        }
        self.option(TextKind::Id, &mut group.source);
        self.attributes(&mut group.attributes);
        self.texts(TextKind::Reference, &mut group.members);
    }

    fn rule(&mut self, rule: &mut RuleSpec) {
        self.option(TextKind::Id, &mut rule.id);
        self.text(TextKind::Free, &mut rule.name);
        self.text(TextKind::Expression, &mut rule.expression);
        self.texts(TextKind::Reference, &mut rule.groups);
        self.texts(TextKind::Reference, &mut rule.exclude);
        self.texts(TextKind::Reference, &mut rule.exclude_groups);
    }

    fn app(&mut self, app: &mut AppSpec) {
        self.option(TextKind::Id, &mut app.id);
        self.option(TextKind::Domain, &mut app.active_directory);
        self.option(TextKind::Free, &mut app.label);
        if let Some(form) = &mut app.app {
            self.form(form);
        }
        let agents = app.agents.iter_mut();
        agents.for_each(|agent| self.text(TextKind::Free, &mut agent.name));
        if let Some(units) = &mut app.connected_ous {
            self.texts(TextKind::Free, units);
        }
        self.provisioning(app);
        for group in &mut app.groups {
            self.text(TextKind::Reference, &mut group.group);
            self.option(TextKind::Free, &mut group.organizational_unit);
            self.attributes(&mut group.profile);
        }
        for user in &mut app.users {
            self.app_user(user);
        }
    }

    fn provisioning(&mut self, app: &mut AppSpec) {
        if let Some(connection) = &mut app.connection {
            self.option(TextKind::Free, &mut connection.base_url);
            self.option(TextKind::Id, &mut connection.client_id);
        }
        for capabilities in app.capabilities.values_mut() {
            self.expressions(capabilities);
        }
        for push in &mut app.pushes {
            self.text(TextKind::Id, &mut push.id);
            self.text(TextKind::Reference, &mut push.group);
            self.text(TextKind::Id, &mut push.target);
            self.option(TextKind::Free, &mut push.name);
            self.option(TextKind::Free, &mut push.error);
        }
        for mapping in &mut app.mappings {
            self.option(TextKind::Id, &mut mapping.id);
            mapping.properties.values_mut().for_each(|it| self.expressions(it));
        }
    }

    /// Of what is set up by switches, only expressions are somebody's.
    fn expressions(&mut self, value: &mut Value) {
        let Value::Object(fields) = value else { return };
        for (name, value) in fields {
            match value {
                Value::String(text) if name == "expression" || name == "userNameExpression" => {
                    self.text(TextKind::Expression, text);
                }
                value => self.expressions(value),
            }
        }
    }

    fn form(&mut self, form: &mut Value) {
        if let Value::String(name) = &mut form["name"]
            && !OWN_APPS.contains(&name.as_str())
        {
            self.text(TextKind::Free, name);
        }
        for place in
            ["/accessibility/errorRedirectUrl", "/accessibility/loginRedirectUrl", "/settings/oauthClient/jwks_uri"]
        {
            self.at(form, place, TextKind::Free);
        }
        let template = "/credentials/userNameTemplate/template";
        self.at(form, template, TextKind::Expression);
        if let Some(Value::Object(settings)) = form.pointer_mut("/settings/app") {
            self.attributes(settings);
        }
        let keys = form.pointer_mut("/settings/oauthClient/jwks/keys");
        for key in keys.and_then(Value::as_array_mut).into_iter().flatten() {
            // Nothing is verified by it: the simulator's connections sign with keys of their own.
            if let Value::Object(key) = key {
                key.retain(|name, _| ["kty", "kid", "use", "alg", "status"].contains(&name.as_str()));
            }
            self.at(key, "/kid", TextKind::Free);
        }
    }

    fn at(&mut self, form: &mut Value, place: &str, kind: TextKind) {
        if let Some(Value::String(text)) = form.pointer_mut(place) {
            self.text(kind, text);
        }
    }

    fn app_user(&mut self, user: &mut AppUserSpec) {
        match user {
            AppUserSpec::Assigned(login) => self.text(TextKind::Reference, login),
            AppUserSpec::Held(held) => {
                self.text(TextKind::Reference, &mut held.user);
                self.option(TextKind::Reference, &mut held.group);
                self.option(TextKind::External, &mut held.external_id);
                self.option(TextKind::Free, &mut held.user_name);
                self.attributes(&mut held.profile);
            }
        }
    }

    fn attributes(&mut self, attributes: &mut Map<String, Value>) {
        for (name, value) in attributes {
            let kind = match name.as_str() {
                "firstName" | "givenName" => TextKind::Given,
                "lastName" | "sn" => TextKind::Family,
                name if TECHNICAL.contains(&name) => continue,
                _ => TextKind::Free,
            };
            self.value(kind, value);
        }
    }

    fn value(&mut self, kind: TextKind, value: &mut Value) {
        match value {
            Value::String(text) => self.text(kind, text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(kind, item)),
            Value::Object(fields) => self.attributes(fields),
            Value::Number(number) => self.number(number),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// A number stays one.
    fn number(&mut self, number: &mut Number) {
        let mut text = number.to_string();
        self.text(TextKind::Number, &mut text);
        if let Ok(made) = text.parse() {
            *number = made;
        }
    }
}
