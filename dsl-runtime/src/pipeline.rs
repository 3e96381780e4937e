//! A compiled pipeline: what a `#[pipeline]` function returns.

use std::sync::Arc;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::plan::{Plan, explain, registry};

/// A pipeline with its parameters, ready to run. It opens nothing and holds no rows; a clone is the same pipeline.
#[derive(Clone)]
pub struct Pipeline {
    pub(crate) name: &'static str,
    /// The parameters' values as JSON, or why they cannot be.
    parameters: std::result::Result<Arc<str>, Arc<str>>,
    body: Arc<dyn Fn() + Send + Sync>,
}

/// A type that can be a pipeline's parameter: its value is part of what the pipeline is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a pipeline",
    label = "not a parameter type",
    note = "every worker gets a clone, and the value is kept with the pipeline's state: a parameter is `Clone + Send + Sync + serde::Serialize`, such as a number, a string, or a type with `#[derive(Clone, Record)]`"
)]
pub trait Param: Clone + Send + Sync + Serialize + 'static {}

#[diagnostic::do_not_recommend]
impl<P: Clone + Send + Sync + Serialize + 'static> Param for P {}

/// The parameters of a pipeline together, as a tuple of up to eight.
#[diagnostic::on_unimplemented(
    message = "a pipeline cannot be made of these parameters",
    label = "one of them cannot be a parameter: see the error at its type"
)]
pub trait Params: Clone + Send + Sync + Serialize + 'static {}

macro_rules! params {
    ($($($parameter:ident)*;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($parameter: Param),*> Params for ($($parameter,)*) {}
    )*};
}
params! {
    ;
    A;
    A B;
    A B C;
    A B C D;
    A B C D F;
    A B C D F G;
    A B C D F G H;
    A B C D F G H I;
}

impl Pipeline {
    /// Called by the code that `#[pipeline]` emits. The body registers the pipeline's plan, on every worker anew.
    #[doc(hidden)]
    pub fn new<P: Params>(name: &'static str, parameters: P, body: fn(P)) -> Pipeline {
        let text =
            serde_json::to_string(&parameters).map(Arc::from).map_err(|error| error.to_string().into());
        let body = Arc::new(move || body(parameters.clone()));
        Pipeline { name, parameters: text, body }
    }

    /// The pipeline's name: that of its function.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The plan in words: operator by operator, with what each keeps in state and for how long.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Payment { card: u64, cents: i64 }
    /// # topics! {
    /// #     Payments("payments"): Payment { key: card }
    /// #     Large("large"): Payment { key: card }
    /// # }
    /// #[pipeline]
    /// fn large(least: i64) {
    ///     source(Payments).filter(|p| p.cents >= least).sink(Large);
    /// }
    ///
    /// let text = large(1_000).explain()?;
    /// assert!(text.starts_with("pipeline large"));
    /// assert!(text.contains("topic payments, format native, 1 partition(s)"));
    /// # Ok::<(), waterwheel::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Plan`] if the pipeline makes no sense as a whole.
    pub fn explain(&self) -> Result<String> {
        Ok(explain(&self.plan()?))
    }

    pub(crate) fn plan(&self) -> Result<Plan, Error> {
        if let Err(reason) = &self.parameters {
            return Err(Error::Plan(format!(
                "the parameters of pipeline `{}` cannot be kept with its state: {reason}",
                self.name
            )));
        }
        registry::plan_of(self.name, || (self.body)())
    }

    pub(crate) fn parameters(&self) -> &str {
        self.parameters.as_deref().unwrap_or_default()
    }
}
