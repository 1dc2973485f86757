//! The cases in which news from abroad matter to those who must know (O01).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A case of requirement O01; there are no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum NewsCase {
    /// 多数の死傷者・行方不明者.
    ManyVictims,
    /// 邦人の関与.
    JapaneseInvolved,
    /// クーデター.
    Coup,
    /// 非常事態.
    Emergency,
}

impl fmt::Display for NewsCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ManyVictims => "多数の死傷者・行方不明者",
            Self::JapaneseInvolved => "邦人の関与",
            Self::Coup => "クーデター",
            Self::Emergency => "非常事態",
        })
    }
}
