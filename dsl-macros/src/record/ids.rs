//! Ids of fields and variants: written out, or counted from 1 in the order of declaration.

use std::collections::BTreeMap;

use syn::Ident;

use crate::diagnostics::Diagnostics;

/// A field or variant, and the id that stands before it with its token.
pub(crate) struct Numbered {
    pub(crate) name: Ident,
    pub(crate) id: Option<(u16, syn::LitInt)>,
}

/// The id that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Assigned {
    pub(crate) id: u16,
    pub(crate) explicit: bool,
    /// The place by ascending id.
    pub(crate) index: usize,
}

/// Gives each its id. A clash is reported, and resolved by an id that is free, so that the rest can be checked.
pub(crate) fn assign(
    numbered: &[Numbered],
    retired: &[u16],
    what: &str,
    errors: &mut Diagnostics,
) -> Vec<Assigned> {
    let counted = 1..=u16::try_from(numbered.len()).unwrap_or(u16::MAX);
    let wished =
        || counted.clone().zip(numbered).map(|(place, one)| one.id.as_ref().map_or(place, |(id, _)| *id));
    let mut free = wished().chain(retired.iter().copied()).max().unwrap_or(0).saturating_add(1);
    let mut taken: BTreeMap<u16, usize> = BTreeMap::new();
    // Of two with one id the later is told: who adds one adds it at the end, and one that is written out moves those behind it.
    for (at, (id, one)) in wished().zip(numbered).enumerate() {
        let other = taken.get(&id).map(|other| &numbered[*other]);
        if other.is_none() && !retired.contains(&id) {
            taken.insert(id, at);
            continue;
        }
        let said = match other {
            Some(other) => of_another(one, other, id, what, free),
            None => of_retired(one, id, retired, what, free),
        };
        match &one.id {
            Some((_, token)) => errors.error(token, said),
            None => errors.error(&one.name, said),
        }
        taken.insert(free, at);
        free = free.saturating_add(1);
    }
    let mut assigned = vec![Assigned { id: 0, explicit: false, index: 0 }; numbered.len()];
    for (index, (id, at)) in taken.into_iter().enumerate() {
        assigned[at] = Assigned { id, explicit: numbered[at].id.is_some(), index };
    }
    assigned
}

/// What to say of an id that one declared before has.
fn of_another(one: &Numbered, other: &Numbered, id: u16, what: &str, free: u16) -> String {
    let Numbered { name, .. } = other;
    match (&one.id, &other.id) {
        (Some(_), Some(_)) => format!("{what} `{name}` has id {id}, too: {free} is free"),
        (Some(_), None) => {
            format!(
                "{what} `{name}` has id {id}, by its place among the declarations: {free} is free, write `#[{what}({free})]`"
            )
        }
        (None, _) => format!(
            "{what} `{name}` has id {id}, too; `{}` got it by its place among the declarations: write `#[{what}({free})]` before the one of the two that \
             is new",
            one.name
        ),
    }
}

/// What to say of an id that none may have any more.
fn of_retired(one: &Numbered, id: u16, retired: &[u16], what: &str, free: u16) -> String {
    if one.id.is_some() {
        return format!(
            "id {id} was retired and must not be used again: {free} is free; if no {what} was dropped that had it, take it out of `retired(..)`"
        );
    }
    // Up to where all are counted, what stood behind a dropped one was counted on from it.
    let mut before = id;
    while retired.contains(&before) {
        before = before.saturating_add(1);
    }
    format!(
        "id {id} was retired, and `{name}` got it by its place among the declarations. If a {what} was dropped before it, write the id that it had until \
         then, `#[{what}({before})]`, and so for those behind it; if `{name}` is new, write `#[{what}({free})]`; if none was dropped, take {id} out of \
         `retired(..)`",
        name = one.name
    )
}
