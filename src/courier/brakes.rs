//! Keeps the engine to what somebody decided about carriers, at whichever node that was.

use std::collections::BTreeMap;

use hikyaku_core::{Carrier, Engine, Error};
use hikyaku_dispatch::Brake;

/// What the engine was told so far.
#[derive(Debug, Default)]
pub struct Brakes(BTreeMap<String, (bool, Option<f64>)>);

impl Brakes {
    /// Tells the engine what differs from what it was told last; one of `nodes` sends its part of a pace.
    ///
    /// # Errors
    /// The engine's, if it has ended.
    pub fn keep(&mut self, wanted: &BTreeMap<String, Brake>, nodes: u32, engine: &Engine) -> Result<(), Error> {
        for (carrier, paused, pace) in self.news(wanted, nodes) {
            let name = Carrier::new(&carrier);
            if paused {
                engine.pause(name.clone())?
            } else {
                engine.resume(name.clone())?
            }
            engine.limit(name, pace)?;
            self.0.insert(carrier, (paused, pace));
        }
        Ok(())
    }

    /// The carriers about which the engine is to be told something new.
    fn news(&self, wanted: &BTreeMap<String, Brake>, nodes: u32) -> Vec<(String, bool, Option<f64>)> {
        let names = wanted.keys().chain(self.0.keys());
        let mut news: BTreeMap<&String, (bool, Option<f64>)> = BTreeMap::new();
        for name in names {
            let brake = wanted.get(name).copied().unwrap_or_default();
            let pace = brake.per_1000_s.map(|pace| f64::from(pace) / 1_000.0 / f64::from(nodes.max(1)));
            if self.0.get(name).copied().unwrap_or_default() != (brake.paused, pace) {
                news.insert(name, (brake.paused, pace));
            }
        }
        news.into_iter().map(|(name, (paused, pace))| (name.clone(), paused, pace)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(brakes: &[(&str, bool, Option<u32>)]) -> BTreeMap<String, Brake> {
        brakes
            .iter()
            .map(|(name, paused, pace)| ((*name).into(), Brake { paused: *paused, per_1000_s: *pace }))
            .collect()
    }

    #[test]
    fn the_engine_is_told_once_what_holds_its_part_of_a_pace_and_what_does_not_hold_any_more() {
        let mut brakes = Brakes::default();
        let now = wanted(&[("docomo", true, None), ("au", false, Some(3_000))]);
        let told = [("au".to_owned(), false, Some(1.5)), ("docomo".to_owned(), true, None)];
        assert_eq!(brakes.news(&now, 2), told);
        brakes.0 = told.into_iter().map(|(name, paused, pace)| (name, (paused, pace))).collect();
        assert_eq!(brakes.news(&now, 2), []);
        assert_eq!(brakes.news(&now, 1), [("au".to_owned(), false, Some(3.0))], "the other node is gone");
        assert_eq!(brakes.news(&wanted(&[("au", false, Some(3_000))]), 2), [("docomo".to_owned(), false, None)]);
    }
}
