//! The language's words stand in several places, which must agree: what the runtime offers, what the macro knows, what the
//! prelude brings. A word that is added in one of them alone is found here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Attribute, File, ImplItem, Item, Type, UseTree, Visibility};

use crate::paths::camel_case;
use crate::vocabulary::{
    AGGREGATES, DIRECTIONS, FRAMES, MISSING_AGGREGATES, OPERATORS, READERS, SOURCE_SETTINGS,
    UNDECODABLE_POLICIES, WINDOWS,
};

type Words = BTreeSet<String>;

#[test]
fn the_macro_knows_the_operators_that_the_handles_have() {
    let mut offered = Words::new();
    for path in sources_below("dsl-runtime/src/operators") {
        offered.extend(methods_of_handles(&parse(&path)));
    }
    // Said by the macro, not by users.
    offered.remove("stream");
    let known = words(SOURCE_SETTINGS).into_iter().chain(words(OPERATORS)).collect::<Words>();
    assert_eq!(
        offered, known,
        "`SOURCE_SETTINGS` and `OPERATORS` of the macro, and the documented methods of handles"
    );
}

#[test]
fn the_runtime_offers_the_functions_that_the_macro_knows() {
    let operators = parse(&workspace().join("dsl-runtime/src/operators/mod.rs"));
    let aggregates_of_runtime = parse(&workspace().join("dsl-runtime/src/aggregates/mod.rs"));
    let mut functions: Words = WINDOWS.iter().map(|windows| windows.name.to_owned()).collect();
    functions.extend(words(UNDECODABLE_POLICIES));
    // `last` is an aggregate, too; both are named by their full path.
    functions.extend(words(DIRECTIONS));
    functions.extend(words(FRAMES).into_iter().filter(|name| name != "last"));
    functions.extend(words(READERS));
    assert_eq!(
        imported(&operators, "words"),
        functions,
        "what a pipeline's body can say without importing it"
    );
    let aggregates: Words = AGGREGATES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(imported(&aggregates_of_runtime, "words"), aggregates, "the built-in aggregates");
    let written = std::fs::read_to_string(workspace().join("dsl-runtime/src/aggregates/written.rs"))
        .expect("the file is there");
    for (name, _) in AGGREGATES {
        assert!(written.contains(&format!(" {name}(")), "the prelude's aggregates have `{name}`, too");
    }
    // The prelude takes both lists whole, so that a word cannot be missing from it.
    let prelude = std::fs::read_to_string(workspace().join("src/lib.rs")).expect("the file is there");
    for list in ["crate::operators::words::*", "crate::aggregates::written::*"] {
        assert!(prelude.contains(list), "the prelude takes `{list}`");
    }
}

#[test]
fn the_prelude_takes_each_aggregate_that_is_missing_and_none_of_them_is_a_word_of_the_language() {
    let missing = std::fs::read_to_string(workspace().join("dsl-runtime/src/aggregates/missing.rs"))
        .expect("the file is there");
    let refused = refused_aggregates(&missing);
    assert!(refused.len() > 30 && refused.contains("avg") && refused.contains("to_vec"), "{refused:?}");
    let known: Words = MISSING_AGGREGATES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(known, refused, "the macro's list, and that of `aggregates/missing.rs`");
    let of_language: Words = AGGREGATES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let both: Vec<_> = refused.intersection(&of_language).collect();
    assert!(both.is_empty(), "an aggregate now, and still refused by `aggregates/missing.rs`: {both:?}");
    let lib = std::fs::read_to_string(workspace().join("src/lib.rs")).expect("the file is there");
    let start = lib.find("crate::aggregates::missing::{").expect("the prelude takes a list of them");
    let list = &lib[start..start + lib[start..].find("};").expect("the list ends")];
    let taken: Words = list
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| !matches!(*word, "" | "crate" | "aggregates" | "missing"))
        .map(str::to_owned)
        .collect();
    assert_eq!(taken, refused, "the prelude's list, and that of `aggregates/missing.rs`");
}

/// The names in the lines `Bound [bound] name, name(Setting), name:` of the table of missing aggregates.
fn refused_aggregates(file: &str) -> Words {
    let table = file.split_once("\nmissing! {").expect("there is a table").1;
    let headers = table.lines().map(str::trim).filter(|line| line.ends_with(':') && !line.starts_with('"'));
    let names = headers.flat_map(|line| {
        let (_, names) = line.trim_end_matches(':').split_once("] ").expect("a bound, then names");
        // What stands in parentheses are settings, several of them with commas between.
        let names =
            names.split(')').map(|part| part.split('(').next().unwrap_or_default()).collect::<String>();
        names.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>()
    });
    names.collect()
}

#[test]
fn each_aggregate_says_what_it_gives_to_a_field() {
    let fields = std::fs::read_to_string(workspace().join("dsl-runtime/src/aggregates/fields.rs"))
        .expect("the file is there");
    for (aggregate, _) in AGGREGATES {
        let bound = format!("Takes{}: ", camel_case(aggregate));
        assert!(fields.contains(&bound), "no bound for what `{aggregate}` gives: `{bound}`");
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn sources_below(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![workspace().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("the folder can be read").path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|extension| extension == "rs") => files.push(path),
                false => {}
            }
        }
    }
    files
}

fn parse(path: &Path) -> File {
    let text = std::fs::read_to_string(path).expect("the file is there");
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The public methods of handles that are documented: hidden ones only say what is missing.
fn methods_of_handles(file: &File) -> Words {
    const HANDLES: &[&str] = &[
        "Source",
        "Stream",
        "Distinct",
        "Grouped",
        "Windowed",
        "Framed",
        "PerWindow",
        "Ranked",
        "Join",
        "KeyedJoin",
        "IntervalJoin",
        "WindowJoin",
        "Lookup",
        "KeyedLookup",
    ];
    let of_handle = |ty: &Type| match ty {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| HANDLES.iter().any(|handle| last.ident == handle))
        }
        _ => false,
    };
    let impls = file.items.iter().filter_map(|item| match item {
        Item::Impl(item) if item.trait_.is_none() && of_handle(&item.self_ty) => Some(item),
        _ => None,
    });
    impls
        .flat_map(|item| &item.items)
        .filter_map(|item| match item {
            ImplItem::Fn(method)
                if matches!(method.vis, Visibility::Public(_)) && !is_hidden(&method.attrs) =>
            {
                Some(method.sig.ident.to_string())
            }
            _ => None,
        })
        .collect()
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.to_token_stream().to_string().replace(' ', "") == "#[doc(hidden)]")
}

/// The names in small letters that a module takes from elsewhere, without those that it hides.
fn imported(file: &File, module: &str) -> Words {
    struct Names(Words);
    impl<'a> Visit<'a> for Names {
        fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
            if !is_hidden(&item.attrs) {
                visit::visit_item_use(self, item);
            }
        }
        fn visit_use_tree(&mut self, tree: &'a UseTree) {
            if let UseTree::Name(name) = tree {
                self.0.insert(name.ident.to_string());
            }
            visit::visit_use_tree(self, tree);
        }
    }
    let mut names = Names(Words::new());
    for item in &file.items {
        if let Item::Mod(item) = item
            && item.ident == module
        {
            names.visit_item_mod(item);
        }
    }
    names.0.retain(|name| name.starts_with(char::is_lowercase));
    names.0
}
