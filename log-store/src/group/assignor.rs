//! How the partitions of some topics are shared out among the members of a group.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{PartitionId, TopicId};

use super::Place;

/// How a group shares its partitions out. All members of a group name the same one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Assignor {
    /// Evenly, and whoever has a partition keeps it where that is possible. Kafka's `cooperative-sticky`.
    #[default]
    Sticky,
    /// Of each topic a range of partitions that follow one another, the members in the order of their instance ids or, without, their
    /// member ids. Two topics with as many partitions are shared out alike: who has partition 3 of one has that of the other. Kafka's `range`.
    Range,
}

impl Assignor {
    /// Its name, as Kafka has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Sticky => "cooperative-sticky",
            Assignor::Range => "range",
        }
    }

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Assignor> {
        [Assignor::Sticky, Assignor::Range].into_iter().find(|assignor| assignor.name() == name)
    }
}

/// A member, as far as sharing out is concerned.
pub(super) struct Wants<'a> {
    pub(super) member: &'a str,
    /// What members are put in order by.
    pub(super) order: (&'a str, &'a str),
    pub(super) topics: &'a BTreeSet<String>,
}

/// The topics that there are, with their numbers of partitions.
pub(super) type Topics = BTreeMap<String, (TopicId, u32)>;

/// What each member is to have. `current` is what is with whom.
pub(super) fn assign<'a>(
    assignor: Assignor,
    members: &[Wants<'a>],
    topics: &Topics,
    current: &BTreeMap<Place, String>,
) -> BTreeMap<&'a str, BTreeSet<Place>> {
    let mut shares: BTreeMap<&str, BTreeSet<Place>> =
        members.iter().map(|wants| (wants.member, BTreeSet::new())).collect();
    match assignor {
        Assignor::Range => by_range(members, topics, &mut shares),
        Assignor::Sticky => sticky(members, topics, current, &mut shares),
    }
    shares
}

fn by_range<'a>(members: &[Wants<'a>], topics: &Topics, shares: &mut BTreeMap<&'a str, BTreeSet<Place>>) {
    for (name, &(topic, partitions)) in topics {
        let mut wanting: Vec<_> = members.iter().filter(|wants| wants.topics.contains(name)).collect();
        wanting.sort_by_key(|wants| wants.order);
        let Ok(count) = u32::try_from(wanting.len()) else { continue };
        let mut next = 0;
        for (place, wants) in (0..count).zip(wanting) {
            let share = partitions / count + u32::from(place < partitions % count);
            let own = shares.get_mut(wants.member).expect("each member has a share");
            own.extend((next..next + share).map(|number| (topic, PartitionId(number))));
            next += share;
        }
    }
}

fn sticky<'a>(
    members: &[Wants<'a>],
    topics: &Topics,
    current: &BTreeMap<Place, String>,
    shares: &mut BTreeMap<&'a str, BTreeSet<Place>>,
) {
    // For each topic, who wants it.
    let wanting: BTreeMap<TopicId, BTreeSet<&'a str>> = topics
        .iter()
        .map(|(name, &(topic, _))| {
            let wanting = members.iter().filter(|wants| wants.topics.contains(name));
            (topic, wanting.map(|wants| wants.member).collect())
        })
        .collect();
    let mut free = Vec::new();
    for &(topic, partitions) in topics.values() {
        for place in (0..partitions).map(|number| (topic, PartitionId(number))) {
            let holder = current.get(&place).and_then(|holder| wanting[&topic].get(holder.as_str()));
            match holder {
                Some(holder) => drop(shares.get_mut(holder).expect("a member").insert(place)),
                None => free.push(place),
            }
        }
    }
    for place in free {
        let least = wanting[&place.0].iter().min_by_key(|member| (shares[*member].len(), **member));
        if let Some(&least) = least {
            shares.get_mut(least).expect("each member has a share").insert(place);
        }
    }
    // From those with most to those with least, until no move makes it more even. Each makes the sum of squares less, so it ends.
    while let Some((place, from, to)) = move_that_evens(shares, &wanting) {
        shares.get_mut(from).expect("each member has a share").remove(&place);
        shares.get_mut(to).expect("each member has a share").insert(place);
    }
}

