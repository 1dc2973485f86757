//! One person's entry of the roster, changed by hand: name, standing, language, addresses; and the groups [A23].

use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{
    AddressCell, Employment, GroupId, Language, PeopleCommand, Person, PersonId, RegionCells, RegisteredBy,
    RosterImport, RosterRow, State as Present,
};

use super::person::render;
use crate::console::{Console, Viewer, told};

/// What was typed, field by field.
#[derive(Debug, Default)]
struct Typed {
    name: String,
    kana: String,
    language: String,
    standing: String,
    /// Places of the addresses that stay.
    kept: Vec<u8>,
    /// A further address, written out.
    address: String,
}

impl Typed {
    fn read(pairs: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in pairs {
            let value = value.trim().to_owned();
            match name.as_str() {
                "name" => typed.name = value,
                "kana" => typed.kana = value,
                "language" => typed.language = value,
                "standing" => typed.standing = value,
                "keep" => typed.kept.extend(value.parse::<u8>().ok()),
                "address" => typed.address = value,
                _ => {}
            }
        }
        typed
    }

    /// The person's row of a roster with what was typed; all else stays.
    fn row(self, state: &Present, person: &Person) -> Result<RosterRow, &'static str> {
        let personal = person.personal.as_ref().ok_or("消去された人の登録は変えられません。")?;
        let word = "一覧から選んでください。";
        let language = Language::ALL.into_iter().find(|it| it.word() == self.language).ok_or(word)?;
        let standing = Employment::ALL.into_iter().find(|it| it.word() == self.standing).ok_or(word)?;
        let groups = person.groups.iter().map(|id| state.groups().path(*id).into_iter().map(str::to_owned).collect());
        let own = person.addresses().iter().filter(|it| it.by == RegisteredBy::Roster && self.kept.contains(&it.place));
        let kept = own.map(|it| AddressCell::Kept { purpose: None, place: it.place, domain: it.domain().to_owned() });
        let new = (!self.address.is_empty()).then_some(AddressCell::Written { purpose: None, address: self.address });
        let regions = person.regions.clone();
        Ok(RosterRow {
            kana: Some(self.kana),
            regions: RegionCells { home: Some(regions.home), work: Some(regions.work), other: Some(regions.other) },
            addresses: kept.chain(new).collect(),
            language: Some(language),
            employment: Some(standing),
            ..RosterRow::new(personal.external_id.clone(), self.name, groups.collect(), Vec::new(), Vec::new())
        })
    }
}

/// `POST /people/{person}/edit`.
pub(crate) async fn edit(
    State(console): State<Console>,
    viewer: Viewer,
    Path(person): Path<u32>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let (person, typed) = (PersonId(person), Typed::read(pairs));
    let described = console.web().desk.read(|state| {
        let found = state.people().find(person).ok_or("この番号の人はいません。")?;
        let import = RosterImport { side: found.side, ..RosterImport::part(vec![typed.row(state, found)?]) };
        Ok::<_, &str>(PeopleCommand::Import(import))
    });
    done(&console, &viewer, person, described.map_err(str::to_owned)).await
}

/// A group for each line, by its path from the top.
#[derive(Debug, Default, serde::Deserialize)]
pub(crate) struct Lines {
    #[serde(default)]
    groups: String,
}

/// `POST /people/{person}/groups`.
pub(crate) async fn set_groups(
    State(console): State<Console>,
    viewer: Viewer,
    Path(person): Path<u32>,
    Form(typed): Form<Lines>,
) -> Response {
    let person = PersonId(person);
    let described = console.web().desk.read(|state| {
        let side = state.people().find(person).map(|it| it.side).unwrap_or_default();
        let lines = typed.groups.lines().map(str::trim).filter(|line| !line.is_empty());
        let group = |line: &str| {
            let found = state.groups().by_path(side, line.split('/').map(str::trim));
            found.ok_or_else(|| format!("組織「{line}」はありません。上の組織から「/」で区切って書いてください。"))
        };
        let groups: Result<Vec<GroupId>, String> = lines.map(group).collect();
        Ok(PeopleCommand::SetGroups { person, groups: groups? })
    });
    done(&console, &viewer, person, described).await
}

async fn done(
    console: &Console,
    viewer: &Viewer,
    person: PersonId,
    command: Result<PeopleCommand, String>,
) -> Response {
    let carried_out = match command {
        Ok(command) => console.act(viewer, command).await.map(drop).map_err(|error| told(&error)),
        Err(trouble) => Err(trouble),
    };
    match carried_out {
        Ok(()) => Redirect::to(&format!("/people/{}?done=edited", person.0)).into_response(),
        Err(trouble) => render(console, viewer, person, None, Some(trouble)),
    }
}
