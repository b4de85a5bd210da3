//! Accounts in other orgs that an undo leaves.

use std::collections::BTreeMap;

use super::super::execution::Run;
use super::AwaitedAccount;

impl Run {
    /// Says which accounts an undo has left in other orgs: how many, in which state, and whose.
    pub(in crate::run) fn remark_accounts(&self, accounts: &[AwaitedAccount]) {
        const NAMED: usize = 10;
        let mut by_place: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for account in accounts {
            let place = (account.org.as_str(), account.status.as_str());
            by_place.entry(place).or_default().push(&account.login);
        }
        for ((org, status), logins) in by_place {
            let named = logins.iter().take(NAMED).copied().collect::<Vec<_>>();
            let more = match logins.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let accounts = match logins.len() {
                1 => "1 account that was provisioned stays".to_owned(),
                many => format!("{many} accounts that were provisioned stay"),
            };
            self.remark(&format!(
                "{accounts} {status} in {org}, since \"Deactivate Users\" is off: {}{more}",
                named.join(", ")
            ));
        }
    }
}
