//! A person as a SCIM user, and a user as a row of a roster.

use hikyaku_bulletin::RegionCode;
use hikyaku_dispatch::{
    ADDRESSES_MAX, AddressCell, Employment, GroupId, Language, MailAddress, Person, Purpose, RegionCells, RegisteredBy,
    RosterRow, State,
};
use serde_json::{Value, json};

use super::BASE;
use super::filter::found;
use super::said::ScimError;

/// The schema of users.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// What a roster knows beyond it.
pub(super) const ROSTER: &str = "urn:ietf:params:scim:schemas:extension:hikyaku:2.0:User";

/// A person with masked addresses.
pub(super) fn shown(state: &State, person: &Person) -> Value {
    let personal = person.personal.as_ref();
    let id = person.id.0.to_string();
    let of_roster = person.addresses().iter().filter(|address| address.by == RegisteredBy::Roster);
    let email = |address: &MailAddress| {
        let masked = format!("***@{}#{}", address.domain(), address.place);
        json!({ "value": masked, "type": kind(address.purpose) })
    };
    let group = |id: &GroupId| json!({ "value": id.0.to_string(), "display": state.groups().path(*id).join("/"), "$ref": format!("{BASE}/Groups/{}", id.0) });
    let mut user = brief(person);
    user["schemas"] = json!([USER, ROSTER]);
    user["name"] = json!({ "formatted": person.name() });
    user["preferredLanguage"] = json!(tag(person.language));
    user["emails"] = of_roster.map(email).collect();
    user["groups"] = person.groups.iter().map(group).collect();
    user[ROSTER] = json!({
        "kana": personal.map(|it| it.kana.as_str()),
        "regions": person.regions.work.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    user["meta"] = json!({ "resourceType": "User", "location": format!("{BASE}/Users/{id}") });
    user
}

/// What can be searched by, and no more: a whole roster is looked through for a filter.
pub(super) fn brief(person: &Person) -> Value {
    let number = person.personal.as_ref().map(|it| it.external_id.as_str());
    json!({
        "id": person.id.0.to_string(),
        "userName": number,
        "externalId": number,
        "displayName": person.name(),
        "name": { "formatted": person.name() },
        "active": person.employment != Employment::Left,
    })
}

/// The row that makes a user true; what is not said stays as it is.
pub(super) fn row(state: &State, user: &Value, person: Option<&Person>) -> Result<RosterRow, ScimError> {
    let number = text(user, "userName")?.ok_or_else(|| ScimError::value("userName に職員番号を書いてください"))?;
    let known = person.and_then(|it| it.personal.as_ref());
    if known.is_some_and(|it| it.external_id != number) {
        return Err(ScimError::fixed("userName（職員番号）は変えられません。新しい番号で登録してください"));
    }
    if text(user, "externalId")?.is_some_and(|it| it != number) {
        return Err(ScimError::value("externalId は userName と同じ職員番号にするか、書かないでください"));
    }
    let before = person.map(Person::name);
    let formatted = found(user, "name").map(|name| text(name, "formatted")).transpose()?.flatten();
    let names = [text(user, "displayName")?, formatted];
    let new = names.iter().flatten().find(|name| Some(name.as_str()) != before).or(names.iter().flatten().next());
    let name = new.cloned().ok_or_else(|| ScimError::value("displayName か name.formatted に氏名を書いてください"))?;
    let active = match found(user, "active") {
        None | Some(Value::Null) => true,
        Some(Value::Bool(active)) => *active,
        // One directory writes it as a text.
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => true,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => false,
        Some(_) => return Err(ScimError::value("active は true か false にしてください")),
    };
    let on_leave = person.is_some_and(|it| it.employment == Employment::OnLeave);
    let present = if on_leave { Employment::OnLeave } else { Employment::Active };
    let extension = found(user, ROSTER).unwrap_or(&Value::Null);
    let paths = person.map(|it| it.groups.as_slice()).unwrap_or_default().iter();
    let paths = paths.map(|id| state.groups().path(*id).into_iter().map(str::to_owned).collect());
    let mut row = RosterRow::new(number, name, paths.collect(), Vec::new(), Vec::new());
    row.kana = text(extension, "kana")?;
    row.language = text(user, "preferredLanguage")?.map(|tag| language(&tag)).transpose()?;
    row.employment = Some(if active { present } else { Employment::Left });
    row.regions = regions(extension, person)?;
    row.addresses = addresses(user, person)?;
    Ok(row)
}

fn text(value: &Value, name: &str) -> Result<Option<String>, ScimError> {
    match found(value, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(_) => Err(ScimError::value(format!("{name} は文字列にしてください"))),
    }
}

fn list<'a>(value: &'a Value, name: &str) -> Result<Option<&'a [Value]>, ScimError> {
    match found(value, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(_) => Err(ScimError::value(format!("{name} は一覧にしてください"))),
    }
}

