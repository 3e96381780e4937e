//! The clock, random numbers, counters and the environment: code that reads them gives other rows when a crash has it compute the
//! same rows again.

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprMacro, ExprMethodCall, Ident, Path, parse_quote};

use crate::diagnostics::in_place;

/// Puts an error in the place of every call that reads the clock, a random number, the environment or what other rows have left, as
/// far as its text shows it.
pub(super) fn refuse(expr: &mut Expr) {
    Refuse.visit_expr_mut(expr);
}

struct Refuse;

impl VisitMut for Refuse {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        let found = match &*expr {
            Expr::Call(call) => match &*call.func {
                Expr::Path(callee) => message(&callee.path).map(|message| in_place(&callee.path, message)),
                _ => None,
            },
            Expr::Path(function) => message(&function.path).map(|message| in_place(&function.path, message)),
            Expr::Macro(call) => in_macro(call),
            Expr::MethodCall(call) => on_shared(call),
            _ => None,
        };
        // No result depends on what is shown.
        if let Expr::MethodCall(call) = expr
            && call.method == "inspect"
        {
            return self.visit_expr_mut(&mut call.receiver);
        }
        match found {
            Some(error) => *expr = error,
            None => visit_mut::visit_expr_mut(self, expr),
        }
    }
}

const CLOCKS: &[(&str, &str)] = &[
    ("SystemTime", "now"),
    ("Instant", "now"),
    ("Timestamp", "now"),
    ("Utc", "now"),
    ("Local", "now"),
    ("Zoned", "now"),
    ("OffsetDateTime", "now_utc"),
    ("OffsetDateTime", "now_local"),
];

const CHANCE: &[(&str, &str)] = &[
    ("Uuid", "new_v4"),
    ("Uuid", "new_v7"),
    ("Uuid", "now_v1"),
    ("Uuid", "now_v6"),
    ("Uuid", "now_v7"),
    ("RandomState", "new"),
];

/// Crates whose every function gives random numbers, and a function that is often imported alone.
const CHANCE_CRATES: &[&str] = &["rand", "fastrand", "getrandom"];
const CHANCE_FUNCTIONS: &[&str] = &["thread_rng"];

/// Functions whose answer is the process's or the machine's, by the module they are called by.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("env", "var"),
    ("env", "var_os"),
    ("env", "vars"),
    ("env", "args"),
    ("env", "args_os"),
    ("env", "current_dir"),
    ("process", "id"),
    ("thread", "current"),
];

