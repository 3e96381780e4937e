//! What a `#[pipeline]` function says of itself without being called: its name, and what its parameters are.

/// Said of the trait that `#[pipeline]` declares beside the function.
#[doc(hidden)]
pub trait Signature {
    /// The types of the parameters, as a tuple.
    type Values: Values;
    /// The function's name.
    const NAME: &'static str;
    /// What is declared of each parameter.
    fn declared() -> <Self::Values as Values>::Declared;
}

/// The values of a pipeline's parameters, as a tuple of up to eight.
#[doc(hidden)]
pub trait Values {
    /// A [`Declared`] for each.
    type Declared;
}

/// A parameter as it is declared.
#[doc(hidden)]
#[cfg_attr(not(feature = "cli"), allow(dead_code))]
pub struct Declared<P> {
    pub(crate) name: &'static str,
    /// Its type as it is written.
    pub(crate) ty: &'static str,
    /// Its doc comment; empty without one.
    pub(crate) about: &'static str,
    /// What `#[default(..)]` says.
    pub(crate) default: Option<DefaultOf<P>>,
}

/// A default as it is written, and what makes the value.
pub(crate) type DefaultOf<P> = (&'static str, fn() -> P);

impl<P> Declared<P> {
    /// Called by the code that `#[pipeline]` emits.
    pub fn new(name: &'static str, ty: &'static str, about: &'static str) -> Self {
        Declared { name, ty, about, default: None }
    }

    /// Called by the code that `#[pipeline]` emits.
    pub fn or(self, text: &'static str, value: fn() -> P) -> Self {
        Declared { default: Some((text, value)), ..self }
    }
}

macro_rules! values {
    ($($($parameter:ident)*;)*) => {$(
        impl<$($parameter),*> Values for ($($parameter,)*) {
            type Declared = ($(Declared<$parameter>,)*);
        }
    )*};
}
values! {
    ;
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}
