//! Types that cannot be fields by the looks of them, and what to write instead.

use syn::visit::{self, Visit};
use syn::{DeriveInput, Expr, ExprLit, GenericArgument, Lit, PathArguments, PathSegment, Type};

use crate::diagnostics::Diagnostics;
use crate::written::written;

/// The most parts of a tuple that is a field.
const PARTS_MAX: usize = 8;

/// The most elements of an array that is a field.
const ARRAY_MAX: u64 = 1024;

/// Refuses what the traits would refuse, too, but without a place in the user's code, or without what to write instead.
pub(super) fn check_type(ty: &Type, errors: &mut Diagnostics) -> Option<()> {
    if let Some(message) = no_field(ty) {
        errors.error(ty, message);
        return None;
    }
    match ty {
        Type::Tuple(tuple) => {
            // Of several parts that are none each is told.
            let checked: Vec<_> = tuple.elems.iter().map(|part| check_type(part, errors)).collect();
            checked.into_iter().collect()
        }
        Type::Array(array) => check_type(&array.elem, errors),
        Type::Paren(inner) => check_type(&inner.elem, errors),
        Type::Group(inner) => check_type(&inner.elem, errors),
        Type::Path(path) => match path.path.segments.last() {
            Some(last) => check_arguments(ty, last, errors),
            None => Some(()),
        },
        _ => Some(()),
    }
}

/// The types that a container is made of.
fn check_arguments(ty: &Type, container: &PathSegment, errors: &mut Diagnostics) -> Option<()> {
    let arguments = arguments(container);
    match (container.ident.to_string().as_str(), &arguments[..]) {
        ("Option", [inner]) if is_option(inner) => {
            let message =
                "an option of an option cannot be a field: `None` and `Some(None)` look alike in JSON";
            errors.error(ty, message);
            None
        }
        ("Option" | "Vec" | "Box", [inner, ..]) => check_type(inner, errors),
        ("BTreeMap" | "HashMap", [key, value, ..]) => {
            let key = match no_key(key) {
                Some(message) => {
                    errors.error(key, message);
                    None
                }
                None => check_type(key, errors),
            };
            check_type(value, errors).and(key)
        }
        _ => Some(()),
    }
}

/// Whether a type has a field of a kind that cannot go from one thread to another.
pub(super) fn of_one_thread(input: &DeriveInput) -> bool {
    struct Search(bool);
    impl<'a> Visit<'a> for Search {
        fn visit_type(&mut self, ty: &'a Type) {
            self.0 |= matches!(ty, Type::TraitObject(_) | Type::Ptr(_));
            visit::visit_type(self, ty);
        }

        fn visit_path_segment(&mut self, segment: &'a PathSegment) {
            self.0 |= OF_ONE_THREAD.iter().any(|name| segment.ident == name);
            visit::visit_path_segment(self, segment);
        }
    }
    let mut search = Search(false);
    search.visit_data(&input.data);
    search.0
}

const OF_ONE_THREAD: &[&str] =
    &["Rc", "Weak", "Cell", "RefCell", "OnceCell", "LazyCell", "UnsafeCell", "NonNull"];

/// What to write instead of a type that is no field by the looks of it.
fn no_field(ty: &Type) -> Option<String> {
    Some(match ty {
        Type::Reference(reference) => {
            let owned = match &*reference.elem {
                Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
                Type::Slice(slice) => format!("Vec<{}>", written(&slice.elem)),
                other => written(other),
            };
            format!("a record owns its fields, since it outlives what they are read from: write `{owned}`")
        }
        Type::Tuple(tuple) if tuple.elems.is_empty() => {
            "`()` holds nothing to store: leave the field out".to_owned()
        }
        Type::Tuple(tuple) if tuple.elems.len() > PARTS_MAX => format!(
            "a tuple of {} parts cannot be a field, as {PARTS_MAX} are the most: make a nested record of it, whose parts have names, \
             `#[derive(Clone, Record)] struct Range {{ from: u64, to: u64 }}`",
            tuple.elems.len()
        ),
        Type::Array(array) => return no_array(&array.elem, &array.len),
        Type::TraitObject(_) | Type::ImplTrait(_) => {
            "a field holds data, whose type is known when its bytes are read: name that type; one of several is an enum with \
             `#[derive(Clone, Record)]`"
                .to_owned()
        }
        Type::Ptr(pointer) => format!("a record owns its fields, and an address means nothing to another process: write `{}`", written(&pointer.elem)),
        Type::FnPtr(_) => {
            "a field holds data, and a function is none: name what it would do by an enum with `#[derive(Clone, Record)]`, and do it where rows are read".to_owned()
        }
        Type::Slice(slice) => format!("a slice has no size: write `Vec<{}>`", written(&slice.elem)),
        Type::Path(path) => match path.path.segments.last()?.ident.to_string().as_str() {
            "Rc" | "Arc" => shared(path.path.segments.last()?)?,
            "HashSet" | "BTreeSet" => set(path.path.segments.last()?)?,
            "Cell" | "RefCell" | "OnceCell" | "LazyCell" | "Mutex" | "RwLock" | "OnceLock" | "LazyLock" => changing(path.path.segments.last()?)?,
            "Weak" | "Sender" | "Receiver" | "JoinHandle" | "File" | "TcpStream" if is_of_std(&path.path) => format!(
                "a field holds data that can be stored, and `{}` stands for something of this process: leave it out of the record, and use it where rows \
                 are read",
                path.path.segments.last()?.ident
            ),
            "Cow" => "a record owns its fields, since it outlives what they are read from: write `String`, or `Vec<..>`".to_owned(),
            "SystemTime" => "an instant is a `Timestamp`: write that, made by `Timestamp::now()`, or of another by `Timestamp::from(system_time)`".to_owned(),
            "Instant" => "an instant that is kept is a `Timestamp`, made by `Timestamp::now()`: an `Instant` means nothing to another process".to_owned(),
            "VecDeque" | "LinkedList" => {
                format!("a list is a `Vec`: write `Vec<{}>`", written(*arguments(path.path.segments.last()?).first()?))
            }
            _ => return no_plain_type(&path.path.get_ident()?.to_string()).map(str::to_owned),
        },
        _ => return None,
    })
}

