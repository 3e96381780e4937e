//! A pipeline's body with its parameters: what every worker makes the plan from.

use std::sync::Arc;

use super::Plan;
use super::registry::{self, Text};
use crate::error::{Error, Result};

/// A pipeline as the engine runs it. A clone is the same one.
#[derive(Clone)]
pub(crate) struct Program {
    name: &'static str,
    /// The parameters' values as JSON, or why they cannot be.
    parameters: std::result::Result<Arc<str>, Arc<str>>,
    body: Arc<dyn Fn() + Send + Sync>,
    /// What the user wrote in the body.
    texts: fn() -> Vec<Vec<Text>>,
}

impl Program {
    /// `parameters` are their values as JSON, or why they cannot be.
    pub(crate) fn new(
        name: &'static str,
        parameters: std::result::Result<String, String>,
        body: impl Fn() + Send + Sync + 'static,
    ) -> Program {
        let parameters = parameters.map(Arc::from).map_err(Arc::from);
        Program { name, parameters, body: Arc::new(body), texts: Vec::new }
    }

    /// The same, with what the user wrote in the body.
    pub(crate) fn with_texts(self, texts: fn() -> Vec<Vec<Text>>) -> Program {
        Program { texts, ..self }
    }

    /// The pipeline's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the body, which registers the plan.
    pub(crate) fn plan(&self) -> Result<Plan> {
        if let Err(reason) = &self.parameters {
            return Err(Error::Plan(format!(
                "the parameters of pipeline `{}` cannot be kept with its state: {reason}",
                self.name
            )));
        }
        registry::plan_of(self.name, (self.texts)(), || (self.body)())
    }

    /// The parameters' values as JSON.
    pub(crate) fn parameters(&self) -> &str {
        self.parameters.as_deref().unwrap_or_default()
    }
}
