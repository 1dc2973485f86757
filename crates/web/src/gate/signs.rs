//! Signs that somebody tries what is not allowed, or that more comes than can be served (requirement S17): counted, and told of
//! when there are many in a short time.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// Signs are counted by the half minute …
const SLOT_S: i64 = 30;
/// … and the present one together with five minutes before it, so that many around a full minute are as many as elsewhere, and
/// whoever looks every few seconds sees them.
const SLOTS: i64 = 11;

/// Something worth counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// A log-in was refused.
    FailedLogIn,
    /// A link that we did not make was opened.
    ForgedLink,
    /// The API was called without a good token.
    ForgedToken,
    /// Somebody known asked for what the rights do not cover.
    RefusedAccess,
    /// An account read the data of very many people in a minute.
    BulkRead,
    /// Somebody was asked to come back.
    Overload,
}

impl Sign {
    /// All of them.
    pub const ALL: [Sign; 6] =
        [Sign::FailedLogIn, Sign::ForgedLink, Sign::ForgedToken, Sign::RefusedAccess, Sign::BulkRead, Sign::Overload];

    /// Its name in metrics and in the key of an alarm.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Sign::FailedLogIn => "failed_log_in",
            Sign::ForgedLink => "forged_link",
            Sign::ForgedToken => "forged_token",
            Sign::RefusedAccess => "refused_access",
            Sign::BulkRead => "bulk_read",
            Sign::Overload => "overload",
        }
    }

    /// What it is, and what to do about it.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Sign::FailedLogIn => (
                "ログインの失敗が続いています",
                "管理画面のアカウントの一覧で制限中のものを確かめ、心当たりのない接続元は [console] allow で断ってください。",
            ),
            Sign::ForgedLink => (
                "偽の回答リンクが続けて開かれています",
                "回答リンクは推測できません。前段の装置の記録で接続元を確かめ、続くようなら断ってください。",
            ),
            Sign::ForgedToken => (
                "無効なトークンで API が呼ばれています",
                "期限を過ぎたトークンを使い続けているプログラムがないか、hikyaku access token list で確かめてください。",
            ),
            Sign::RefusedAccess => (
                "権限の外の操作が続いています",
                "監査記録で誰の操作かを確かめ、必要な役割がないだけなら付与し、心当たりがなければ停止してください。",
            ),
            Sign::BulkRead => (
                "一つのアカウントが短い時間に多くの人の情報を読んでいます",
                "監査記録で誰の操作かを確かめ、心当たりがなければアカウントかトークンを止めてください。",
            ),
            Sign::Overload => (
                "アクセスが処理の上限を超え、一部に再試行を求めています",
                "回答の受付を優先しています。続くようなら、攻撃でないか前段の装置の記録を確かめてください。",
            ),
        }
    }

    /// So many within five minutes are worth an alarm.
    const fn many(self) -> u32 {
        match self {
            // A ministry mistypes; whoever guesses does so more often.
            Sign::FailedLogIn | Sign::RefusedAccess => 30,
            Sign::ForgedLink => 50,
            Sign::ForgedToken => 20,
            Sign::BulkRead => 1,
            Sign::Overload => 100,
        }
    }
}

/// Many signs of one kind in a short time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// Of which kind.
    pub sign: Sign,
    /// How many so far.
    pub count: u32,
    /// Since when they are counted.
    pub since: Timestamp,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    total: u64,
    /// The half minute that was counted last, by its number since 1970.
    newest: i64,
    /// By that number's remainder.
    slots: [u32; SLOTS as usize],
}

impl Count {
    /// Forgets what is older than five minutes at `slot`. Where the clock was put back a little, the newest half minute counts on.
    fn move_to(&mut self, slot: i64) {
        if slot < self.newest - SLOTS {
            (self.slots, self.newest) = (<[u32; SLOTS as usize]>::default(), slot);
        }
        let passed = slot.saturating_sub(self.newest).clamp(0, SLOTS);
        for offset in 1..=passed {
            self.slots[place(self.newest + offset)] = 0;
        }
        self.newest = self.newest.max(slot);
    }