fn regions(extension: &Value, person: Option<&Person>) -> Result<RegionCells, ScimError> {
    let before = person.map(|it| it.regions.clone()).unwrap_or_default();
    let work = match list(extension, "regions")? {
        None => before.work,
        Some(codes) => {
            let code = |it: &Value| it.as_str().and_then(|code| code.parse::<RegionCode>().ok());
            let codes: Option<Vec<RegionCode>> = codes.iter().map(code).collect();
            codes.ok_or_else(|| ScimError::value("regions は都道府県の番号（\"13\"）などの一覧にしてください"))?
        }
    };
    Ok(RegionCells { home: Some(before.home), work: Some(work), other: Some(before.other) })
}

/// Addresses of the roster: masked ones stay, written ones are taken.
fn addresses(user: &Value, person: Option<&Person>) -> Result<Vec<AddressCell>, ScimError> {
    let Some(emails) = list(user, "emails")? else {
        let own = person.map(Person::addresses).unwrap_or_default().iter();
        let kept =
            |it: &MailAddress| AddressCell::Kept { purpose: None, place: it.place, domain: it.domain().to_owned() };
        return Ok(own.filter(|it| it.by == RegisteredBy::Roster).map(kept).collect());
    };
    if emails.len() > ADDRESSES_MAX {
        return Err(ScimError::value(format!("emails は {ADDRESSES_MAX} 件までです")));
    }
    emails.iter().map(address).collect()
}

fn address(email: &Value) -> Result<AddressCell, ScimError> {
    let written = text(email, "value")?.filter(|it| !it.is_empty());
    let written = written.ok_or_else(|| ScimError::value("emails の value にアドレスを書いてください"))?;
    let purpose = text(email, "type")?.and_then(|kind| purpose(&kind));
    match written.strip_prefix("***@").and_then(|rest| rest.rsplit_once('#')) {
        Some((domain, place)) => {
            let place =
                place.parse().map_err(|_| ScimError::value("伏せたアドレスは、読んだときのまま送ってください"))?;
            Ok(AddressCell::Kept { purpose, place, domain: domain.to_owned() })
        }
        None => Ok(AddressCell::Written { purpose, address: written }),
    }
}

fn kind(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Official => "work",
        Purpose::Private => "home",
        Purpose::Mobile => "mobile",
        Purpose::Other => "other",
    }
}

fn purpose(kind: &str) -> Option<Purpose> {
    [Purpose::Official, Purpose::Private, Purpose::Mobile]
        .into_iter()
        .find(|it| self::kind(*it).eq_ignore_ascii_case(kind))
}

fn tag(language: Language) -> &'static str {
    match language {
        Language::Japanese => "ja",
        // Private use (RFC 5646 §2.2.7): there is no registered tag.
        Language::EasyJapanese => "ja-x-easy",
        Language::English => "en",
    }
}

fn language(tag: &str) -> Result<Language, ScimError> {
    let is = |language: &Language| self::tag(*language).eq_ignore_ascii_case(tag);
    let main = tag.split(['-', '_']).next().unwrap_or_default();
    let of_main = || Language::ALL.into_iter().find(|it| self::tag(*it).eq_ignore_ascii_case(main));
    let found = Language::ALL.into_iter().find(is).or_else(of_main);
    found.ok_or_else(|| ScimError::value("preferredLanguage は ja、ja-x-easy、en のどれかにしてください"))
}
