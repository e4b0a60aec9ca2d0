//! Door: the config file and its environment.
