//! Chains of methods: `source(Payments).lateness(10s).late_drop()`.

use syn::{Expr, Ident};

/// Whether a method is called in a chain of them, as far back as each is one that `belongs` to it.
pub(crate) fn is_called_in(chain: &Expr, method: &str, belongs: impl Fn(&Ident) -> bool + Copy) -> bool {
    match chain {
        Expr::MethodCall(call) if belongs(&call.method) => {
            call.method == method || is_called_in(&call.receiver, method, belongs)
        }
        _ => false,
    }
}
