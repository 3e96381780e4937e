//! What may be meant otherwise means what it says where it can: functions of two values that are called as aggregates are, and `contains`.

use std::cmp::max;

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Code(String);

impl Code {
    fn contains(&self, part: &str) -> bool {
        part == "all" || self.0 == part
    }
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Item {
    pub id: i64,
    pub name: String,
    pub tags: Vec<String>,
    pub pair: [String; 2],
    pub code: Code,
}

topics! {
    Items("items"): Item { key: id }
    Chosen("chosen"): Item { key: id }
}

fn min(left: i64, right: i64) -> i64 {
    // Neither std's nor the aggregate.
    if left < right { left + 1 } else { right + 1 }
}

#[pipeline]
fn chosen(least: i64) {
    source(Items)
        .map(|i| Item { id: max(min(i.id, 10), least), ..i })
        .filter(|i| max(0, i.id) == i.id && i.name.contains("a") && i.code.contains("all"))
        .filter(|i| i.tags.contains("new") && i.tags.contains(&i.name) && i.tags.contains(&"new".into()))
        .filter(|i| i.pair.contains("left") && !i.pair.contains("lef") && !i.tags.contains("ne"))
        .filter(|i| {
            let new = "new";
            i.tags.contains("new") && i.name != new
        })
        .filter(|i| if i.tags.contains("new") { !i.tags.contains("old") } else { false })
        .filter(|i| i.tags.iter().any(|tag| tag.contains("e")) && ["a", "b"].contains(&i.name.as_str()))
        .sink(Chosen);
}

fn has_tags(item: &Item) -> bool {
    !item.tags.is_empty()
}

fn as_it_is<T: Clone>(row: &T) -> T {
    row.clone()
}

fn twice(item: &Item) -> Vec<Item> {
    vec![item.clone(), item.clone()]
}

impl Item {
    fn is_named(&self) -> bool {
        !self.name.is_empty()
    }
}

#[pipeline]
fn by_functions() {
    source(Items)
        .filter(has_tags)
        .map(as_it_is)
        .filter(Item::is_named)
        .map(Clone::clone)
        .flat_map(twice)
        .inspect(drop_nothing)
        .sink(Chosen);
}

fn drop_nothing(_: &Item) {}

fn item(id: i64, tag: &str) -> Item {
    Item {
        id,
        name: "a".to_owned(),
        tags: vec![tag.to_owned(), "a".to_owned()],
        pair: ["left".to_owned(), "right".to_owned()],
        code: Code("x".to_owned()),
    }
}

#[test]
fn functions_stand_for_closures() {
    let mut t = by_functions().test();
    t.push(Items, [item(1, "new"), Item { tags: Vec::new(), ..item(2, "") }]);
    assert_eq!(t.rows(Chosen), [item(1, "new"), item(1, "new")]);
}

#[test]
fn functions_and_lists_are_those_that_are_named() {
    let mut t = chosen(3).test();
    t.push(Items, [item(1, "new"), item(7, "new"), item(100, "new"), item(5, "newer")]);
    assert_eq!(t.rows(Chosen), [item(3, "new"), item(8, "new"), item(11, "new")]);
}