/// Methods that atomics alone have. The others of theirs (`load`, `swap`) are known by the memory order that they are given.
const OF_ATOMICS: &[&str] = &[
    "fetch_add",
    "fetch_sub",
    "fetch_and",
    "fetch_or",
    "fetch_xor",
    "fetch_max",
    "fetch_min",
    "fetch_update",
    "compare_exchange",
    "compare_exchange_weak",
];
const MEMORY_ORDERS: &[&str] = &["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// The error for a method of an atomic or of a mutex. `lock` alone may be a row's; with `unwrap` behind it, it is a mutex's.
fn on_shared(call: &ExprMethodCall) -> Option<Expr> {
    let names_order = |ident: &Ident| MEMORY_ORDERS.iter().any(|order| ident == order);
    let is_order = |argument: &Expr| match argument {
        Expr::Path(path) => path.path.segments.last().is_some_and(|last| names_order(&last.ident)),
        _ => false,
    };
    let method = if OF_ATOMICS.iter().any(|name| call.method == name) || call.args.iter().any(is_order) {
        &call.method
    } else {
        match &*call.receiver {
            Expr::MethodCall(inner)
                if inner.method == "lock"
                    && inner.args.is_empty()
                    && (call.method == "unwrap" || call.method == "expect") =>
            {
                &inner.method
            }
            _ => return None,
        }
    };
    let error = in_place(method, shared_message(method));
    // The call stays, so that what it alone uses is not called unused.
    Some(parse_quote!({ #error; #call }))
}

fn shared_message(method: &Ident) -> String {
    format!(
        "`.{method}(..)` is of a value that other rows and other threads change, so its answer depends on how many rows came before, \
         on the workers and on crashes: decide by the row alone, or count in a window, `.group_by(..).window(..).select(..)` with \
         `count()`"
    )
}

/// What to say of a path, if it reads the clock or a random number.
fn message(path: &Path) -> Option<String> {
    let names: Vec<&Ident> = path.segments.iter().map(|segment| &segment.ident).collect();
    message_of(&names)
}

fn message_of(names: &[&Ident]) -> Option<String> {
    let (last, before) = names.split_last()?;
    let owner = before.last();
    let is = |known: &[(&str, &str)]| {
        known.iter().any(|(of, function)| *last == function && owner.is_some_and(|owner| *owner == of))
    };
    let written = names.iter().map(|name| name.to_string()).collect::<Vec<_>>().join("::");
    if is(CLOCKS) {
        return Some(format!(
            "`{written}` reads the clock, and after a crash the same rows would give something else: take the event time of the row, \
             or a parameter of the pipeline"
        ));
    }
    if is(ENVIRONMENT) {
        return Some(format!(
            "`{written}` is of the process and its environment, and another run would compute the same rows otherwise: read it where \
             the program begins, and give it to the pipeline as a parameter"
        ));
    }
    let of_crate = !before.is_empty() && CHANCE_CRATES.iter().any(|name| names[0] == name);
    if is(CHANCE) || of_crate || CHANCE_FUNCTIONS.iter().any(|name| *last == name) {
        return Some(format!(
            "`{written}` reads a random number, and after a crash the same rows would give something else: compute it from the row, for \
             example as a hash of its fields, or take a parameter of the pipeline"
        ));
    }
    None
}

/// The error for a macro whose arguments read one of them. They are not parsed, as only the macro knows what they are.
fn in_macro(call: &ExprMacro) -> Option<Expr> {
    let tokens: Vec<TokenTree> = flat(call.mac.tokens.clone());
    for from in 0..tokens.len() {
        if from > 1 && is_colon(&tokens[from - 1]) {
            continue;
        }
        if let (true, TokenTree::Ident(method)) = (from > 0 && is_dot(&tokens[from - 1]), &tokens[from])
            && OF_ATOMICS.iter().any(|name| method == name)
        {
            let error = in_place(method, shared_message(method));
            return Some(parse_quote!({ #error; #call }));
        }
        let path = path_at(&tokens[from..]);
        if let Some(message) = message_of(&path.iter().collect::<Vec<_>>()) {
            let mut found = proc_macro2::TokenStream::new();
            path.iter().for_each(|name| name.to_tokens(&mut found));
            let error = in_place(found, message);
            // The macro stays, so that what it alone uses is not called unused.
            return Some(parse_quote!({ #error; #call }));
        }
    }
    None
}

/// The names of the path that the tokens begin with.
fn path_at(tokens: &[TokenTree]) -> Vec<Ident> {
    let mut names = Vec::new();
    let mut rest = tokens;
    while let Some((TokenTree::Ident(name), behind)) = rest.split_first() {
        names.push(name.clone());
        match behind {
            [first, second, behind @ ..] if is_colon(first) && is_colon(second) => rest = behind,
            _ => break,
        }
    }
    names
}

fn is_dot(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '.')
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':')
}

/// All tokens, those inside of brackets too.
fn flat(tokens: proc_macro2::TokenStream) -> Vec<TokenTree> {
    let inner = |token: TokenTree| match token {
        TokenTree::Group(group) => flat(group.stream()),
        token => vec![token],
    };
    tokens.into_iter().flat_map(inner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expr: &str, refused: bool) {
        let mut parsed: Expr = syn::parse_str(expr).expect("a sample is an expression");
        refuse(&mut parsed);
        let text = parsed.to_token_stream().to_string();
        assert_eq!(text.contains("compile_error"), refused, "{expr}: {text}");
    }

    #[test]
    fn the_clock_and_random_numbers_are_known_by_their_paths() {
        check("s.filter(|p| p.at < Timestamp::now())", true);
        check("s.map(|p| std::time::SystemTime::now)", true);
        check("s.filter(|p| rand::random::<u8>() > 3)", true);
        check("s.filter(|p| thread_rng().gen())", true);
        check("s.map(|p| format!(\"{} {}\", p.a, Uuid::new_v4()))", true);
        check("s.map(|p| p.id.unwrap_or_else(Uuid::new_v4))", true);
        check("s.filter(|p| fastrand::bool())", true);
        check("s.inspect(|p| seen(Instant::now(), p.id)).filter(|p| fastrand::bool())", true);
        check("s.inspect(|p| seen(Instant::now(), N.fetch_add(1, Relaxed)))", false);
    }

    #[test]
    fn what_other_rows_have_left_and_the_environment_are_known_by_their_words() {
        check("s.filter(|_b| N.fetch_add(1, Relaxed) % 2 == 0)", true);
        check("s.filter(|b| SEEN.swap(true, Ordering::SeqCst))", true);
        check("s.map(|b| B { n: self::N.load(std::sync::atomic::Ordering::Acquire) })", true);
        check("s.filter(|b| SEEN.lock().unwrap().insert(b.id))", true);
        check("s.map(|b| format!(\"{}\", N.fetch_add(1, Relaxed)))", true);
        check("s.filter(|b| std::env::var(\"X\").is_ok())", true);
        check("s.filter(|b| env::args().count() > b.n)", true);
        check("s.map(|b| std::process::id())", true);
    }

    #[test]
    fn what_only_sounds_like_them_is_the_users() {
        check("s.filter(|p| p.now() > 3)", false);
        check("s.filter(|p| random(p.id) > 3)", false);
        check("s.filter(|p| self::rand(p) && clock::now(p))", false);
        check("s.map(|p| format!(\"{}: {}\", rand, p.now))", false);
        check("s.filter(|p| p.door.lock() && p.var(1) && env!(\"X\") == p.name)", false);
        check("s.flat_map(|p| { let mut parts = p.parts(); parts.swap(0, 1); parts })", false);
        check("s.filter(|p| p.a.cmp(&p.b) == Ordering::Less && p.load(3) && p.fetch())", false);
        check("s.filter(|p| p.lock.is_some() && p.process.id() == 3 && p.fetch_add)", false);
    }
}
