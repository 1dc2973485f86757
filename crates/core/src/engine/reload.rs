//! New tables while the engine runs: ceilings, ways, how replies are read, how addresses are written, which domains are
//! whose.

use super::machine::Machine;
use crate::event::{Action, Tables};
use crate::time::Instant;

impl Machine {
    /// Takes new tables. Ceilings and ways hold from the next mail on; what waits goes to the carriers of the new table as soon as
    /// its domains have been looked up again; what is under way ends where it is.
    pub(super) fn reload(&mut self, tables: Tables, now: Instant, actions: &mut Vec<Action>) {
        let Tables { table, policies, default_policy, sources, routes, rules } = tables;
        self.settings.table = table;
        self.settings.policies = policies;
        self.settings.default_policy = default_policy;
        self.settings.sources = sources;
        self.settings.routes = routes;
        self.settings.rules = rules;
        for group in 0..self.groups.len() {
            self.arrange(group, now, actions);
        }
        for at in 0..self.lanes.len() {
            let carrier = self.lanes[at].carrier.clone();
            // What the carrier itself has shown counts for more than the table.
            if let Some(row) = self.settings.table.row(&carrier).filter(|_| !self.lanes[at].style_proven) {
                self.lanes[at].style = row.address_style;
            }
        }
        self.atlas.reconsider(now);
    }
}
