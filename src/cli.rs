//! Door: the command line, and everything that depends on the terminal.
