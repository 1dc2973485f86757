//! The system behind the other channels (SMS, telephone): lists are posted to it, signed, until it takes them or it is too late.

use hikyaku_dispatch::{Desk, DispatchCommand, DispatchId, Relay, webhook};
use hikyaku_feeds::edge::Client;
use jiff::{SignedDuration, Timestamp};

/// Where lists are posted to.
pub struct Channel {
    client: Client,
    url: String,
}

impl Channel {
    /// A system at an address that this client reaches.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Hands the lists over that are due at `now`; `within` is how long the other channel has to report back.
    pub async fn hand_over(&self, desk: &Desk, relay: &mut Relay, within: SignedDuration, now: Timestamp) {
        for (dispatch, answer_by) in desk.read(|state| relay.due(state, within, now)) {
            if let Err(problem) = self.post(desk, dispatch, answer_by, now).await {
                tracing::warn!(%dispatch, %problem, "the list for other channels was not taken; it is tried again");
                relay.failed(dispatch, now);
            }
        }
    }

    async fn post(
        &self,
        desk: &Desk,
        dispatch: DispatchId,
        answer_by: Timestamp,
        now: Timestamp,
    ) -> Result<(), String> {
        let list = desk.read(|state| match state.dispatch(dispatch) {
            Some(it) => webhook(state, desk.keys(), it, answer_by),
            None => Ok(None),
        });
        let Some(list) = list.map_err(|e| e.to_string())? else { return Ok(()) };
        let signature = format!("ed25519={}", list.signature);
        let status = self.client.post(&self.url, &[("hikyaku-signature", &signature)], list.body).await;
        match status.map_err(|e| e.to_string())? {
            200..=299 => {
                let taken = DispatchCommand::NoteListTaken { dispatch };
                desk.command(taken, now).await.map(drop).map_err(|e| e.to_string())
            }
            other => Err(format!("{} answered {other}", self.url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    use hikyaku_dispatch::{
        DispatchDraft, FollowUp, Keys, MemoryJournal, Mode, PeopleCommand, RosterImport, read_roster,
    };
    use hikyaku_feeds::edge::ClientSettings;

    use super::super::receiver::receiver;
    use super::*;

    const D1: DispatchId = DispatchId(1);

    fn at(time: &str) -> Timestamp {
        format!("2026-11-21T{time}+09:00").parse().unwrap()
    }

    /// Two people who were asked at noon and are on the list of ten minutes past.
    async fn listed() -> Desk {
        let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
        let csv = "id,name,group,region,email\nA-7,甲山,本省,13,kou@example.jp\nA-8,乙川,本省,13,\n";
        let rows = read_roster(csv.as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), at("09:00:00")).await.unwrap();
        let follow_up = FollowUp { unreached_minutes: 10, ..FollowUp::default() };
        let draft = DispatchDraft { follow_up, ..DispatchDraft::safety("安否", Mode::Real, "安否確認") };
        desk.command(DispatchCommand::Open { draft: Box::new(draft) }, at("12:00:00")).await.unwrap();
        desk.command(DispatchCommand::FollowUp { dispatch: D1 }, at("12:10:00")).await.unwrap();
        desk
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn req_a20_a_list_is_posted_signed_again_after_a_refusal_and_no_more_once_it_is_taken() {
        let desk = listed().await;
        let (url, posts) = receiver(&[503, 202]);
        let channel = Channel::new(Client::new(ClientSettings::default()).unwrap(), url);
        let (mut relay, hour) = (Relay::default(), SignedDuration::from_hours(1));
        channel.hand_over(&desk, &mut relay, hour, at("12:10:00")).await;
        let (signature, body) = posts.recv().unwrap();
        let signature = signature.strip_prefix("ed25519=").unwrap();
        let bytes: Vec<u8> =
            (0..signature.len()).step_by(2).map(|it| u8::from_str_radix(&signature[it..it + 2], 16).unwrap()).collect();
        let key = UnparsedPublicKey::new(&ED25519, desk.keys().public_key().unwrap().0);
        let signed = [b"hikyaku unreached list 1\n", body.as_bytes()].concat();
        key.verify(&signed, &bytes).unwrap();
        assert!(
            body.contains("A-7") && body.contains("A-8") && !body.contains("甲山") && !body.contains("kou"),
            "{body}"
        );
        assert!(body.contains(&at("13:10:00").to_string()), "until when to report back: {body}");
        assert_eq!(desk.read(|state| state.dispatch(D1).unwrap().list_taken()), None, "503 is no taking");
        // Too early for another try; then it is taken, and that was all.
        channel.hand_over(&desk, &mut relay, hour, at("12:10:05")).await;
        assert!(posts.try_recv().is_err());
        channel.hand_over(&desk, &mut relay, hour, at("12:10:10")).await;
        assert_eq!(posts.recv().unwrap().1, body);
        assert_eq!(desk.read(|state| state.dispatch(D1).unwrap().list_taken()), Some(at("12:10:10")));
        channel.hand_over(&desk, &mut Relay::default(), hour, at("12:20:00")).await;
        assert!(posts.try_recv().is_err());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_tls_nothing_is_posted_beyond_this_machine() {
        let desk = listed().await;
        let client = Client::new(ClientSettings::default()).unwrap();
        let channel = Channel::new(client, "http://192.0.2.1:9/lists".into());
        let refused = channel.post(&desk, D1, at("13:00:00"), at("12:11:00")).await.unwrap_err();
        assert!(refused.contains("192.0.2.1"), "{refused}");
        assert_eq!(desk.read(|state| state.dispatch(D1).unwrap().list_taken()), None);
    }
}
