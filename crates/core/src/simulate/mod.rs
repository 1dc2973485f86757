//! The engine under virtual time: the same machine and sessions against scripted carriers, a scripted disk and a seed.
//!
//! A second interpreter of the machine's actions, next to the shell: hours of traffic to hostile carriers pass in a
//! moment, crashes included, and the same seed gives the same log to the last microsecond. Sessions speak real bytes
//! with a server that is scripted; only TCP, TLS and the disk are replaced by their delays and failures.
//!
//! ```
//! use hikyaku_core::simulate::{BatchScript, CarrierScript, Group, Order, Scenario, run};
//! use hikyaku_core::Settlement;
//! use hikyaku_core::time::Span;
//!
//! let carrier = CarrierScript::new("small", "small.example");
//! let batch = BatchScript::new(vec![Group { unknown_every: 10, ..Group::new("small.example", 200) }]);
//! let crash = (Span::from_millis(300), Order::Crash(Span::from_secs(1)));
//! let scenario = Scenario { carriers: vec![carrier], batches: vec![batch], orders: vec![crash], ..Scenario::default() };
//! let report = run(&scenario);
//! assert_eq!((report.settled(Settlement::Accepted), report.settled(Settlement::Bounced)), (180, 20));
//! assert!(report.violations.is_empty());
//! ```

mod carrier;
mod chance;
mod conversation;
mod disk;
mod fleet;
mod gauge;
mod happening;
mod line;
mod nodes;
mod report;
mod script;
mod setting;
mod world;

#[cfg(test)]
mod tests;

use crate::time::Span;
pub use fleet::run_nodes;
pub use nodes::{Loss, NodeOrder, NodeReport, Nodes, NodesReport};
pub use report::{CarrierReport, CrashReport, Curve, Report, SourceReport, Tally};
pub use script::{
    Ban, BatchScript, CarrierScript, Group, HostTrouble, Ipv6, Limits, NameTrouble, Order, Overrun, Pipelining, Quota,
    Refusal, Scenario, TlsScript, Ways,
};

/// Runs a scenario until everything has settled, or to its end.
#[must_use]
pub fn run(scenario: &Scenario) -> Report {
    run_watched(scenario, &mut |_, _| {})
}

/// As [`run`], and tells now and then how much time has passed in the run and how many mails have settled.
#[must_use]
pub fn run_watched(scenario: &Scenario, watch: &mut dyn FnMut(Span, u64)) -> Report {
    world::World::new(scenario).run(watch)
}
