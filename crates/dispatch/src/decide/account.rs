//! Deciding about accounts of the console.

use jiff::Timestamp;

use crate::access::Actor;
use crate::account::{
    ACCOUNT_NAME_CHARS_MAX, Account, Names, PASSKEY_LABEL_CHARS_MAX, PASSKEYS_MAX, Passkey, PasswordHash, Proof,
};
use crate::command::{AccountCommand, AccountRefusal, Refusal};
use crate::event::{AccountEvent, Event};
use crate::id::{AccountId, PersonId, TokenId};
use crate::rights::roles;
use crate::sealed::Private;
use crate::state::State;
use crate::timeline::whole_micros;
use crate::token::{TOKEN_LABEL_CHARS_MAX, Token};

pub(super) fn decide(
    state: &State,
    actor: Actor,
    command: &AccountCommand,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let found = command.account().map(|id| state.accounts().find(id).ok_or(AccountRefusal::Unknown(id))).transpose()?;
    let Some(account) = found else {
        return match command {
            AccountCommand::Open { names, person, password } => {
                let mut events = open(state, names, *person, password, now)?;
                events.extend(handled(actor, state.accounts().next_id(), now));
                Ok(events)
            }
            _ => Ok(Vec::new()),
        };
    };
    let id = account.id;
    // Whoever makes a token sees it, and can act with it.
    let is_handled = matches!(
        command,
        AccountCommand::ResetPassword { .. } | AccountCommand::ClearFactor { .. } | AccountCommand::MakeToken { .. }
    );
    let event = match command {
        AccountCommand::Open { .. } => None,
        AccountCommand::SetPassword { password, .. } => Some(password_set(id, password, false, now)),
        AccountCommand::ResetPassword { password, .. } => Some(password_set(id, password, true, now)),
        AccountCommand::SetFactor { factor, .. } => {
            Some(AccountEvent::FactorSet { account: id, factor: Private::Open(factor.clone()) })
        }
        AccountCommand::ClearFactor { .. } => {
            account.factor.as_ref().map(|_| AccountEvent::FactorCleared { account: id, at: now })
        }
        AccountCommand::AddPasskey { passkey, .. } => Some(passkey_added(state, account, passkey)?),
        AccountCommand::RemovePasskey { key, .. } => {
            account.passkey(*key).map(|_| AccountEvent::PasskeyRemoved { account: id, key: *key })
        }
        AccountCommand::Enter { source, proof, .. } => Some(enter(account, source, *proof, now)?),
        AccountCommand::Fail { source, .. } => {
            Some(AccountEvent::Failed { account: id, source: source.clone(), at: now })
        }
        AccountCommand::Unlock { .. } => account.door.is_locked(now).then_some(AccountEvent::Unlocked { account: id }),
        AccountCommand::Suspend { suspended, .. } => (account.suspended != *suspended)
            .then_some(AccountEvent::Suspended { account: id, suspended: *suspended, at: now }),
        AccountCommand::Link { person, .. } => Some(linked(state, account, *person)?),
        AccountCommand::EndSessions { .. } => Some(AccountEvent::SessionsEnded { account: id, at: now }),
        AccountCommand::Close { .. } => Some(AccountEvent::Closed { account: id }),
        AccountCommand::MakeToken { label, hash, last_four, scopes, expires, .. } => Some(token_made(Token {
            id: state.accounts().next_token(),
            account: id,
            label: label.clone(),
            hash: *hash,
            last_four: last_four.clone(),
            scopes: scopes.clone(),
            made: now,
            expires: whole_micros(*expires),
        })?),
        AccountCommand::RevokeToken { token, .. } => Some(token_revoked(state, id, *token)?),
    };
    let Some(event) = event else { return Ok(Vec::new()) };
    let mut events = vec![Event::from(event)];
    if is_handled {
        events.extend(handled(actor, id, now));
    }
    // Whoever came in with what was good before, such as who gave the first password, is out.
    if matches!(command, AccountCommand::SetPassword { .. } | AccountCommand::SetFactor { .. }) {
        events.push(AccountEvent::SessionsEnded { account: id, at: now }.into());
    }
    Ok(events)
}

