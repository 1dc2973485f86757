//! Which addresses a person has after a roster or the person spoke; each keeps its place, and what the person registered
//! is never touched by a roster (requirement A37).

use crate::command::PeopleRefusal;
use crate::person::{ADDRESSES_MAX, AddressCell, MailAddress, Person, RegisteredBy};

/// What a cell of a roster has wrong.
pub(super) enum Wrong {
    /// It is masked, and there is no such address to keep.
    NothingToKeep { place: u8 },
    /// There would be too many.
    TooMany,
}

/// A person's addresses after a row of a roster; `known` is the person as is, if there is one.
///
/// Those of the roster are as the row says. The person's own stay, at the place in the order that they had, unless the
/// row names all of them, as an export does: then its order holds.
pub(super) fn of_roster(known: Option<&Person>, cells: &[AddressCell]) -> Result<Vec<MailAddress>, Wrong> {
    let before = known.map_or(&[][..], Person::addresses);
    let mut places = Places { used: known.map_or(0, |person| person.places_used), before };
    let mut after: Vec<MailAddress> = Vec::with_capacity(cells.len());
    for cell in cells {
        let address = places.find(cell).cloned();
        let address = match (address, cell) {
            (Some(known), _) => MailAddress { purpose: cell.purpose().unwrap_or(known.purpose), ..known },
            (None, AddressCell::Kept { place, .. }) => return Err(Wrong::NothingToKeep { place: *place }),
            (None, AddressCell::Written { purpose, address }) => MailAddress {
                place: places.next(&after).ok_or(Wrong::TooMany)?,
                purpose: purpose.unwrap_or_default(),
                by: RegisteredBy::Roster,
                address: address.clone(),
            },
        };
        if after.iter().all(|it| it.place != address.place) {
            after.push(address);
        }
    }
    for (at, own) in before.iter().enumerate().filter(|(_, address)| address.by == RegisteredBy::Person) {
        if after.iter().all(|it| it.place != own.place) {
            after.insert(at.min(after.len()), own.clone());
        }
    }
    if after.len() > ADDRESSES_MAX { Err(Wrong::TooMany) } else { Ok(after) }
}

/// A person's addresses as the person lists them; those of the roster that are not listed stay, at the end.
pub(super) fn registered(person: &Person, cells: &[AddressCell]) -> Result<Vec<MailAddress>, PeopleRefusal> {
    let before = person.addresses();
    let mut places = Places { used: person.places_used, before };
    let mut after: Vec<MailAddress> = Vec::with_capacity(cells.len());
    for cell in cells {
        let address = match (places.find(cell).cloned(), cell) {
            (Some(known), _) => MailAddress { purpose: cell.purpose().unwrap_or(known.purpose), ..known },
            (None, AddressCell::Kept { .. }) => {
                return Err(PeopleRefusal::BadAddress(
                    "その番号のアドレスはありません。登録済みのものから選んでください",
                ));
            }
            (None, AddressCell::Written { purpose, address }) => MailAddress {
                place: places.next(&after).ok_or(TOO_MANY)?,
                purpose: purpose.unwrap_or_default(),
                by: RegisteredBy::Person,
                address: wire(address)?,
            },
        };
        if after.iter().any(|it| it.place == address.place || it.address == address.address) {
            return Err(PeopleRefusal::BadAddress("同じアドレスが二度あります。一つだけ残してください"));
        }
        after.push(address);
    }
    let of_roster = before.iter().filter(|address| address.by == RegisteredBy::Roster);
    let unlisted: Vec<MailAddress> =
        of_roster.filter(|address| after.iter().all(|it| it.place != address.place)).cloned().collect();
    after.extend(unlisted);
    if after.len() > ADDRESSES_MAX { Err(TOO_MANY) } else { Ok(after) }
}

const TOO_MANY: PeopleRefusal = PeopleRefusal::BadAddress("アドレスが多すぎます。20 以内にしてください");

/// An address in the form in which it is kept.
fn wire(text: &str) -> Result<String, PeopleRefusal> {
    let address = hikyaku_core::Address::parse(text.trim());
    let address = address.map_err(|_| PeopleRefusal::BadAddress("形が違います。名前@ドメイン の形で書いてください"))?;
    Ok(address.wire(hikyaku_core::setup::AddressStyle::Quoted))
}

/// The places at one person.
struct Places<'a> {
    used: u8,
    before: &'a [MailAddress],
}