    fn within(&self) -> u32 {
        self.slots.iter().fold(0, |sum, &slot| sum.saturating_add(slot))
    }

    /// Since when those that are left are counted, in seconds since 1970.
    fn since(&self) -> i64 {
        let oldest = self.newest - SLOTS + 1;
        let first = (oldest..=self.newest).find(|&slot| self.slots[place(slot)] > 0);
        first.unwrap_or(self.newest) * SLOT_S
    }
}

fn place(slot: i64) -> usize {
    usize::try_from(slot.rem_euclid(SLOTS)).unwrap_or_default()
}

/// The counts of all signs.
#[derive(Debug, Default)]
pub(crate) struct Signs(Mutex<[Count; Sign::ALL.len()]>);

impl Signs {
    /// Counts one.
    pub(crate) fn note(&self, sign: Sign, now: Timestamp) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = &mut counts[sign as usize];
        count.move_to(now.as_second().div_euclid(SLOT_S));
        count.total += 1;
        let slot = &mut count.slots[place(count.newest)];
        *slot = slot.saturating_add(1);
    }

    /// What there are many of in the five minutes before `now`.
    pub(crate) fn bursts(&self, now: Timestamp) -> Vec<Burst> {
        let mut counts = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter_mut().for_each(|count| count.move_to(now.as_second().div_euclid(SLOT_S)));
        let is_many = |(sign, count): &(Sign, Count)| count.within() >= sign.many();
        let burst = |(sign, count): (Sign, Count)| {
            let since = Timestamp::from_second(count.since()).unwrap_or_default();
            Burst { sign, count: count.within(), since }
        };
        Sign::ALL.into_iter().zip(counts).filter(is_many).map(burst).collect()
    }

    /// How many of each there were since the start.
    pub(crate) fn totals(&self) -> Vec<(Sign, u64)> {
        let counts = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Sign::ALL.into_iter().zip(counts).map(|(sign, count)| (sign, count.total)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn req_s17_many_in_five_minutes_are_a_burst_and_the_same_over_an_hour_are_none() {
        let signs = Signs::default();
        for second in 0..29 {
            signs.note(Sign::FailedLogIn, at(second));
        }
        assert_eq!(signs.bursts(at(30)), []);
        signs.note(Sign::FailedLogIn, at(31));
        assert_eq!(signs.bursts(at(32)), [Burst { sign: Sign::FailedLogIn, count: 30, since: at(0) }]);
        assert_eq!(signs.bursts(at(330)), [], "five minutes later it is over");
        for hour in 1..=30 {
            signs.note(Sign::FailedLogIn, at(hour * 600));
        }
        assert_eq!(signs.bursts(at(18_001)), []);
        assert_eq!(signs.totals()[0], (Sign::FailedLogIn, 60));
    }

    #[test]
    fn req_s17_many_at_the_end_of_five_minutes_by_the_clock_are_seen_afterwards_too() {
        let signs = Signs::default();
        (0..15).for_each(|_| signs.note(Sign::FailedLogIn, at(3_599)));
        (0..15).for_each(|_| signs.note(Sign::FailedLogIn, at(3_600)));
        assert_eq!(signs.bursts(at(3_604)), [Burst { sign: Sign::FailedLogIn, count: 30, since: at(3_570) }]);
        assert_eq!(signs.bursts(at(3_602)).len(), 1, "a clock that is put back forgets nothing");
        assert_eq!(signs.bursts(at(3_900)), []);
    }

    #[test]
    fn signs_of_one_kind_do_not_add_up_with_those_of_another() {
        let signs = Signs::default();
        (0..29).for_each(|_| signs.note(Sign::RefusedAccess, at(0)));
        (0..29).for_each(|_| signs.note(Sign::FailedLogIn, at(0)));
        assert_eq!(signs.bursts(at(1)), []);
        signs.note(Sign::BulkRead, at(1));
        assert_eq!(signs.bursts(at(1)).len(), 1);
    }
}
