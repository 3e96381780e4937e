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
    let mut taken = BTreeMap::new();
    // Ids that are written out come first: they were meant, and of a clash the counted one is to blame.
    let mut order: Vec<(usize, (u16, &Numbered))> = wished().zip(numbered).enumerate().collect();
    order.sort_by_key(|(_, (_, one))| one.id.is_none());
    for (at, (id, one)) in order {
        let clash = match taken.get(&id) {
            Some(&other) => Some(format!("{what} `{}` has id {id}, too", numbered_name(numbered, other))),
            None if retired.contains(&id) => Some(format!("id {id} was retired and must not be used again")),
            None => None,
        };
        if let Some(clash) = clash {
            report(one, &clash, what, free, errors);
            taken.insert(free, at);
            free = free.saturating_add(1);
        } else {
            taken.insert(id, at);
        }
    }
    let mut assigned = vec![Assigned { id: 0, explicit: false, index: 0 }; numbered.len()];
    for (index, (id, at)) in taken.into_iter().enumerate() {
        assigned[at] = Assigned { id, explicit: numbered[at].id.is_some(), index };
    }
    assigned
}

fn numbered_name(numbered: &[Numbered], at: usize) -> String {
    numbered[at].name.to_string()
}

fn report(one: &Numbered, clash: &str, what: &str, free: u16, errors: &mut Diagnostics) {
    match &one.id {
        Some((_, token)) => errors.error(token, format_args!("{clash}: {free} is free")),
        None => errors.error(
            &one.name,
            format_args!(
                "{clash}; `{}` got it by its place among the declarations: write `#[{what}({free})]` before it",
                one.name
            ),
        ),
    }
}
