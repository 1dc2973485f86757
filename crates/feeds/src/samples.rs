//! Telegrams of our own making, for demonstrations and tests; nothing in them has happened.

/// A fictional 震度速報 (VXSE51): 震度７ in Shizuoka, 震度６弱 or more in ten prefectures from Mie to Chiba, less around them.
///
/// Its Control/Status is 通常, so that it passes every gate that a real one passes; its headline says that it is fictional.
pub const DEMO_VXSE51: &[u8] = include_bytes!("../samples/vxse51_demo.xml");
