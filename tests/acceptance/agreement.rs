//! The journal of a system that does not run, opened from outside the command.

use std::path::Path;
use std::sync::Arc;

use hikyaku_dispatch::{
    AccessCommand, AccountCommand, Actor, Desk, Guarded, Holder, Keys, Names, PasswordHash, RedbJournal, Role,
};
use jiff::Timestamp;

/// Does something with the desk of a data folder, and closes it.
pub fn at_the_desk<R, F: Future<Output = R>>(data: &Path, act: impl FnOnce(Desk) -> F) -> R {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let journal = Arc::new(RedbJournal::open(data.join("journal.redb")).unwrap());
        let desk = Desk::open(journal, Keys::open(data.join("keys")).unwrap()).await.unwrap();
        act(desk).await
    })
}

/// Two administrators agree to something.
pub fn agreed(data: &Path, what: Guarded) {
    at_the_desk(data, |desk| async move {
        let now = Timestamp::now();
        let mut both = Vec::new();
        for login in ["asks", "approves"] {
            let names = Names { login: login.into(), label: login.into() };
            let password = PasswordHash { salt: [0; 16], memory_kib: 1, passes: 1, hash: [0; 32] };
            desk.command(AccountCommand::Open { names, person: None, password }, now).await.unwrap();
            let account = desk.read(|state| state.accounts().by_login(login).unwrap().id);
            let (holder, role) = (Holder::Account(account), Role::SystemAdministrator);
            desk.command(AccessCommand::Grant { holder, role }, now).await.unwrap();
            both.push(Actor::Account(account));
        }
        desk.command_as(both[0], AccessCommand::Propose { what }, now).await.unwrap();
        let request = desk.read(|state| state.access().requests().last().unwrap().0);
        desk.command_as(both[1], AccessCommand::Agree { request }, now).await.unwrap();
    });
}
