//! Filter and search expressions: `profile.login eq "jo@x.com" and (status eq "ACTIVE" or lastUpdated gt "2026-…")`.
//!
//! Operators are recognised in any case, property names only in theirs; text is compared by case in `filter` and without it in
//! `search` (Okta's documentation page on filters).

use super::http::ApiRefusal;
use super::store::EpochMillis;
use super::wire;

mod parser;

pub(super) use parser::parse;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FilterExpression {
    And(Box<FilterExpression>, Box<FilterExpression>),
    Or(Box<FilterExpression>, Box<FilterExpression>),
    Not(Box<FilterExpression>),
    Test(FilterTest),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct FilterTest {
    pub(super) property: String,
    pub(super) operator: FilterOperator,
    /// Null for `pr`.
    pub(super) literal: FilterLiteral,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FilterOperator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    Sw,
    Ew,
    Co,
    Pr,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum FilterLiteral {
    Text(String),
    Number(f64),
    Bool(bool),
    Null,
}

/// How text is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TextCase {
    Sensitive,
    Insensitive,
}

/// A value of a resource, as an expression sees it.
#[derive(Clone, Copy)]
pub(super) enum FieldValue<'a> {
    Text(&'a str),
    Date(EpochMillis),
    Number(f64),
    Bool(bool),
    Absent,
}

/// What an expression asks a resource.
pub(super) trait FilterFields {
    /// Offers each value of `property` to `found` until it says yes; tells whether it did.
    fn each(&self, property: &str, found: &mut dyn FnMut(FieldValue<'_>) -> bool) -> bool;
}

impl<'a> FieldValue<'a> {
    pub(super) fn of(value: &'a serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(value) => value.as_f64().map_or(Self::Absent, Self::Number),
            _ => Self::Absent,
        }
    }

    pub(super) fn date(at: Option<EpochMillis>) -> Self {
        at.map_or(Self::Absent, Self::Date)
    }
}

impl FilterExpression {
    /// Whether a resource satisfies the expression.
    pub(super) fn matches(&self, case: TextCase, fields: &dyn FilterFields) -> bool {
        match self {
            Self::And(left, right) => left.matches(case, fields) && right.matches(case, fields),
            Self::Or(left, right) => left.matches(case, fields) || right.matches(case, fields),
            Self::Not(inner) => !inner.matches(case, fields),
            Self::Test(test) => test.matches(case, fields),
        }
    }

    /// Refuses with E0000094 what a resource does not support, and with E0000030 a bad date.
    pub(super) fn check(&self, supports: &dyn Fn(&FilterExpression) -> bool) -> Result<(), ApiRefusal> {
        if !supports(self) {
            return Err(unsupported_filter());
        }
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.check(supports)?;
                right.check(supports)
            }
            Self::Not(inner) => inner.check(supports),
            Self::Test(test) => test.check_date(),
        }
    }

    /// The text that `property` must equal for the expression to hold, when one is told: for a look into an index.
    pub(super) fn required(&self, property: &str) -> Option<&str> {
        match self {
            Self::And(left, right) => left.required(property).or_else(|| right.required(property)),
            Self::Test(FilterTest {
                property: named,
                operator: FilterOperator::Eq,
                literal: FilterLiteral::Text(value),
            }) if named == property => Some(value),
            _ => None,
        }
    }
}

/// E0000094.
pub(super) fn unsupported_filter() -> ApiRefusal {
    ApiRefusal::new(400, "E0000094", "The provided filter is unsupported.")
}

/// Properties that hold dates, on every resource.
const DATES: &[&str] = &["created", "activated", "statusChanged", "lastUpdated", "lastMembershipUpdated", "published"];

impl FilterTest {
    fn matches(&self, case: TextCase, fields: &dyn FilterFields) -> bool {
        match self.operator {
            FilterOperator::Pr => {
                fields.each(&self.property, &mut |field| !matches!(field, FieldValue::Absent | FieldValue::Text("")))
            }
            FilterOperator::Ne => {
                !fields.each(&self.property, &mut |field| self.holds(FilterOperator::Eq, case, field))
            }
            operator => fields.each(&self.property, &mut |field| self.holds(operator, case, field)),
        }
    }

