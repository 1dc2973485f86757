//! What every console page has around its contents: where one is, who one is, what is live.

mod count;

use crate::mode::Marks;
use crate::style;

pub(crate) use count::Count;

/// How often a page without a script loads itself again, in seconds.
const REFRESH_S: u32 = 10;
/// The same for a page on which time passes.
const COUNT_S: u32 = 2;

/// A part of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Now,
    Approval,
    Compose,
    Delivery,
    People,
    Travel,
    Judgements,
    History,
    Rules,
    Audit,
    Requests,
    System,
    Accounts,
    /// One's own account.
    Own,
    /// Not in the menu.
    Elsewhere,
}

impl Place {
    /// What stands in the menu, in its order.
    pub(crate) const MENU: [(Place, &'static str, &'static str); 13] = [
        (Place::Now, "/", "現況"),
        (Place::Approval, "/approval", "承認"),
        (Place::Compose, "/compose", "作成・送信"),
        (Place::Delivery, "/delivery", "配信経路"),
        (Place::People, "/people", "職員"),
        (Place::Travel, "/travel", "渡航"),
        (Place::Judgements, "/judgements", "情報と判定"),
        (Place::History, "/history", "履歴・訓練"),
        (Place::Rules, "/rules", "規則"),
        (Place::Audit, "/audit", "監査記録"),
        (Place::Requests, "/requests", "申請"),
        (Place::System, "/system", "状態"),
        (Place::Accounts, "/accounts", "アカウント"),
    ];
}

/// A link of the menu.
#[derive(Debug)]
pub(crate) struct MenuLink {
    pub(crate) href: &'static str,
    pub(crate) label: &'static str,
    pub(crate) here: bool,
    /// How much waits there for a person.
    pub(crate) waiting: usize,
}

/// Who looks at the page, and what the menu shows that one.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) menu: Vec<MenuLink>,
}

impl Bar {
    /// The name of the page in the menu that is shown.
    pub(crate) fn here(&self) -> Option<&'static str> {
        self.menu.iter().find(|link| link.here).map(|link| link.label)
    }

    /// How much waits anywhere.
    pub(crate) fn waiting(&self) -> usize {
        self.menu.iter().map(|link| link.waiting).sum()
    }
}

/// What every console page has around its contents.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) css: &'static str,
    pub(crate) script: &'static str,
    pub(crate) mode: Marks,
    pub(crate) now: String,
    pub(crate) organisation: String,
    pub(crate) bar: Option<Bar>,
    pub(crate) refresh: Option<Refresh>,
    /// A script helps on a page that stands still.
    pub(crate) helped: bool,
}

/// How a page keeps itself up to date.
#[derive(Debug)]
pub(crate) struct Refresh {
    /// Seconds between two loads, where there is no script.
    pub(crate) every_s: u32,
    /// What it loads then.
    pub(crate) address: String,
    /// The page that stands still, or moves again, where one may choose.
    pub(crate) toggle: Option<String>,
    /// Whether it moves now.
    pub(crate) moving: bool,
    /// Whether a script looks every second, not only when something changed.
    pub(crate) counting: bool,
}

impl Frame {
    /// The frame of a page, standing still.
    pub(crate) fn new(now: String, organisation: &str, bar: Option<Bar>) -> Self {
        Self {
            css: style::CONSOLE,
            script: style::SCRIPT,
            mode: Marks::default(),
            now,
            organisation: organisation.to_owned(),
            bar,
            refresh: None,
            helped: false,
        }
    }

    /// With the script, on a page that stands still.
    pub(crate) fn helped(mut self) -> Self {
        self.helped = true;
        self
    }

    /// Whether the page carries the script.
    pub(crate) fn has_script(&self) -> bool {
        self.helped || self.refresh.as_ref().is_some_and(|refresh| refresh.moving)
    }

    /// With the marks of a drill or test.
    pub(crate) fn marked(mut self, mode: Marks) -> Self {
        self.mode = mode;
        self
    }

    /// Kept up to date every second, because time passes on it, until it leads elsewhere.
    pub(crate) fn counting(mut self, path: &str) -> Self {
        let address = path.to_owned();
        self.refresh = Some(Refresh { every_s: COUNT_S, address, toggle: None, moving: true, counting: true });
        self
    }

    /// Kept up to date at `view` of `path`.
    pub(crate) fn live(mut self, path: &str, view: View) -> Self {
        let other = View { still: !view.still, ..view };
        self.refresh = Some(Refresh {
            every_s: REFRESH_S,
            address: view.href_with(path, "live=1"),
            toggle: Some(other.href(path)),
            moving: !view.still,
            counting: false,
        });
        self
    }
}

/// How the viewer wants a page of numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct View {
    /// The opened group.
    pub(crate) group: Option<u32>,
    /// The page stands still [JIS X 8341-3 2.2.2].
    pub(crate) still: bool,
}

impl View {
    /// A link to `path` with this view.
    pub(crate) fn href(self, path: &str) -> String {
        self.href_with(path, "")
    }

    fn href_with(self, path: &str, more: &str) -> String {
        let group = self.group.map(|id| format!("group={id}"));
        let still = self.still.then(|| "refresh=off".to_owned());
        let more = (!more.is_empty()).then(|| more.to_owned());
        let pairs: Vec<String> = [group, still, more].into_iter().flatten().collect();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
    }
}
