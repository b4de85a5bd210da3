//! A list as it is read page by page, held to the bounds of a list that ends.

use serde_json::Value;

use super::call::{ApiCall, ListPage};
use super::error::CallError;
use super::replay::refusal;
use crate::okta::{self, PageGuard};

/// How far one list was read.
#[derive(Debug, Default)]
pub struct PageWalk {
    guard: PageGuard,
}

impl PageWalk {
    /// Takes in a page that `call` was answered with.
    ///
    /// # Errors
    /// When the list must not be read on: it does not end, or it is too large to hold. The error names the operation and the page.
    pub fn take(&mut self, call: &ApiCall, page: &ListPage) -> Result<(), CallError> {
        let items = page.body.as_array().map_or(1, Vec::len);
        let taken = self.guard.take(items, size(&page.body), page.next.as_ref());
        taken.map_err(|endless| refusal(call, okta::OktaError::EndlessList(endless)))
    }

    /// The items of the pages so far are no longer held.
    pub fn let_go(&mut self) {
        self.guard.let_go();
    }
}

/// About as many bytes as the value has in JSON.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => items.iter().map(size).sum::<usize>() + 2,
        Value::Object(entries) => {
            let sizes = entries.iter().map(|(key, value)| key.len() + 4 + size(value));
            sizes.sum::<usize>() + 2
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_size_of_a_value_is_about_that_of_its_json() {
        let user = json!({"id": "00u1", "status": "ACTIVE", "profile": {"login": "ada@corp.example", "tags": ["a", "b"], "n": null}});
        let users = json!(vec![user; 100]);
        let (about, exact) = (size(&users), users.to_string().len());
        assert!(about.abs_diff(exact) < exact / 5, "{about} and {exact}");
    }
}
