//! A durable partitioned log.
