//! Reports that the system wrote, taken from the console (requirements P06, M01).

use crate::stage::Stage;
use axum::http::StatusCode;
use hikyaku_dispatch::{Role, Side};

#[tokio::test]
async fn req_p06_reports_are_listed_linked_and_taken_as_files_that_no_page_of_the_console_shows() {
    let stage = Stage::with_people(1).await;
    let auditor = stage.holder("auditor", Role::Auditor(Side::Domestic)).await;
    for from in ["/history", "/system"] {
        assert!(auditor.get(from).await.html.contains("href=\"/reports\""), "{from}");
    }
    let list = auditor.get("/reports").await.html;
    for there in ["2026年11月の運用報告書", "事象 1 の報告書", "href=\"/reports/2026-11.html\" download", "3 KB"]
    {
        assert!(list.contains(there), "{there}: {list}");
    }
    assert!(!list.contains("secret"), "{list}");
    let report = auditor.get("/reports/2026-11.html").await;
    assert_eq!((report.status, report.html.as_str()), (StatusCode::OK, "what is in 2026-11.html"));
    assert_eq!(report.header("content-disposition"), "attachment; filename=\"2026-11.html\"");
    assert_eq!(auditor.get("/reports/i1.csv").await.header("content-type"), "text/csv; charset=utf-8");
}

#[tokio::test]
async fn req_s04_only_a_name_of_the_list_is_read_and_who_may_not_finds_no_way_there() {
    let stage = Stage::with_people(1).await;
    let auditor = stage.holder("auditor", Role::Auditor(Side::Domestic)).await;
    for wrong in ["secret.key", "2026-10.html", "..%2Fsecret.key", "%2Fetc%2Fpasswd", "2026-11.html%00", "i2.csv"] {
        let page = auditor.get(&format!("/reports/{wrong}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{wrong}");
        assert!(!page.html.contains("what is in"), "{wrong}: {}", page.html);
    }
    let duty = stage.holder("duty", Role::DutyOperator).await;
    assert_eq!(duty.get("/reports").await.status, StatusCode::FORBIDDEN);
    assert_eq!(duty.get("/reports/2026-11.html").await.status, StatusCode::FORBIDDEN);
    assert!(!duty.get("/history").await.html.contains("/reports"));
}
