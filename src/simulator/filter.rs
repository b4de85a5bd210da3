//! Filter and search expressions: `profile.login eq "jo@x.com" and (status eq "ACTIVE" or lastUpdated gt "2026-…")`.
//!
//! Operators are recognised in any case, property names only in theirs; text is compared by case in `filter` and without it in
//! `search` (Okta's documentation page on filters).

use super::http::Refusal;
use super::store::Millis;
use super::wire;

mod parser;

pub(super) use parser::parse;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Test(Test),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Test {
    pub(super) property: String,
    pub(super) operator: Operator,
    /// Null for `pr`.
    pub(super) literal: Literal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
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
pub(super) enum Literal {
    Text(String),
    Number(f64),
    Bool(bool),
    Null,
}

/// How text is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Sensitive,
    Insensitive,
}

/// A value of a resource, as an expression sees it.
#[derive(Clone, Copy)]
pub(super) enum Field<'a> {
    Text(&'a str),
    Date(Millis),
    Number(f64),
    Bool(bool),
    Absent,
}

/// What an expression asks a resource.
pub(super) trait Fields {
    /// Offers each value of `property` to `found` until it says yes; tells whether it did.
    fn each(&self, property: &str, found: &mut dyn FnMut(Field<'_>) -> bool) -> bool;
}

impl<'a> Field<'a> {
    pub(super) fn of(value: &'a serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(value) => value.as_f64().map_or(Self::Absent, Self::Number),
            _ => Self::Absent,
        }
    }

    pub(super) fn date(at: Option<Millis>) -> Self {
        at.map_or(Self::Absent, Self::Date)
    }
}

impl Expr {
    /// Whether a resource satisfies the expression.
    pub(super) fn matches(&self, case: Case, fields: &dyn Fields) -> bool {
        match self {
            Self::And(left, right) => left.matches(case, fields) && right.matches(case, fields),
            Self::Or(left, right) => left.matches(case, fields) || right.matches(case, fields),
            Self::Not(inner) => !inner.matches(case, fields),
            Self::Test(test) => test.matches(case, fields),
        }
    }

    /// Refuses with E0000094 what a resource does not support, and with E0000030 a bad date.
    pub(super) fn check(&self, supports: &dyn Fn(&Expr) -> bool) -> Result<(), Refusal> {
        if !supports(self) {
            return Err(unsupported());
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
            Self::Test(Test { property: named, operator: Operator::Eq, literal: Literal::Text(value) })
                if named == property =>
            {
                Some(value)
            }
            _ => None,
        }
    }
}

/// E0000094.
pub(super) fn unsupported() -> Refusal {
    Refusal::new(400, "E0000094", "The provided filter is unsupported.")
}

/// Properties that hold dates, on every resource.
const DATES: &[&str] = &["created", "activated", "statusChanged", "lastUpdated", "lastMembershipUpdated", "published"];

impl Test {
    fn matches(&self, case: Case, fields: &dyn Fields) -> bool {
        match self.operator {
            Operator::Pr => fields.each(&self.property, &mut |field| !matches!(field, Field::Absent | Field::Text(""))),
            Operator::Ne => !fields.each(&self.property, &mut |field| self.holds(Operator::Eq, case, field)),
            operator => fields.each(&self.property, &mut |field| self.holds(operator, case, field)),
        }
    }

    fn holds(&self, operator: Operator, case: Case, field: Field<'_>) -> bool {
        match (field, &self.literal) {
            (Field::Text(have), Literal::Text(want)) => match case {
                Case::Sensitive => compare_text(operator, have, want),
                Case::Insensitive => compare_text(operator, &have.to_lowercase(), &want.to_lowercase()),
            },
            (Field::Date(have), Literal::Text(want)) => wire::parse_date(want)
                .is_some_and(|want| compare(operator, &have.div_euclid(1000), &want.div_euclid(1000))),
            (Field::Number(have), Literal::Number(want)) => compare(operator, &have, want),
            (Field::Bool(have), Literal::Bool(want)) => compare(operator, &have, want),
            // Profiles may hold a flag or number as text, and admins quote both.
            (Field::Bool(have), Literal::Text(want)) => {
                compare_text(operator, if have { "true" } else { "false" }, want)
            }
            (Field::Number(have), Literal::Text(want)) => {
                want.parse().is_ok_and(|want| compare(operator, &have, &want))
            }
            (Field::Absent, Literal::Null) => operator == Operator::Eq,
            _ => false,
        }
    }

    fn check_date(&self) -> Result<(), Refusal> {
        match &self.literal {
            Literal::Text(text) if DATES.contains(&self.property.as_str()) && wire::parse_date(text).is_none() => {
                Err(Refusal::new(
                    400,
                    "E0000030",
                    "Bad request. Invalid date. Dates must be of the form yyyy-MM-dd'T'HH:mm:ss.SSSZZ, e.g. 2013-01-01T12:00:00.000-07:00.",
                ))
            }
            _ => Ok(()),
        }
    }
}

fn compare_text(operator: Operator, have: &str, want: &str) -> bool {
    match operator {
        Operator::Sw => have.starts_with(want),
        Operator::Ew => have.ends_with(want),
        Operator::Co => have.contains(want),
        operator => compare(operator, have, want),
    }
}

fn compare<T: PartialOrd + ?Sized>(operator: Operator, have: &T, want: &T) -> bool {
    match operator {
        Operator::Eq => have == want,
        Operator::Ne => have != want,
        Operator::Gt => have > want,
        Operator::Ge => have >= want,
        Operator::Lt => have < want,
        Operator::Le => have <= want,
        Operator::Sw | Operator::Ew | Operator::Co | Operator::Pr => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sample;

    impl Fields for Sample {
        fn each(&self, property: &str, found: &mut dyn FnMut(Field<'_>) -> bool) -> bool {
            match property {
                "name" => found(Field::Text("Jo Smith")),
                "target.id" => found(Field::Text("a")) || found(Field::Text("b")),
                "created" => found(Field::Date(1_770_030_932_742)),
                "age" => found(Field::Number(7.0)),
                _ => found(Field::Absent),
            }
        }
    }

    #[test]
    fn expressions_are_evaluated() {
        for (text, case, expected) in [
            (r#"name eq "Jo Smith""#, Case::Sensitive, true),
            (r#"name EQ "jo smith""#, Case::Sensitive, false),
            (r#"name eq "jo smith""#, Case::Insensitive, true),
            (r#"name sw "Jo" and name ew "ith""#, Case::Sensitive, true),
            (r#"Name sw "Jo""#, Case::Sensitive, false),
            (r#"name co "Smi" and not (age eq 7)"#, Case::Sensitive, false),
            (r#"target.id eq "b" and target.id eq "a""#, Case::Sensitive, true),
            (r#"target.id ne "b""#, Case::Sensitive, false),
            ("age pr and nothing pr", Case::Sensitive, false),
            (r#"created eq "2026-02-02T11:15:32.000Z""#, Case::Sensitive, true),
            (r#"created gt "2026-02-02T11:15:31.000Z" or name eq "x""#, Case::Sensitive, true),
            (r#"name eq "x" or age ge 7 and age lt 8"#, Case::Sensitive, true),
        ] {
            let expr = parse(text).expect(text);
            assert_eq!(expr.matches(case, &Sample), expected, "{text}");
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
