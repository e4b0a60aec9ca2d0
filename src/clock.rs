//! Door: the one place that asks the system for the time, the salt and the service manager.