/// That the accounts behind an actor had this one in hand. The machine's own command line is no account: whoever has the machine
/// has the keys.
fn handled(actor: Actor, account: AccountId, now: Timestamp) -> impl Iterator<Item = Event> {
    let hands = actor.accounts().into_iter().filter(move |by| *by != account);
    hands.map(move |by| AccountEvent::Handled { account, by, at: now }.into())
}

fn open(
    state: &State,
    names: &Names,
    person: Option<PersonId>,
    password: &PasswordHash,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if !is_sound(&names.login) || !is_sound(&names.label) {
        return Err(AccountRefusal::BadName.into());
    }
    if state.accounts().by_login(&names.login).is_some() {
        return Err(AccountRefusal::NameTaken.into());
    }
    if let Some(unknown) = person.filter(|person| state.people().find(*person).is_none()) {
        return Err(Refusal::UnknownPerson(unknown));
    }
    let account = state.accounts().next_id();
    let opened = AccountEvent::Opened { account, names: Private::Open(names.clone()), person };
    Ok(vec![opened.into(), password_set(account, password, true, now).into()])
}

/// Only whoever is there and of the half in which the account works: else it would lose its rights at once, or reach over.
fn linked(state: &State, account: &Account, person: PersonId) -> Result<AccountEvent, Refusal> {
    let found = state.people().find(person).ok_or(Refusal::UnknownPerson(person))?;
    if account.person.is_some() {
        return Err(AccountRefusal::LinkedAlready(account.id).into());
    }
    let is_of_its_half = roles(state, account.id).all(|role| role.side() == found.side);
    if !found.is_reachable() || !is_of_its_half {
        return Err(AccountRefusal::BadOwner(account.id).into());
    }
    Ok(AccountEvent::Linked { account: account.id, person })
}

fn token_made(token: Token) -> Result<AccountEvent, AccountRefusal> {
    let chars = token.label.chars().count();
    let is_named = is_line(&token.label) && (1..=TOKEN_LABEL_CHARS_MAX).contains(&chars);
    let is_sound = is_named && !token.scopes.is_empty() && token.last_four.chars().count() == 4;
    if is_sound && Token::may_live(token.made, token.expires) {
        Ok(AccountEvent::TokenMade(token))
    } else {
        Err(AccountRefusal::BadToken)
    }
}

fn passkey_added(state: &State, account: &Account, passkey: &Passkey) -> Result<AccountEvent, AccountRefusal> {
    let chars = passkey.label.chars().count();
    let is_named = is_line(&passkey.label) && (1..=PASSKEY_LABEL_CHARS_MAX).contains(&chars);
    let is_new = state.accounts().by_passkey(passkey.id()).is_none();
    if is_named && is_new && account.passkeys.len() < PASSKEYS_MAX {
        Ok(AccountEvent::PasskeyAdded { account: account.id, passkey: Private::Open(passkey.clone()) })
    } else {
        Err(AccountRefusal::BadPasskey)
    }
}

fn token_revoked(state: &State, account: AccountId, token: TokenId) -> Result<AccountEvent, AccountRefusal> {
    let known = state.accounts().token(token).filter(|it| it.account == account);
    known.map(|_| AccountEvent::TokenRevoked { token }).ok_or(AccountRefusal::UnknownToken(token))
}

/// Decided here once more, because a code that was shown twice at the same moment must open only one session.
fn enter(account: &Account, source: &str, proof: Proof, now: Timestamp) -> Result<AccountEvent, Refusal> {
    if account.suspended {
        return Err(AccountRefusal::Suspended(account.id).into());
    }
    if !account.is_fresh(proof) {
        return Err(AccountRefusal::UsedBefore.into());
    }
    Ok(AccountEvent::Entered { account: account.id, source: source.to_owned(), proof, at: now })
}

fn password_set(account: AccountId, password: &PasswordHash, by_other: bool, now: Timestamp) -> AccountEvent {
    AccountEvent::PasswordSet { account, password: Private::Open(password.clone()), by_other, at: now }
}

/// One line of text that somebody can read.
fn is_sound(name: &str) -> bool {
    let chars = name.chars().count();
    is_line(name) && (1..=ACCOUNT_NAME_CHARS_MAX).contains(&chars)
}

fn is_line(text: &str) -> bool {
    text.trim() == text && !text.contains(char::is_control)
}
