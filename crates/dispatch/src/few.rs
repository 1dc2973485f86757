//! One value or several, where one is the rule: a single one lies in place, without room of its own elsewhere.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list that mostly has one value; stored and shown as any list.
#[derive(Clone)]
pub struct Few<T>(Inner<T>);

#[derive(Clone)]
enum Inner<T> {
    One(T),
    Several(Box<[T]>),
}

impl<T> Few<T> {
    /// Puts a value at the end.
    pub(crate) fn push(&mut self, value: T) {
        if self.is_empty() {
            self.0 = Inner::One(value);
            return;
        }
        let mut all = std::mem::take(self).into_vec();
        all.push(value);
        *self = all.into();
    }

    pub(crate) fn into_vec(self) -> Vec<T> {
        match self.0 {
            Inner::One(value) => vec![value],
            Inner::Several(values) => values.into_vec(),
        }
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut values: Vec<T>) -> Self {
        match values.pop() {
            Some(only) if values.is_empty() => Few(Inner::One(only)),
            last => {
                values.extend(last);
                Few(Inner::Several(values.into_boxed_slice()))
            }
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Few(Inner::Several(Box::default()))
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Inner::One(value) => std::slice::from_ref(value),
            Inner::Several(values) => values,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Inner::One(value) => std::slice::from_mut(value),
            Inner::Several(values) => values,
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Vec::from_iter(values).into()
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Few<T> {}

impl<T: std::fmt::Debug> std::fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Serialize> Serialize for Few<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_put_in_is_read_back_in_order_and_stored_as_a_list() {
        let mut few = Few::default();
        for value in 0..4_u8 {
            let list: Vec<u8> = (0..value).collect();
            assert_eq!((&*few, &few), (list.as_slice(), &Few::from(list.clone())));
            let stored = postcard::to_stdvec(&few).unwrap();
            assert_eq!(stored, postcard::to_stdvec(&list).unwrap());
            assert_eq!(postcard::from_bytes::<Few<u8>>(&stored).unwrap(), few);
            few.push(value);
        }
        assert_eq!(few.into_vec(), [0, 1, 2, 3]);
    }
}
