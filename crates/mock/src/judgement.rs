//! What a carrier decides about one recipient at RCPT and about one mail at its final dot.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use crate::book::TakenId;
use crate::content::{Content, Flaw};
use crate::lot::{self, Purpose};
use crate::mailbox::{Mailbox, mailbox, split_path};
use crate::moments::millis;
use crate::post::AcceptedMail;
use crate::replies;
use crate::settings::{LocalParts, Stage};
use crate::visit::Visit;

/// A recipient that the carrier agreed to at RCPT.
#[derive(Debug)]
pub(crate) struct Addressee {
    name: Arc<str>,
    attempts: u64,
    /// Unknown here, but not told before the final dot.
    unknown: bool,
}

/// What is decided about a recipient.
#[derive(Debug)]
pub(crate) enum AtRcpt {
    Agreed(Addressee),
    Refused(Cow<'static, str>),
    /// The connection is reset.
    Reset,
}

/// Decides about the argument of a RCPT that is within all limits.
pub(crate) fn at_rcpt(visit: &Visit, argument: &[u8], now: Instant) -> AtRcpt {
    let carrier = &visit.carrier;
    let manner = visit.manner(now);
    let refused = |text: String| AtRcpt::Refused(text.into());
    let malformed = |reply: &'static str| {
        carrier.write(|book| book.count.malformed += 1);
        AtRcpt::Refused(reply.into())
    };
    let Ok(to) = split_path(argument).and_then(|(path, _)| mailbox(path)) else {
        return malformed(replies::malformed(false));
    };
    if !carrier.serves(to.domain()) {
        carrier.write(|book| book.count.misrouted += 1);
        return refused(replies::misrouted(carrier.wording, &to.name));
    }
    if is_in_wrong_form(&to, manner.local_parts.unwrap_or_default()) {
        return malformed(replies::malformed(to.quoted));
    }
    let unknown = !carrier.directory.knows(&to);
    let name: Arc<str> = to.name.into();
    let history = carrier.write(|book| book.attempt(&name, now));
    if unknown && manner.unknown_at.unwrap_or_default() == Stage::Rcpt {
        carrier.write(|book| book.unknown(&name, now));
        return refused(replies::unknown(carrier.wording, &name, Stage::Rcpt));
    }
    let draw = |purpose| lot::draw(carrier.seed, purpose, &name, history.attempts);
    if lot::falls_on(manner.reset_share, || draw(Purpose::Reset)) {
        carrier.write(|book| book.count.refused_pace += 1);
        return AtRcpt::Reset;
    }
    if lot::falls_on(manner.busy_share, || draw(Purpose::Busy)) {
        carrier.write(|book| book.count.refused_pace += 1);
        return AtRcpt::Refused(replies::busy(carrier.wording).into());
    }
    let waited = now.saturating_duration_since(history.since);
    if waited < millis(manner.greylist_s.unwrap_or(0.0) * 1000.0) {
        carrier.write(|book| book.count.greylisted += 1);
        return AtRcpt::Refused(replies::GREYLISTED.into());
    }
    AtRcpt::Agreed(Addressee { name, attempts: history.attempts, unknown })
}

fn is_in_wrong_form(to: &Mailbox, wanted: LocalParts) -> bool {
    to.legacy
        && match wanted {
            LocalParts::Both => false,
            LocalParts::Raw => to.quoted,
            LocalParts::Quoted => !to.quoted,
        }
}

/// What is decided about a mail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AtDot {
    /// Taken, and the 250 is to go out.
    Taken(Vec<TakenId>),
    /// Taken, but the connection ends before the 250: by a reset or a close.
    Swallowed {
        reset: bool,
    },
    /// Not taken, the connection is reset.
    Cut,
    Refused(Cow<'static, str>),
}

/// Decides about a mail whose final dot has come.
pub(crate) fn at_dot(visit: &Visit, to: &[Addressee], content: &Content, now: Instant) -> AtDot {
    let carrier = &visit.carrier;
    let manner = visit.manner(now);
    if let Some(flaw) = content.flaw {
        carrier.write(|book| book.count.malformed += 1);
        return AtDot::Refused(match flaw {
            Flaw::TooLarge => replies::TOO_LARGE.into(),
            Flaw::LineTooLong => replies::LINE_TOO_LONG.into(),
        });
    }
    for addressee in to {
        let name = &addressee.name;
        if addressee.unknown {
            carrier.write(|book| book.unknown(name, now));
            return AtDot::Refused(replies::unknown(carrier.wording, name, Stage::Dot).into());
        }
        if lot::falls_on(manner.filter_share, || lot::draw(carrier.seed, Purpose::Filter, name, 0)) {
            carrier.write(|book| book.filtered(name, now));
            return AtDot::Refused(replies::filtered(carrier.wording, name).into());
        }
    }
    let Some(first) = to.first() else {
        return AtDot::Refused(replies::NO_RECIPIENTS.into());
    };
    let draw = |purpose| lot::draw(carrier.seed, purpose, &first.name, first.attempts);
    if lot::falls_on(manner.cut_share, || draw(Purpose::Cut)) {
        carrier.write(|book| book.count.cut += 1);
        return AtDot::Cut;
    }
    let swallowed = lot::falls_on(manner.swallow_share, || draw(Purpose::Swallow));
    let message_id = content.message_id();
    let taken: Vec<TakenId> = carrier.write(|book| {
        let ids: Vec<_> = to.iter().map(|addressee| book.took(&addressee.name, &message_id, now)).collect();
        if swallowed {
            ids.iter().for_each(|id| book.lost_reply(*id));
        }
        ids
    });
    for addressee in to {
        carrier.post.send(|| AcceptedMail {
            carrier: carrier.name.clone(),
            rcpt: addressee.name.to_string(),
            message_id: message_id.clone(),
            at: now,
            reply_lost: swallowed,
            content: content.bytes().into(),
        });
    }
    if swallowed {
        let reset = draw(Purpose::Close) < 0.5;
        return AtDot::Swallowed { reset };
    }
    AtDot::Taken(taken)
}
