//! Which headlines of a licensed news agency matter (O01).
//!
//! Exactly four cases matter: 多数の死傷者・行方不明者, 邦人の関与, クーデター, 非常事態. The rules read a headline and a summary sentence by
//! sentence, with words alone; they are a net before an editor's eye, not a judgement.

mod count;
mod rules;

pub use rules::{NewsRules, cases};
