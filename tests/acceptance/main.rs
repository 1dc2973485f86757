//! The acceptance of the command as a whole: it is run as a stranger runs it, and judged by the carriers' own ledger.
//!
//! What is marked `#[ignore]` needs an optimised build, Postfix's test programs, PostgreSQL, Chromium or Python: `scripts/test --all` runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod agreement;
mod alarms;
mod archive;
mod backups;
mod bound;
mod by_hand;
mod carriers;
mod chance;
#[allow(dead_code, reason = "shared with the browser tests of the pages, which need more")]
#[path = "../../crates/web/tests/browser/chrome.rs"]
mod chrome;
#[path = "../../crates/dispatch/tests/common/cluster.rs"]
mod cluster;
mod command;
mod company;
mod counting;
mod crawl;
mod database;
mod demo;
mod drill;
mod duties;
mod flood;
mod full;
mod inbound;
mod kills;
mod leaks;
mod leaving;
mod lessons;
mod mails;
mod mistakes;
mod monitoring;
mod names;
mod newcomer;
mod nodes;
mod outbox;
mod pace;
mod packaging;
mod people;
mod programs;
#[path = "../../crates/dispatch/tests/common/proxy.rs"]
mod proxy;
mod relay;
mod reload;
mod routes;
mod rules;
mod scale;
mod serving;
mod signatures;
mod sink;
mod sites;
#[cfg(feature = "smime")]
mod smime;
mod sources;
mod telegrams;
mod tls;
mod trial;
mod waits;
mod writing;
