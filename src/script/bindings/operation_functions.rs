//! The functions by which scripts call the API: one for each operation, and `find_…` beside each `get_…`.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::okta::{ApiOperation, operations};

/// A function of an org handle that calls an operation.
#[derive(Clone, Debug)]
pub struct OperationFunction {
    /// As scripts write it, such as `get_user`, or `find_user`.
    pub name: String,
    pub operation: &'static ApiOperation,
    pub absent: AbsentAnswer,
}

/// What a function gives where the org answers that there is no such thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbsentAnswer {
    /// A 404 is an error.
    Error,
    /// `()`.
    Unit,
}

impl OperationFunction {
    /// As a person calls it on the org `handle`.
    pub fn signature(&self, handle: &str) -> String {
        self.operation.signature(handle).replacen(self.operation.name, &self.name, 1)
    }
}

/// All of them: the operations in the order of the table, each with its `find_…`.
pub fn operation_functions() -> &'static [OperationFunction] {
    static FUNCTIONS: OnceLock<Vec<OperationFunction>> = OnceLock::new();
    FUNCTIONS.get_or_init(|| operations::all().iter().flat_map(functions_of).collect())
}

fn functions_of(operation: &'static ApiOperation) -> impl Iterator<Item = OperationFunction> {
    let own = OperationFunction { name: operation.name.to_owned(), operation, absent: AbsentAnswer::Error };
    let thing = operation.name.strip_prefix("get_").filter(|_| !operation.is_write());
    let finder =
        thing.map(|thing| OperationFunction { name: format!("find_{thing}"), operation, absent: AbsentAnswer::Unit });
    std::iter::once(own).chain(finder)
}

/// The function of that name.
pub fn operation_function(name: &str) -> Option<&'static OperationFunction> {
    static BY_NAME: OnceLock<HashMap<&str, &OperationFunction>> = OnceLock::new();
    let by_name = || operation_functions().iter().map(|function| (function.name.as_str(), function)).collect();
    BY_NAME.get_or_init(by_name).get(name).copied()
}

/// The operation that a function of that name calls.
pub fn operation_of(name: &str) -> Option<&'static ApiOperation> {
    operation_function(name).map(|function| function.operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gotten_can_be_found() {
        let found = operation_function("find_user").expect("find_user");
        assert_eq!((found.operation.name, found.absent), ("get_user", AbsentAnswer::Unit));
        assert!(found.signature("okta").starts_with("okta.find_user("));
        assert_eq!(operation_of("get_user").map(|operation| operation.name), Some("get_user"));
        assert!(operation_of("find_nothing").is_none() && operation_of("find_users").is_none());
    }

    #[test]
    fn no_function_has_the_name_of_another() {
        let all = operation_functions();
        let names: std::collections::HashSet<&str> = all.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.len() > operations::all().len() + 100);
    }
}
