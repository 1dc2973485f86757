//! What was tried at the doors and is not allowed, as lines of the page that monitoring reads (requirement S17).

use hikyaku_web::Sign;

use super::sources::{family, line};

/// The family in OpenMetrics text, without the end mark.
pub fn text(totals: &[(Sign, u64)]) -> String {
    let mut all = String::new();
    family(
        &mut all,
        "security_signs",
        "counter",
        "Refused log-ins, links, tokens and accesses, bulk reads, visitors asked to come back",
    );
    for (sign, count) in totals {
        line(&mut all, "security_signs_total", &[("sign", sign.name())], *count);
    }
    all
}
