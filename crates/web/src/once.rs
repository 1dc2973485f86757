//! What is pressed twice happens once: a wish under the name of the very form that posts it.

use aws_lc_rs::digest::{Context, SHA256};
use hikyaku_dispatch::{Command, Hash, Once};

/// The wish, carried out once for each form: `form` says what was shown, which the wish itself changes.
pub(crate) fn once(form: &str, command: impl Into<Command>) -> Command {
    let key = digest(&[b"form ", form.as_bytes()]);
    // What the form posts is part of its name, so that another wish has another key.
    Command::Once(Once { key, wish: key, command: Box::new(command.into()) })
}

/// SHA-256 of several parts.
pub(crate) fn digest(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = Hash::default();
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
