//! One of something, or several: without a list of its own for the one that there mostly is.

use std::ops::{Deref, DerefMut};
use std::{iter, option, slice, vec};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Is kept in state as the list that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Few<T> {
    One(T),
    /// Or none.
    Several(Vec<T>),
}

impl<T> Few<T> {
    pub(super) fn push(&mut self, more: T) {
        match self {
            Few::Several(all) if !all.is_empty() => all.push(more),
            Few::Several(_) => *self = Few::One(more),
            Few::One(_) => {
                let Few::One(one) = std::mem::take(self) else { unreachable!("it was just seen to be one") };
                *self = Few::Several(vec![one, more]);
            }
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Few::One(one) => slice::from_ref(one),
            Few::Several(all) => all,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Few::One(one) => slice::from_mut(one),
            Few::Several(all) => all,
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Few::Several(Vec::new())
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut few = Few::default();
        few.extend(items);
        few
    }
}

impl<T> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = iter::Chain<option::IntoIter<T>, vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, several) = match self {
            Few::One(one) => (Some(one), Vec::new()),
            Few::Several(all) => (None, all),
        };
        one.into_iter().chain(several)
    }
}

impl<T: Serialize> Serialize for Few<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_and_is_kept_as_the_list_of_what_was_pushed() {
        for count in 0..5_u32 {
            let list: Vec<u32> = (0..count).collect();
            let mut few: Few<u32> = list.iter().copied().collect();
            assert_eq!(*few, *list);
            assert_eq!(matches!(few, Few::One(_)), count == 1);
            let bytes = postcard::to_stdvec(&few).unwrap();
            assert_eq!(bytes, postcard::to_stdvec(&list).unwrap());
            assert_eq!(postcard::from_bytes::<Few<u32>>(&bytes).unwrap(), few);
            few.iter_mut().for_each(|number| *number += 1);
            assert_eq!(few.into_iter().collect::<Vec<_>>(), (1..=count).collect::<Vec<_>>());
        }
    }
}
