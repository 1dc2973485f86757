//! What stands in the form by which a person's entry of the roster is changed.

use hikyaku_dispatch::{Employment, GroupId, Language, Person, RegisteredBy, State as Present};

/// What can be typed over of a person.
#[derive(Debug, Clone)]
pub(super) struct Details {
    pub(super) name: String,
    pub(super) kana: String,
    /// Label, and whether it is so.
    pub(super) languages: Vec<(&'static str, bool)>,
    pub(super) standings: Vec<(&'static str, bool)>,
    /// Place and mask of each address of the roster.
    pub(super) addresses: Vec<(u8, String)>,
}

impl Details {
    pub(super) fn of(person: &Person) -> Self {
        let own = person.addresses().iter().filter(|it| it.by == RegisteredBy::Roster);
        Self {
            name: person.name().to_owned(),
            kana: person.personal.as_ref().map(|it| it.kana.clone()).unwrap_or_default(),
            languages: Language::ALL.map(|it| (it.word(), it == person.language)).to_vec(),
            standings: Employment::ALL.map(|it| (it.word(), it == person.employment)).to_vec(),
            addresses: own.map(|it| (it.place, it.masked())).collect(),
        }
    }
}

/// The paths of a person's groups, a line each.
pub(super) fn paths(state: &Present, person: &Person) -> String {
    let path = |id: &GroupId| state.groups().path(*id).join("/");
    person.groups.iter().map(path).collect::<Vec<_>>().join("\n")
}
