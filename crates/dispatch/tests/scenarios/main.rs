//! Days of a ministry, written so that a disaster officer can read them: what comes in, who is mailed, what is counted.
//!
//! A line is an act and, after `=>`, all that follows from it. `docs/scenarios.md` explains the words. Before each act
//! everything that is due by itself is done; `経過` is an act that only lets time pass.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bulletins;
mod ministry;
mod rules;

use ministry::Ministry;

/// Runs one scenario and says every line as it went.
fn play(text: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut ministry = Ministry::found(text).await;
        let mut played = String::new();
        for line in text.lines() {
            let act = line.split(" => ").next().unwrap_or_default();
            let went =
                if line.starts_with('#') || line.trim().is_empty() { None } else { ministry.act(act.trim()).await };
            played.push_str(&went.map_or_else(|| line.to_owned(), |went| format!("{act} => {went}")));
            played.push('\n');
        }
        played
    })
}

macro_rules! scenarios {
    ($($test:ident: $file:literal,)*) => {
        $(#[test]
        fn $test() {
            let text = include_str!($file);
            let played = play(text);
            assert!(played == text, "{} went otherwise:\n{played}", $file);
        })*
    };
}

scenarios! {
    req_a09_a_single_quake_asks_whoever_lives_where_it_shook: "01-single-quake.txt",
    req_a12_the_second_stronger_shock_is_not_swallowed: "02-noto-two-shocks.txt",
    a_correction_upward_asks_only_the_difference: "03-correction-upward.txt",
    req_a11_a_false_alarm_is_cancelled_before_and_after_approval: "04-false-alarm.txt",
    req_a11_without_the_approver_the_next_is_called_and_then_the_default_decides: "05-approver-absent.txt",
    req_a10_two_hazards_at_once_are_two_incidents: "06-two-hazards.txt",
    req_a15_a_tsunami_that_grows_reaches_the_newly_named_coasts: "07-tsunami-grows.txt",
    req_a16_a_missile_asks_only_where_it_came_down: "08-missile.txt",
    req_m04_a_drill_gives_way_to_the_real_thing: "09-drill-and-real.txt",
    req_o01_a_traveller_is_asked_when_the_level_of_the_country_rises: "10-traveller.txt",
    somebody_who_moves_in_mid_incident_is_asked_where_they_are: "11-moved.txt",
    an_answer_changes_and_one_on_behalf_is_labelled: "12-answers.txt",
    req_a36_a_report_before_the_mail_counts_as_the_answer: "13-self-report.txt",
    req_a13_early_warnings_give_one_mail_and_another_only_when_worse: "14-early-warning.txt",
    req_a34_quake_and_missile_reach_the_same_people_of_a_prefecture: "15-one-table.txt",
    req_a08_somebody_in_twelve_groups_counts_once_above_them: "16-twelve-groups.txt",
    req_a20_reminders_stop_at_the_first_answer_and_the_rest_goes_to_other_addresses: "17-follow-up.txt",
    incidents_are_merged_and_split_by_hand: "18-merge-and-split.txt",
    req_o03_a_risk_abroad_reaches_whoever_the_register_has_in_the_country_today: "20-register.txt",
    a_correction_takes_off_what_waits_whom_it_spares_and_touches_no_other_shock: "21-corrected-while-waiting.txt",
    what_was_taken_back_and_is_said_again_asks_again: "22-said-again.txt",
    req_m04_a_drill_that_waits_is_withdrawn_when_it_becomes_real: "23-waiting-drill.txt",
    a_rule_that_never_sends_keeps_no_other_rule_from_asking: "24-never-sends.txt",
    what_waits_goes_along_when_incidents_are_merged: "25-merged-while-waiting.txt",
    a_shock_that_another_telegram_has_observed_is_not_taken_back: "26-still-observed.txt",
    req_m04_no_drill_begins_while_people_are_asked_in_earnest: "27-drill-in-earnest.txt",
    req_a20_managers_are_asked_about_those_who_do_not_answer_or_cannot_be_reached: "19-managers.txt",
}
