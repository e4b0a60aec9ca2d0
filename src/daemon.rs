//! Conductor: ticks, signals, waiting, readiness.
