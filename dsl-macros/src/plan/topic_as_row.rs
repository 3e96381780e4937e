//! The name of a topic where that of its rows' type is meant: `CardMinutes { card: w.key(), .. }`.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprCall, ExprMethodCall};

use crate::ast::{Pipeline, Statement};
use crate::diagnostics::in_place;
use crate::vocabulary::READERS;
use crate::written::written;

use super::topic_argument::rows_instead;

/// The topics that a pipeline reads and writes, as they are written.
pub(super) fn topics_in(pipeline: &Pipeline) -> BTreeSet<String> {
    #[derive(Default)]
    struct Topics(BTreeSet<String>);
    impl Topics {
        fn take(&mut self, argument: Option<&Expr>) {
            if let Some(topic @ Expr::Path(_)) = argument {
                self.0.insert(written(topic));
            }
        }
    }
    impl<'a> Visit<'a> for Topics {
        fn visit_expr_call(&mut self, call: &'a ExprCall) {
            if matches!(&*call.func, Expr::Path(callee) if READERS.iter().any(|reader| callee.path.is_ident(reader)))
            {
                self.take(call.args.first());
            }
            visit::visit_expr_call(self, call);
        }

        fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
            if ["sink", "sink_with_headers", "late_to"].iter().any(|method| call.method == method) {
                self.take(call.args.first());
            }
            visit::visit_expr_method_call(self, call);
        }
    }
    let mut topics = Topics::default();
    for statement in &pipeline.statements {
        topics.visit_expr(match statement {
            Statement::Let(statement) => &statement.value,
            Statement::Expression(value) => value,
        });
    }
    topics.0
}

/// Puts an error in the place of every record that is called as one of the topics.
pub(super) fn refuse(value: &mut Expr, topics: &BTreeSet<String>) {
    struct Refuse<'a>(&'a BTreeSet<String>);
    impl VisitMut for Refuse<'_> {
        fn visit_expr_mut(&mut self, expr: &mut Expr) {
            if let Expr::Struct(record) = &*expr
                && !record.fields.is_empty()
                && self.0.contains(&written(&record.path))
                // Else it is the topic that has the wrong name.
                && rows_instead(&record.path).is_none()
            {
                let topic = written(&record.path);
                let message = format!(
                    "`{topic}` is the topic, and a row of it is made by the name of its rows' type: that behind the colon in `topics! {{ {topic}(..): \
                     Row {{ .. }} }}`"
                );
                *expr = in_place(&record.path, message);
                return;
            }
            visit_mut::visit_expr_mut(self, expr);
        }
    }
    Refuse(topics).visit_expr_mut(value);
}
