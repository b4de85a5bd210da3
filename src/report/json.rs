//! An event as one line of JSON: an object whose first field, `event`, names the kind.

use serde_json::{Map, Value};

use crate::run::event::RunEvent;

/// One line, without a newline at its end. Fields that are absent in the event are absent in the line.
pub fn line(event: &RunEvent) -> String {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(event) else {
        unreachable!("an event is a struct with string keys, which is a JSON object");
    };
    let mut line = Map::new();
    if let Some(kind) = fields.shift_remove("event") {
        line.insert("event".into(), kind);
    }
    line.extend(fields);
    Value::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::event::{CallLine, EventKind, RunCounts, RunOutcome};

    fn line_of(kind: EventKind) -> String {
        line(&RunEvent { time: "2026-01-02T03:04:05Z".parse().unwrap(), item: None, step: None, kind, actor: None })
    }

    #[test]
    fn the_kind_comes_first_and_absent_fields_are_left_out() {
        assert_eq!(
            line_of(EventKind::Step { title: "Preflight".into(), number: None }),
            r#"{"event":"step","time":"2026-01-02T03:04:05Z","title":"Preflight"}"#
        );
    }

    #[test]
    fn a_refused_call_is_flat_and_a_line_has_no_newline() {
        let call = CallLine {
            org: "okta".into(),
            operation: "get_user".into(),
            method: "GET".into(),
            path: "/api/v1/users/jo".into(),
            status: Some(404),
            request_id: None,
        };
        assert_eq!(
            line_of(EventKind::Refused { call, message: "a\nb".into() }),
            r#"{"event":"refused","time":"2026-01-02T03:04:05Z","org":"okta","operation":"get_user","method":"GET","path":"/api/v1/users/jo","status":404,"message":"a\nb"}"#
        );
    }

    #[test]
    fn a_line_reads_back_as_the_event() {
        let event = RunEvent {
            time: "2026-01-02T03:04:05Z".parse().unwrap(),
            item: Some("jo".into()),
            step: Some("Move".into()),
            kind: EventKind::Outcome {
                outcome: RunOutcome::Partly,
                run: "r1".into(),
                message: None,
                counts: RunCounts::default(),
                remarks: vec!["AD was not looked at".into()],
            },
            actor: None,
        };
        assert_eq!(serde_json::from_str::<RunEvent>(&line(&event)).unwrap(), event);
    }
}
