//! Users: creation, changes, steps of their life.

use serde_json::{Value, json};

use super::{AD_GROUP, ADMIN, JO, STAFF, ServedOrg, person, source_by_ad};

const STATUS: &str = "This operation is not allowed in the user's current status.";

#[tokio::test]
async fn creation_is_checked() {
    let lab = ServedOrg::new().await;
    let mut odd = person("odd@x.com");
    odd["profile"]["notValid"] = json!(1);
    let mut nameless = person("n@x.com");
    nameless["profile"]["firstName"] = json!("");
    let mut short = person("s@x.com");
    short["credentials"] = json!({"password": {"value": "short"}});
    let mut grouped = person("g@x.com");
    grouped["groupIds"] = json!([AD_GROUP]);
    let mut crowded = person("c@x.com");
    crowded["groupIds"] = json!(vec![STAFF; 21]);
    let mut directory = person("d@x.com");
    directory["credentials"] = json!({"provider": {"type": "ACTIVE_DIRECTORY", "name": "x"}});
    let new = "/api/v1/users";
    let failed = |object: &str| format!("Api validation failed: {object}");
    lab.answers(&[
        ("POST", new, odd, 400, "E0000001", &failed("newUser"), "Property name 'notValid' is not defined in profile"),
        ("POST", new, nameless, 400, "E0000001", &failed("firstName"), "firstName: The field cannot be left blank"),
        ("POST", new, json!({}), 400, "E0000001", &failed("login"), "login: The field cannot be left blank"),
        (
            "POST",
            new,
            person("JO@x.com"),
            400,
            "E0000001",
            &failed("login"),
            "login: An object with this field already exists in the current organization",
        ),
        (
            "POST",
            new,
            person("plain"),
            400,
            "E0000001",
            &failed("login"),
            "login: Username must be in the form of an email address",
        ),
        (
            "POST",
            new,
            short,
            400,
            "E0000001",
            &failed("password"),
            "Password requirements were not met. Password requirements: at least 8 characters.",
        ),
        ("POST", new, grouped, 403, "E0000006", "You do not have permission to perform the requested action", ""),
        ("POST", new, crowded, 400, "E0000001", &failed("groupIds"), "groupIds: At most 20 groups can be given"),
        (
            "POST",
            new,
            directory,
            400,
            "E0000001",
            &failed("provider"),
            "provider: A user with the provider ACTIVE_DIRECTORY cannot be created",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_new_users_status_follows_password_and_activation() {
    let lab = ServedOrg::new().await;
    for (index, (query, password, status)) in [
        ("", false, "PROVISIONED"),
        ("", true, "ACTIVE"),
        ("?activate=false", true, "STAGED"),
        ("?activate=true&nextLogin=changePassword", true, "PASSWORD_EXPIRED"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = person(&format!("p{index}@x.com"));
        body["groupIds"] = json!([STAFF]);
        if password {
            body["credentials"] = json!({"password": {"value": "long enough"}, "recovery_question": {"question": "who?", "answer": "nobody"}});
        }
        let got = lab.post(&format!("/api/v1/users{query}"), body).await;
        assert_eq!((got.status, &got.body["status"]), (200, &json!(status)), "{query} {password}");
        assert!(!got.body.to_string().contains("nobody"));
        let groups = lab.get(&format!("/api/v1/users/p{index}%40x.com/groups")).await.body;
        assert_eq!(groups.as_array().map(Vec::len), Some(2), "Everyone and Staff");
    }
}

#[tokio::test]
async fn a_user_is_found_by_id_login_short_login_and_me() {
    let lab = ServedOrg::new().await;
    lab.post("/api/v1/users", person("a#c+d@x.com")).await;
    for (key, login) in [
        (JO, "jo@x.com"),
        ("JO%40x.com", "jo@x.com"),
        ("jo", "jo@x.com"),
        ("me", "ada@x.com"),
        ("a%23c%2Bd%40x.com", "a#c+d@x.com"),
    ] {
        let got = lab.get(&format!("/api/v1/users/{key}")).await;
        assert_eq!(got.body["profile"]["login"], login, "{key}");
    }
    // Okta finds no login with a slash by its path, encoded or not.
    lab.post("/api/v1/users", person("a/b@x.com")).await;
    assert_eq!(lab.get("/api/v1/users/a%2Fb%40x.com").await.status, 405);
    lab.post("/api/v1/users", person("jo@y.com")).await;
    assert_eq!(lab.get("/api/v1/users/jo").await.status, 404, "ambiguous");
}

#[tokio::test]
async fn post_is_partial_and_put_is_whole() {
    let lab = ServedOrg::new().await;
    let path = format!("/api/v1/users/{JO}");
    let got = lab.post(&path, json!({"profile": {"title": "Boss"}})).await;
    assert_eq!((got.status, &got.body["profile"]["title"]), (200, &json!("Boss")));
    assert_eq!(got.body["profile"]["firstName"], "Jo");
    let mut body = person("jo2@x.com");
    let got = lab.send("PUT", &path, body.clone()).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.body["profile"].get("title"), None);
    assert_eq!(lab.get("/api/v1/users/jo2%40x.com").await.status, 200);
    assert_eq!(lab.get("/api/v1/users/jo%40x.com").await.status, 404, "the old login is free");
    if let Some(profile) = body["profile"].as_object_mut() {
        profile.remove("email");
    }
    let rows = [
        (
            "PUT",
            path.as_str(),
            body,
            400,
            "E0000001",
            "Api validation failed: email",
            "email: The field cannot be left blank",
        ),
        (
            "POST",
            path.as_str(),
            json!({"profile": {"login": "ada@x.com"}}),
            400,
            "E0000001",
            "Api validation failed: login",
            "login: An object with this field already exists in the current organization",
        ),
    ];
    lab.answers(&rows).await;
}

#[tokio::test]
async fn a_profile_that_ad_sources_and_a_stale_etag_are_refused() {
    let lab = ServedOrg::with(|org| source_by_ad(org, JO)).await;
    let jo = format!("/api/v1/users/{JO}");
    lab.answers(&[(
        "POST",
        &jo,
        json!({"profile": {"title": "x"}}),
        403,
        "E0000023",
        "Operation failed because user profile is mastered under another system",
        "",
    )])
    .await;
    let ada = format!("/api/v1/users/{ADMIN}");
    let tag = lab.get(&ada).await.headers["etag"].clone();
    let write = async |title: &str| {
        let request = lab
            .request("POST", &ada)
            .header("authorization", format!("SSWS {}", lab.token()))
            .header("if-match", &tag)
            .json(&json!({"profile": {"title": title}}));
        ServedOrg::receive(request).await
    };
    assert_eq!(write("one").await.status, 200);
    let got = write("two").await;
    assert_eq!((got.status, got.body["errorSummary"].as_str()), (412, Some("ETag value doesn't match.")));
}

#[tokio::test]
async fn lifecycle_steps_and_their_refusals() {
    let lab = ServedOrg::new().await;
    let created = lab.post("/api/v1/users?activate=false", person("life@x.com")).await.body;
    let id = created["id"].as_str().expect("an id").to_owned();
    let step = |name: &str| format!("/api/v1/users/{id}/lifecycle/{name}");
    let user = format!("/api/v1/users/{id}");
    let missing = format!("Not found: Resource not found: {id} (User)");
    let none = || Value::Null;
    let active = "Activation failed because the user is already active";
    lab.answers(&[
        ("POST", &step("reactivate"), none(), 403, "E0000038", STATUS, ""),
        (
            "POST",
            &step("suspend"),
            none(),
            400,
            "E0000001",
            "Api validation failed: status",
            "Cannot suspend a user that is not active",
        ),
        (
            "POST",
            &step("unlock"),
            none(),
            403,
            "E0000032",
            "Unlock is not allowed for this user.",
            "The user is not locked out.",
        ),
        ("POST", &step("activate"), none(), 200, "", "", ""),
        ("POST", &step("activate"), none(), 403, "E0000016", active, ""),
        ("POST", &step("reactivate"), none(), 200, "", "", ""),
        ("POST", &step("reset_password"), none(), 400, "E0000028", "The request is missing a required parameter.", ""),
        ("POST", &step("reset_password?sendEmail=false"), none(), 200, "", "", ""),
        ("POST", &user, json!({"credentials": {"password": {"value": "long enough"}}}), 200, "", "", ""),
        ("POST", &step("deactivate"), none(), 200, "", "", ""),
        ("POST", &step("deactivate"), none(), 403, "E0000038", STATUS, ""),
        ("POST", &step("reset_password?sendEmail=false"), none(), 403, "E0000038", STATUS, ""),
        ("POST", &step("activate?sendEmail=false"), none(), 200, "", "", ""),
        ("DELETE", &user, none(), 204, "", "", ""),
        ("GET", &user, none(), 200, "", "", ""),
        ("DELETE", &user, none(), 204, "", "", ""),
        ("DELETE", &user, none(), 404, "E0000007", &missing, ""),
    ])
    .await;
}

#[tokio::test]
async fn suspension_and_expiry_have_their_statuses() {
    let lab = ServedOrg::new().await;
    let none = || Value::Null;
    let jo = |name: &str| format!("/api/v1/users/{JO}/lifecycle/{name}");
    lab.answers(&[
        (
            "POST",
            &jo("unsuspend"),
            none(),
            400,
            "E0000001",
            "Api validation failed: status",
            "Cannot unsuspend a user that is not suspended",
        ),
        ("POST", &jo("suspend"), none(), 200, "", "", ""),
        ("POST", &jo("activate"), none(), 403, "E0000038", STATUS, ""),
        ("POST", &jo("unsuspend"), none(), 200, "", "", ""),
        ("POST", &jo("reset_factors"), none(), 200, "", "", ""),
        ("POST", &jo("expire_password"), none(), 200, "", "", ""),
    ])
    .await;
    assert_eq!(lab.get(&format!("/api/v1/users/{JO}")).await.body["status"], "PASSWORD_EXPIRED");
}

#[tokio::test]
async fn an_activation_link_comes_when_no_mail_is_sent() {
    let lab = ServedOrg::new().await;
    lab.post("/api/v1/users?activate=false", person("link@x.com")).await;
    let got = lab.post("/api/v1/users/link%40x.com/lifecycle/activate?sendEmail=false", Value::Null).await;
    let token = got.body["activationToken"].as_str().expect("a token").to_owned();
    assert_eq!(got.body["activationUrl"], format!("{}/welcome/{token}", lab.url()));
}

#[tokio::test]
async fn links_follow_the_status() {
    let lab = ServedOrg::new().await;
    let names = async |id: &str| {
        let body = lab.get(&format!("/api/v1/users/{id}")).await.body;
        let mut names: Vec<String> = body["_links"].as_object().expect("links").keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(
        names(JO).await,
        "changePassword changeRecoveryQuestion deactivate expirePassword forgotPassword resetFactors resetPassword schema self suspend type"
    );
    lab.post(&format!("/api/v1/users/{JO}/lifecycle/suspend"), Value::Null).await;
    assert_eq!(names(JO).await, "deactivate resetFactors schema self type unsuspend");
    lab.send("DELETE", &format!("/api/v1/users/{JO}"), Value::Null).await;
    assert_eq!(names(JO).await, "activate delete resetFactors schema self type");
    lab.post("/api/v1/users?activate=false", person("st@x.com")).await;
    assert_eq!(names("st@x.com").await, "activate resetFactors schema self type");
    lab.post("/api/v1/users/st@x.com/lifecycle/activate", Value::Null).await;
    assert_eq!(names("st@x.com").await, "deactivate reactivate resetFactors resetPassword schema self suspend type");
}

#[tokio::test]
async fn parts_are_left_out_when_asked() {
    let lab = ServedOrg::new().await;
    let request = lab
        .request("GET", "/api/v1/users/me")
        .header("authorization", format!("SSWS {}", lab.token()))
        .header("content-type", "application/json; okta-response=omitCredentials,omitCredentialsLinks");
    let body = ServedOrg::receive(request).await.body;
    assert_eq!(body.get("credentials"), None);
    assert_eq!(body["_links"].get("changePassword"), None);
    assert!(body["_links"].get("self").is_some());
}

#[tokio::test]
async fn roles_are_given_once() {
    let lab = ServedOrg::new().await;
    let roles = format!("/api/v1/users/{JO}/roles");
    let got = lab.post(&roles, json!({"type": "APP_ADMIN"})).await;
    assert_eq!((got.status, &got.body["label"]), (201, &json!("Application Administrator")));
    let one = format!("{roles}/{}", got.body["id"].as_str().expect("an id"));
    let gone = format!("Not found: Resource not found: {} (RoleAssignment)", got.body["id"].as_str().expect("an id"));
    lab.answers(&[
        (
            "POST",
            &roles,
            json!({"type": "APP_ADMIN"}),
            409,
            "E0000090",
            "The role specified is already assigned to the user.",
            "",
        ),
        ("GET", &one, Value::Null, 200, "", "", ""),
        ("DELETE", &one, Value::Null, 204, "", "", ""),
        ("DELETE", &one, Value::Null, 404, "E0000007", &gone, ""),
        (
            "POST",
            &roles,
            json!({"type": "KING"}),
            400,
            "E0000001",
            "Api validation failed: type",
            "type: Invalid role type",
        ),
    ])
    .await;
}
