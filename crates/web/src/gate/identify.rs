//! Who somebody is by log-in name, password and code: for the machine's own command line, where nobody can be locked out.

use hikyaku_dispatch::{AccountId, Accounts, Proof};
use jiff::Timestamp;

use super::{factor, password};

/// The account that name, password and one-time or recovery code prove, and what of it is used up with that; `None` if anything
/// is wrong or the account has no second factor yet. Takes some 30 ms of one core.
#[must_use]
pub fn identify(
    accounts: &Accounts,
    login: &str,
    password: &str,
    code: &str,
    now: Timestamp,
) -> Option<(AccountId, Proof)> {
    let account = accounts.by_login(login).filter(|account| !account.suspended && !account.must_change)?;
    let proof = factor::prove(account.factor.as_ref()?, code, now).filter(|proof| account.is_fresh(*proof))?;
    password::fits(password, account.password.as_ref()?).then_some((account.id, proof))
}
