//! Windows and what stands behind them: whatever the partitions, epochs, workers and restarts, the rows are those of plain loops.

mod aligned;
mod batching;
mod by_clock;
mod cumulate;
mod due_at_once;
mod every;
mod over;
mod per_window;
mod session;
mod sliding;