fn move_that_evens<'a>(
    shares: &BTreeMap<&'a str, BTreeSet<Place>>,
    wanting: &BTreeMap<TopicId, BTreeSet<&'a str>>,
) -> Option<(Place, &'a str, &'a str)> {
    let mut by_size: Vec<_> = shares.iter().map(|(member, share)| (share.len(), *member)).collect();
    by_size.sort_unstable();
    for &(most, from) in by_size.iter().rev() {
        for &(least, to) in by_size.iter().take_while(|(least, _)| least + 1 < most) {
            debug_assert!(least < most);
            // The last ones go, so that who was there first keeps the first.
            if let Some(&place) = shares[from].iter().rev().find(|place| wanting[&place.0].contains(to)) {
                return Some((place, from, to));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Members as `name: topics`, topics as `name: partitions`; who has what as `member: topic/partition..`.
    fn check(assignor: Assignor, members: &[&str], topics: &[(&str, u32)], has: &[&str], expected: &[&str]) {
        let ids: Topics = (1..)
            .zip(topics)
            .map(|(id, (name, partitions))| ((*name).to_owned(), (TopicId(id), *partitions)))
            .collect();
        let place = |text: &str| {
            let (topic, number) = text.split_once('/').unwrap();
            (ids[topic].0, PartitionId(number.parse().unwrap()))
        };
        let split = |text: &str| {
            let (member, rest) = text.split_once(':').unwrap();
            (member.to_owned(), rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        let wants: Vec<(String, BTreeSet<String>)> = members
            .iter()
            .map(|text| split(text))
            .map(|(member, topics)| (member, topics.into_iter().collect()))
            .collect();
        let wants: Vec<_> =
            wants.iter().map(|(member, topics)| Wants { member, order: (member, ""), topics }).collect();
        let current = has.iter().flat_map(|text| {
            let (member, places) = split(text);
            places.into_iter().map(move |text| (place(&text), member.clone())).collect::<Vec<_>>()
        });
        let shares = assign(assignor, &wants, &ids, &current.collect());
        let name = |place: &Place| {
            let (name, _) = ids.iter().find(|(_, (id, _))| *id == place.0).unwrap();
            format!("{name}/{}", place.1)
        };
        let shares: Vec<_> = shares
            .iter()
            .map(|(member, share)| {
                format!(
                    "{member}:{}",
                    share.iter().map(|place| format!(" {}", name(place))).collect::<String>()
                )
            })
            .collect();
        assert_eq!(shares, expected);
    }

    #[test]
    fn ranges_are_those_of_kafka() {
        let range = |members: &[&str], topics: &[(&str, u32)], expected: &[&str]| {
            check(Assignor::Range, members, topics, &[], expected);
        };
        range(&["a: t"], &[("t", 3)], &["a: t/0 t/1 t/2"]);
        range(&["a: t u", "b: t u"], &[("t", 3), ("u", 3)], &["a: t/0 t/1 u/0 u/1", "b: t/2 u/2"]);
        range(&["a: t", "b: t", "c: u"], &[("t", 1), ("u", 2)], &["a: t/0", "b:", "c: u/0 u/1"]);
        range(&["a: gone"], &[], &["a:"]);
    }

    #[test]
    fn a_sticky_share_moves_no_more_than_must_move() {
        let sticky = |members: &[&str], topics: &[(&str, u32)], has: &[&str], expected: &[&str]| {
            check(Assignor::Sticky, members, topics, has, expected);
        };
        sticky(&["a: t"], &[("t", 3)], &[], &["a: t/0 t/1 t/2"]);
        sticky(&["a: t", "b: t"], &[("t", 4)], &["a: t/0 t/1 t/2 t/3"], &["a: t/0 t/1", "b: t/2 t/3"]);
        // One of three goes: what it had is shared out, all else stays.
        sticky(
            &["a: t", "c: t"],
            &[("t", 6)],
            &["a: t/0 t/3", "c: t/2 t/5"],
            &["a: t/0 t/1 t/3", "c: t/2 t/4 t/5"],
        );
        // What one does not want any more goes to who wants it.
        sticky(&["a: u", "b: t"], &[("t", 2), ("u", 1)], &["a: t/0 t/1"], &["a: u/0", "b: t/0 t/1"]);
        // Nobody can have more of `u`, and `b` has enough of `t`.
        sticky(
            &["a: t u", "b: t"],
            &[("t", 2), ("u", 3)],
            &["a: t/0 t/1"],
            &["a: u/0 u/1 u/2", "b: t/0 t/1"],
        );
    }

    #[test]
    fn every_partition_that_is_wanted_is_shared_out_once_and_evenly() {
        for members in 1..7_u32 {
            for partitions in 0..20 {
                for assignor in [Assignor::Sticky, Assignor::Range] {
                    let names: Vec<_> = (0..members).map(|number| format!("m{number}")).collect();
                    let wanted = BTreeSet::from(["t".to_owned()]);
                    let wants: Vec<_> = names
                        .iter()
                        .map(|name| Wants { member: name, order: (name, ""), topics: &wanted })
                        .collect();
                    let topics = Topics::from([("t".to_owned(), (TopicId(1), partitions))]);
                    // All are with the first two, as it happens.
                    let holder = |number: u32| names[(number as usize / 3) % names.len().min(2)].clone();
                    let current = (0..partitions / 2)
                        .map(|number| ((TopicId(1), PartitionId(number)), holder(number)))
                        .collect();
                    let shares = assign(assignor, &wants, &topics, &current);
                    let mut all: Vec<_> = shares.values().flatten().map(|place| place.1.0).collect();
                    all.sort_unstable();
                    assert_eq!(all, (0..partitions).collect::<Vec<_>>());
                    let sizes = shares.values().map(BTreeSet::len);
                    assert!(sizes.clone().max().unwrap() <= sizes.min().unwrap() + 1);
                }
            }
        }
    }
}
