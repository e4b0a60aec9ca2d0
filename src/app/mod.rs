//! Conductor: one function per command.
