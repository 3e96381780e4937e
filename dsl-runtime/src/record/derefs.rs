//! Whether a type implements `Deref`, asked without a bound.
//!
//! Generated code writes `<Derefs<Payment>>::DEREFS` where [`DerefsNot`] is in scope. A constant of the type itself goes before
//! one of a trait, where its bound holds.

use std::marker::PhantomData;
use std::ops::Deref;

/// The question for the type `T`.
#[derive(Debug)]
pub struct Derefs<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized + Deref> Derefs<T> {
    /// It does.
    pub const DEREFS: bool = true;
}

/// The answer for all other types.
pub trait DerefsNot {
    /// It does not.
    const DEREFS: bool = false;
}

impl<T: ?Sized> DerefsNot for Derefs<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_for_each_type() {
        struct Plain;
        let told = [<Derefs<Plain>>::DEREFS, <Derefs<Box<Plain>>>::DEREFS, <Derefs<String>>::DEREFS];
        assert_eq!(told, [false, true, true]);
    }
}
