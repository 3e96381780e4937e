//! Methods that are not there, for those who look for them: each is refused by a bound that nothing meets, whose message says what to
//! write.

/// Methods and functions of one type: of each kind their signature, their bound, and the words that others have for them. All of these come
/// from where the macro is called, as rustc would else point into the macro, and name this module.
///
/// The second form asks for no signature. Its bound is on the type itself, so rustc refuses the method before it looks at the arguments: there is one
/// error, however many they are, and none of what is made of the result. The bound's trait has a lifetime, without which rustc would refuse it
/// right here. Behind a reference, `fn f(topic: &Topic)`, rustc has words of its own for it, so it is for types that are called by their name.
macro_rules! not_there {
    ($generics:tt $of:ty, whatever is given: $($bound:ident: $($word:ident)+;)+) => {
        $($crate::not_there::not_there!(@refused $generics ($of) $bound $($word)+);)+
    };
    (@refused $generics:tt $of:tt $bound:ident $($word:ident)+) => {
        $($crate::not_there::not_there!(@refuses $generics $of $bound $word);)+
    };
    (@refuses [$($generics:tt)*] ($of:ty) $bound:ident $word:ident) => {
        #[allow(missing_docs, non_snake_case, clippy::should_implement_trait, clippy::wrong_self_convention)]
        impl<'given, $($generics)*> $of
        where
            Self: $bound<'given>,
        {
            #[doc(hidden)]
            pub fn $word(&self) {
                $crate::not_there::nowhere()
            }
        }
    };
    ($generics:tt $of:ty: $($signature:tt where $bound:tt: $($word:ident)+;)+) => {
        $(not_there!(@words $generics ($of) $signature $bound $($word)+);)+
    };
    (@words $generics:tt $of:tt $signature:tt $bound:tt $($word:ident)+) => {
        $(not_there!(@method $generics $of $signature $bound $word);)+
    };
    (@method [$($generics:tt)*] ($of:ty) [$($signature:tt)*] [$($bound:tt)*] $word:ident) => {
        #[allow(missing_docs, non_snake_case, clippy::new_ret_no_self, clippy::should_implement_trait, clippy::wrong_self_convention)]
        impl<$($generics)*> $of {
            #[doc(hidden)]
            pub fn $word $($signature)*
            where
                $($bound)*
            {
                $crate::not_there::nowhere()
            }
        }
    };
}
pub(crate) use not_there;

/// What stands in a method or function that cannot be called.
pub(crate) fn nowhere() -> ! {
    unreachable!("nothing meets the bound of what is called")
}
