//! What people wrote, read from the journal for a page; where it cannot be read, the page says so in its place.

use hikyaku_dispatch::{Answer, Desk, IncidentId, PersonId, Spoken, Words};

/// In place of what cannot be read just now.
const UNREADABLE: &str = "（いま読み出せません。このページをもう一度開いてください）";

/// What was written in these answers, in their order.
pub(crate) async fn words(desk: &Desk, answers: &[Answer]) -> Vec<Words> {
    match desk.words(answers).await {
        Ok(words) => words,
        Err(error) => {
            tracing::error!(%error, "what people wrote cannot be read");
            let of = |answer: &Answer| {
                let comment = if answer.has_words() { UNREADABLE } else { "" }.to_owned();
                Words { comment, ..Words::default() }
            };
            answers.iter().map(of).collect()
        }
    }
}

/// What was said about somebody's answer in an incident, the latest last. Without it, what matters more is still shown.
pub(crate) async fn said(desk: &Desk, incident: IncidentId, person: PersonId) -> Vec<Spoken> {
    desk.thread(incident, person).await.unwrap_or_else(|error| {
        tracing::error!(%error, "what was said about an answer cannot be read");
        Vec::new()
    })
}
