//! Mails to the owner of an account whose password or second factor somebody else has reset: whoever did it without being asked
//! is found out (requirement S10).

use hikyaku_core::Batch;
use hikyaku_core::errors::BatchError;
use jiff::{SignedDuration, Timestamp};

use crate::bridge::{Letter, Sender, batch_of_letter};
use crate::id::AccountId;
use crate::incident::japan_time;
use crate::keys::Keys;
use crate::state::State;

/// Nothing is said of what was reset longer ago.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

const SUBJECT: &str = "【重要】管理画面のパスワードまたは二要素認証が再設定されました";

/// The accounts of people that somebody else has reset lately, each with the moment.
#[must_use]
pub fn resets(state: &State, now: Timestamp) -> Vec<(AccountId, Timestamp)> {
    let of_people = state.accounts().iter().filter(|account| account.person.is_some());
    let reset = of_people.filter_map(|account| Some((account.id, account.reset?)));
    reset.filter(|(_, at)| now.duration_since(*at) < RECENT).collect()
}

/// The mails about one of [`resets`], one to each address of the owner, the same whenever they are made again.
///
/// # Errors
/// [`BatchError`] if an address is none.
pub fn reset_letters(
    state: &State,
    keys: &Keys,
    (account, at): (AccountId, Timestamp),
    sender: &Sender,
) -> Result<Vec<Batch>, BatchError> {
    let owner = state.accounts().find(account).and_then(|account| state.people().find(account.person?));
    let Some(owner) = owner else { return Ok(Vec::new()) };
    let text = format!(
        "{{name}} さん\n\n\
         {}、管理画面のあなたのアカウントのパスワードまたは二要素認証を、ほかの管理者が再設定しました。\n\
         頼んだ覚えがなければ、直ちに別のシステム管理者に電話などで知らせてください。アカウントを停止できます。\n",
        japan_time(at)
    );
    let letter = |address: &str| {
        let (person, name) = (owner.id, owner.name());
        batch_of_letter(
            &Letter { person, address, subject: SUBJECT, text: &text, name, link: "", written: at },
            keys,
            sender,
        )
    };
    owner.addresses().iter().map(|address| letter(&address.address)).collect()
}
