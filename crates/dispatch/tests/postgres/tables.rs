//! Tables of earlier versions, with what they hold.

use std::time::Duration;

use hikyaku_dispatch::{Fitness, Head, Held, Lease, Taken, verify};

use crate::cluster::Cluster;
use crate::{FAST, add, copy_tables, opened_in};

/// The tables of every version before this one, as they were made: never made anew.
const EARLIER: [&str; 3] = [
    include_str!("../fixtures/tables/1.sql"),
    include_str!("../fixtures/tables/2.sql"),
    include_str!("../fixtures/tables/3.sql"),
];

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn req_r01_tables_of_every_earlier_version_are_brought_up_to_date_with_what_they_hold() {
    let cluster = Cluster::primary("tokyo", FAST);
    let source = opened_in(&cluster, "source").await;
    let mut head = Head::default();
    for number in 0..50_u32 {
        head = add(&source, head, &number.to_be_bytes()).await;
    }
    for version in 1..=EARLIER.len() {
        let schema = format!("from_{version}");
        let steps: String = EARLIER[..version]
            .iter()
            .enumerate()
            .map(|(at, text)| format!("{text} INSERT INTO version (number) VALUES ({});", at + 1))
            .collect();
        cluster.sql(&format!(
            "CREATE SCHEMA {schema}; SET search_path TO {schema};
             CREATE TABLE version (number bigint PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now()); {steps}"
        ));
        copy_tables(&cluster, "source", &schema);
        // The node of the older program works, and has not been heard of for a moment.
        let works = match version {
            1 => "UPDATE turn SET node = 'tokyo', until = now() + interval '1 hour'",
            _ => {
                "INSERT INTO node (node, fit, joined, until) VALUES ('tokyo', true, '-infinity', now() + interval '1 hour');
                 UPDATE lease SET node = 'tokyo', generation = 7, until = now() + interval '1 hour'"
            }
        };
        cluster.sql(&format!("SET search_path TO {schema}; {works}"));
        let journal = opened_in(&cluster, &schema).await;
        assert_eq!(cluster.sql(&format!("SELECT max(number) FROM {schema}.version")), "4", "from {version}");
        assert_eq!(verify(&journal).await.unwrap(), head, "from {version}");
        let beat = journal.beat("osaka", Fitness::WHOLE, &Held::new(), Duration::from_secs(60)).await.unwrap();
        assert!(
            beat.holders.len() == 17 && beat.holders.values().all(|node| node.as_deref() == Some("tokyo")),
            "from {version}, nobody sends beside whoever sends now: {:?}",
            beat.holders
        );
        let taken = journal.take_leases("osaka", Lease::all(), Duration::from_secs(60)).await.unwrap();
        assert_eq!(taken, Taken::default(), "from {version}");
        if version > 1 {
            let held: Held = Lease::all().map(|lease| (lease, 7)).collect();
            let kept = journal.beat("tokyo", Fitness::WHOLE, &held, Duration::from_secs(60)).await.unwrap().kept;
            assert_eq!(kept, held, "from {version}, what it has it keeps");
        }
        add(&journal, head, b"and goes on").await;
    }
}
