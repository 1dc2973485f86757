//! What is asked besides the safety question, in several tests.

use hikyaku_dispatch::{Choice, ChoiceId, Form, Further, Question};

/// The safety question with two more: who is with one, and of whoever needs help, where.
pub fn with_further() -> Question {
    let further = |id, prompt: &str, form, only_if| Further {
        id,
        prompt_ja: prompt.into(),
        prompt_easy_ja: prompt.into(),
        prompt_en: prompt.into(),
        form,
        only_if,
    };
    let choice = |id, label: &str| Choice {
        id: ChoiceId(id),
        label_ja: label.into(),
        label_easy_ja: label.into(),
        label_en: label.into(),
    };
    let family = Form::Several(vec![choice(1, "家族は無事"), choice(2, "家族と連絡がとれない")]);
    let further = vec![further(1, "家族", family, vec![]), further(2, "現在地", Form::Place, vec![ChoiceId(4)])];
    Question { further, ..Question::safety() }
}
