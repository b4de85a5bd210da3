//! What a person gives, as it comes from mails, chats and spreadsheets.

use serde_json::json;

use crate::pair::Pair;
use crate::stage::{ADA, BEN, Stage};

#[test]
fn users_pasted_with_what_nobody_sees_are_moved() {
    let stage = Stage::contractors(&json!({}));
    let text = format!("\u{feff}login,Name\r\n\u{200b}{ADA},x\r\n,\r\n{BEN}\u{200e},y\r\n,,,\r\n");
    stage.write("users.csv", &text);
    let ran = stage.move_users(&["users=@users.csv"]);
    ran.exits(0).says(&["users.csv: nothing reads the columns `Name`"]);
    stage.assert_moved(ADA, &ran);
    stage.assert_moved(BEN, &ran);
    let named = format!("login\nada\u{200b}.novak@corp.example\n{BEN}\n");
    stage.write("users.csv", &named);
    stage.forget_calls();
    stage.move_users(&["users=@users.csv"]).exits(2).says(&["users.csv:2: ", "U+200B (zero width space)"]);
    assert_eq!(stage.calls(|_| true), 0, "nothing was sent");
}

#[test]
fn a_column_named_like_a_parameter_is_refused_before_anything_is_sent() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    pair.0.write("users.csv", "login,Initial Status\nchloe.dubois@spoke.example,pending_with_pass\n");
    pair.stops(
        |pair| pair.assign("@users.csv", &[]),
        2,
        &["users.csv has a column `Initial Status`", "--param initial_status=…"],
    );
}

#[test]
fn quotes_around_a_token_or_a_url_are_refused_before_anything_is_sent() {
    let stage = Stage::contractors(&json!({}));
    stage.forget_calls();
    let (url, token) = (stage.url().to_owned(), stage.token().to_owned());
    for (url, token) in [
        (url.clone(), format!("\"{token}\"")),
        (url.clone(), format!("'{token}'")),
        (format!("\"{url}\""), token.clone()),
        (format!("“{url}”"), token),
    ] {
        let mut command = stage.command();
        command.env("OKTA_CLIENT_ORGURL", url).env("OKTA_CLIENT_TOKEN", &token);
        let ran = crate::stage::Ran::command(command.args(["eval", "okta.get_user(\"me\").id"]));
        ran.exits(2).says(&["quote"]);
        assert!(!ran.said().contains(stage.token()), "{ran}");
    }
    assert_eq!(stage.calls(|_| true), 0);
}
