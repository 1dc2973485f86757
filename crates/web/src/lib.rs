//! Responder pages and the tally, served with axum.
//!
//! Two routers over one [`hikyaku_dispatch::Desk`]: [`router`] for the people who answer (no log-in, no cookie, no
//! script, each page within 10 KB), [`console_router`] for those who watch the numbers. Mount them on different
//! listeners; [`serve()`] runs each until told to stop.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

mod answer;
mod answer_page;
mod bar;
mod branch;
mod console;
mod error;
mod form;
mod headers;
mod mode;
mod moment;
mod page;
mod router;
mod serve;
mod state;
mod style;
mod tally;
mod tally_page;
mod words;

pub use error::Error;
pub use router::{console_router, router};
pub use serve::{GRACE_S, serve};
pub use state::WebState;
