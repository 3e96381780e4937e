//! Joins of two streams and lookups in side tables: whatever the partitions, epochs, workers and restarts, the rows are those of plain loops.

mod join;
mod lookup;