    fn holds(&self, operator: FilterOperator, case: TextCase, field: FieldValue<'_>) -> bool {
        match (field, &self.literal) {
            (FieldValue::Text(have), FilterLiteral::Text(want)) => match case {
                TextCase::Sensitive => compare_text(operator, have, want),
                TextCase::Insensitive => compare_text(operator, &have.to_lowercase(), &want.to_lowercase()),
            },
            (FieldValue::Date(have), FilterLiteral::Text(want)) => wire::parse_date(want)
                .is_some_and(|want| compare(operator, &have.div_euclid(1000), &want.div_euclid(1000))),
            (FieldValue::Number(have), FilterLiteral::Number(want)) => compare(operator, &have, want),
            (FieldValue::Bool(have), FilterLiteral::Bool(want)) => compare(operator, &have, want),
            // Profiles may hold a flag or number as text, and admins quote both.
            (FieldValue::Bool(have), FilterLiteral::Text(want)) => {
                compare_text(operator, if have { "true" } else { "false" }, want)
            }
            (FieldValue::Number(have), FilterLiteral::Text(want)) => {
                want.parse().is_ok_and(|want| compare(operator, &have, &want))
            }
            (FieldValue::Absent, FilterLiteral::Null) => operator == FilterOperator::Eq,
            _ => false,
        }
    }

    fn check_date(&self) -> Result<(), ApiRefusal> {
        match &self.literal {
            FilterLiteral::Text(text)
                if DATES.contains(&self.property.as_str()) && wire::parse_date(text).is_none() =>
            {
                Err(ApiRefusal::new(
                    400,
                    "E0000030",
                    "Bad request. Invalid date. Dates must be of the form yyyy-MM-dd'T'HH:mm:ss.SSSZZ, e.g. 2013-01-01T12:00:00.000-07:00.",
                ))
            }
            _ => Ok(()),
        }
    }
}

fn compare_text(operator: FilterOperator, have: &str, want: &str) -> bool {
    match operator {
        FilterOperator::Sw => have.starts_with(want),
        FilterOperator::Ew => have.ends_with(want),
        FilterOperator::Co => have.contains(want),
        operator => compare(operator, have, want),
    }
}

fn compare<T: PartialOrd + ?Sized>(operator: FilterOperator, have: &T, want: &T) -> bool {
    match operator {
        FilterOperator::Eq => have == want,
        FilterOperator::Ne => have != want,
        FilterOperator::Gt => have > want,
        FilterOperator::Ge => have >= want,
        FilterOperator::Lt => have < want,
        FilterOperator::Le => have <= want,
        FilterOperator::Sw | FilterOperator::Ew | FilterOperator::Co | FilterOperator::Pr => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct SampleResource;

    impl FilterFields for SampleResource {
        fn each(&self, property: &str, found: &mut dyn FnMut(FieldValue<'_>) -> bool) -> bool {
            match property {
                "name" => found(FieldValue::Text("Jo Smith")),
                "target.id" => found(FieldValue::Text("a")) || found(FieldValue::Text("b")),
                "created" => found(FieldValue::Date(1_770_030_932_742)),
                "age" => found(FieldValue::Number(7.0)),
                _ => found(FieldValue::Absent),
            }
        }
    }

    #[test]
    fn expressions_are_evaluated() {
        for (text, case, expected) in [
            (r#"name eq "Jo Smith""#, TextCase::Sensitive, true),
            (r#"name EQ "jo smith""#, TextCase::Sensitive, false),
            (r#"name eq "jo smith""#, TextCase::Insensitive, true),
            (r#"name sw "Jo" and name ew "ith""#, TextCase::Sensitive, true),
            (r#"Name sw "Jo""#, TextCase::Sensitive, false),
            (r#"name co "Smi" and not (age eq 7)"#, TextCase::Sensitive, false),
            (r#"target.id eq "b" and target.id eq "a""#, TextCase::Sensitive, true),
            (r#"target.id ne "b""#, TextCase::Sensitive, false),
            ("age pr and nothing pr", TextCase::Sensitive, false),
            (r#"created eq "2026-02-02T11:15:32.000Z""#, TextCase::Sensitive, true),
            (r#"created gt "2026-02-02T11:15:31.000Z" or name eq "x""#, TextCase::Sensitive, true),
            (r#"name eq "x" or age ge 7 and age lt 8"#, TextCase::Sensitive, true),
        ] {
            let expr = parse(text).expect(text);
            assert_eq!(expr.matches(case, &SampleResource), expected, "{text}");
        }
    }

    #[test]
    fn wrong_expressions_are_refused() {
        for text in [
            "",
            "name",
            "name eq",
            r#"name is "x""#,
            r#"name eq "x"#,
            r#"(name eq "x""#,
            r#"name eq "x" or"#,
            r#"name eq "x" name eq "y""#,
            "eq eq eq",
        ] {
            assert_eq!(parse(text).expect_err(text).code, "E0000031", "{text}");
        }
    }

    #[test]
    fn an_equality_of_a_conjunction_is_found() {
        let expr = parse(r#"status eq "ACTIVE" and profile.login eq "jo""#).expect("parses");
        assert_eq!(expr.required("profile.login"), Some("jo"));
        let expr = parse(r#"status eq "ACTIVE" or profile.login eq "jo""#).expect("parses");
        assert_eq!(expr.required("profile.login"), None);
    }
}