/// Whether a type that a user may have one of as well is that of `std`: it has a type in it, or the path says so.
fn is_of_std(path: &syn::Path) -> bool {
    let has_a_type = path.segments.last().is_some_and(|last| !arguments(last).is_empty());
    let first = path.segments.first().filter(|_| path.segments.len() > 1);
    has_a_type
        || first
            .is_some_and(|first| ["std", "fs", "net", "thread"].iter().any(|module| first.ident == module))
}

fn no_plain_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "usize" => "`usize` has another size on other machines: write `u64` or `u32`",
        "isize" => "`isize` has another size on other machines: write `i64` or `i32`",
        "char" => "a `char` cannot be a field: write `String`",
        "str" => "`str` has no size: write `String`",
        "SystemTime" => {
            "a `SystemTime` cannot be a field: write `Timestamp`, and `Timestamp::from(time)` where one is made"
        }
        "PathBuf" | "OsString" => {
            "a name of a file need not be text, and is another on other machines: write `String`, or `Vec<u8>`"
        }
        _ => return None,
    })
}

fn no_array(element: &Type, length: &Expr) -> Option<String> {
    let Expr::Lit(ExprLit { lit: Lit::Int(length), .. }) = length else { return None };
    match length.base10_parse::<u64>().ok()? {
        0 => Some("an array of no elements holds nothing to store: leave the field out".to_owned()),
        1..=ARRAY_MAX => None,
        length => Some(format!(
            "an array of {length} elements cannot be a field, as {ARRAY_MAX} are the most: write `Vec<{}>`",
            written(element)
        )),
    }
}

fn shared(pointer: &PathSegment) -> Option<String> {
    let owned = match **arguments(pointer).first()? {
        Type::Path(ref path) if path.path.is_ident("str") => "String".to_owned(),
        Type::Slice(ref slice) => format!("Vec<{}>", written(&slice.elem)),
        ref other => written(pointed_at(other)),
    };
    Some(format!(
        "what is shared in memory is stored once for each row that has it, so `{}` cannot be a field: write `{owned}`",
        pointer.ident
    ))
}

/// What stands inside of the pointers that share a value, or change it: `u64` of `Mutex<Cell<u64>>`.
fn pointed_at(ty: &Type) -> &Type {
    let Type::Path(path) = ty else { return ty };
    let Some(last) = path.path.segments.last() else { return ty };
    let points =
        ["Rc", "Arc", "Cell", "RefCell", "Mutex", "RwLock"].iter().any(|pointer| last.ident == pointer);
    match arguments(last).first() {
        Some(inner) if points => pointed_at(inner),
        _ => ty,
    }
}

/// A pointer whose value others change.
fn changing(pointer: &PathSegment) -> Option<String> {
    let inner = written(pointed_at(arguments(pointer).first()?));
    Some(format!(
        "a row does not change once it is made, so `{}` cannot be a field: write `{inner}`",
        pointer.ident
    ))
}

fn set(set: &PathSegment) -> Option<String> {
    let element = written(*arguments(set).first()?);
    Some(format!(
        "a set cannot be a field: write `Vec<{element}>`, sorted and without what is in it twice; or `BTreeMap<{element}, bool>`, \
         which finds its keys as a set does"
    ))
}

/// What is wrong with the type of a map's keys.
fn no_key(ty: &Type) -> Option<String> {
    Some(match ty {
        Type::Tuple(_) | Type::Array(_) => format!(
            "`{}` cannot be the key of a map, as it is no text in JSON: make the map a `Vec` of records of key and value, or the key a \
             `String`",
            written(ty)
        ),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            match (last.ident.to_string().as_str(), path.path.get_ident().is_some()) {
                ("f32" | "f64", true) => format!(
                    "`{}` cannot be the key of a map, because NaN equals nothing: round it to an integer first",
                    last.ident
                ),
                ("Option" | "Vec" | "BTreeMap" | "HashMap", false) => format!(
                    "`{}` cannot be the key of a map, as it is no text in JSON: make the map a `Vec` of records of key and value, or the \
                     key a `String`",
                    written(ty)
                ),
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option" && !last.arguments.is_none()))
}

/// The types between a name's angle brackets.
fn arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return Vec::new() };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}
