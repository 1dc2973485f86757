//! x

use super::*;

#[test]
fn smoke() {
    let a = CarrierScript::new("a", "a.jp");
    let s = Scenario {
        carriers: vec![a],
        batches: vec![BatchScript::new(vec![Group { unknown_every: 7, filtered_every: 9, ..Group::new("a.jp", 200) }])],
        log: true,
        ..Scenario::default()
    };
    let r = run(&s);
    for l in r.log.iter().take(60) {
        println!("{l}");
    }
    println!("{:?} {} {:?}", r.violations, r.still_waiting, r.ended);
    println!("{:?}", r.carriers["a"].sessions_most);
    assert_eq!(r.settled(Settlement::Accepted), 200 - 200 / 7 - 200 / 9 + 200 / 63);
    assert_eq!(r.violations, Vec::<String>::new());
    let _ = (Instant::EPOCH, Span::ZERO);
}