impl<'a> Places<'a> {
    /// The address that a cell means, if it is there.
    fn find(&self, cell: &AddressCell) -> Option<&'a MailAddress> {
        self.before.iter().find(|known| match cell {
            AddressCell::Written { address, .. } => known.address == *address,
            AddressCell::Kept { place, domain, .. } => known.place == *place && known.domain() == domain,
        })
    }

    /// A place that was never used; once all were, the least that is free.
    fn next(&mut self, after: &[MailAddress]) -> Option<u8> {
        if let Some(next) = self.used.checked_add(1) {
            self.used = next;
            return Some(next);
        }
        let is_free = |place: &u8| self.before.iter().chain(after).all(|address| address.place != *place);
        (1..=u8::MAX).find(is_free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::{People, PersonRecord, Personal, Purpose, Regions};
    use crate::sealed::Private;

    fn person(addresses: &[(u8, RegisteredBy, &str)]) -> Person {
        let address = |(place, by, address): &(u8, RegisteredBy, &str)| MailAddress {
            place: *place,
            purpose: Purpose::Other,
            by: *by,
            address: (*address).into(),
        };
        let personal = Personal {
            external_id: "1".into(),
            name: "甲".into(),
            kana: String::new(),
            addresses: addresses.iter().map(address).collect(),
        };
        let record = PersonRecord {
            person: crate::id::PersonId(1),
            side: crate::person::Side::Domestic,
            personal: Private::Open(personal),
            regions: Regions::default(),
            groups: Vec::new(),
            language: Default::default(),
            employment: Default::default(),
        };
        let mut people = People::default();
        people.set(&record, std::sync::Arc::from([]));
        people.find(record.person).unwrap().clone()
    }

    fn written(address: &str) -> AddressCell {
        AddressCell::Written { purpose: None, address: address.into() }
    }

    fn kept(place: u8, domain: &str) -> AddressCell {
        AddressCell::Kept { purpose: None, place, domain: domain.into() }
    }

    fn places(result: Result<Vec<MailAddress>, Wrong>) -> Vec<u8> {
        result.unwrap_or_default().iter().map(|address| address.place).collect()
    }

    #[test]
    fn req_a37_a_roster_neither_removes_nor_moves_what_the_person_registered() {
        use RegisteredBy::{Person as Own, Roster};
        let person = person(&[(2, Own, "own@docomo.ne.jp"), (1, Roster, "old@example.jp"), (3, Own, "x@gmail.com")]);
        assert_eq!(places(of_roster(Some(&person), &[written("new@example.jp")])), [2, 4, 3]);
        assert_eq!(places(of_roster(Some(&person), &[])), [2, 3]);
        let same = of_roster(Some(&person), &[written("own@docomo.ne.jp"), written("old@example.jp")]);
        assert_eq!(places(same), [2, 1, 3], "written out in a roster it is still the person's own");
    }

    #[test]
    fn req_a29_a_masked_address_means_the_one_that_is_there_and_slipped_ones_are_noticed() {
        let person = person(&[(1, RegisteredBy::Roster, "a@docomo.ne.jp"), (2, RegisteredBy::Roster, "b@au.com")]);
        let turned = of_roster(Some(&person), &[kept(2, "au.com"), kept(1, "docomo.ne.jp")]);
        assert_eq!(places(turned), [2, 1], "the order is the file's");
        assert!(matches!(of_roster(Some(&person), &[kept(1, "au.com")]), Err(Wrong::NothingToKeep { place: 1 })));
        assert!(matches!(of_roster(None, &[kept(1, "au.com")]), Err(Wrong::NothingToKeep { place: 1 })));
    }

    #[test]
    fn a_place_is_never_given_to_another_address() {
        let person = person(&[(3, RegisteredBy::Roster, "a@docomo.ne.jp")]);
        assert_eq!(places(of_roster(Some(&person), &[written("b@docomo.ne.jp")])), [4]);
    }

    #[test]
    fn req_a37_the_person_orders_all_addresses_and_removes_only_own_ones() {
        use RegisteredBy::{Person as Own, Roster};
        let person = person(&[(1, Roster, "a@go.jp.example"), (2, Own, "b@docomo.ne.jp")]);
        let after = registered(&person, &[written("c@au.com")]).unwrap();
        let after: Vec<_> = after.iter().map(|address| (address.place, address.by)).collect();
        assert_eq!(after, [(3, Own), (1, Roster)]);
        assert!(registered(&person, &[written("c@au.com"), written("c@au.com")]).is_err());
        assert!(registered(&person, &[written("c")]).is_err());
    }
}
