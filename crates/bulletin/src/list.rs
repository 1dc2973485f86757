//! A list that all copies share: a telegram names thousands of places, and many of them touch the same parts.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A list that is made once and read; copying it copies no element. It is written and read like any list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    from = "Vec<T>",
    into = "Vec<T>",
    bound(serialize = "T: Clone + Serialize", deserialize = "T: Deserialize<'de>")
)]
pub struct List<T>(Option<Arc<[T]>>);

/// Empty, which takes no room.
impl<T> Default for List<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(elements: Vec<T>) -> Self {
        Self((!elements.is_empty()).then(|| elements.into()))
    }
}

impl<T: Clone> From<List<T>> for Vec<T> {
    fn from(list: List<T>) -> Self {
        list.to_vec()
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        elements.into_iter().collect::<Vec<T>>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_written_and_read_like_any_list_and_an_empty_one_is_one_however_it_was_made() {
        let list: List<u8> = [1, 2].into_iter().collect();
        assert_eq!(serde_json::to_string(&list).unwrap(), "[1,2]");
        assert_eq!(serde_json::from_str::<List<u8>>("[1,2]").unwrap(), list);
        assert_eq!(postcard::to_stdvec(&list).unwrap(), postcard::to_stdvec(&vec![1_u8, 2]).unwrap());
        assert_eq!(serde_json::from_str::<List<u8>>("[]").unwrap(), List::default());
        assert!(List::<u8>::default().is_empty() && list.contains(&2));
    }
}
